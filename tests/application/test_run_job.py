"""Running one job: holding its lease, ending it, putting it back."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeVar

import pytest

from adapters_out.memory.clock import CountingIds, FixedChance, LoopClock, VirtualTimeLoop
from adapters_out.memory.job_ledger import MemoryJobLedger
from adapters_out.memory.telemetry import RecordingTelemetry
from application.run_job import Backfill, BackfillProgress, RunJob
from domain.errors import (
    Attempt,
    InvalidRequest,
    MarketDataError,
    NoProviderAvailable,
    RangeUnavailable,
    StoreUnavailable,
    UnknownInstrument,
    UnsupportedInterval,
)
from domain.interval import Interval
from domain.jobs import BackfillTask, Job, JobState

T = TypeVar("T")
TASK = BackfillTask("BTCUSDT", Interval.M1, 0, 60_000)
Script = Callable[[], AsyncGenerator[BackfillProgress, None]]


class Scripted(Backfill):
    """Does what the test wrote; remembers that it was closed properly."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self.closed = 0

    async def run(
        self, task: BackfillTask, request_id: str
    ) -> AsyncGenerator[BackfillProgress, None]:
        assert (task, request_id) == (TASK, "a")
        try:
            async for step in self._script():
                yield step
        finally:
            self.closed += 1


class Ledger(MemoryJobLedger):
    """Cannot be reached between two moments of the loop's time."""

    away = (0.0, 0.0)

    async def renew(
        self, job_id: str, owner: str, lease_s: float, *, progress: float, rows: int
    ) -> Job | None:
        if self.away[0] <= asyncio.get_running_loop().time() < self.away[1]:
            message = "The database is away."
            raise StoreUnavailable(message)
        return await super().renew(job_id, owner, lease_s, progress=progress, rows=rows)


class Bench:
    """A ledger with one queued job, and a worker for it."""

    def __init__(self, script: Script) -> None:
        self.clock = LoopClock()
        self.ledger = Ledger(self.clock)
        self.backfill = Scripted(script)
        self.told = RecordingTelemetry()
        self.run_job = RunJob(
            self.ledger, self.backfill, self.clock, FixedChance(1), CountingIds(), self.told
        )

    @property
    def ended(self) -> list[tuple[object, ...]]:
        """What was counted: kind, state and seconds of each job that ended."""
        return [tuple(fields.values()) for fields in self.told.named("job_ended")]

    async def submit(self) -> None:
        """Enter the job ``a``."""
        await self.ledger.submit("a", "key", TASK)

    async def job(self) -> Job:
        """The job as it is now."""
        job = await self.ledger.get("a")
        assert job is not None
        return job


