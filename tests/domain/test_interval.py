"""Intervals: alignment, shifting, counting and the grid."""

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import InvalidRequest
from domain.interval import Interval
from tests.domain.made import INTERVALS, MOMENTS

STEPS = st.integers(-300, 300)


def utc(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> int:
    """Unix seconds of a UTC date."""
    return int(datetime(year, month, day, hour, minute, tzinfo=UTC).timestamp())


@given(INTERVALS, MOMENTS)
def test_floor_is_the_open_of_the_bar_around_a_moment(interval: Interval, ts: int) -> None:
    """A moment lies between the open and the close of its bar, and an open is its own floor."""
    opened = interval.floor(ts)
    assert opened <= ts < interval.close(opened)
    assert interval.floor(opened) == opened
    assert interval.is_aligned(opened)


@given(INTERVALS, MOMENTS)
def test_ceil_is_the_next_open(interval: Interval, ts: int) -> None:
    """The ceiling is the first open that does not lie before the moment."""
    opened = interval.ceil(ts)
    assert interval.is_aligned(opened)
    assert interval.shift(opened, -1) < ts <= opened


@given(INTERVALS, MOMENTS, STEPS, STEPS)
def test_shifts_add_up(interval: Interval, ts: int, a: int, b: int) -> None:
    """Shifting twice is shifting by the sum; back and forth ends where it began."""
    opened = interval.floor(ts)
    assert interval.shift(interval.shift(opened, a), b) == interval.shift(opened, a + b)
    assert interval.is_aligned(interval.shift(opened, a))
    assert (interval.shift(opened, a) > opened) == (a > 0)


@given(INTERVALS, MOMENTS, st.integers(-50, 500))
def test_grid_and_count_agree(interval: Interval, ts: int, bars: int) -> None:
    """The grid holds exactly the opens of the range, each a shift of the first."""
    end = interval.shift(interval.floor(ts), bars) + 1
    grid = interval.grid(ts, end).tolist()
    first = interval.ceil(ts)
    assert len(grid) == interval.count(ts, end)
    assert grid == [interval.shift(first, k) for k in range(len(grid))]
    assert all(ts <= t < end for t in grid)
    assert interval.shift(first, len(grid)) >= end


@given(INTERVALS, MOMENTS, STEPS, st.integers(0, 300))
def test_counts_add_up(interval: Interval, ts: int, split: int, bars: int) -> None:
    """Two adjoining ranges hold together what the whole range holds."""
    middle = ts + abs(split) * interval.seconds // 3
    end = middle + bars * interval.seconds // 7
    together = interval.count(ts, middle) + interval.count(middle, end)
    assert together == interval.count(ts, end)


@given(INTERVALS, st.lists(MOMENTS, max_size=30))
def test_columns_are_aligned_like_their_values(interval: Interval, moments: list[int]) -> None:
    """Asking a column is asking each of its values."""
    mixed = [*moments, *(interval.floor(t) for t in moments)]
    ts = np.array(mixed, dtype=np.int64)
    assert interval.aligned(ts).tolist() == [interval.is_aligned(t) for t in mixed]


@given(INTERVALS, MOMENTS, st.lists(st.integers(1, 3), max_size=30))
def test_breaks_are_where_a_bar_is_missing(interval: Interval, ts: int, steps: list[int]) -> None:
    """An open that is not followed by the next one is a break, and following() is a shift."""
    opens = [interval.floor(ts)]
    for step in steps:
        opens.append(interval.shift(opens[-1], step))
    column = np.array(opens, dtype=np.int64)
    assert interval.following(column).tolist() == [interval.shift(t, 1) for t in opens]
    assert interval.breaks(column).tolist() == [k for k, step in enumerate(steps) if step > 1]


@given(INTERVALS, st.floats(0, 4e9))
def test_the_last_closed_bar_has_closed(interval: Interval, now: float) -> None:
    """The newest complete bar ends by now, the one after it does not."""
    opened = interval.last_closed(now)
    assert interval.close(opened) <= now < interval.close(interval.close(opened))


def test_weeks_open_on_monday() -> None:
    """Weekly bars open on Monday 00:00 UTC, before the epoch too."""
    assert Interval.W1.floor(utc(2024, 5, 5, 23, 59)) == utc(2024, 4, 29)
    assert Interval.W1.floor(utc(2024, 5, 6)) == utc(2024, 5, 6)
    assert Interval.W1.floor(utc(1969, 12, 31)) == utc(1969, 12, 29)


def test_months_are_calendar_months() -> None:
    """Months have their own lengths, over leap days and the turn of the year."""
    assert Interval.MO1.floor(utc(2024, 2, 29, 12)) == utc(2024, 2, 1)
    assert Interval.MO1.close(utc(2024, 2, 1)) == utc(2024, 3, 1)
    assert Interval.MO1.shift(utc(2024, 1, 1), -1) == utc(2023, 12, 1)
    assert Interval.MO1.shift(utc(2024, 1, 1), 14) == utc(2025, 3, 1)
    assert Interval.MO1.count(utc(2023, 1, 1), utc(2024, 1, 1)) == 12
    assert Interval.MO1.grid(utc(2024, 1, 2), utc(2024, 3, 2)).tolist() == [
        utc(2024, 2, 1),
        utc(2024, 3, 1),
    ]


@pytest.mark.parametrize("day", [(2024, 3, 10), (2024, 3, 31), (2024, 10, 27), (2024, 11, 3)])
def test_clock_changes_are_none_of_our_business(day: tuple[int, int, int]) -> None:
    """A day has 24 hourly bars on the days when New York or Berlin change their clocks."""
    start = utc(*day)
    assert Interval.H1.count(start, start + 86_400) == 24
    assert Interval.D1.floor(start + 86_399) == start


@pytest.mark.parametrize("interval", Interval)
def test_every_spelling_is_read_back(interval: Interval) -> None:
    """The canonical spelling names the interval, and its length is positive."""
    assert Interval.parse(interval.value) is interval
    assert interval.seconds > 0
    assert interval.is_fixed == (interval is not Interval.MO1)


@pytest.mark.parametrize("text", ["", "1M", "1H", "60", "1 m", "2m", "1y", "m1", "1min", "\u0661m"])
def test_anything_else_is_refused_with_the_list(text: str) -> None:
    """An unknown spelling is refused with those that exist; 1M gets a hint of its own."""
    with pytest.raises(InvalidRequest, match=r"1m, 3m, 5m.*1mo") as refused:
        Interval.parse(text)
    assert refused.value.parameter == "interval"
    assert ("for months write 1mo" in refused.value.message) == (text == "1M")
