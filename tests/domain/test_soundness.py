"""The rule of what can be a bar: for columns and for a row the same."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.instrument import AssetClass
from domain.soundness import price_floor, sound_rows, why_unsound

ANY = st.one_of(
    st.sampled_from([math.nan, math.inf, -math.inf, 0.0, -0.0, 1.0, 2.0, 3.0, -1.0]),
    st.floats(-10.0, 10.0),
)
COUNTS = st.integers(-3, 3)
FLOORS = st.sampled_from([0.0, -math.inf])


@given(st.lists(st.tuples(ANY, ANY, ANY, ANY, ANY, ANY, COUNTS), min_size=1, max_size=20), FLOORS)
def test_the_rule_for_columns_is_the_rule_for_rows(
    rows: list[tuple[float, float, float, float, float, float, int]], floor: float
) -> None:
    """A row can be a bar exactly if there is no reason against it."""
    columns = [np.array(column) for column in zip(*((0, *row) for row in rows), strict=True)]
    reasons = [why_unsound((0, *row), floor) for row in rows]
    assert sound_rows(columns, floor).tolist() == [not reason for reason in reasons]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ((1, 2, 0.5, 1.5, 10, 1.2, 3), ""),
        ((1, 1, 1, 1, 0, math.nan, -1), ""),
        ((1, 2, 0.5, 1.5, math.nan, math.nan, -1), ""),
        ((1, 1, 1, 1, 0, 0, 0), ""),
        ((1, math.nan, 0.5, 1.5, 10, 1, 1), "a price is not finite"),
        ((1, math.inf, 0.5, 1.5, 10, 1, 1), "a price is not finite"),
        ((0, 2, 0, 1.5, 10, 1, 1), "a price is not positive"),
        ((1, 2, -0.5, 1.5, 10, 1, 1), "a price is not positive"),
        ((1, 1.2, 0.5, 1.5, 10, 1, 1), "high lies below another price"),
        ((1, 2, 1.1, 1.5, 10, 1, 1), "low lies above another price"),
        ((1, 2, 0.5, 1.5, -1, 1, 1), "volume or trades are negative or infinite"),
        ((1, 2, 0.5, 1.5, math.inf, 1, 1), "volume or trades are negative or infinite"),
        ((1, 2, 0.5, 1.5, 10, 1, -2), "volume or trades are negative or infinite"),
        ((1, 2, 0.5, 1.5, 10, 0, 1), "vwap is not positive and finite"),
        ((1, 2, 0.5, 1.5, 10, math.inf, 1), "vwap is not positive and finite"),
    ],
)
def test_impossible_rows_have_a_reason(row: tuple[float, ...], reason: str) -> None:
    """Quarantined rows carry the first thing that is wrong with them."""
    assert why_unsound((0, *row), 0.0) == reason


def test_futures_may_trade_below_zero() -> None:
    """Crude oil closed at -37.63 on 2020-04-20: a price below zero can be real."""
    crude = (0, -1.0, 0.5, -40.32, -37.63, 100.0, math.nan, -1)
    assert why_unsound(crude, price_floor(AssetClass.FUTURE)) == ""
    assert why_unsound(crude, price_floor(AssetClass.STOCK)) == "a price is not positive"
