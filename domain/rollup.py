"""Coarse bars out of finer ones of the same series, never sampled and never guessed.

A coarse bar opens with its first fine bar, closes with its last, spans their prices and adds
their volumes. It exists only when every fine slot in it is either a bar or rightly without one
(market closed, no trades, not listed): a bar with a part missing would be another bar.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from domain.bars import Bar, BarSeries, Floats, Ints
from domain.coverage import Coverage, Emptiness, Gap
from domain.decimal_sums import decimal_sum, decimal_sums
from domain.interval import Interval
from domain.presence import EXCUSES
from domain.timerange import RangeSet, TimeRange

Groups = NDArray[np.int64]


def roll_up(series: BarSeries, interval: Interval) -> BarSeries:
    """One bar of ``interval`` for every group of fine bars; O(n).

    A volume, average price or count that one fine bar lacks is lacking in the coarse one. A fine
    bar without volume needs no average price. Volumes are added as the decimals that were sent.
    """
    if not len(series):
        return BarSeries.empty(interval)
    opens, first = _groups(series.ts, interval)
    last = np.append(first[1:], len(series)) - 1
    volume = decimal_sums(series.volume, first)
    return BarSeries(
        interval,
        opens,
        series.open[first],
        np.maximum.reduceat(series.high, first),
        np.minimum.reduceat(series.low, first),
        series.close[last],
        volume,
        _average(series, first, volume),
        _count(series.trades, first),
    )


def roll_up_known(series: BarSeries, known_at: Ints, interval: Interval) -> Ints:
    """When each coarse bar of :func:`roll_up` was known: with the last of its parts (µs)."""
    if not len(series):
        return known_at
    return np.maximum.reduceat(known_at, _groups(series.ts, interval)[1])


def roll_up_coverage(fine: Coverage, interval: Interval) -> Coverage:
    """What is known of the coarse slots of ``fine.range``.

    - a slot is held when a fine bar lies in it and every other fine slot of it is excused;
    - it is empty when all of it was answered: for the gravest reason found in it, rechecked when
      that one is.
    """
    span = fine.range.aligned(interval)
    if span is None:
        return Coverage(fine.range)
    empties = RangeSet.of(hole.gap.range for hole in fine.empty)
    answered = _inner(fine.held.union(empties), interval)
    excused = RangeSet.of(h.gap.range for h in fine.empty if h.gap.reason in EXCUSES)
    whole = _inner(fine.held.union(excused), interval)
    held = whole.intersect(_outer(fine.held, interval))
    return Coverage(
        fine.range,
        held=held,
        empty=_empty(fine.empty, answered.subtract(held), interval),
        asked=_inner(fine.asked, interval).union(held),
    )


def keep_whole(series: BarSeries, held: RangeSet) -> NDArray[np.bool_]:
    """Which coarse bars lie in the held ranges of their coverage."""
    edges = np.array([edge for r in held for edge in (r.start, r.end)], dtype=np.int64)
    inside: NDArray[np.bool_] = np.searchsorted(edges, series.ts, side="right") % 2 == 1
    return inside


def roll_up_forming(closed: BarSeries, forming: Bar | None, opened: int) -> Bar | None:
    """The running coarse bar that opened at ``opened``: its closed fine bars and the running one.

    None when nothing of it is known yet.
    """
    low = int(np.searchsorted(closed.ts, opened))
    parts = [closed.bar(i) for i in range(low, len(closed))]
    if forming is not None and forming.ts >= opened:
        parts.append(forming)
    if not parts:
        return None
    return Bar(
        ts=opened,
        open=parts[0].open,
        high=max(part.high for part in parts),
        low=min(part.low for part in parts),
        close=parts[-1].close,
        volume=_total([part.volume for part in parts]),
        trades=_whole_total([part.trades for part in parts]),
        final=False,
    )


def _groups(ts: Ints, interval: Interval) -> tuple[Ints, Groups]:
    """The opens of the coarse bars, and the position of the first fine bar of each.

    To look for every coarse open is quicker than to divide every fine one, unless most are missing.
    """
    start, end = interval.floor(int(ts[0])), int(ts[-1]) + 1
    if interval.is_fixed and (end - start) // interval.seconds < len(ts):
        opens = np.arange(start, end, interval.seconds)
        first = np.searchsorted(ts, opens)
        found = np.append(first[1:], len(ts)) > first
        return (opens, first) if found.all() else (opens[found], first[found])
    opens = interval.floors(ts)
    first = np.flatnonzero(np.concatenate(([True], opens[1:] != opens[:-1])))
    return opens[first], first


def _average(series: BarSeries, first: Groups, volume: Floats) -> Floats:
    """The average price weighted by volume; NaN where nothing was traded or a part is unknown."""
    if np.isnan(series.vwap).all():
        return np.full(len(first), np.nan)
    spent = series.vwap * series.volume
    spent[series.volume == 0] = 0.0
    with np.errstate(invalid="ignore", divide="ignore"):
        average = np.add.reduceat(spent, first) / volume
    return np.where(volume > 0, average, np.nan)


def _count(trades: Ints, first: Groups) -> Ints:
    if trades.max() < 0:
        return np.full(len(first), -1)
    if trades.min() >= 0:
        return np.add.reduceat(trades, first)
    total = np.add.reduceat(np.maximum(trades, 0), first)
    return np.where(np.minimum.reduceat(trades, first) < 0, -1, total)


def _total(parts: Sequence[float | None]) -> float | None:
    known = [part for part in parts if part is not None]
    return decimal_sum(known) if len(known) == len(parts) else None


def _whole_total(parts: Sequence[int | None]) -> int | None:
    known = [part for part in parts if part is not None]
    return sum(known) if len(known) == len(parts) else None


def _inner(ranges: RangeSet, interval: Interval) -> RangeSet:
    """The coarse slots that lie wholly inside."""
    found = ((interval.ceil(r.start), interval.floor(r.end)) for r in ranges)
    return RangeSet.of(TimeRange(start, end) for start, end in found if start < end)


def _outer(ranges: RangeSet, interval: Interval) -> RangeSet:
    """The coarse slots that are touched."""
    return RangeSet.of(TimeRange(interval.floor(r.start), interval.ceil(r.end)) for r in ranges)


def _empty(
    holes: Sequence[Emptiness], answered: RangeSet, interval: Interval
) -> tuple[Emptiness, ...]:
    """Disjoint coarse emptinesses: each answered slot goes to the gravest hole that touches it."""
    found: list[Emptiness] = []
    for excused in (False, True):
        rank = [hole for hole in holes if (hole.gap.reason in EXCUSES) is excused]
        left = answered.subtract(RangeSet.of(hole.gap.range for hole in found))
        found += _shared(rank, left, interval)
    return tuple(sorted(found, key=lambda hole: hole.gap))


def _shared(holes: Sequence[Emptiness], left: RangeSet, interval: Interval) -> Iterator[Emptiness]:
    """The slots of ``left``, each to the first hole that touches it; linear but for the sorting."""
    turns: list[TimeRange] = []
    owners: list[Emptiness] = []
    for hole in sorted(holes, key=lambda hole: hole.gap):
        begun = interval.floor(hole.gap.start)
        start = max(begun, turns[-1].end) if turns else begun
        end = interval.ceil(hole.gap.end)
        if start < end:
            turns.append(TimeRange(start, end))
            owners.append(hole)
    starts = [turn.start for turn in turns]
    for part in RangeSet(tuple(turns)).intersect(left):
        hole = owners[bisect_right(starts, part.start) - 1]
        yield Emptiness(Gap(part.start, part.end, hole.gap.reason), hole.checked_at)
