"""Sums of decimals: as on paper, whatever floats make of their parts."""

import math
from decimal import Decimal
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.decimal_sums import decimal_sum, decimal_sums


def on_paper(values: list[float]) -> float:
    """What a person would write below the numbers."""
    return float(sum(Decimal(repr(value)) for value in values))


@st.composite
def decimals(draw: st.DrawFn, most_places: int = 8) -> float:
    """A decimal of up to 15 digits as a float."""
    places = draw(st.integers(0, most_places))
    return float(Decimal(draw(st.integers(0, 10 ** draw(st.integers(1, 15)) - 1))).scaleb(-places))


@pytest.mark.parametrize(
    ("values", "total"),
    [
        ([0.1, 0.2], 0.3),
        ([0.1] * 10, 1.0),
        ([1.1, 2.2, 3.3], 6.6),
        ([19_731.05, 0.00000001], 19_731.05000001),
        ([1.12117471e08, 0.5], 112_117_471.5),
        ([0.0, 0.0], 0.0),
        ([9_007_199_254_740_993.0, 2.0], 9_007_199_254_740_994.0),
        ([100_000_000_000.1, 100_000_000_000.2, 0.00000001], 200_000_000_000.3),
        ([4.727521520000001, 0.3], 5.027521520000001),
    ],
)
def test_sums_as_on_paper(values: list[float], total: float) -> None:
    """No digit comes up that none of the numbers has."""
    assert decimal_sum(values) == total
    assert decimal_sums(np.array(values), np.array([0])).tolist() == [total]


def test_every_group_has_its_own_sum() -> None:
    """Groups of any length, one with more digits than fit into a float among them."""
    values = [0.1, 0.2, 0.7, 1e15, 1.00000001, 0.3]
    found = decimal_sums(np.array(values), np.array([0, 2, 3, 5]))
    assert found.tolist() == [0.3, 0.7, on_paper([1e15, 1.00000001]), 0.3]


def test_a_sum_without_one_of_its_terms_is_no_sum() -> None:
    """NaN where one is NaN, and only there."""
    found = decimal_sums(np.array([0.1, math.nan, 0.1, 0.2]), np.array([0, 2]))
    assert math.isnan(found[0])
    assert found[1] == 0.3


@given(
    st.lists(decimals(), min_size=1, max_size=200),
    st.lists(st.integers(1, 199), max_size=20, unique=True),
)
def test_sums_equal_those_of_decimals(values: list[float], cuts: list[int]) -> None:
    """Whatever the magnitudes, however they are grouped."""
    first = [0, *sorted(cut for cut in cuts if cut < len(values))]
    groups = [values[a:b] for a, b in pairwise([*first, len(values)])]
    found = decimal_sums(np.array(values), np.array(first))
    assert found.tolist() == [on_paper(group) for group in groups]


@given(st.lists(st.floats(0, 1e300), min_size=1, max_size=30))
def test_any_float_is_a_decimal(values: list[float]) -> None:
    """Floats with more digits are summed as they are written, too."""
    assert decimal_sums(np.array(values), np.array([0])).tolist() == [on_paper(values)]
