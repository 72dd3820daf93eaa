"""What should be there and is not: expected, missing and late bars of an answer."""

from collections.abc import Iterable, Sequence

import numpy as np
from msgspec import Struct

from domain.bars import BarSeries, Ints
from domain.coverage import Gap, GapReason
from domain.interval import Interval
from domain.quality import SHOWN
from domain.timerange import RangeSet, TimeRange

# A slot that these explain is not expected: nobody could have delivered a bar.
EXCUSES = frozenset({GapReason.MARKET_CLOSED, GapReason.NO_TRADES, GapReason.NOT_LISTED})


class Presence(Struct, frozen=True):
    """How complete and how fresh an answer is.

    ``expected`` counts the bars of the range that have closed by now, without absent ones that
    a closed market, a quiet one or a missing listing explains; ``present`` those of them that
    came. ``lag_s`` is how far the newest bar lies behind the newest one that should be there
    (a bar that is merely not published yet is not due); 0 for a range in the past that is
    complete at its end. ``missing`` are the first 20 opens that are expected and absent.
    """

    expected: int
    present: int
    lag_s: int
    missing: tuple[int, ...] = ()

    @property
    def absent(self) -> int:
        """How many expected bars did not come."""
        return self.expected - self.present


def take_stock(
    series: BarSeries, wanted: TimeRange, interval: Interval, now: float, gaps: Sequence[Gap] = ()
) -> Presence:
    """Compare what came (at least one bar) with what should have come by ``now`` (Unix s).

    ``gaps`` are the known causes of absent bars in any order.
    """
    due = _due(wanted, interval, now)
    if due is None:
        return Presence(0, 0, 0)
    ts = _within(series.ts, due)
    total, lag = interval.count(due.start, due.end), _lag(series, due, interval, gaps)
    if len(ts) == total:
        return Presence(total, total, lag)
    excused = _ranges(gaps, EXCUSES, interval, due)
    absent_by_right = sum(interval.count(r.start, r.end) - len(_within(ts, r)) for r in excused)
    expected = total - absent_by_right
    if expected == len(ts):
        return Presence(expected, expected, lag)
    return Presence(expected, len(ts), lag, _first_missing(ts, due, interval, excused))


def _due(wanted: TimeRange, interval: Interval, now: float) -> TimeRange | None:
    start, end = interval.ceil(wanted.start), min(wanted.end, interval.floor(int(now)))
    return TimeRange(start, interval.ceil(end)) if start < end else None


def _within(ts: Ints, span: TimeRange) -> Ints:
    if len(ts) and ts[0] >= span.start and ts[-1] < span.end:
        return ts
    low, high = np.searchsorted(ts, (span.start, span.end)).tolist()
    return ts[low:high]


def _ranges(
    gaps: Iterable[Gap], reasons: frozenset[GapReason], interval: Interval, due: TimeRange
) -> RangeSet:
    cut = (g.range.intersect(due) for g in gaps if g.reason in reasons)
    aligned = (c.aligned(interval) for c in cut if c is not None)
    return RangeSet.of(a for a in aligned if a is not None)


def _lag(series: BarSeries, due: TimeRange, interval: Interval, gaps: Sequence[Gap]) -> int:
    newest, end = int(series.ts[-1]), due.end
    if gaps:
        reasons = EXCUSES | {GapReason.NOT_YET_PUBLISHED}
        left = RangeSet.of((due,)).subtract(_ranges(gaps, reasons, interval, due))
        end = left.ranges[-1].end if left else 0
    return max(0, interval.shift(end, -1) - newest)


def _first_missing(
    ts: Ints, due: TimeRange, interval: Interval, excused: RangeSet
) -> tuple[int, ...]:
    """The first 20 opens of the grid that are neither in ``ts`` nor excused."""
    starts, ends = _holes(ts, due, interval)
    if excused:
        edges = np.array([(r.start, r.end) for r in excused], dtype=np.int64)
        nearest = np.searchsorted(edges[:, 0], starts, side="right") - 1
        inside = (nearest >= 0) & (ends <= edges[nearest, 1])
        starts, ends = starts[~inside], ends[~inside]
    found: list[int] = []
    for start, end in zip(starts[:SHOWN].tolist(), ends[:SHOWN].tolist(), strict=True):
        for rest in RangeSet.of((TimeRange(start, end),)).subtract(excused):
            shown = min(rest.end, interval.shift(rest.start, SHOWN))
            found += interval.grid(rest.start, shown).tolist()
    return tuple(found[:SHOWN])


def _holes(ts: Ints, due: TimeRange, interval: Interval) -> tuple[Ints, Ints]:
    """Where the stretches without a bar begin and end, ascending."""
    if not len(ts):
        return np.array([due.start]), np.array([due.end])
    breaks = interval.breaks(ts)
    starts = np.concatenate(([due.start], interval.following(ts[np.append(breaks, -1)])))
    ends = np.concatenate((ts[:1], ts[breaks + 1], [due.end]))
    real = starts < ends
    return starts[real], ends[real]
