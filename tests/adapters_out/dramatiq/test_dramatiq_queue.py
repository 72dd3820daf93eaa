"""Ids through Dramatiq: in the process and through Redis."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import closing

import pytest
from dramatiq import Broker
from redis import Redis

from adapters_out.dramatiq import (
    DramatiqJobQueue,
    DramatiqWorker,
    process_broker,
    redis_broker,
)
from adapters_out.dramatiq.brokers import close_broker
from domain.errors import Overloaded
from tests.runner import Run
from tests.servers import free_port, wait_until


@pytest.fixture(params=["process", "redis"])
def broker(request: pytest.FixtureRequest) -> Iterator[Broker]:
    """One of the two brokers, empty."""
    if request.param == "process":
        chosen: Broker = process_broker()
    else:
        chosen = redis_broker(request.getfixturevalue("redis_url"))
    yield chosen
    close_broker(chosen)


def test_every_id_arrives_once(broker: Broker, run: Run) -> None:
    """What is sent before and after the start of the worker arrives on its threads."""
    taken: list[str] = []
    queue = DramatiqJobQueue(broker)
    worker = DramatiqWorker(broker, taken.append, threads=2)
    for k in range(5):
        run(queue.send(f"early {k}"))
    assert run(queue.backlog()) == 5
    worker.start()
    for k in range(5):
        run(queue.send(f"late {k}"))
    wait_until(lambda: len(taken) == 10, "The ten ids")
    assert run(queue.backlog()) == 0
    run(worker.stop(2))
    assert sorted(taken) == sorted(f"{when} {k}" for when in ("early", "late") for k in range(5))


def test_a_fault_of_the_actor_ends_nothing(broker: Broker, run: Run) -> None:
    """An id whose run raises is not tried again, and the next one is."""
    taken: list[str] = []

    def faulty(job_id: str) -> None:
        taken.append(job_id)
        if job_id == "bad":
            message = "key=hunter2"
            raise RuntimeError(message)

    queue = DramatiqJobQueue(broker)
    worker = DramatiqWorker(broker, faulty, threads=1)
    worker.start()
    run(queue.send("bad"))
    run(queue.send("good"))
    wait_until(lambda: len(taken) == 2, "Both ids")
    run(worker.stop(2))
    assert taken == ["bad", "good"]


def test_a_stop_is_bounded(broker: Broker, run: Run) -> None:
    """A stop waits no longer than told for a job that does not end."""
    begun: list[str] = []
    release = threading.Event()

    def endless(job_id: str) -> None:
        begun.append(job_id)
        release.wait(20)

    queue = DramatiqJobQueue(broker)
    worker = DramatiqWorker(broker, endless, threads=1)
    worker.start()
    run(queue.send("a"))
    wait_until(lambda: begun == ["a"], "The job")

    async def stop() -> float:
        loop = asyncio.get_running_loop()
        asked_at = loop.time()
        await worker.stop(0.5)
        return loop.time() - asked_at

    took_s = run(stop())
    release.set()
    assert took_s < 3


def test_what_was_fetched_is_given_back(redis_url: str, run: Run) -> None:
    """A worker that stops gives back the ids that it had fetched and not begun."""
    release = threading.Event()
    begun: list[str] = []

    def slow(job_id: str) -> None:
        begun.append(job_id)
        release.wait(20)

    broker = redis_broker(redis_url)
    queue = DramatiqJobQueue(broker)
    worker = DramatiqWorker(broker, slow, threads=1)
    for k in range(4):
        run(queue.send(f"j{k}"))
    worker.start()
    wait_until(lambda: len(begun) == 1, "The first job")
    wait_until(lambda: run(queue.backlog()) == 2, "The prefetch of one more")

    async def stop() -> None:
        stopping = asyncio.ensure_future(worker.stop(5))
        await asyncio.to_thread(wait_until, lambda: not worker._worker.workers[0].running, "stop")
        release.set()
        await stopping

    run(stop())
    with closing(redis_broker(redis_url).client) as client:
        assert client.llen("fks_data:dramatiq:jobs") == 3
    assert begun == ["j0"]


def test_redis_keeps_ids_and_no_secrets(redis_url: str, run: Run) -> None:
    """After a fault nothing of its text or trace lies in Redis."""
    broker = redis_broker(redis_url)

    def faulty(job_id: str) -> None:
        message = f"key=hunter2 of {job_id}"
        raise RuntimeError(message)

    worker = DramatiqWorker(broker, faulty, threads=1)
    worker.start()
    run(DramatiqJobQueue(broker).send("a"))
    with closing(Redis.from_url(redis_url)) as client:
        dead = "fks_data:dramatiq:jobs.XQ.msgs"
        wait_until(lambda: client.hlen(dead) == 1, "The dead letter")
        run(worker.stop(2))
        [kept] = client.hvals(dead)
    assert b"hunter2" not in kept
    assert b"Traceback" not in kept
    assert b'"args":["a"]' in kept


def test_an_unreachable_broker_is_said(run: Run) -> None:
    """Without Redis sending and counting are refused soon, in one sentence without the URL."""
    broker = redis_broker(f"redis://:hunter2@127.0.0.1:{free_port()}/0")
    queue = DramatiqJobQueue(broker)
    for call in (lambda: queue.send("a"), queue.backlog):
        with pytest.raises(Overloaded, match="cannot be reached") as refused:
            run(call())
        assert "hunter2" not in str(refused.value)
    close_broker(broker)
