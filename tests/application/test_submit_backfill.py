"""Accepting a back-fill."""

from collections.abc import AsyncGenerator, Mapping, Sequence

import pytest
from msgspec.structs import replace

from adapters_out.memory.clock import CountingIds, ManualClock
from adapters_out.memory.job_ledger import MemoryJobLedger
from application.resolve_symbol import ResolveSymbol
from application.submit_backfill import SubmitBackfill, SubmitBackfillRequest, SubmittedBackfill
from domain.errors import (
    InvalidRequest,
    NoData,
    RangeTooWide,
    UnknownInstrument,
    UnsupportedInterval,
)
from domain.instrument import AssetClass, Instrument, Listing
from domain.interval import Interval
from domain.jobs import BackfillTask, JobState
from domain.provider import BarsAsk, BarsPage, Capabilities, Capability, Price, ProviderPolicy
from ports.instrument_store import InstrumentStore
from ports.market_data import CallContext, MarketDataProvider, ProviderCatalogue
from tests.application.waiting_line import WaitingLine
from tests.runner import Run

NOW = 1_700_000_040  # a full minute, and no full hour
HOUR = 3600


class Idle(MarketDataProvider):
    """A provider of 1m and 1h bars that nobody may ask."""

    name = "idle"
    needs_key = has_key = False
    key_mark = ""
    policy = ProviderPolicy(rps=1)
    capabilities = Capabilities(
        frozenset({Capability.BARS}),
        frozenset({AssetClass.CRYPTO}),
        intervals=(Interval.M1, Interval.H1),
    )

    def bars(self, ask: BarsAsk, context: CallContext) -> AsyncGenerator[BarsPage, None]:
        raise AssertionError(ask, context)

    async def price(self, instrument: Instrument, context: CallContext) -> Price:
        raise AssertionError(instrument, context)

    async def listings(self, context: CallContext) -> Sequence[Listing]:
        raise AssertionError(context)

    async def ping(self, context: CallContext) -> None:
        raise AssertionError(context)


class Hourly(Idle):
    """Another one, without minutes."""

    name = "hourly"
    capabilities = replace(Idle.capabilities, intervals=(Interval.H1,))


class Catalogue(ProviderCatalogue):
    def all(self) -> Mapping[str, MarketDataProvider]:
        return {"idle": Idle(), "hourly": Hourly()}


class NoListings(InstrumentStore):
    """No list was ever fetched."""

    async def replace(self, provider: str, listings: Sequence[Listing], fetched_at: float) -> None:
        raise AssertionError(provider, listings, fetched_at)

    async def lists(self) -> Mapping[str, float]:
        raise AssertionError

    async def of_instrument(self, instrument: str) -> Sequence[Listing]:
        raise AssertionError(instrument)

    async def spelled(self, text: str) -> Sequence[Listing]:
        assert text
        return ()

    async def alike(self, text: str) -> Sequence[Listing]:
        raise AssertionError(text)

    async def search(self, text: str, limit: int) -> Sequence[Listing]:
        assert text
        assert limit
        return ()


class Bench:
    """The use case before an empty ledger and queue."""

    def __init__(self, run: Run) -> None:
        clock = ManualClock(NOW + 20.5)
        self._run = run
        self.ledger = MemoryJobLedger(clock)
        self.queue = WaitingLine()
        resolve = ResolveSymbol(NoListings(), clock)
        self.submit = SubmitBackfill(
            self.ledger, self.queue, resolve, Catalogue(), clock, CountingIds()
        )

    def accept(  # the parameters of a request
        self,
        symbol: str = "BTCUSDT",
        interval: Interval = Interval.M1,
        start: int = NOW - HOUR,
        end: int = NOW,
        provider: str | None = None,
    ) -> SubmittedBackfill:
        """Submit a request."""
        return self._run(self.submit(SubmitBackfillRequest(symbol, interval, start, end, provider)))


@pytest.fixture
def bench(run: Run) -> Bench:
    """A bench of the test's own."""
    return Bench(run)


