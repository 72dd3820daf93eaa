"""Bar intervals and their alignment.

A bar's ``ts`` is the open of its interval, in Unix seconds UTC. Intervals up to one day and
the week have a fixed length; weeks open on Monday 00:00 UTC; months are calendar months.
"""

import calendar
from datetime import UTC, datetime
from enum import Enum
from typing import Self

import numpy as np
from numpy.typing import NDArray

from domain.errors import InvalidRequest, quoted

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_SECONDS = {
    "1m": _MINUTE,
    "3m": 3 * _MINUTE,
    "5m": 5 * _MINUTE,
    "15m": 15 * _MINUTE,
    "30m": 30 * _MINUTE,
    "1h": _HOUR,
    "2h": 2 * _HOUR,
    "4h": 4 * _HOUR,
    "6h": 6 * _HOUR,
    "12h": 12 * _HOUR,
    "1d": _DAY,
    "1w": 7 * _DAY,
    "1mo": 30 * _DAY,
}
_MONDAY = 4 * _DAY  # 1970-01-05, the first Monday after the epoch


class Interval(Enum):
    """One of the thirteen bar lengths; the value is its canonical spelling.

    ``seconds`` is the length; for a month the nominal 30 days.
    """

    seconds: int

    M1 = "1m"
    M3 = "3m"
    M5 = "5m"
    M15 = "15m"
    M30 = "30m"
    H1 = "1h"
    H2 = "2h"
    H4 = "4h"
    H6 = "6h"
    H12 = "12h"
    D1 = "1d"
    W1 = "1w"
    MO1 = "1mo"

    def __init__(self, spelling: str) -> None:
        """Look the length up once: everything asks for it."""
        self.seconds = _SECONDS[spelling]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a spelling; ``1M`` is refused because it means minute to some and month to others.

        Raises:
            InvalidRequest: the text names no interval.
        """
        try:
            return cls(text)
        except ValueError:
            known = ", ".join(i.value for i in cls)
            hint = "; for months write 1mo" if text == "1M" else ""
            message = f"There is no interval {quoted(text)}: use one of {known}{hint}."
            raise InvalidRequest(message, "interval") from None

    @property
    def is_fixed(self) -> bool:
        """Whether every bar has the same length (all but the month)."""
        return self is not Interval.MO1

    def nests_in(self, coarse: "Interval") -> bool:
        """Whether every coarse bar consists of whole bars of this shorter length."""
        if not self.is_fixed or self.seconds >= coarse.seconds:
            return False
        whole = coarse.is_fixed and coarse is not Interval.W1
        return (coarse.seconds if whole else _DAY) % self.seconds == 0

    def floor(self, ts: int) -> int:
        """The open of the bar that contains ``ts``."""
        if self is Interval.MO1:
            moment = datetime.fromtimestamp(ts, UTC)
            return calendar.timegm((moment.year, moment.month, 1, 0, 0, 0))
        offset = _MONDAY if self is Interval.W1 else 0
        return ts - (ts - offset) % self.seconds

    def ceil(self, ts: int) -> int:
        """The first open at or after ``ts``."""
        opened = self.floor(ts)
        return opened if opened == ts else self.shift(opened, 1)

    def shift(self, ts: int, bars: int) -> int:
        """The open that lies ``bars`` bars after the aligned ``ts`` (before, if negative)."""
        if self is not Interval.MO1:
            return ts + bars * self.seconds
        moment = datetime.fromtimestamp(ts, UTC)
        months = moment.year * 12 + moment.month - 1 + bars
        return calendar.timegm((months // 12, months % 12 + 1, 1, 0, 0, 0))

    def close(self, ts: int) -> int:
        """The end (exclusive) of the bar that opens at ``ts``."""
        return self.shift(ts, 1)

    def last_closed(self, now: float) -> int:
        """The open of the newest bar that is complete at ``now``."""
        return self.shift(self.floor(int(now)), -1)

    def is_aligned(self, ts: int) -> bool:
        """Whether ``ts`` opens a bar."""
        return self.floor(ts) == ts

    def count(self, start: int, end: int) -> int:
        """How many bars open in ``[start, end)``."""
        first, stop = self.ceil(start), self.ceil(end)
        if stop <= first:
            return 0
        if self is not Interval.MO1:
            return (stop - first) // self.seconds
        a, b = datetime.fromtimestamp(first, UTC), datetime.fromtimestamp(stop, UTC)
        return (b.year - a.year) * 12 + b.month - a.month

    def grid(self, start: int, end: int) -> NDArray[np.int64]:
        """Every open in ``[start, end)``, ascending."""
        first, n = self.ceil(start), self.count(start, end)
        if self is not Interval.MO1:
            return first + np.arange(n, dtype=np.int64) * self.seconds
        return _seconds(_months(np.array(first, dtype=np.int64)) + np.arange(n))

    def aligned(self, ts: NDArray[np.int64]) -> NDArray[np.bool_]:
        """For each value whether it opens a bar."""
        if self is Interval.MO1:
            return np.equal(_seconds(_months(ts)), ts)
        offset = _MONDAY if self is Interval.W1 else 0
        return np.equal((ts - offset) % self.seconds, 0)

    def floors(self, ts: NDArray[np.int64]) -> NDArray[np.int64]:
        """For each value the open of the bar that contains it."""
        if self is Interval.MO1:
            return _seconds(_months(ts))
        return ts - (ts - (_MONDAY if self is Interval.W1 else 0)) % self.seconds

    def following(self, ts: NDArray[np.int64]) -> NDArray[np.int64]:
        """For each open the next one."""
        if self is Interval.MO1:
            return _seconds(_months(ts) + np.timedelta64(1, "M"))
        return ts + self.seconds

    def breaks(self, ts: NDArray[np.int64]) -> NDArray[np.int64]:
        """The positions of opens that are not followed by the next one (the last not asked)."""
        return np.not_equal(self.following(ts[:-1]), ts[1:]).nonzero()[0]


def _months(ts: NDArray[np.int64]) -> NDArray[np.datetime64]:
    return ts.astype("datetime64[s]").astype("datetime64[M]")


def _seconds(months: NDArray[np.datetime64]) -> NDArray[np.int64]:
    return months.astype("datetime64[s]").astype(np.int64)
