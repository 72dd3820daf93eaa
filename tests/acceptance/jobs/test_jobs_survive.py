"""Jobs outlive their workers, their broker and lost messages."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import psycopg
import pytest

from adapters_out.postgres.job_ledger import PostgresJobLedger
from adapters_out.postgres.pool import PostgresPool
from adapters_out.system.clock import SystemIds
from domain.interval import Interval
from domain.jobs import BackfillTask, Job
from ports.jobs import JobLedger
from tests.acceptance.jobs.lossy_link import LossyLink
from tests.acceptance.jobs.worker import SLOTS, TABLE
from tests.adapters_out.redis.servers import FragileRedis, fragile_redis
from tests.servers import wait_until

T = TypeVar("T")
JOBS = 40
ROOT = Path(__file__).parents[3]


class Worker:
    """A worker process that can be killed and started again."""

    def __init__(self, database_url: str, redis_url: str) -> None:
        self._command = [
            *(sys.executable, "-m", "tests.acceptance.jobs.worker"),
            *(database_url, redis_url),
        ]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it takes jobs."""
        self._process = process = subprocess.Popen(
            self._command,
            cwd=ROOT,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"

    def kill(self) -> None:
        """End it at once, in the middle of whatever it does."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """Ask it to end, and tell its exit code."""
        return self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> int:
        process, self._process = self._process, None
        if process is None:
            return 0
        process.send_signal(how)
        code = process.wait(20)
        assert process.stdout is not None
        process.stdout.close()
        return code


class Book:
    """The ledger and the slots, seen from outside of the workers."""

    def __init__(self, database_url: str) -> None:
        self._url = database_url
        with psycopg.connect(database_url, autocommit=True) as connection:
            connection.execute(TABLE)

    def submit(self, jobs: int) -> None:
        """Enter jobs and send none of them: the reconciler of the workers will."""

        async def enter(ledger: JobLedger) -> None:
            for k in range(jobs):
                task = BackfillTask(f"S{k}USDT", Interval.M1, 0, 60 * SLOTS)
                await ledger.submit(SystemIds().new(), f"key {k}", task)

        self._ask(enter)

    def jobs(self) -> list[Job]:
        """Every job."""

        async def listed(ledger: JobLedger) -> list[Job]:
            return list(await ledger.list(None, 1000))

        return self._ask(listed)

    def count(self, state: str) -> int:
        """How many jobs are in a state."""
        return int(self._scalar(f"SELECT count(*) FROM jobs WHERE state = '{state}'"))  # noqa: S608 - a word of the test

    def slots(self) -> int:
        """How many slots are written."""
        return int(self._scalar("SELECT count(*) FROM filled"))

    def distinct_slots(self) -> int:
        """How many of them are right: each of a hundred of each job once."""
        return int(
            self._scalar(
                "SELECT count(DISTINCT (symbol, slot)) FROM filled "
                "JOIN jobs USING (symbol) WHERE slot >= 0 AND slot < 100"
            )
        )

    def _scalar(self, statement: str) -> Any:  # noqa: ANN401 - whatever the statement counts
        with psycopg.connect(self._url) as connection:
            row = connection.execute(statement.encode()).fetchone()
        assert row is not None
        return row[0]

    def _ask(self, question: Callable[[JobLedger], Coroutine[Any, Any, T]]) -> T:
        async def ask() -> T:
            async with PostgresPool(self._url) as pool:
                return await question(PostgresJobLedger(pool))

        return asyncio.run(ask())


@contextmanager
def running(*workers: Worker) -> Iterator[None]:
    """Start workers; whatever happens, none is left behind."""
    with ExitStack() as stack:
        for worker in workers:
            stack.callback(worker.kill)
            worker.start()
        yield


@pytest.fixture
def book(database_url: str) -> Book:
    """An empty ledger."""
    return Book(database_url)


@pytest.fixture
def volatile_redis() -> Iterator[FragileRedis]:
    """A Redis of the test's own, which it may kill; restarted, it is empty."""
    with fragile_redis() as server:
        yield server


def everything_is_right(book: Book, jobs: int) -> None:
    """Every job is done, with all of its rows, and no row is there twice."""
    ended = book.jobs()
    assert len(ended) == jobs
    assert {(job.state.value, job.rows, job.progress, job.error) for job in ended} == {
        ("done", SLOTS, 1.0, None)
    }
    assert book.slots() == book.distinct_slots() == jobs * SLOTS


@pytest.mark.slow
@pytest.mark.redis
def test_forty_jobs_survive_every_fault(
    book: Book, database_url: str, volatile_redis: FragileRedis
) -> None:
    """Two workers, killed five times, one answer of Redis lost, Redis emptied: all is done.

    Every job is done within 30 s of the last fault, its rows are right and none is twice.
    """
    with LossyLink(volatile_redis.port) as link:
        first = Worker(database_url, f"redis://127.0.0.1:{link.port}/0")
        second = Worker(database_url, f"redis://127.0.0.1:{volatile_redis.port}/0")
        link.armed = True
        book.submit(JOBS)
        with running(first, second):
            wait_until(lambda: link.lost == 1, "The lost answer")
            wait_until(lambda: book.slots() > 0, "The first rows")
            for k, victim in enumerate((second, first, second, first, second)):
                time.sleep(0.7)
                victim.kill()
                if k == 2:
                    volatile_redis.kill()
                    volatile_redis.start()
                victim.start()
            last_fault_at = time.monotonic()
            assert book.count("done") < JOBS, "the faults came too late to matter"
            wait_until(lambda: book.count("done") == JOBS, "All jobs", seconds=30)
            assert time.monotonic() - last_fault_at < 30
            codes = [first.stop(), second.stop()]
    assert codes == [0, 0]
    everything_is_right(book, JOBS)


@pytest.mark.slow
def test_forty_jobs_survive_the_process_that_queued_them(book: Book, database_url: str) -> None:
    """With the broker inside of a process that is killed, the next one goes on from the table."""
    first, second = (Worker(database_url, "-") for _ in range(2))
    book.submit(JOBS)
    with running(first):
        wait_until(lambda: book.count("done") >= 3, "The first jobs")
        first.kill()
    assert book.count("running") > 0
    with running(second):
        wait_until(lambda: book.count("done") == JOBS, "All jobs", seconds=30)
        assert second.stop() == 0
    everything_is_right(book, JOBS)


@pytest.mark.slow
def test_a_stopped_worker_hands_its_jobs_on(book: Book, database_url: str) -> None:
    """SIGTERM puts the running jobs back, so that nobody has to wait for their leases."""
    first, second = (Worker(database_url, "-") for _ in range(2))
    book.submit(4)
    with running(first):
        wait_until(lambda: book.slots() > 0, "The first rows")
        assert first.stop() == 0
    assert book.count("running") == 0
    assert book.count("queued") > 0
    with running(second):
        wait_until(lambda: book.count("done") == 4, "All jobs", seconds=10)
        assert second.stop() == 0
    everything_is_right(book, 4)
    assert max(job.attempts for job in book.jobs()) == 1
