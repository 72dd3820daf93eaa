"""The two brokers, with every setting that matters spelled out."""

from dramatiq import Broker
from dramatiq.brokers.redis import RedisBroker
from dramatiq.brokers.stub import StubBroker
from dramatiq.middleware import AgeLimit, Middleware, Retries
from redis import BlockingConnectionPool, Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

NAMESPACE = "fks_data:dramatiq"
QUEUE = "jobs"
ACTOR = "run_job"
# A worker that has not been heard of for so long is dead, and its messages go back.
HEARTBEAT_MS = 15_000
# Of a million: look for dead workers with every command, not with one in a thousand.
MAINTENANCE_CHANCE = 1_000_000
# Older messages are dropped: the reconciler has long sent the job again.
MAX_AGE_MS = 10 * 60 * 1000
# How long dropped messages stay to be looked at.
DEAD_MESSAGE_MS = 60 * 60 * 1000
# Seconds: to connect, for an answer, for a free connection of the pool.
_CONNECT_S = 1.0
_ANSWER_S = 2.0
_FREE_CONNECTION_S = 1.0
_CONNECTIONS = 32


def redis_broker(url: str, *, namespace: str = NAMESPACE) -> RedisBroker:
    """The broker of several processes, in the Redis at ``url``; connects when first used.

    The client never sends a command twice: a fetch that is repeated after a lost answer would
    strand the messages of the first.
    """
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=_CONNECTIONS,
        timeout=_FREE_CONNECTION_S,
        socket_connect_timeout=_CONNECT_S,
        socket_timeout=_ANSWER_S,
        retry=Retry(NoBackoff(), 0),
    )
    return RedisBroker(  # type: ignore[no-untyped-call]  # the library leaves it unannotated
        client=Redis(connection_pool=pool),
        middleware=_middleware(),
        namespace=namespace,
        heartbeat_timeout=HEARTBEAT_MS,
        maintenance_chance=MAINTENANCE_CHANCE,
        dead_message_ttl=DEAD_MESSAGE_MS,
    )


def process_broker() -> StubBroker:
    """The broker of one process without Redis; its messages end with it, the ledger's do not."""
    return StubBroker(middleware=_middleware())


def close_broker(broker: Broker) -> None:
    """Give back the connections."""
    if isinstance(broker, RedisBroker):
        broker.client.close()
        broker.client.connection_pool.disconnect()
    broker.close()


def _middleware() -> list[Middleware]:
    """Only what is wanted.

    No results; no pipelines, groups or callbacks; no time limit, since the lease governs and the
    library's cannot interrupt a wait; no shutdown exception, since the job's task is cancelled
    on its own loop. Retries are the ledger's: with none of the library's, no traceback is kept.
    """
    return [AgeLimit(max_age=MAX_AGE_MS), Retries(max_retries=0)]
