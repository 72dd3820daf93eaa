"""Turn missing ranges into few questions."""

from domain.interval import Interval
from domain.timerange import RangeSet, TimeRange

FEW = 3


def plan_asks(missing: RangeSet, interval: Interval, page_bars: int) -> RangeSet:
    """The ranges to ask for, covering all that is ``missing``.

    Up to three stretches are asked for exactly. Of more, those that fit together into one page
    are asked for at once: reading a stored bar again costs nothing, a call does.
    """
    if len(missing.ranges) <= FEW:
        return missing
    joined: list[TimeRange] = []
    for part in missing:
        last = joined[-1] if joined else None
        if last is not None and interval.count(last.start, part.end) <= page_bars:
            joined[-1] = TimeRange(last.start, part.end)
        else:
            joined.append(part)
    return RangeSet(tuple(joined))
