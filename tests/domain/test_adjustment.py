"""Factors of splits and dividends, checked against the arithmetic of real ones."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.actions import ActionKind, CorporateAction, in_order
from domain.adjustment import (
    Adjust,
    adjusted,
    chosen,
    dividends_in_new_shares,
    effect_of,
    factors,
)
from domain.bars import Bar, BarSeries
from domain.interval import Interval

DAY = 86_400
SPLIT_DAY = 1_598_832_000  # 2020-08-31, Apple 4:1
DIVIDEND_DAY = 1_604_620_800  # 2020-11-06, Apple $0.205
# Apple as traded: the last two days before the split, the first two after, and around the dividend
AAPL = {
    1_598_486_400: (508.57, 509.94, 495.33, 500.04, 38_888_096.0),
    1_598_572_800: (504.05, 505.77, 498.31, 499.23, 46_907_479.0),
    SPLIT_DAY: (127.58, 131.0, 126.0, 129.04, 225_702_688.0),
    SPLIT_DAY + DAY: (132.76, 134.8, 130.53, 134.18, 152_470_142.0),
    1_604_534_400: (117.95, 119.62, 116.8686, 119.03, 126_387_074.0),
    DIVIDEND_DAY: (118.32, 119.2, 116.13, 118.69, 114_457_922.0),
}
SPLIT = CorporateAction(SPLIT_DAY, ActionKind.SPLIT, ratio=4.0)
DIVIDEND = CorporateAction(DIVIDEND_DAY, ActionKind.DIVIDEND, amount=0.205, currency="USD")
CLOSES = {DIVIDEND_DAY: 119.03}


def apple() -> BarSeries:
    """Six days."""
    bars = (
        Bar(ts=ts, open=row[0], high=row[1], low=row[2], close=row[3], volume=row[4])
        for ts, row in AAPL.items()
    )
    return BarSeries.of(Interval.D1, bars)


def test_a_split_divides_what_was_before_and_nothing_after() -> None:
    """Apple closed at 499.23 and opened at 127.58: in new shares 124.8075, four times as many."""
    raw = apple()
    seen = adjusted(raw, factors([SPLIT], {}, Interval.D1))
    assert seen.close.tolist() == [125.01, 124.8075, 129.04, 134.18, 119.03, 118.69]
    assert seen.volume.tolist()[:3] == [4 * 38_888_096.0, 4 * 46_907_479.0, 225_702_688.0]
    assert raw.close.tolist()[1] == 499.23
    step = abs(seen.open[2] / seen.close[1] - 1)
    assert step < 0.03


def test_a_dividend_takes_its_share_of_the_close_before() -> None:
    """Everything before the ex-day is multiplied by 1 - 0.205 / 119.03, volumes stay."""
    seen = adjusted(apple(), factors([SPLIT, DIVIDEND], CLOSES, Interval.D1))
    kept = 1 - 0.205 / 119.03
    expected = [500.04 / 4 * kept, 499.23 / 4 * kept, 129.04 * kept, 134.18 * kept, 119.03 * kept]
    assert seen.close.tolist()[:5] == pytest.approx(expected, rel=1e-12)
    assert seen.close[5] == 118.69
    assert seen.volume[4] == 126_387_074.0
    # without the payment, the return over the ex-day is that of who held the share
    assert seen.close[5] / seen.close[4] == pytest.approx(118.69 / (119.03 - 0.205), rel=1e-12)


def test_modes_choose_the_actions() -> None:
    """None, splits, or both."""
    both = [SPLIT, DIVIDEND]
    assert [list(chosen(both, mode)) for mode in Adjust] == [[], [SPLIT], both]


def test_a_split_in_a_ratio_that_no_float_holds_is_divided_once() -> None:
    """7:1 gives the nearest number to the seventh, not a product with a rounded seventh."""
    split = CorporateAction(SPLIT_DAY, ActionKind.SPLIT, ratio=7.0)
    seen = adjusted(apple(), factors([split], {}, Interval.D1))
    assert seen.close[0] == 500.04 / 7


def test_intraday_an_action_counts_from_the_night_before_the_ex_day() -> None:
    """A late trade after 00:00 UTC still belongs to the day before in New York."""
    assert effect_of(SPLIT, Interval.D1) == SPLIT_DAY
    assert effect_of(SPLIT, Interval.M1) == SPLIT_DAY + 4 * 3600
    late, early = SPLIT_DAY, SPLIT_DAY + 8 * 3600
    bars = [Bar(ts=ts, open=400.0, high=400.0, low=400.0, close=400.0) for ts in (late, early)]
    seen = adjusted(BarSeries.of(Interval.M1, bars), factors([SPLIT], {}, Interval.M1))
    assert seen.open.tolist() == [100.0, 400.0]
    assert np.isnan(seen.volume).all()


def test_every_price_is_adjusted_and_volumes_only_where_they_count_old_shares() -> None:
    """Open, high, low, close and vwap alike; a volume of new shares already stays."""
    bar = Bar(
        ts=SPLIT_DAY - DAY, open=400.0, high=440.0, low=360.0, close=420.0, volume=10.0, vwap=404.0
    )
    series = BarSeries.of(Interval.D1, [bar])
    by = factors([SPLIT, DIVIDEND], {DIVIDEND_DAY: 0.41}, Interval.D1)  # half is paid out
    seen = adjusted(series, by).bar(0)
    assert (seen.open, seen.high, seen.low, seen.close) == (50.0, 55.0, 45.0, 52.5)
    assert (seen.vwap, seen.volume, seen.trades) == (50.5, 40.0, None)
    assert adjusted(series, by, volume=False).bar(0).volume == 10.0


def test_dividends_in_new_shares_are_those_of_prices_that_count_in_them() -> None:
    """A payment before a 4:1 split was a quarter per new share; one on its day or after it, all."""
    days = (SPLIT_DAY - DAY, SPLIT_DAY, DIVIDEND_DAY)
    paid = [CorporateAction(day, ActionKind.DIVIDEND, amount=0.8, currency="USD") for day in days]
    told = dividends_in_new_shares([paid[0], SPLIT, *paid[1:]])
    assert [(each.ex_date, each.amount) for each in told] == list(
        zip(days, (0.2, 0.8, 0.8), strict=True)
    )


def test_without_actions_nothing_changes() -> None:
    """Not a bit."""
    assert adjusted(apple(), factors([], {}, Interval.D1)) == apple()


ratios = st.sampled_from([2.0, 3.0, 4.0, 7.0, 0.1, 1.5])


@given(st.lists(st.tuples(st.integers(0, 400), ratios), max_size=6))
def test_turnover_survives_every_chain_of_splits(splits: list[tuple[int, float]]) -> None:
    """Price times volume is what was paid, in whatever shares it is counted."""
    start = SPLIT_DAY - 200 * DAY
    days = [Bar(ts=start + k * DAY, open=1, high=9, low=1, close=3, volume=7.0) for k in range(400)]
    raw = BarSeries.of(Interval.D1, days)
    actions = [
        CorporateAction(start + day * DAY, ActionKind.SPLIT, ratio=ratio) for day, ratio in splits
    ]
    seen = adjusted(raw, factors(actions, {}, Interval.D1))
    assert np.allclose(seen.close * seen.volume, 21.0, rtol=1e-12)
    for ts, close in zip(seen.ts.tolist(), seen.close.tolist(), strict=True):
        later = [a.ratio for a in actions if a.ex_date > ts]
        assert close == pytest.approx(3.0 / np.prod(later), rel=1e-12)


def test_actions_are_put_in_order() -> None:
    """By day, and on one day splits before dividends."""
    same_day = CorporateAction(SPLIT_DAY, ActionKind.DIVIDEND, amount=0.1, currency="USD")
    assert in_order([DIVIDEND, same_day, SPLIT]) == (SPLIT, same_day, DIVIDEND)
