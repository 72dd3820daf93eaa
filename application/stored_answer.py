"""Read one provider's series from the store and say how complete it is."""

import numpy as np
from msgspec import Struct

from application.answers import BarsAnswer, SourcePart
from domain.bars import Bar
from domain.coverage import Coverage
from domain.instrument import SeriesKey
from domain.ledger import BarSlice, StoredBars
from domain.query import BarQuery, BarWindow
from domain.scoring import judge
from domain.timerange import RangeSet, TimeRange
from ports.bar_store import BarStore

MICROS = 1_000_000


class Held(Struct, frozen=True):
    """What the store holds of a window: the bars, and what is known about the rest."""

    key: SeriesKey
    span: TimeRange
    bars: StoredBars
    coverage: Coverage

    def missing(self, now: float) -> RangeSet:
        """What a provider should be asked for."""
        return self.coverage.missing(self.key.interval, now)


class ReadStored:
    """Look into the store.

    - bars that are really there count as held, so deleted rows are missed and fetched again;
    - a window without a hole needs one round trip, any other two.
    """

    def __init__(self, store: BarStore) -> None:
        """Take the store."""
        self._store = store

    async def __call__(self, key: SeriesKey, span: TimeRange, as_of: int | None = None) -> Held:
        """Read ``span`` of a series, as it is or as it was known at ``as_of`` (µs)."""
        bars = await self._store.read(key, BarSlice(span), as_of)
        if len(bars.series) == key.interval.count(span.start, span.end):
            whole = RangeSet((span,))
            return Held(key, span, bars, Coverage(span, held=whole, asked=whole))
        return Held(key, span, bars, await self._store.coverage(key, span, as_of))


def assemble(  # an answer has that many sides
    query: BarQuery,
    window: BarWindow,
    held: Held,
    now: float,
    *,
    cached: bool,
    substituted: bool,
    forming: Bar | None = None,
) -> BarsAnswer:
    """Turn what the store holds into an answer, judged at ``now`` (at ``as_of`` if given)."""
    interval = held.key.interval
    gaps = held.coverage.gaps(interval, now)
    known = held.bars.known_at
    newest = int(known.max()) if len(known) else 0
    return BarsAnswer(
        symbol=query.symbol,
        instrument=query.instrument,
        interval=interval,
        provider=held.key.provider,
        series=held.bars.series,
        window=held.span,
        quality=judge(held.bars.series, held.span, interval, now, gaps),
        gaps=gaps,
        sources=_sources(held),
        forming=forming,
        cached=cached,
        stale=query.as_of is None and bool(held.missing(now)),
        substituted=substituted,
        as_of=query.as_of,
        learned_at=newest / MICROS,
        fresh_until=float(interval.shift(interval.last_closed(now), 2)),
        next_start=window.rest,
    )


def _sources(held: Held) -> tuple[SourcePart, ...]:
    """One provider answers a whole answer, so its held bars are one part."""
    series = held.bars.series
    if not len(series):
        return ()
    end = held.key.interval.shift(int(series.ts[-1]), 1)
    fetched = int(np.max(held.bars.known_at)) // MICROS
    return (SourcePart(held.key.provider, int(series.ts[0]), end, fetched),)
