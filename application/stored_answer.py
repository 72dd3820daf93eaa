"""Read one provider's series from the store and say how complete it is."""

from collections.abc import Collection, Sequence
from typing import Protocol

import numpy as np
from msgspec.structs import replace

from application.answers import BarsAnswer, SourcePart
from application.held import Held, View
from application.question import Question
from application.skip_empty import ahead_of, is_blank, window_from
from application.widen_window import trimmed, widened
from domain.bars import Bar
from domain.coverage import Coverage, GapReason
from domain.instrument import SeriesKey
from domain.interval import Interval
from domain.ledger import BarSlice, StoredBars
from domain.provider import Capabilities
from domain.query import BarWindow
from domain.scoring import judge
from domain.timerange import RangeSet, TimeRange

MICROS = 1_000_000
QUALITY_FLOOR = 50.0  # below it the next provider is asked; reference profile: not acceptable
_SOON_S = 2.0  # when an answer that lacks something it should have is worth asking for again
_LOOK_BACK = 20_000  # slots


class BarReader(Protocol):
    """Where stored bars are read: :class:`BarStore`, or the view of it that rolls up."""

    async def read(self, key: SeriesKey, chosen: BarSlice, as_of: int | None = None) -> StoredBars:
        """As :meth:`BarStore.read`."""

    async def coverage(self, key: SeriesKey, span: TimeRange, as_of: int | None = None) -> Coverage:
        """As :meth:`BarStore.coverage`."""

    async def holders(self, instrument: str) -> Collection[str]:
        """The providers of whom anything of an instrument is stored."""


class ReadStored:
    """Look into the store.

    - bars that are really there count as held, so deleted rows are missed and fetched again;
    - a window without a hole needs one round trip, any other two.
    """

    def __init__(self, store: BarReader) -> None:
        """Take the store."""
        self._store = store

    async def __call__(self, key: SeriesKey, span: TimeRange, as_of: int | None = None) -> Held:
        """Read ``span`` of a series, as it is or as it was known at ``as_of`` (µs)."""
        bars = await self._store.read(key, BarSlice(span), as_of)
        if len(bars.series) == key.interval.count(span.start, span.end):
            whole = RangeSet((span,))
            return Held(key, span, bars, Coverage(span, held=whole, asked=whole))
        return Held(key, span, bars, await self._store.coverage(key, span, as_of))

    async def holders(self, question: Question) -> Sequence[str]:
        """Those who could answer of whom there is anything to look at, most preferred first."""
        holders = await self._store.holders(question.query.instrument.id)
        return [name for name in question.names if name in holders]

    async def view(self, question: Question, name: str, can: Capabilities, now: float) -> View:
        """The window, widened over quiet stretches as far as the store knows them."""

        async def read(span: TimeRange) -> Held:
            return await self(question.key(name), span, question.query.as_of)

        view = View(await read(question.span), question.window)
        view = await self.skipped(question, view, now)
        return await widened(question.query, view, can, now, read)

    async def skipped(self, question: Question, view: View, now: float) -> View:
        """Over a blank window on to the first bar behind it; ``short`` when that is unknown.

        The window still begins at the start, so that the skipped stretch is named.
        """
        if not is_blank(question.query, view):
            return view
        if view.held.unknown(now):  # nor is all known of what lies further on
            return replace(view, short=True)
        lead, first = await self.lead(question, view.held, now)
        if lead.unknown(now):
            return replace(view, short=True)
        if first is None:  # there is no other page
            return replace(view, window=BarWindow(view.window.range))
        window = window_from(question.query, lead.span.start, first, now)
        span = window.range or lead.span
        return View(await self(lead.key, span, question.query.as_of), window)

    async def lead(self, question: Question, held: Held, now: float) -> tuple[Held, int | None]:
        """What is known of a blank window and on to the first bar behind it, and that bar."""
        ahead, as_of = ahead_of(question.query, held, now), question.query.as_of
        if ahead is None:
            return held, None
        found = await self._store.read(held.key, BarSlice(ahead, 1), as_of)
        first = int(found.series.ts[0]) if len(found.series) else None
        span = TimeRange(held.span.start, ahead.end if first is None else first)
        return Held(
            held.key, span, held.bars, await self._store.coverage(held.key, span, as_of)
        ), first

    async def look_back(self, question: Question, name: str) -> View | None:
        """The newest bars of all, for a question for the latest that has no other answer.

        None for any other question, or when nothing is stored of the last 20,000 slots.
        """
        if not question.is_for_latest:
            return None
        key, limit, end = question.key(name), question.query.limit, question.span.end
        start = max(key.interval.shift(end, -limit - _LOOK_BACK), key.interval.ceil(0))
        chosen = BarSlice(TimeRange(start, end), limit, newest=True)
        bars = await self._store.read(key, chosen, question.query.as_of)
        if not len(bars.series):
            return None
        span = TimeRange(int(bars.series.ts[0]), end)
        coverage = await self._store.coverage(key, span, question.query.as_of)
        return View(Held(key, span, bars, coverage), BarWindow(span))


def assemble(
    question: Question, view: View, now: float, *, cached: bool, forming: Bar | None = None
) -> BarsAnswer:
    """Turn what the store holds into an answer, judged at ``now`` (at ``as_of`` if given)."""
    query, view = question.query, trimmed(question.query, view)
    held, interval = view.held, view.held.key.interval
    gaps = held.coverage.gaps(interval, now)
    known = held.bars.known_at
    stale = query.as_of is None and bool(held.missing(now))
    late = stale or any(gap.reason is GapReason.NOT_YET_PUBLISHED for gap in gaps)
    has_volume = held.key.provider not in question.volumeless
    return BarsAnswer(
        symbol=query.symbol,
        instrument=query.instrument,
        interval=interval,
        provider=held.key.provider,
        series=held.bars.series,
        window=held.span,
        quality=judge(held.bars.series, held.span, interval, now, gaps, has_volume=has_volume),
        gaps=gaps,
        sources=_sources(held),
        forming=forming,
        cached=cached,
        stale=stale,
        substituted=question.is_substitute(held.key.provider),
        as_of=query.as_of,
        learned_at=(int(known.max()) if len(known) else 0) / MICROS,
        fresh_until=_fresh_until(interval, now, late=late),
        next_start=view.window.rest,
        rolled_up_from=held.bars.rolled_from,
    )


def score_of(answer: BarsAnswer) -> float:
    """For choosing the best of several; no bars are worse than bad ones."""
    return answer.quality.score.score if len(answer.series) else -1.0


def is_good(answer: BarsAnswer) -> bool:
    """Whether there are bars and nobody else needs to be asked for better ones."""
    return score_of(answer) >= QUALITY_FLOOR


def _fresh_until(interval: Interval, now: float, *, late: bool) -> float:
    """When the next bar closes; soon if something is missing that may come any moment."""
    closes = float(interval.shift(interval.last_closed(now), 2))
    return min(closes, now + _SOON_S) if late else closes


def _sources(held: Held) -> tuple[SourcePart, ...]:
    """One provider answers a whole answer, so its held bars are one part."""
    series = held.bars.series
    if not len(series):
        return ()
    end = held.key.interval.shift(int(series.ts[-1]), 1)
    fetched = int(np.max(held.bars.known_at)) // MICROS
    return (SourcePart(held.key.provider, int(series.ts[0]), end, fetched),)
