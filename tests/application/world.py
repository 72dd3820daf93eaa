"""Two providers, what processes share, and processes: everything in virtual time."""

import asyncio
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from adapters_out.memory.bar_store import MemoryBarStore
from adapters_out.memory.budget_book import MemoryBudgetBook
from adapters_out.memory.cache import MemoryCache
from adapters_out.memory.clock import CountingIds, FixedChance, LoopClock, VirtualTimeLoop
from adapters_out.memory.health_board import MemoryHealthBoard
from adapters_out.memory.instrument_store import MemoryInstrumentStore
from adapters_out.memory.telemetry import RecordingTelemetry
from adapters_out.memory.turnstile import MemoryTurnstile
from adapters_out.provider_kit.pacer import SharedPacer
from application.answers import BarsAnswer
from application.ask_providers import AskProviders
from application.bars_as_of import BarsAsOf
from application.complete_series import CompleteSeries
from application.fetch_bars import FetchBars
from application.fill_gaps import FillGaps
from application.get_bars import GetBars
from application.get_price import GetPrice
from application.rank_candidates import RankCandidates
from application.rolled_bars import RolledBars
from application.stored_answer import ReadStored
from domain.budget import BudgetView
from domain.circuit import Outcome, ProviderHealth
from domain.coverage import Coverage
from domain.errors import ProviderUnavailable
from domain.instrument import Instrument, SeriesKey
from domain.interval import Interval
from domain.ledger import BarSlice, Batch, Receipt, StoredBars
from domain.provider import Capabilities, ProviderPolicy
from domain.query import BarQuery
from domain.timerange import TimeRange
from ports.market_data import CallContext
from tests.application.scripted_market import OFFERS, Catalogue, ScriptedProvider

T = TypeVar("T")
MINUTE, HOUR, DAY = 60, 3600, 86_400
NOW = 1_700_006_400  # a full hour; the clock of a world starts half a minute later
BTC = Instrument.pair("BTC", "USDT")
DOWN = ProviderUnavailable("It is down.")


