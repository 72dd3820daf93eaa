"""Ranges and sets of ranges, against sets of integers."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import InvalidRequest
from domain.interval import Interval
from domain.timerange import RangeSet, TimeRange
from tests.domain.made import INTERVALS, MOMENTS

RANGES = st.builds(
    lambda start, length: TimeRange(start, start + length), st.integers(0, 40), st.integers(1, 15)
)
SETS = st.lists(RANGES, max_size=8).map(RangeSet.of)


def seconds(ranges: RangeSet | TimeRange | None) -> set[int]:
    """The naive model: every second of it."""
    if ranges is None:
        return set()
    parts = (ranges,) if isinstance(ranges, TimeRange) else ranges
    return {t for r in parts for t in range(r.start, r.end)}


def is_canonical(ranges: RangeSet) -> bool:
    """Whether the ranges ascend and neither overlap nor touch."""
    return all(a.end < b.start for a, b in pairwise(ranges))


@given(st.lists(RANGES, max_size=10))
def test_a_set_is_its_seconds(ranges: list[TimeRange]) -> None:
    """However it was built, a set has one form and holds the seconds of its ranges."""
    built = RangeSet.of(ranges)
    assert seconds(built) == {t for r in ranges for t in range(r.start, r.end)}
    assert is_canonical(built)
    assert built == RangeSet.of(reversed(ranges))
    assert built.seconds == len(seconds(built))
    assert bool(built) == bool(ranges)


@given(SETS, SETS)
def test_the_algebra_is_that_of_sets(a: RangeSet, b: RangeSet) -> None:
    """Union, intersection and difference are those of the seconds, in canonical form."""
    for mine, naive in (
        (a.union(b), seconds(a) | seconds(b)),
        (a.intersect(b), seconds(a) & seconds(b)),
        (a.subtract(b), seconds(a) - seconds(b)),
    ):
        assert seconds(mine) == naive
        assert is_canonical(mine)


@given(SETS, SETS, SETS)
def test_the_laws_of_sets_hold(a: RangeSet, b: RangeSet, c: RangeSet) -> None:
    """De Morgan, distribution and absorption hold as equality of values."""
    assert a.subtract(b.union(c)) == a.subtract(b).intersect(a.subtract(c))
    assert a.intersect(b.union(c)) == a.intersect(b).union(a.intersect(c))
    assert a.union(a.intersect(b)) == a
    assert a.subtract(b).union(a.intersect(b)) == a
    assert not a.subtract(a)


@given(RANGES, RANGES)
def test_two_ranges_relate_as_their_seconds_do(a: TimeRange, b: TimeRange) -> None:
    """Containing, overlapping and intersecting agree with the naive model."""
    assert a.contains(b) == (seconds(a) >= seconds(b))
    assert a.overlaps(b) == bool(seconds(a) & seconds(b))
    assert seconds(a.intersect(b)) == seconds(a) & seconds(b)
    assert a.seconds == len(seconds(a))


@given(INTERVALS, MOMENTS, st.integers(1, 10**7))
def test_alignment_keeps_the_opens(interval: Interval, start: int, length: int) -> None:
    """The aligned range holds the same bar opens, and there is none if there are no opens."""
    whole = TimeRange(start, start + length)
    aligned = whole.aligned(interval)
    opens = interval.count(whole.start, whole.end)
    if aligned is None:
        assert opens == 0
        return
    assert interval.is_aligned(aligned.start)
    assert interval.is_aligned(aligned.end)
    assert interval.count(aligned.start, aligned.end) == opens > 0
    assert whole.start <= aligned.start < whole.end


@pytest.mark.parametrize("end", [5, 4, -1])
def test_an_empty_or_reversed_range_is_no_range(end: int) -> None:
    """A range that does not end after its start is refused, naming the parameter."""
    with pytest.raises(InvalidRequest, match="must lie after") as refused:
        TimeRange(5, end)
    assert refused.value.parameter == "end"


def test_large_sets_stay_quick() -> None:
    """A hundred thousand ranges are cut in one pass, not pair by pair."""
    many = RangeSet(tuple(TimeRange(10 * k, 10 * k + 6) for k in range(100_000)))
    shifted = RangeSet(tuple(TimeRange(10 * k + 3, 10 * k + 9) for k in range(100_000)))
    assert many.intersect(shifted).seconds == 300_000
    assert many.subtract(shifted).seconds == 300_000
    assert many.union(shifted).seconds == 900_000
