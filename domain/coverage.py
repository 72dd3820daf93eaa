"""What we hold, what is missing, and why.

Coverage is the checkpoint: a back-fill is nothing but the complement of coverage.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from enum import Enum

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from domain.interval import Interval
from domain.sessions import ALWAYS, Calendar
from domain.timerange import RangeSet, TimeRange


class GapReason(Enum):
    """Why bars are missing."""

    MARKET_CLOSED = "market_closed"
    NOT_LISTED = "not_listed"
    NO_TRADES = "no_trades"
    PROVIDER_OUTAGE = "provider_outage"
    NOT_YET_PUBLISHED = "not_yet_published"
    LOST_BY_US = "lost_by_us"
    UNKNOWN = "unknown"


# How long a known emptiness is believed before the provider is asked again, in seconds.
# A bar that is merely late is asked for soon; a closed market never changes its mind.
RECHECK_S: dict[GapReason, int | None] = {
    GapReason.MARKET_CLOSED: None,
    GapReason.NOT_LISTED: 30 * 86_400,
    GapReason.NO_TRADES: 7 * 86_400,
    GapReason.PROVIDER_OUTAGE: 7 * 86_400,
    GapReason.NOT_YET_PUBLISHED: 2,
    GapReason.LOST_BY_US: 0,
    GapReason.UNKNOWN: 3_600,
}


class Gap(Struct, frozen=True, order=True):
    """Bars that should open in ``[start, end)`` and that we do not have."""

    start: int
    end: int
    reason: GapReason

    @property
    def range(self) -> TimeRange:
        """The gap as a range."""
        return TimeRange(self.start, self.end)

    @property
    def is_explained(self) -> bool:
        """Whether the cause is known and lies outside of us."""
        return self.reason not in {GapReason.LOST_BY_US, GapReason.UNKNOWN}


class Emptiness(Struct, frozen=True):
    """A range that a provider answered without a bar; ``checked_at`` (Unix s) is the last ask."""

    gap: Gap
    checked_at: int

    def is_due(self, now: float) -> bool:
        """Whether the provider should be asked again."""
        wait = RECHECK_S[self.gap.reason]
        return wait is not None and now >= self.checked_at + wait


class Coverage(Struct, frozen=True):
    """What is known about one series within ``range``.

    ``held`` are the ranges whose bars are really in the store (derived from the bars, so a row
    that was deleted by hand is missed); ``empty`` are known emptinesses; ``asked`` are the
    ranges a provider has ever answered: asked, not held and not empty means lost by us.
    """

    range: TimeRange
    held: RangeSet = RangeSet()
    empty: tuple[Emptiness, ...] = ()
    asked: RangeSet = RangeSet()

    @property
    def closed(self) -> RangeSet:
        """The slots that are empty because the market is closed."""
        shut = (e.gap.range for e in self.empty if e.gap.reason is GapReason.MARKET_CLOSED)
        return RangeSet.of(shut)

    def with_closed(self, closed: RangeSet) -> "Coverage":
        """What is known once the calendar has spoken: ``closed`` are its closed slots in range.

        - of what nobody was ever asked for, the closed slots are known to be empty;
        - where an answer said anything else, that stands;
        - a slot was believed closed and is not, since the calendar was put right: ask again.
        """
        others = tuple(e for e in self.empty if e.gap.reason is not GapReason.MARKET_CLOSED)
        believed = self.closed
        told = self.held.union(self.asked).union(RangeSet.of(e.gap.range for e in others))
        shut = believed.intersect(closed).union(closed.subtract(told))
        gaps = (Gap(r.start, r.end, GapReason.MARKET_CLOSED) for r in shut)
        return Coverage(
            self.range,
            self.held,
            (*others, *(Emptiness(gap, 0) for gap in gaps)),
            self.asked.subtract(believed.subtract(closed)),
        )

    def missing(self, interval: Interval, now: float) -> RangeSet:
        """The aligned ranges that a provider should be asked for at ``now``.

        Excludes bars that have not closed yet and emptinesses that need no new look.
        """
        end = min(self.range.end, interval.shift(interval.last_closed(now), 1))
        wanted = TimeRange(self.range.start, end) if end > self.range.start else None
        aligned = wanted.aligned(interval) if wanted else None
        if aligned is None or self.held.ranges == (aligned,):
            return RangeSet()
        known = _slots((e.gap.range for e in self.empty if not e.is_due(now)), interval)
        return RangeSet.of((aligned,)).subtract(self.held.union(known))

    def gaps(self, interval: Interval, now: float) -> tuple[Gap, ...]:
        """Every missing stretch with its reason, ascending and merged.

        Bars that cannot have closed at ``now`` are no gap.
        """
        left = list(self.missing_slots(interval, now))
        if not left:
            return ()
        found: list[Gap] = []
        for hole in self.empty:
            span = hole.gap.range.aligned(interval)
            if span is not None:
                found += [Gap(r.start, r.end, hole.gap.reason) for r in _cut(left, span)]
        absent, asked = RangeSet(tuple(left)), _slots(self.asked, interval)
        found += [Gap(r.start, r.end, GapReason.LOST_BY_US) for r in absent.intersect(asked)]
        found += [Gap(r.start, r.end, GapReason.UNKNOWN) for r in absent.subtract(asked)]
        return merge_gaps(found)

    def missing_slots(self, interval: Interval, now: float) -> RangeSet:
        """Closed bars of the range that are not held, whatever the reason."""
        return Coverage(self.range, self.held).missing(interval, now)


def merge_gaps(gaps: Iterable[Gap]) -> tuple[Gap, ...]:
    """Join touching and overlapping gaps of the same reason, ascending."""
    merged: list[Gap] = []
    for gap in sorted(gaps, key=lambda g: (g.start, g.end)):
        if merged and merged[-1].end >= gap.start and merged[-1].reason is gap.reason:
            merged[-1] = Gap(merged[-1].start, max(merged[-1].end, gap.end), gap.reason)
        else:
            merged.append(gap)
    return tuple(merged)


def _slots(ranges: Iterable[TimeRange], interval: Interval) -> RangeSet:
    """The ranges widened or narrowed to the bars that open in them."""
    aligned = (r.aligned(interval) for r in ranges)
    return RangeSet.of(r for r in aligned if r is not None)


def _cut(left: list[TimeRange], span: TimeRange) -> list[TimeRange]:
    """Take ``span`` out of disjoint ascending ranges, in place; what was taken."""
    low = bisect_right(left, span.start, key=lambda r: r.end)
    high = bisect_left(left, span.end, lo=low, key=lambda r: r.start)
    touched = RangeSet(tuple(left[low:high]))
    left[low:high] = touched.subtract(RangeSet((span,)))
    return list(touched.intersect(RangeSet((span,))))


def held_ranges(interval: Interval, ts: NDArray[np.int64]) -> RangeSet:
    """The ranges that ascending bar opens cover, neighbours merged."""
    if not len(ts):
        return RangeSet()
    breaks = interval.breaks(ts)
    first = ts[np.concatenate(([0], breaks + 1))]
    last = ts[np.concatenate((breaks, [len(ts) - 1]))]
    pairs = zip(first.tolist(), interval.following(last).tolist(), strict=True)
    return RangeSet(tuple(TimeRange(start, end) for start, end in pairs))


def _fills(asked: TimeRange, interval: Interval, ts: NDArray[np.int64]) -> bool:
    """Whether distinct opens leave no slot of the range free."""
    return (
        len(ts) == interval.count(asked.start, asked.end) > 0
        and int(ts[0]) >= asked.start
        and int(ts[-1]) < asked.end
    )


def explain_holes(  # noqa: PLR0913  # each fact changes the verdict
    asked: TimeRange,
    interval: Interval,
    ts: NDArray[np.int64],
    *,
    earliest: int | None,
    reason: GapReason,
    now: float,
    rejected: tuple[int, ...] = (),
    published: int | None = None,
    calendar: Calendar = ALWAYS,
) -> tuple[Gap, ...]:
    """Why bars are absent from a provider's complete answer for ``asked``.

    - a row came but could not be a bar (``rejected`` opens): unknown, to be asked again;
    - before ``earliest``, the oldest bar known of the series (stored or in this answer): not
      listed yet; with a calendar only if whole sessions passed without a bar until then;
    - outside of the hours of the ``calendar``: market closed;
    - the newest closed bars of a range that reaches ``now``, and those from ``published`` on if
      the provider is later than that: not yet published;
    - otherwise what a hole means with this provider (``reason``): KuCoin leaves quiet minutes
      out (no trades), Binance writes them, so there a hole is an outage.
    """
    if _fills(asked, interval, ts):
        return ()
    absent = RangeSet.of((asked,)).subtract(held_ranges(interval, ts))
    fresh_from = interval.shift(interval.last_closed(now), -1)
    if published is not None:
        fresh_from = min(fresh_from, published)
    opens = np.array(sorted({interval.floor(t) for t in rejected}), dtype=np.int64)
    refused = absent.intersect(held_ranges(interval, opens))
    absent = absent.subtract(refused)
    closed = calendar.closed(interval, asked)
    gaps = [Gap(r.start, r.end, GapReason.UNKNOWN) for r in refused]
    for hole in absent:
        listed, unlisted = _split_at(hole, _listed_from(hole, interval, earliest, calendar))
        if unlisted is not None:
            gaps.append(Gap(unlisted.start, unlisted.end, GapReason.NOT_LISTED))
        if listed is not None:
            late = fresh_from if listed.end == asked.end else listed.end
            gaps += _parted(RangeSet((listed,)), closed, late, reason)
    return merge_gaps(gaps)


def _listed_from(
    hole: TimeRange, interval: Interval, earliest: int | None, calendar: Calendar
) -> int | None:
    """Where a hole stops to mean that nothing was listed; None: it never did.

    The first bars may come late in their session, and the night before is a night.
    """
    eve = None if earliest is None else calendar.eve(interval, earliest)
    if eve is None:
        return earliest
    return eve.end if hole.start <= eve.start else None


def _split_at(hole: TimeRange, earliest: int | None) -> tuple[TimeRange | None, TimeRange | None]:
    """What of a hole lies after and what before the oldest bar known."""
    edge = hole.start if earliest is None else min(max(hole.start, earliest), hole.end)
    after = TimeRange(edge, hole.end) if edge < hole.end else None
    return after, TimeRange(hole.start, edge) if hole.start < edge else None


def _parted(hole: RangeSet, closed: RangeSet, late: int, reason: GapReason) -> list[Gap]:
    """A hole that is part closed market, and from ``late`` on merely not published yet."""
    shut = hole.intersect(closed)
    gaps = [Gap(r.start, r.end, GapReason.MARKET_CLOSED) for r in shut]
    for part in hole.subtract(shut):
        edge = min(max(part.start, late), part.end)
        parts = ((part.start, edge, reason), (edge, part.end, GapReason.NOT_YET_PUBLISHED))
        gaps += [Gap(start, end, why) for start, end, why in parts if start < end]
    return gaps