def test_a_backfill_is_entered_and_sent(bench: Bench) -> None:
    """A sound request becomes a queued job, and its id is handed to the workers."""
    submitted = bench.accept("btc/usdt", provider="idle")
    assert submitted.created
    job = submitted.job
    assert job.task == BackfillTask("BTC/USDT", Interval.M1, NOW - HOUR, NOW, "idle")
    assert job.state is JobState.QUEUED
    assert bench.queue.ids == [job.id]


def test_the_same_task_is_one_job(bench: Bench) -> None:
    """However its symbol is spelled and its range cut, a task has one unfinished job."""
    first = bench.accept("BTCUSDT")
    again = bench.accept("btc-usdt", start=NOW - HOUR - 1, end=NOW - 59)
    assert (again.job, again.created) == (first.job, False)
    others = [
        bench.accept("BTC/USD"),
        bench.accept(provider="idle"),
        bench.accept(end=NOW - 60),
        bench.accept(interval=Interval.M3),
    ]
    assert [other.created for other in others] == [True] * 4
    assert len(bench.queue.ids) == 5


@pytest.mark.parametrize("provider", [None, "idle"])
def test_what_nobody_lists_is_refused(bench: Bench, provider: str | None) -> None:
    """A class of assets that no (or not the named) provider offers is an unknown instrument."""
    with pytest.raises(UnknownInstrument, match="AAPL is a stock, not listed by"):
        bench.accept("AAPL", provider=provider)
    assert bench.queue.ids == []


def test_a_broker_that_is_down_is_no_error(bench: Bench, run: Run) -> None:
    """What the ledger accepted is accepted."""
    bench.queue.is_down = True
    submitted = bench.accept()
    assert run(bench.ledger.get(submitted.job.id)) == submitted.job


def test_the_range_may_reach_into_the_running_bar(bench: Bench) -> None:
    """An end of now, or of the running bar's close, is no mistake; the range is aligned."""
    assert bench.accept(end=NOW + 20).job.task.end == NOW + 60
    assert bench.accept(start=NOW - HOUR + 1, end=NOW + 60).job.task.start == NOW - HOUR + 60


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [
        (NOW, NOW, "empty"),
        (NOW, NOW - 60, "empty"),
        (-60, NOW, "from 0 on"),
        (NOW - HOUR, NOW + 61, "at most"),
        (NOW, NOW + 60, "at most"),
        (NOW - HOUR, NOW + 10 * 86_400, "at most"),
        ((NOW - HOUR) * 1000, NOW * 1000, "milliseconds"),
        (0, 10**23, "milliseconds"),
        (NOW - 119, NOW - 61, "No 1m bar opens"),
    ],
)
def test_an_impossible_range_is_refused(bench: Bench, start: int, end: int, words: str) -> None:
    """A range that no bar can fill is refused with a hint, and nothing is entered."""
    with pytest.raises((InvalidRequest, NoData), match=words):
        bench.accept(start=start, end=end)
    assert bench.queue.ids == []


def test_an_absurd_width_is_refused(bench: Bench) -> None:
    """A range of more than ten million bars is refused; as many longer bars are not."""
    with pytest.raises(RangeTooWide, match="split it"):
        bench.accept(start=0)
    assert bench.accept(start=0, interval=Interval.MO1, end=1_698_796_800).created


def test_a_provider_must_exist_and_have_the_interval(bench: Bench) -> None:
    """A provider that is unknown or lacks the interval is refused with what there is.

    What can be rolled up from its finer bars it has.
    """
    with pytest.raises(InvalidRequest, match="use one of idle"):
        bench.accept(provider="other")
    assert bench.accept(provider="idle", interval=Interval.M3).created
    with pytest.raises(UnsupportedInterval, match="hourly has no 3m bars: use 1h, 2h, 4h"):
        bench.accept(provider="hourly", interval=Interval.M3)


def test_a_symbol_must_be_one(bench: Bench) -> None:
    """What cannot be a symbol is refused."""
    with pytest.raises(InvalidRequest, match="letters and digits"):
        bench.accept("BTC\x00USDT")
