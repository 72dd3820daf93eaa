"""Half-open time ranges and their algebra."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import Self

from msgspec import Struct

from domain.errors import InvalidRequest
from domain.interval import Interval


class TimeRange(Struct, frozen=True, order=True):
    """``[start, end)`` in Unix seconds; never empty, never reversed."""

    start: int
    end: int

    def __post_init__(self) -> None:
        """Refuse what is not a range.

        Raises:
            InvalidRequest: ``end`` does not lie after ``start``.
        """
        if self.end <= self.start:
            message = f"The range is empty: end {self.end} must lie after start {self.start}."
            raise InvalidRequest(message, "end")

    @property
    def seconds(self) -> int:
        """The length in seconds."""
        return self.end - self.start

    def contains(self, other: "TimeRange") -> bool:
        """Whether ``other`` lies wholly inside."""
        return self.start <= other.start and other.end <= self.end

    def overlaps(self, other: "TimeRange") -> bool:
        """Whether the two share at least one second."""
        return self.start < other.end and other.start < self.end

    def intersect(self, other: "TimeRange") -> "TimeRange | None":
        """What both cover, or None."""
        start, end = max(self.start, other.start), min(self.end, other.end)
        return TimeRange(start, end) if start < end else None

    def aligned(self, interval: Interval) -> "TimeRange | None":
        """The sub-range whose edges open bars and that holds the same bar opens, or None."""
        start, end = interval.ceil(self.start), interval.ceil(self.end)
        return TimeRange(start, end) if start < end else None


class RangeSet(Struct, frozen=True):
    """Sorted, disjoint, non-touching ranges: a set of seconds in canonical form.

    Build it with :meth:`of`; two sets of the same seconds compare equal.
    """

    ranges: tuple[TimeRange, ...] = ()

    @classmethod
    def of(cls, ranges: Iterable[TimeRange]) -> Self:
        """Merge overlapping and touching ranges."""
        merged: list[TimeRange] = []
        for item in sorted(ranges):
            if merged and item.start <= merged[-1].end:
                if item.end > merged[-1].end:
                    merged[-1] = TimeRange(merged[-1].start, item.end)
            else:
                merged.append(item)
        return cls(tuple(merged))

    def __iter__(self) -> Iterator[TimeRange]:
        """In ascending order."""
        return iter(self.ranges)

    def __bool__(self) -> bool:
        """Whether there is anything in it."""
        return bool(self.ranges)

    @property
    def seconds(self) -> int:
        """The total length in seconds."""
        return sum(r.seconds for r in self.ranges)

    def union(self, other: "RangeSet") -> "RangeSet":
        """What either covers."""
        return RangeSet.of((*self.ranges, *other.ranges))

    def intersect(self, other: "RangeSet") -> "RangeSet":
        """What both cover; linear in both."""
        mine, theirs, shared = self.ranges, other.ranges, []
        i = j = 0
        while i < len(mine) and j < len(theirs):
            part = mine[i].intersect(theirs[j])
            if part is not None:
                shared.append(part)
            if mine[i].end <= theirs[j].end:
                i += 1
            else:
                j += 1
        return RangeSet(tuple(shared))

    def subtract(self, other: "RangeSet") -> "RangeSet":
        """What this covers and ``other`` does not; linear in both but for the bisection."""
        ends = [hole.end for hole in other.ranges]
        left: list[TimeRange] = []
        for item in self.ranges:
            start = item.start
            for k in range(bisect_right(ends, start), len(ends)):
                hole = other.ranges[k]
                if hole.start >= item.end:
                    break
                if start < hole.start:
                    left.append(TimeRange(start, hole.start))
                start = hole.end
            if start < item.end:
                left.append(TimeRange(start, item.end))
        return RangeSet(tuple(left))
