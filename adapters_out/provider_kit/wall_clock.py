"""The wall clocks of exchanges: local times as Unix time and back, whole columns at once.

A local time is written like a Unix time: the seconds from 1970-01-01 00:00 by that clock.
"""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from domain.bars import Ints

DAY = 86_400
_NOON = timedelta(hours=12)
# Clocks are hardly ever changed twice within so many seconds.
_FORTNIGHT = 14 * DAY


def unix_of(zone: str, local: Ints) -> Ints:
    """Unix seconds of local times.

    One offset counts for a whole day, that of its noon: clocks are changed at night, when no
    exchange with sessions is open.
    """
    days, which = np.unique(local // DAY, return_inverse=True)
    offsets = np.array([_noon_offset(zone, day) for day in days.tolist()], dtype=np.int64)
    return local - offsets[which] if len(days) else local


def local_of(zone: str, ts: Ints) -> Ints:
    """The local times of Unix seconds."""
    parts, which = np.unique(ts // _FORTNIGHT, return_inverse=True)
    begins = [offset_at(zone, part * _FORTNIGHT) for part in parts.tolist()]
    ends = [offset_at(zone, (part + 1) * _FORTNIGHT) for part in parts.tolist()]
    offsets = np.array(begins, dtype=np.int64)[which]
    changing = np.flatnonzero((np.array(begins) != np.array(ends))[which])
    for row in changing.tolist():
        offsets[row] = offset_at(zone, int(ts[row]))
    return ts + offsets


def offset_at(zone: str, ts: float) -> int:
    """How many seconds the clock is ahead of UTC at a Unix time.

    Raises:
        LookupError: nobody knows such a zone.
    """
    return _seconds(datetime.fromtimestamp(ts, ZoneInfo(zone)))


def day_of(zone: str, ts: float) -> int:
    """00:00 UTC of the local date at a Unix time."""
    local = int(ts) + offset_at(zone, ts)
    return local - local % DAY


def _noon_offset(zone: str, day: int) -> int:
    noon = datetime.fromtimestamp(day * DAY, UTC).replace(tzinfo=ZoneInfo(zone)) + _NOON
    return _seconds(noon)


def _seconds(moment: datetime) -> int:
    offset = moment.utcoffset()
    return 0 if offset is None else int(offset.total_seconds())
