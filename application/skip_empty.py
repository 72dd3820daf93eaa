"""Make "the first 500 bars from there" begin with the first bar that there is."""

from application.held import Held, View
from domain.coverage import Coverage, Gap, GapReason
from domain.query import BarQuery, BarWindow, last_end
from domain.sessions import calendar_of
from domain.timerange import RangeSet, TimeRange

SEEK_PAGES = 4  # upstream pages in which one question looks for the first bar


def is_blank(query: BarQuery, view: View) -> bool:
    """Whether a window from a ``start`` holds no bar and is not the last of the range.

    The bars may begin behind it: the instrument was listed years after ``start``.
    """
    return query.is_anchored and view.window.rest is not None and not len(view.held.bars.series)


def ahead_of(query: BarQuery, held: Held, now: float) -> TimeRange | None:
    """What lies behind a blank window, up to ``end`` or the last closed bar."""
    bound = last_end(query, now)
    return TimeRange(held.span.end, bound) if held.span.end < bound else None


def window_from(query: BarQuery, start: int, first: int, now: float) -> BarWindow:
    """The window that begins at ``start`` and holds ``limit`` slots from the ``first`` bar on."""
    bound = last_end(query, now)
    calendar = calendar_of(query.instrument.id)
    end = min(calendar.shift(query.interval, first, query.limit), bound)
    return BarWindow(TimeRange(start, end), end if end < bound else None)


def body_of(query: BarQuery, held: Held) -> TimeRange:
    """The window from its first bar on, if a stretch as long as the limit was skipped before it."""
    series, span = held.bars.series, held.span
    if not query.is_anchored or not len(series):
        return span
    first = int(series.ts[0])
    skipped = first >= held.key.interval.shift(span.start, query.limit)
    return TimeRange(first, span.end) if skipped else span


def unlisted_before(coverage: Coverage) -> tuple[Gap, ...]:
    """What was known to be empty before the first bar of a series: it was not listed then.

    Nothing if bars were there once and are lost; a slot of which a row came that could be no bar
    stays unknown.
    """
    empty = RangeSet.of(hole.gap.range for hole in coverage.empty)
    if coverage.held or coverage.asked.subtract(empty):
        return ()
    kept = {GapReason.NOT_LISTED, GapReason.UNKNOWN}
    holes = (hole.gap for hole in coverage.empty if hole.gap.reason not in kept)
    return tuple(Gap(gap.start, gap.end, GapReason.NOT_LISTED) for gap in holes)
