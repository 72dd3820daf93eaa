"""Expected, missing and late bars, against a model that asks every slot."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from domain.bars import BarSeries
from domain.coverage import Gap, GapReason
from domain.interval import Interval
from domain.presence import EXCUSES, take_stock
from domain.timerange import TimeRange
from tests.domain.made import INTERVALS, T0, walk, whole, without

M1 = Interval.M1
LATE = GapReason.NOT_YET_PUBLISHED


def span(interval: Interval, first: int, bars: int, skew: int = 0) -> TimeRange:
    """So many bars from the first-th after the origin, off the grid by some seconds."""
    start = interval.shift(interval.floor(T0), first)
    return TimeRange(start + skew, interval.shift(start, bars) + skew)


@given(INTERVALS, st.data())
def test_stock_is_taken_slot_by_slot(interval: Interval, data: st.DataObject) -> None:
    """Expected, present, missing and lag are what the slots of the range say, one by one."""
    series = walk(40, interval=interval, start=interval.floor(T0))
    absent = data.draw(st.sets(st.integers(0, 39), max_size=39))
    series = without(series, *absent)
    bars = st.integers(1, 50)
    skews = st.sampled_from([0, 0, 7, -7])
    wanted = span(interval, data.draw(st.integers(-5, 30)), data.draw(bars), data.draw(skews))
    gaps = [
        Gap(hole.start, hole.end, data.draw(st.sampled_from(GapReason)))
        for hole in data.draw(
            st.lists(st.builds(span, st.just(interval), st.integers(-5, 45), bars), max_size=4)
        )
    ]
    now = interval.shift(interval.floor(T0), data.draw(st.integers(-6, 60))) + 1
    stock = take_stock(series, wanted, interval, now, gaps)

    def told(ts: int, reasons: frozenset[GapReason]) -> bool:
        return any(g.start <= ts < g.end and g.reason in reasons for g in gaps)

    grid = interval.grid(wanted.start, wanted.end).tolist()
    closed = [t for t in grid if interval.close(t) <= now]
    held = set(series.ts.tolist())
    missing = [t for t in closed if t not in held and not told(t, EXCUSES)]
    here = [t for t in closed if t in held]
    due = [t for t in closed if not told(t, EXCUSES | {LATE})]
    newest = int(series.ts[-1])
    assert stock.present == len(here)
    assert stock.expected == len(here) + len(missing)
    assert stock.missing == tuple(missing[:20])
    assert stock.absent == len(missing)
    assert stock.lag_s == (max(0, due[-1] - newest) if due else 0)


def test_a_complete_past_is_never_late() -> None:
    """An old range that is complete at its end does not age."""
    series = walk(60)
    for now in (whole(series).end, whole(series).end + 10**9):
        stock = take_stock(series, whole(series), M1, now)
        assert (stock.expected, stock.present, stock.lag_s, stock.missing) == (60, 60, 0, ())


def test_the_running_bar_is_not_expected() -> None:
    """A range that reaches beyond now expects only what has closed."""
    series = walk(60)
    future = TimeRange(T0, T0 + 86_400)
    stock = take_stock(series, future, M1, T0 + 3600 + 59)
    assert (stock.expected, stock.present, stock.lag_s) == (60, 60, 0)
    assert take_stock(series, future, M1, T0 + 3600 + 60).lag_s == 60


def test_a_million_minutes_with_holes_are_quick_and_right() -> None:
    """Only the holes are looked at: the first missing bars of a long series are named."""
    ts = M1.grid(T0, T0 + 60 * 1_000_000)
    keep = np.ones(len(ts), dtype=np.bool_)
    keep[5::1000] = False
    ones = np.ones(int(keep.sum()))
    series = BarSeries(M1, ts[keep], ones, ones, ones, ones, ones)
    quiet = [Gap(int(t), int(t) + 60, GapReason.NO_TRADES) for t in ts[5::1000][:500]]
    stock = take_stock(series, TimeRange(T0, int(ts[-1]) + 60), M1, 2e9, quiet)
    assert (stock.expected, stock.absent) == (1_000_000 - 500, 500)
    assert stock.missing == tuple(ts[5::1000][500:520].tolist())