def in_virtual_time(work: Coroutine[Any, Any, T]) -> T:
    """Run on a loop whose waiting costs nothing."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(work)


class WatchedStore(MemoryBarStore):
    """Writes down every round trip; ``slow_s`` delays each."""

    def __init__(self, clock: LoopClock) -> None:
        super().__init__(clock)
        self._slow_clock = clock
        self.trips: list[str] = []
        self.slow_s = 0.0

    async def write(self, batch: Batch) -> Receipt:
        await self._trip("write")
        return await super().write(batch)

    async def read(self, key: SeriesKey, chosen: BarSlice, as_of: int | None = None) -> StoredBars:
        await self._trip("read")
        return await super().read(key, chosen, as_of)

    async def coverage(self, key: SeriesKey, span: TimeRange, as_of: int | None = None) -> Coverage:
        await self._trip("coverage")
        return await super().coverage(key, span, as_of)

    async def series(
        self,
        instrument: str | None = None,
        interval: Interval | None = None,
        provider: str | None = None,
    ) -> Sequence[SeriesKey]:
        await self._trip("series")
        return await super().series(instrument, interval, provider)

    async def coverages(self, parts: Mapping[SeriesKey, TimeRange]) -> Mapping[SeriesKey, Coverage]:
        await self._trip("coverages")
        return {k: await MemoryBarStore.coverage(self, k, span) for k, span in parts.items()}

    async def bounds(self, keys: Sequence[SeriesKey]) -> Mapping[SeriesKey, tuple[int, int]]:
        await self._trip("bounds")
        return await super().bounds(keys)

    async def _trip(self, name: str) -> None:
        self.trips.append(name)
        await self._slow_clock.sleep(self.slow_s)


class WatchedHealth(MemoryHealthBoard):
    """Counts how often somebody looks."""

    looks = 0

    async def view(self, provider: str) -> ProviderHealth:
        self.looks += 1
        return await super().view(provider)

    async def views(self, providers: Sequence[str]) -> Mapping[str, ProviderHealth]:
        self.looks += len(providers)
        return await super().views(providers)

    async def open_circuit(self, provider: str, at: float) -> None:
        """Five faults in a row."""
        for _ in range(5):
            await self.record(provider, Outcome(ok=False, latency_s=1.0, at=at))


class WatchedPacer(SharedPacer):
    """Counts how often somebody looks."""

    looks = 0

    async def views(self, policies: Mapping[str, ProviderPolicy]) -> Mapping[str, BudgetView]:
        self.looks += len(policies)
        return await super().views(policies)


class World:
    """``first`` is preferred to ``second``; what is here survives the processes."""

    def __init__(self, can: Capabilities = OFFERS, offset_s: float = 30.0) -> None:
        self.clock = LoopClock(NOW + offset_s)
        self.first = ScriptedProvider("first", self.clock, can)
        self.second = ScriptedProvider("second", self.clock, can)
        self.catalogue = Catalogue(self.first, self.second)
        self.health = WatchedHealth(self.clock)
        self.told = RecordingTelemetry()
        self.pacer = WatchedPacer(MemoryBudgetBook(self.clock), self.clock, self.told)
        self.cache = MemoryCache(self.clock)
        self.turnstile = MemoryTurnstile(self.clock, CountingIds())
        self.store = WatchedStore(self.clock)
        self.instruments = MemoryInstrumentStore()

    @property
    def pages(self) -> list[TimeRange]:
        """Every upstream call for bars."""
        return [*self.first.pages, *self.second.pages]

    def forget_calls(self) -> None:
        """Count from here on."""
        self.first.pages.clear()
        self.second.pages.clear()
        self.store.trips.clear()
        self.health.looks = self.pacer.looks = 0

    def within(self, seconds: float | None) -> CallContext:
        """A caller who waits that long."""
        return CallContext(None if seconds is None else self.clock.monotonic() + seconds)


class Process:
    """The use cases of one process, on shared parts or on a store or cache of its own."""

    def __init__(
        self, world: World, store: MemoryBarStore | None = None, cache: MemoryCache | None = None
    ) -> None:
        self.world = world
        kept = store or world.store
        self.candidates = RankCandidates(
            world.catalogue, world.health, world.pacer, world.instruments, world.clock
        )
        read = ReadStored(RolledBars(kept, world.catalogue))
        fetch = FetchBars(kept, world.clock, world.told)
        self.complete = CompleteSeries(read, fetch, world.clock)
        self.fetch = fetch
        self.get_bars = GetBars(
            candidates=self.candidates,
            read=read,
            ask=AskProviders(self.candidates, self.complete, read, world.clock),
            as_of=BarsAsOf(self.candidates, read, world.clock),
            cache=cache or world.cache,
            turnstile=world.turnstile,
            clock=world.clock,
            telemetry=world.told,
        )
        self.get_price = GetPrice(self.candidates, cache or world.cache, world.clock)
        self.fill_gaps = FillGaps(
            candidates=self.candidates,
            store=kept,
            fetch=fetch,
            clock=world.clock,
            chance=FixedChance(1.0),
        )

    async def ask(self, query: BarQuery, within: float | None = 10.0) -> BarsAnswer:
        """Ask for bars as a caller would."""
        return await self.get_bars(query, self.world.within(within))


def query(  # noqa: PLR0913 - the fields of a query, each with a default
    limit: int = 10,
    *,
    interval: Interval = Interval.M1,
    start: int | None = None,
    end: int | None = None,
    provider: str | None = None,
    use_cache: bool = True,
    include_partial: bool = False,
    as_of: int | None = None,
    symbol: str = "BTCUSDT",
    instrument: Instrument = BTC,
) -> BarQuery:
    """Ten minutes of BTC-USDT unless said otherwise."""
    return BarQuery(
        symbol=symbol,
        instrument=instrument,
        interval=interval,
        limit=limit,
        start=start,
        end=end,
        provider=provider,
        use_cache=use_cache,
        include_partial=include_partial,
        as_of=as_of,
    )


def key(provider: str = "first", interval: Interval = Interval.M1) -> SeriesKey:
    """The series of one provider."""
    return SeriesKey(BTC.id, interval, provider)


def opens(answer: BarsAnswer) -> list[int]:
    """The opens of the bars, in minutes before the world's full hour (negative)."""
    return [(ts - NOW) // MINUTE for ts in answer.series.ts.tolist()]


def minutes(ranges: Iterable[TimeRange]) -> list[tuple[int, int]]:
    """The ranges in minutes relative to the world's full hour."""
    return [((r.start - NOW) // MINUTE, (r.end - NOW) // MINUTE) for r in ranges]
