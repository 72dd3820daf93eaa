"""Trading dates and their local hours, out of the session table and what overrides it.

Pure numpy: the time zone rules of the United States since 1967 are written out here, because the
zone database is a file of the machine that may be missing or old.
"""

import datetime as dt
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from domain.session_overrides import Override

Ints = NDArray[np.int64]
_DAY = 86_400
_EPOCH = dt.date(1970, 1, 1).toordinal()
_SUNDAY = 6
# From which year summer time runs from which Sunday of which month to which of which (-1: last).
# Uniform Time Act of 1966, the years of the oil crisis, the acts of 1986 and 2005.
_SUMMERS = (
    (1967, (4, -1), (10, -1)),
    (1974, (1, 0), (10, -1)),
    (1975, (2, -1), (10, -1)),
    (1976, (4, -1), (10, -1)),
    (1987, (4, 0), (10, -1)),
    (2007, (3, 1), (11, 0)),
)


def trading_days(
    lines: Sequence[str], overrides: Iterable[Override], usual_close: int
) -> tuple[Ints, Ints]:
    """The trading dates as days since 1970, ascending, and their closes in local minutes.

    ``lines`` are those of :mod:`domain.session_table`; the years must follow each other.
    """
    first, last = int(lines[0][:4]), int(lines[-1][:4])
    days = np.arange(_number(first, 1, 1), _number(last + 1, 1, 1), dtype=np.int64)
    closes = np.where(np.is_busday(days.astype("datetime64[D]")), usual_close, -1)
    for line in lines:
        year, *words = line.split()
        for word in words:
            day, _, close = word.partition("-")
            closes[_number(int(year), int(day[:2]), int(day[2:])) - days[0]] = _minutes(close, -1)
    for override in overrides:
        at = dt.date.fromisoformat(override.day).toordinal() - _EPOCH - int(days[0])
        ends = override.closes
        closes[at] = -1 if ends is None else _minutes(ends, usual_close)
    return days[closes >= 0], closes[closes >= 0]


def moments(days: Ints, minutes: Ints | int, zone_hours: int) -> Ints:
    """Unix seconds of a local time of day (minutes after midnight) on each of ``days``.

    ``zone_hours`` is how far the zone lies behind UTC in winter. Not for the hours before 02:00
    of the Sundays on which clocks change.
    """
    behind = zone_hours * 60 - 60 * _is_summer(days)
    found: Ints = days * _DAY + (minutes + behind) * 60
    return found


def _minutes(text: str, otherwise: int) -> int:
    """Minutes after midnight of HH or HHMM."""
    return int(text[:2]) * 60 + int(text[2:] or 0) if text else otherwise


def _is_summer(days: Ints) -> Ints:
    """1 on days with summer time, 0 on others."""
    years = days.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970
    first = int(years.min(initial=1970))
    edges = np.array([_summer(y) for y in range(first, int(years.max(initial=first)) + 1)])
    begins, ends = edges[years - first].T
    summer: Ints = ((days >= begins) & (days < ends)).astype(np.int64)
    return summer


def _summer(year: int) -> tuple[int, int]:
    """The days since 1970 on which summer time begins and ends."""
    _, begins, ends = next(rule for rule in reversed(_SUMMERS) if rule[0] <= year)
    return _sunday(year, *begins), _sunday(year, *ends)


def _sunday(year: int, month: int, which: int) -> int:
    """The first (0), second (1) or last (-1) Sunday of a month."""
    first = dt.date(year, month, 1)
    days = range(_number(year, month, 1) + (_SUNDAY - first.weekday()) % 7, _month_end(first), 7)
    return days[which]


def _month_end(first: dt.date) -> int:
    return (first + dt.timedelta(days=31)).replace(day=1).toordinal() - _EPOCH


def _number(year: int, month: int, day: int) -> int:
    return dt.date(year, month, day).toordinal() - _EPOCH
