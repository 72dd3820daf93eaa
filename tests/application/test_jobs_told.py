"""Looking at jobs, cancelling them, and what a task's back-fill tells of itself."""

from collections.abc import AsyncGenerator

import pytest

from adapters_out.memory.clock import ManualClock
from adapters_out.memory.job_ledger import MemoryJobLedger
from application.cancel_job import CancelJob
from application.fill_gaps import Committed, Filled, FillGapsAsk
from application.fill_task import FillTask
from application.list_jobs import ListJobs
from application.run_job import BackfillProgress
from domain.coverage import Coverage
from domain.errors import InvalidRequest
from domain.instrument import Instrument, SeriesKey
from domain.interval import Interval
from domain.jobs import BackfillTask, JobState
from domain.timerange import RangeSet, TimeRange
from tests.runner import Run

TASK = BackfillTask("BTCUSDT", Interval.M1, 0, 60_000)


def test_a_running_job_is_shown_with_its_time_to_go(run: Run) -> None:
    """A quarter of the work in ten seconds leaves thirty; a queued job has no pace yet."""
    clock = ManualClock()
    ledger = MemoryJobLedger(clock)
    list_jobs = ListJobs(ledger, clock)
    run(ledger.submit("a", "key", TASK))
    assert [view.eta_s for view in run(list_jobs())] == [None]
    run(ledger.claim("a", "one", 15))
    clock.advance(10)
    run(ledger.renew("a", "one", 15, progress=0.25, rows=250))
    [view] = run(list_jobs(JobState.RUNNING))
    assert (view.job.id, view.eta_s) == ("a", 30)
    assert run(list_jobs.one("a")) == view
    assert run(list_jobs.one("b")) is None
    assert run(list_jobs(JobState.DONE)) == ()


@pytest.mark.parametrize("limit", [-1, 0, 1001])
def test_a_limit_out_of_bounds_is_refused(run: Run, limit: int) -> None:
    """Lists are of 1 to 1000 jobs."""
    with pytest.raises(InvalidRequest, match="1 to 1000"):
        run(ListJobs(MemoryJobLedger(ManualClock()), ManualClock())(limit=limit))


def test_cancelling_tells_the_job(run: Run) -> None:
    """Cancelling answers with the job as it is then, None when there is none."""
    ledger = MemoryJobLedger(ManualClock())
    run(ledger.submit("a", "key", TASK))
    job = run(CancelJob(ledger)("a"))
    assert job is not None
    assert job.state is JobState.CANCELLED
    assert run(CancelJob(ledger)("b")) is None


def test_a_task_reports_the_bars_that_are_held(run: Run) -> None:
    """Rows are counted from the coverage when a provider begins, then batch by batch."""
    held = {"first": 300 * 60, "second": 700 * 60}
    asked: list[FillGapsAsk] = []

    async def resolve(text: str, at: int | None, provider: str | None) -> Instrument:
        assert (at, provider) == (TASK.end - 1, TASK.provider)
        assert text == "BTCUSDT"
        return Instrument.pair("BTC", "USDT")

    async def fill(ask: FillGapsAsk) -> AsyncGenerator[Committed | Filled, None]:
        asked.append(ask)
        yield Committed("first", 0, 6_000, 100, 0.3)
        yield Committed("first", 6_000, 12_000, 100, 0.4)
        yield Committed("second", 0, 6_000, 100, 0.7)
        held["second"] = 990 * 60
        yield Filled("second", 100, ())

    async def coverage(key: SeriesKey, span: TimeRange) -> Coverage:
        assert (key.instrument, key.interval) == ("BTC-USDT", Interval.M1)
        return Coverage(span, RangeSet.of([TimeRange(0, held[key.provider])]))

    async def progress() -> list[BackfillProgress]:
        return [step async for step in FillTask(resolve, fill, coverage).run(TASK, "a")]

    assert run(progress()) == [
        BackfillProgress(0.3, 300),
        BackfillProgress(0.4, 400),
        BackfillProgress(0.7, 700),
        BackfillProgress(1.0, 990),
    ]
    [ask] = asked
    assert (ask.start, ask.end, ask.provider, ask.request_id) == (0, 60_000, None, "a")