def virtually(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run on a loop whose time costs nothing."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(coroutine)


def ran(script: Script) -> tuple[Bench, JobState | None, Job]:
    """One run of the job by a worker with this back-fill."""

    async def once() -> tuple[Bench, JobState | None, Job]:
        bench = Bench(script)
        await bench.submit()
        state = await bench.run_job("a")
        return bench, state, await bench.job()

    return virtually(once())


async def three_batches() -> AsyncGenerator[BackfillProgress, None]:
    """A back-fill of a thousand bars in two batches that waits 40 s for each."""
    for k in (1, 2):
        await asyncio.sleep(40)  # noqa: TID251 - virtual time
        yield BackfillProgress(k / 2, k * 500)


def failing(*faults: Exception) -> Script:
    """A back-fill that fails with the next of these each time it is run."""
    left = list(faults)

    async def script() -> AsyncGenerator[BackfillProgress, None]:
        if left:
            raise left.pop(0)
        yield BackfillProgress(1.0, 1000)

    return script


def down(*retry_at: float | None) -> NoProviderAvailable:
    """Every provider is down, each until its own time."""
    attempts = tuple(Attempt("p", "provider-unavailable", "Down.", at) for at in retry_at)
    return NoProviderAvailable("No provider could fill the range.", attempts)


def test_a_job_is_done() -> None:
    """A job whose back-fill ends is done, with its rows, and counted."""
    bench, state, job = ran(three_batches)
    assert state is job.state is JobState.DONE
    assert (job.progress, job.rows, job.error, job.lease_owner) == (1.0, 1000, None, None)
    assert bench.ended == [("backfill", "done", 80.0)]
    assert bench.backfill.closed == 1


def test_a_job_is_held_while_it_waits() -> None:
    """The lease is renewed during a batch that takes longer than the lease."""

    async def others_try() -> list[Job | None]:
        bench = Bench(three_batches)
        await bench.submit()
        running = asyncio.ensure_future(bench.run_job("a"))
        tried = []
        for _ in range(39):
            await bench.clock.sleep(2)
            tried.append(await bench.ledger.claim("a", "other", 15))
        assert await running is JobState.DONE
        return tried

    assert virtually(others_try()) == [None] * 39


def test_progress_is_told_batch_by_batch() -> None:
    """After the first batch the ledger shows half of the work and its time to go."""

    async def look() -> tuple[float, int, float | None]:
        bench = Bench(three_batches)
        await bench.submit()
        running = asyncio.ensure_future(bench.run_job("a"))
        await bench.clock.sleep(50)
        job = await bench.job()
        await running
        return job.progress, job.rows, job.eta_s(job.created_at + 50)

    assert virtually(look()) == (0.5, 500, 50.0)


def test_what_is_not_ours_is_dropped() -> None:
    """An unknown, a final and a held job are left alone."""

    async def try_all() -> None:
        bench = Bench(three_batches)
        assert await bench.run_job("unknown") is None
        await bench.submit()
        await bench.ledger.claim("a", "other", 15)
        assert await bench.run_job("a") is None
        await bench.ledger.finish("a", "other", JobState.DONE, None, 5)
        assert await bench.run_job("a") is None
        assert bench.backfill.closed == 0

    virtually(try_all())


def test_a_cancelled_job_stops_soon() -> None:
    """A running job that is cancelled ends within one renewal, and its back-fill is closed."""

    async def cancel() -> None:
        bench = Bench(three_batches)
        await bench.submit()
        running = asyncio.ensure_future(bench.run_job("a"))
        await bench.clock.sleep(42)
        await bench.ledger.request_cancel("a")
        asked_at = bench.clock.now()
        assert await running is JobState.CANCELLED
        assert bench.clock.now() - asked_at <= 5
        assert bench.backfill.closed == 1
        job = await bench.job()
        assert (job.state, job.rows) == (JobState.CANCELLED, 500)

    virtually(cancel())


def test_a_cancelled_job_is_not_begun() -> None:
    """A job that was handed back after the wish to stop ends without any work."""

    async def hand_back() -> None:
        bench = Bench(three_batches)
        await bench.submit()
        await bench.ledger.claim("a", "other", 15)
        await bench.ledger.request_cancel("a")
        await bench.ledger.release("a", "other")
        assert await bench.run_job("a") is JobState.CANCELLED
        assert bench.backfill.closed == 0

    virtually(hand_back())


def test_a_lost_lease_ends_the_work() -> None:
    """Who learns that another has the job stops, and changes nothing in the ledger."""

    async def lose() -> None:
        bench = Bench(three_batches)
        await bench.submit()
        bench.ledger.away = (1.0, 39.0)
        running = asyncio.ensure_future(bench.run_job("a"))
        await bench.clock.sleep(15.5)
        taken = await bench.ledger.claim("a", "other", 15)
        assert taken is not None
        assert await running is None
        assert await bench.job() == taken
        assert [name for name, _ in bench.told.seen] == ["job_lease_lost"]
        assert bench.backfill.closed == 1

    virtually(lose())


def test_a_short_absence_of_the_store_is_survived() -> None:
    """While the lease still runs, a ledger that cannot be reached ends nothing."""

    async def survive() -> JobState | None:
        bench = Bench(three_batches)
        await bench.submit()
        bench.ledger.away = (4.0, 14.0)
        return await bench.run_job("a")

    assert virtually(survive()) is JobState.DONE


def test_a_shutdown_hands_the_job_back() -> None:
    """A cancelled worker puts its job back: no attempt lost, and sent again at once."""

    async def shut_down() -> None:
        bench = Bench(three_batches)
        await bench.submit()
        running = asyncio.ensure_future(bench.run_job("a"))
        await bench.clock.sleep(42)
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        assert running.cancelled()
        job = await bench.job()
        assert (job.state, job.attempts, job.rows) == (JobState.QUEUED, 0, 500)
        assert (job.lease_owner, job.error, job.not_before) == (None, None, None)
        assert await bench.ledger.stranded(5, 10) == ["a"]
        assert bench.backfill.closed == 1

    virtually(shut_down())


@pytest.mark.parametrize(
    "fault",
    [
        InvalidRequest("No bar."),
        UnknownInstrument("Unknown."),
        UnsupportedInterval("No 3m bars."),
        RangeUnavailable("Not that far back."),
        NoProviderAvailable("Nobody.", (Attempt("p", "not-listed", "Not listed."),)),
    ],
    ids=lambda fault: type(fault).__name__,
)
def test_a_permanent_fault_fails_the_job(fault: MarketDataError) -> None:
    """What the next attempt would meet again ends the job with its sentence."""
    bench, state, job = ran(failing(fault))
    assert state is job.state is JobState.FAILED
    assert (job.error, job.attempts) == (fault.message, 1)
    assert bench.ended == [("backfill", "failed", 0.0)]


@pytest.mark.parametrize(
    "fault", [down(None), StoreUnavailable("Away.")], ids=["providers", "store"]
)
def test_a_passing_fault_puts_the_job_back(fault: MarketDataError) -> None:
    """What may pass puts the job back with its reason, for a later attempt."""
    bench, state, job = ran(failing(fault))
    assert state is job.state is JobState.QUEUED
    assert (job.error, job.attempts, job.finished_at) == (fault.message, 1, None)
    assert job.not_before == job.updated_at + 2
    assert [name for name, _ in bench.told.seen] == ["job_put_back"]


def test_a_named_time_is_waited_for() -> None:
    """When every provider said when it is back, the job waits for the first of them."""
    now = LoopClock().now
    bench_time = virtually(_reading(now))
    _, _, job = ran(failing(down(bench_time + 90, bench_time + 60)))
    assert job.not_before == bench_time + 60
    _, _, job = ran(failing(down(bench_time + 90, None)))
    assert job.not_before == bench_time + 2


async def _reading(now: Callable[[], float]) -> float:
    return now()


def test_attempts_are_further_and_further_apart_and_end() -> None:
    """The delay doubles, and after eight attempts without progress the job has failed."""

    async def keep_trying() -> list[float]:
        bench = Bench(failing(*(down(None) for _ in range(20))))
        await bench.submit()
        delays: list[float] = []
        while await bench.run_job("a") is JobState.QUEUED:
            job = await bench.job()
            assert job.not_before is not None
            delays.append(job.not_before - job.updated_at)
            await bench.clock.sleep(delays[-1])
        job = await bench.job()
        assert (job.state, job.attempts) == (JobState.FAILED, 8)
        assert job.error == "No provider could fill the range."
        return delays

    assert virtually(keep_trying()) == [2, 4, 8, 16, 32, 64, 128]


def test_a_job_that_kills_its_workers_is_given_up() -> None:
    """A job whose workers die one after another, before any progress, ends as failed."""

    async def die() -> Job:
        bench = Bench(three_batches)
        await bench.submit()
        for k in range(8):
            assert await bench.ledger.claim("a", f"dead {k}", 15) is not None
            await bench.clock.sleep(16)
        assert await bench.run_job("a") is JobState.FAILED
        assert bench.backfill.closed == 0
        return await bench.job()

    error = virtually(die()).error
    assert error == "Given up after 8 attempts without progress: Its worker was lost each time."


def test_an_unexpected_fault_shows_its_type_only() -> None:
    """A bug puts the job back, and neither job nor event repeat what its exception said."""
    bench, state, job = ran(failing(RuntimeError("key=hunter2")))
    assert state is JobState.QUEUED
    assert job.error == "An unexpected fault (RuntimeError) interrupted the job; see the log."
    assert "hunter2" not in repr(bench.told.seen)
    assert "test_run_job.py:" in str(bench.told.seen[0][1]["where"])
