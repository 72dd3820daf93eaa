"""Fetch and store what is missing of a range: the back-fill."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from msgspec import Struct

from application.fetch_bars import FetchBars
from application.rank_candidates import RankCandidates
from domain.coverage import Gap
from domain.errors import (
    AccessDenied,
    Attempt,
    DeadlineExceeded,
    InvalidRequest,
    NoProviderAvailable,
    NotListed,
    ProviderError,
    RangeUnavailable,
    UnknownInstrument,
)
from domain.instrument import Instrument, SeriesKey
from domain.interval import Interval
from domain.provider import Capability, Priority
from domain.timerange import RangeSet, TimeRange
from ports.bar_store import BarStore
from ports.clock import Chance, Clock
from ports.market_data import CallContext, MarketDataProvider

MAX_BARS = 50_000_000
_PATIENCE = 6  # transient failures in a row before the next provider is tried
_PAUSE_S, _PAUSE_MAX_S = 0.5, 30.0


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
    - every yielded batch is committed;
    - transient faults are waited out with growing pauses, six in a row are too many;
    - a provider that cannot serve the range at all yields to the next one, which is said.
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
            InvalidRequest: the range is empty or holds more than 50 million bars.
            UnknownInstrument, UnsupportedInterval, RangeUnavailable: nobody can ever serve it.
            NoProviderAvailable: everybody failed for now.
        """
        span = self._span(ask)
        names = self._candidates.capable(ask.instrument, ask.interval, ask.provider)
        ranking = await self._candidates(
            Capability.BARS, ask.instrument, ask.interval, span.start, ask.provider
        )
        attempts = list(ranking.refused)
        waiting = [a.provider for a in attempts if a.retry_at is not None]
        for name in (*ranking.chosen, *(n for n in waiting if n in names)):
            provider = self._candidates.provider(name)
            if provider is None:
                continue
            rows = 0
            try:
                async with aclosing(self._fill(provider, ask, span)) as events:
                    async for event in events:
                        rows += event.rows
                        yield event
            except (ProviderError, DeadlineExceeded) as error:
                attempts.append(Attempt(name, error.code, error.message))
                if rows:
                    break
                continue
            coverage = await self._store.coverage(_key(ask, name), span)
            gaps = coverage.gaps(ask.interval, self._clock.now())
            yield Filled(name, rows, gaps, substituted=name != names[0])
            return
        raise _failure(ask, attempts)

    async def _fill(
        self, provider: MarketDataProvider, ask: FillGapsAsk, span: TimeRange
    ) -> AsyncGenerator[Committed, None]:
        """Fetch what one provider lacks, waiting out transient faults."""
        key, failures = _key(ask, provider.name), 0
        while missing := await self._missing(key, span):
            try:
                async with aclosing(self._fetch_parts(provider, ask, span, missing)) as events:
                    async for event in events:
                        failures = 0
                        yield event
            except (ProviderError, DeadlineExceeded) as error:
                failures += 1
                if _is_hopeless(error, failures):
                    raise
                await self._clock.sleep(self._pause(error, failures))
            else:
                return

    async def _missing(self, key: SeriesKey, span: TimeRange) -> RangeSet:
        coverage = await self._store.coverage(key, span)
        return coverage.missing(key.interval, self._clock.now())

    async def _fetch_parts(
        self, provider: MarketDataProvider, ask: FillGapsAsk, span: TimeRange, missing: RangeSet
    ) -> AsyncGenerator[Committed, None]:
        total, context = span.seconds, CallContext(None, ask.priority, ask.request_id)
        done = total - missing.seconds
        for part in missing:
            pages = self._fetch(provider, ask.instrument, ask.interval, part, context)
            async with aclosing(pages):
                async for page in pages:
                    done += page.covers.seconds
                    share = min(1.0, done / total)
                    covers = page.covers
                    yield Committed(provider.name, covers.start, covers.end, page.rows, share)

    def _pause(self, error: ProviderError | DeadlineExceeded, failures: int) -> float:
        """Until the provider's own word, else full jitter that doubles."""
        named = error.retry_at if isinstance(error, ProviderError) else None
        grown = min(_PAUSE_MAX_S, _PAUSE_S * 2.0**failures)
        jitter = self._chance.uniform(0.0, grown)
        return jitter if named is None else max(0.0, named - self._clock.now()) + jitter / 10

    def _span(self, ask: FillGapsAsk) -> TimeRange:
        interval = ask.interval
        closed = interval.shift(interval.last_closed(self._clock.now()), 1)
        start, end = interval.ceil(ask.start), min(interval.ceil(ask.end), closed)
        if start >= end:
            message = "No bar of that range has closed yet: choose an earlier start."
            raise InvalidRequest(message, "start")
        if interval.count(start, end) > MAX_BARS:
            message = f"The range holds more than {MAX_BARS:,} bars: split it."
            raise InvalidRequest(message, "start")
        return TimeRange(start, end)


def _is_hopeless(error: ProviderError | DeadlineExceeded, failures: int) -> bool:
    """Whether waiting cannot help, or has not helped often enough."""
    return failures >= _PATIENCE or isinstance(error, AccessDenied | NotListed | RangeUnavailable)


def _key(ask: FillGapsAsk, name: str) -> SeriesKey:
    return SeriesKey(ask.instrument.id, ask.interval, name)


def _failure(ask: FillGapsAsk, attempts: Sequence[Attempt]) -> Exception:
    codes = {attempt.code for attempt in attempts}
    reasons = "; ".join(f"{a.provider}: {a.reason}" for a in attempts)
    if codes == {NotListed.code}:
        return UnknownInstrument(f"{ask.instrument.id} is not listed: {reasons}")
    if codes and codes <= {RangeUnavailable.code, NotListed.code}:
        return RangeUnavailable(reasons)
    return NoProviderAvailable(f"No provider could fill the range: {reasons}", tuple(attempts))
