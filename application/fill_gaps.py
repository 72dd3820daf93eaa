"""Fetch and store what is missing of a range: the back-fill."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from msgspec import Struct

from application.explain_failure import attempt_of
from application.fetch_bars import FetchBars
from application.known_coverage import known_coverage
from application.plan_asks import plan_asks
from application.rank_candidates import RankCandidates
from domain.coverage import Coverage, Gap
from domain.errors import (
    AccessDenied,
    Attempt,
    CallRefused,
    DeadlineExceeded,
    InvalidRequest,
    NotListed,
    ProviderError,
    RangeUnavailable,
    UnknownInstrument,
)
from domain.instrument import Instrument, SeriesKey
from domain.interval import Interval
from domain.provider import Capability, Priority
from domain.sessions import calendar_of
from domain.timerange import RangeSet, TimeRange
from ports.bar_store import BarStore
from ports.clock import Chance, Clock
from ports.market_data import CallContext, MarketDataProvider

_PATIENCE = 6  # transient failures in a row before the next provider is tried
_PAUSE_S, _PAUSE_MAX_S = 0.5, 30.0
_WORTH_WAITING_S = 300.0  # a provider that is away for longer gives way to the others
_YEAR_9999 = 253_402_300_800


class FillGapsAsk(Struct, frozen=True):
    """What to fill: a half-open range in Unix seconds, from one provider or the best."""

    instrument: Instrument
    interval: Interval
    start: int
    end: int
    provider: str | None = None
    priority: Priority = Priority.BACKFILL
    request_id: str = ""


class Committed(Struct, frozen=True):
    """One batch that is safely stored; ``done`` is the share of the whole range, 0..1."""

    provider: str
    start: int
    end: int
    rows: int
    done: float


class Filled(Struct, frozen=True):
    """The end: who answered, how many bars were fetched, and what is still missing."""

    provider: str
    rows: int
    gaps: tuple[Gap, ...]
    substituted: bool = False

    @property
    def is_complete(self) -> bool:
        """Whether every remaining gap has a known cause."""
        return all(gap.is_explained for gap in self.gaps)


class FillGaps:
    """Back-fill is coverage's complement.

    - nothing is noted on the side: kill it anywhere, run it again, it goes on;
    - every yielded batch is committed; ``done`` never falls;
    - a series that lacks nothing is done without asking anybody;
    - of an interval that a provider lacks, the bars that it is rolled up from are fetched;
    - the operator's first choice is filled, not the one that happens to be well: transient
      faults are waited out with growing pauses, six in a row are too many;
    - a provider that cannot serve the range at all, or not within minutes, yields to the next
      one, which is said; one that has begun is not replaced: series are never blended.
    """

    def __init__(
        self,
        *,
        candidates: RankCandidates,
        store: BarStore,
        fetch: FetchBars,
        clock: Clock,
        chance: Chance,
    ) -> None:
        """Take the collaborators."""
        self._candidates = candidates
        self._store = store
        self._fetch = fetch
        self._clock = clock
        self._chance = chance

    async def __call__(self, ask: FillGapsAsk) -> AsyncGenerator[Committed | Filled, None]:
        """Yield every committed batch, then one :class:`Filled`.

        Raises:
            InvalidRequest: the range is empty, out of the calendar, or lies in the future.
            UnknownInstrument, UnsupportedInterval, RangeUnavailable: nobody can ever serve it.
            NoProviderAvailable: everybody failed for now.
        """
        span = self._span(ask)
        while True:
            names = self._names(ask)
            try:
                async with aclosing(self._by(names, ask, span)) as steps:
                    async for step in steps:
                        yield step
            except UnknownInstrument:
                if self._names(ask) == names:
                    raise
            else:
                return

    def _names(self, ask: FillGapsAsk) -> Sequence[str]:
        """Those of one basis; when all of them deny the instrument, those of the next."""
        return self._candidates.offers.capable(
            ask.instrument, ask.interval, ask.provider, listing=True
        )

    async def _by(
        self, names: Sequence[str], ask: FillGapsAsk, span: TimeRange
    ) -> AsyncGenerator[Committed | Filled, None]:
        full = await self._full(ask, span, names)
        if full is not None:
            yield await self._filled(ask, span, full, 0, names)
            return
        order, attempts = await self._order(ask, span, names)
        for name in order:
            rows = 0
            try:
                async with aclosing(self._fill(name, ask, span)) as batches:
                    async for batch in batches:
                        rows += batch.rows
                        yield batch
            except (ProviderError, DeadlineExceeded) as error:
                attempts.append(self._noted(name, ask, error))
                if rows:
                    break
                continue
            yield await self._filled(ask, span, name, rows, names)
            return
        raise await self._candidates.why_nobody(ask.instrument, attempts, late=False)

    async def _full(self, ask: FillGapsAsk, span: TimeRange, names: Sequence[str]) -> str | None:
        """The first choice, or a more preferred one without its key, that lacks nothing."""
        for name in self._candidates.offers.first_held(names, ask.instrument):
            if not await self._missing(ask, name, span):
                return name
        return None

    async def _order(
        self, ask: FillGapsAsk, span: TimeRange, names: Sequence[str]
    ) -> tuple[Sequence[str], list[Attempt]]:
        """Whom to try, and why not the others: by preference, those last who are long away."""
        ranking = await self._candidates(
            Capability.BARS, ask.instrument, ask.interval, span.start, ask.provider
        )
        back = {a.provider: a.retry_at for a in ranking.refused if a.retry_at is not None}
        soon = self._clock.now() + _WORTH_WAITING_S
        able = [name for name in names if name in ranking.chosen or name in back]
        order = sorted(able, key=lambda name: back.get(name, 0.0) > soon)
        return order, [a for a in ranking.refused if a.provider not in order]

    async def _fill(
        self, name: str, ask: FillGapsAsk, span: TimeRange
    ) -> AsyncGenerator[Committed, None]:
        """Fetch what one provider lacks, waiting out transient faults."""
        provider, failures, done = self._candidates.offers.provider(name), 0, 0.0
        while missing := await self._missing(ask, name, span):
            try:
                async with aclosing(self._fetch_parts(provider, ask, span, missing)) as batches:
                    async for batch in batches:
                        failures, done = 0, max(done, batch.done)
                        yield Committed(name, batch.start, batch.end, batch.rows, done)
            except (ProviderError, DeadlineExceeded) as error:
                failures += 1
                if self._is_hopeless(error, failures):
                    raise
                await self._clock.sleep(self._pause(error, failures))
            else:
                return

    async def _fetch_parts(
        self, provider: MarketDataProvider, ask: FillGapsAsk, span: TimeRange, missing: RangeSet
    ) -> AsyncGenerator[Committed, None]:
        context = CallContext(None, ask.priority, ask.request_id)
        left = missing
        interval, most = self._interval(ask, provider.name), provider.capabilities.page_bars
        closed = calendar_of(ask.instrument.id).closed(interval, span)
        for part in plan_asks(missing, interval, most, closed):
            pages = self._fetch(provider, ask.instrument, interval, part, context)
            async with aclosing(pages):
                async for page in pages:
                    covers = page.covers
                    left = left.subtract(RangeSet((covers,)))
                    done = 1.0 - left.seconds / span.seconds
                    yield Committed(provider.name, covers.start, covers.end, page.rows, done)

    async def _missing(self, ask: FillGapsAsk, name: str, span: TimeRange) -> RangeSet:
        coverage = await self._coverage(ask, name, span)
        return coverage.missing(self._interval(ask, name), self._clock.now())

    async def _coverage(self, ask: FillGapsAsk, name: str, span: TimeRange) -> Coverage:
        key = SeriesKey(ask.instrument.id, self._interval(ask, name), name)
        return await known_coverage(self._store, key, span)

    def _interval(self, ask: FillGapsAsk, name: str) -> Interval:
        """What is fetched: the interval itself, or the one that it is rolled up from."""
        can = self._candidates.offers.provider(name).capabilities
        return can.source(ask.interval) or ask.interval

    async def _filled(
        self, ask: FillGapsAsk, span: TimeRange, name: str, rows: int, names: Sequence[str]
    ) -> Filled:
        coverage = await self._coverage(ask, name, span)
        gaps = coverage.gaps(self._interval(ask, name), self._clock.now())
        substituted = self._candidates.offers.is_substitute(name, names)
        return Filled(name, rows, gaps, substituted)

    def _noted(
        self, name: str, ask: FillGapsAsk, error: ProviderError | DeadlineExceeded
    ) -> Attempt:
        self._candidates.note(name, error, Capability.BARS, ask.instrument, ask.interval, ask.start)
        return attempt_of(name, error)

    def _is_hopeless(self, error: ProviderError | DeadlineExceeded, failures: int) -> bool:
        """Whether waiting cannot help, has not helped often enough, or would take too long."""
        if failures >= _PATIENCE:
            return True
        if isinstance(error, AccessDenied | NotListed | RangeUnavailable | CallRefused):
            return True
        named = error.retry_at if isinstance(error, ProviderError) else None
        return named is not None and named > self._clock.now() + _WORTH_WAITING_S

    def _pause(self, error: ProviderError | DeadlineExceeded, failures: int) -> float:
        """Until the provider's own word, else full jitter that doubles."""
        named = error.retry_at if isinstance(error, ProviderError) else None
        grown = min(_PAUSE_MAX_S, _PAUSE_S * 2.0**failures)
        jitter = self._chance.uniform(0.0, grown)
        return jitter if named is None else max(0.0, named - self._clock.now()) + jitter / 10

    def _span(self, ask: FillGapsAsk) -> TimeRange:
        interval = ask.interval
        if not (0 <= ask.start < ask.end <= _YEAR_9999):
            message = "The range must be Unix seconds from 1970 on, with the end after the start."
            raise InvalidRequest(message, "start" if ask.start < 0 else "end")
        closed = interval.shift(interval.last_closed(self._clock.now()), 1)
        start, end = interval.ceil(ask.start), min(interval.ceil(ask.end), closed)
        if start >= end:
            message = "No bar of that range has closed yet: choose an earlier start."
            raise InvalidRequest(message, "start")
        return TimeRange(start, end)
