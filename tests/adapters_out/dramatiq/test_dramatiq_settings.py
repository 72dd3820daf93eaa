"""The settings that an upgrade of the library must not bring back to its defaults."""

import dramatiq
from dramatiq.brokers.redis import RedisBroker
from dramatiq.brokers.stub import StubBroker
from dramatiq.middleware import AgeLimit, Retries
from redis import BlockingConnectionPool

from adapters_out.dramatiq import DramatiqWorker, process_broker, redis_broker

TEN_MINUTES = 600_000
URL = "redis://:hunter2@127.0.0.1:1/0"


def without_effect(job_id: str) -> None:
    """An actor that does nothing."""
    assert job_id


def test_a_dead_worker_is_noticed_within_seconds() -> None:
    """Redis broker: heart beats count for 15 s, and every command looks for the dead."""
    broker = redis_broker(URL)
    assert type(broker) is RedisBroker
    assert broker.heartbeat_timeout == 15_000
    assert broker.maintenance_chance == 1_000_000
    assert all(broker._should_do_maintenance("fetch") for _ in range(100))
    assert broker.dead_message_ttl == 3_600_000
    assert broker.namespace == "fks_data:dramatiq"


def test_the_client_gives_up_soon_and_repeats_nothing() -> None:
    """Redis client: one try, one second to connect, two for an answer, no endless pool."""
    pool = redis_broker(URL).client.connection_pool
    assert type(pool) is BlockingConnectionPool
    assert (pool.max_connections, pool.timeout) == (32, 1.0)
    connection = pool.make_connection()  # type: ignore[no-untyped-call]  # unannotated there
    assert connection.socket_connect_timeout == 1.0
    assert connection.socket_timeout == 2.0
    assert connection.retry.get_retries() == 0
    assert not connection.retry_on_timeout


def test_only_wanted_middleware_runs() -> None:
    """Both brokers: an age limit, and no retries; no results, time limit, pipelines, interrupts."""
    for broker in (redis_broker(URL), process_broker()):
        age, retries = broker.middleware
        assert type(age) is AgeLimit
        assert age.max_age == TEN_MINUTES
        assert type(retries) is Retries
        assert (retries.max_retries, retries.retry_when) == (0, None)


def test_the_actor_is_never_retried() -> None:
    """The actor: one try, an age limit, no time limit, one queue; the worker listens to it only."""
    broker = process_broker()
    assert type(broker) is StubBroker
    worker = DramatiqWorker(broker, without_effect, threads=3)._worker
    actor = broker.get_actor("run_job")
    assert (actor.queue_name, actor.options) == (
        "jobs",
        {"max_retries": 0, "max_age": TEN_MINUTES},
    )
    assert (worker.worker_threads, worker.queue_prefetch) == (3, 6)
    assert worker.worker_timeout == 250
    assert worker.consumer_whitelist == {"jobs"}


def test_the_global_broker_stays_unset() -> None:
    """Nobody can send by accident to a broker that the library made up."""
    process_broker()
    assert dramatiq.broker.global_broker is None
