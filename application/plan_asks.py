"""Turn missing ranges into few questions."""

from domain.interval import Interval
from domain.timerange import RangeSet, TimeRange

FEW = 3
_NONE = RangeSet()


def plan_asks(
    missing: RangeSet, interval: Interval, page_bars: int, closed: RangeSet = _NONE
) -> RangeSet:
    """The ranges to ask for, covering all that is ``missing``.

    Sessions with nothing but a ``closed`` market between them are one stretch if that takes no
    more pages. Up to three stretches are asked for exactly. Of more, those that fit together into
    one page are asked for at once: reading a stored bar again costs nothing, a call does.
    """
    stretches = bridge(missing, closed, interval, page_bars)
    if len(stretches.ranges) <= FEW:
        return stretches
    joined: list[TimeRange] = []
    for part in stretches:
        last = joined[-1] if joined else None
        if last is not None and interval.count(last.start, part.end) <= page_bars:
            joined[-1] = TimeRange(last.start, part.end)
        else:
            joined.append(part)
    return RangeSet(tuple(joined))


def bridge(
    missing: RangeSet, closed: RangeSet, interval: Interval, page_bars: int | None = None
) -> RangeSet:
    """Join what only a closed market parts, at any price or if that takes no more pages."""
    bridges = {(part.start, part.end) for part in closed}
    joined: list[TimeRange] = []
    for part in missing:
        last = joined[-1] if joined else None
        if last is None or (last.end, part.start) not in bridges:
            joined.append(part)
            continue
        whole = TimeRange(last.start, part.end)
        if page_bars is None or _saves(last, part, whole, interval, page_bars):
            joined[-1] = whole
        else:
            joined.append(part)
    return RangeSet(tuple(joined))


def _saves(
    last: TimeRange, part: TimeRange, whole: TimeRange, interval: Interval, page_bars: int
) -> bool:
    last_pages, part_pages, pages = (
        -(-interval.count(span.start, span.end) // page_bars) for span in (last, part, whole)
    )
    return pages <= last_pages + part_pages
