"""From threads into the loop, and the clockwork of the reconciler."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from adapters_in.jobs.job_runner import JobRunner
from adapters_in.jobs.job_watch import JobWatch
from adapters_out.memory.clock import LoopClock, VirtualTimeLoop
from adapters_out.memory.telemetry import RecordingTelemetry
from adapters_out.system.clock import SystemClock
from domain.errors import StoreUnavailable
from tests.runner import Run


class Work:
    """A job that waits until the test lets it go, and counts."""

    def __init__(self) -> None:
        self.free = asyncio.Event()
        self.begun: list[str] = []
        self.ended: list[str] = []
        self.cancelled: list[str] = []
        self.threads: set[str] = set()
        self.at_once = 0

    async def __call__(self, job_id: str) -> None:
        self.begun.append(job_id)
        self.threads.add(threading.current_thread().name)
        self.at_once = max(self.at_once, len(self.begun) - len(self.ended))
        try:
            await self.free.wait()
        except asyncio.CancelledError:
            self.cancelled.append(job_id)
            raise
        self.ended.append(job_id)


async def until(condition: Callable[[], object]) -> None:
    """Look until it is true; the test's own time-out is the limit."""
    while not condition():
        await SystemClock().sleep(0.005)


def with_threads(run: Run, test: Coroutine[Any, Any, None]) -> None:
    """Run a test that waits for threads; it fails after ten seconds."""

    async def bounded() -> None:
        async with asyncio.timeout(10):
            await test

    run(bounded())


def test_a_job_runs_on_the_loop(run: Run) -> None:
    """A call from a thread runs on the loop that opened the runner, and returns at its end."""

    async def test() -> None:
        work = Work()
        runner = JobRunner(work, RecordingTelemetry())
        runner.open()
        call = asyncio.ensure_future(asyncio.to_thread(runner, "a"))
        await until(lambda: work.begun == ["a"])
        assert not call.done()
        work.free.set()
        await call
        assert (work.ended, work.threads) == (["a"], {threading.current_thread().name})

    with_threads(run, test())


def test_no_more_run_than_allowed(run: Run) -> None:
    """Of ten calls three run at a time, and in the end all have run."""

    async def test() -> None:
        work = Work()
        runner = JobRunner(work, RecordingTelemetry(), concurrency=3)
        runner.open()
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(10) as threads:
            calls = [loop.run_in_executor(threads, runner, f"j{k}") for k in range(10)]
            await until(lambda: len(work.begun) == 3)
            work.free.set()
            await asyncio.gather(*calls)
        assert (work.at_once, len(work.ended)) == (3, 10)

    with_threads(run, test())


def test_draining_lets_a_short_job_end(run: Run) -> None:
    """Within the grace a running job ends by itself; nothing new is begun."""

    async def test() -> None:
        work = Work()
        runner = JobRunner(work, RecordingTelemetry())
        runner.open()
        call = asyncio.ensure_future(asyncio.to_thread(runner, "a"))
        await until(lambda: work.begun == ["a"])
        drained = asyncio.ensure_future(runner.drain(5))
        await asyncio.to_thread(runner, "late")
        work.free.set()
        await drained
        await call
        assert (work.begun, work.ended, work.cancelled) == (["a"], ["a"], [])

    with_threads(run, test())


def test_draining_hands_a_long_job_back(run: Run) -> None:
    """After the grace a running job is cancelled, and its thread comes back without a fault."""

    async def test() -> None:
        work = Work()
        runner = JobRunner(work, RecordingTelemetry())
        runner.open()
        call = asyncio.ensure_future(asyncio.to_thread(runner, "a"))
        await until(lambda: work.begun == ["a"])
        await runner.drain(0.05)
        await call
        assert (work.ended, work.cancelled) == ([], ["a"])

    with_threads(run, test())


def test_a_job_that_cannot_be_claimed_is_dropped(run: Run) -> None:
    """With the ledger away the thread is free again; the event names the job."""

    async def away(job_id: str) -> None:
        message = f"The database is away: {job_id}."
        raise StoreUnavailable(message)

    async def test() -> None:
        told = RecordingTelemetry()
        runner = JobRunner(away, told)
        runner.open()
        await asyncio.to_thread(runner, "a")
        assert told.named("job_not_run") == [
            {"job": "a", "reason": "The database is away: a."},
        ]

    with_threads(run, test())


def test_before_it_opens_and_after_its_loop_nothing_runs() -> None:
    """A call without a living loop returns at once and leaves no coroutine behind."""
    work_begun: list[str] = []

    async def work(job_id: str) -> None:
        work_begun.append(job_id)

    runner = JobRunner(work, RecordingTelemetry())
    runner("early")

    async def open_only() -> None:
        runner.open()

    asyncio.run(open_only())
    runner("late")
    assert work_begun == []


def test_the_watch_survives_a_store_that_is_away() -> None:
    """The reconciler is called at once and every three seconds, through any fault of the store."""
    called_at: list[float] = []

    async def reconcile() -> int:
        called_at.append(asyncio.get_running_loop().time())
        if len(called_at) % 2:
            message = "Away."
            raise StoreUnavailable(message)
        return 0

    async def watch() -> None:
        async with asyncio.timeout(10):
            await JobWatch(reconcile, LoopClock(), RecordingTelemetry()).run()

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner, pytest.raises(TimeoutError):
        runner.run(watch())
    assert called_at == [0, 3, 6, 9]
