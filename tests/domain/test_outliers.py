"""Statistics of single columns, against the plain form of their formulas."""

import math
import statistics
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.lib.stride_tricks import sliding_window_view

from domain.bars import Floats, Ints
from domain.checks import BLOCK
from domain.outliers import hampel, iqr, mad, spikes, zscore
from tests.domain.made import poked, walk

# Whole numbers and halves: exact in binary, so that ties and equal deviations really occur.
VALUES = st.lists(st.integers(-40, 40).map(lambda v: v / 2), max_size=60)
WALK = walk(5000).close


def plain_hampel(values: Floats, threshold: float, least: float) -> list[int]:
    """The definition: sort each window twice."""
    if len(values) < 7:
        return []
    windows = sliding_window_view(values, 7)
    middle = np.median(windows, axis=1)
    spread = np.median(np.abs(windows - middle[:, None]), axis=1)
    middle, spread = (np.pad(c, 3, mode="edge") for c in (middle, spread))
    away = np.abs(values - middle)
    flags = (away > threshold * 1.4826 * spread) & (away > least * np.abs(middle))
    return [int(k) for k in flags.nonzero()[0]]


@given(VALUES, st.sampled_from([1.0, 2.0, 3.0, 5.0]), st.sampled_from([0.0, 0.01, 0.5]))
def test_hampel_is_exact(values: list[float], threshold: float, least: float) -> None:
    """Counting near neighbours flags what sorting every window flags, ties included."""
    column = np.array(values)
    assert hampel(column, threshold, least).tolist() == plain_hampel(column, threshold, least)


@given(st.lists(st.floats(1e-8, 1e8), min_size=7, max_size=60))
def test_hampel_is_exact_whatever_the_rounding(values: list[float]) -> None:
    """Arbitrary floats are judged alike to the last bit."""
    column = np.array(values)
    assert hampel(column).tolist() == plain_hampel(column, 3.0, 0.0)


@pytest.mark.parametrize("least", [0.0, 0.001])
def test_hampel_is_exact_over_many_blocks(least: float) -> None:
    """The seams between blocks and both ways of counting leave no trace."""
    values = walk(3 * BLOCK + 5).close.copy()
    values[:: BLOCK // 2] *= 1.02
    assert hampel(values, 5.0, least).tolist() == plain_hampel(values, 5.0, least)


@pytest.mark.parametrize("at", [0, 2, 3, 2500, 4996, 4999])
def test_hampel_finds_a_false_tick_anywhere(at: int) -> None:
    """A close two per cent off is found at the edges too: the newest bar matters most."""
    assert at in hampel(poked(WALK, at, WALK[at] * 1.02), 5.0, 0.001)


def by_zscore(values: list[float]) -> list[int]:
    """The formula of section 7 with the standard library."""
    there = [v for v in values if not math.isnan(v)]
    if len(there) < 20 or statistics.stdev(there) == 0:
        return []
    mean, std = statistics.fmean(there), statistics.stdev(there)
    return [k for k, v in enumerate(values) if abs(v - mean) / std > 3]


@given(VALUES, st.lists(st.integers(0, 59), max_size=8))
def test_zscore_is_the_formula(values: list[float], unsent: list[int]) -> None:
    """More than three sample deviations from the mean; what was not sent does not count."""
    holey = [math.nan if k in unsent else v for k, v in enumerate(values)]
    assert zscore(np.array(holey)).tolist() == by_zscore(holey)


@given(VALUES, st.sampled_from([1.5, 3.0]))
def test_iqr_is_the_formula(values: list[float], k: float) -> None:
    """Further out than k interquartile ranges."""
    expected = []
    if len(values) >= 20:
        low, _, high = statistics.quantiles(values, n=4, method="inclusive")
        fence = low - k * (high - low), high + k * (high - low)
        expected = [i for i, v in enumerate(values) if not fence[0] <= v <= fence[1]]
    assert iqr(np.array(values), k).tolist() == expected


@given(VALUES)
def test_mad_is_the_formula(values: list[float]) -> None:
    """More than three scaled median deviations from the median; none if that is zero."""
    expected = []
    if len(values) >= 20:
        middle = statistics.median(values)
        spread = statistics.median(abs(v - middle) for v in values)
        if spread:
            expected = [i for i, v in enumerate(values) if abs(0.6745 * (v - middle) / spread) > 3]
    assert mad(np.array(values)).tolist() == expected


@pytest.mark.parametrize("method", [zscore, iqr, mad])
def test_twenty_values_are_the_least(method: Callable[[Floats], Ints]) -> None:
    """Nineteen values say nothing about what is usual, twenty do."""
    values = np.array([1.0, 2.0] * 15)
    values[7] = 1e6
    assert method(values[:19]).tolist() == []
    assert method(values[:20]).tolist() == [7]
    assert method(np.full(30, np.nan)).tolist() == []
    assert method(np.full(30, 0.1)).tolist() == []


@given(st.lists(st.floats(0.99, 1.01), min_size=1, max_size=90), st.integers(0, 89))
def test_spikes_are_the_formula(closes: list[float], jump: int) -> None:
    """Returns more than five population deviations from their mean, from six returns on."""
    if jump < len(closes):
        closes[jump] *= 3
    moves = [b / a - 1 for a, b in pairwise(closes)]
    expected = []
    if len(moves) > 5 and statistics.pstdev(moves) > 1e-12:
        mean, std = statistics.fmean(moves), statistics.pstdev(moves)
        expected = [k + 1 for k, v in enumerate(moves) if abs(v - mean) / std > 5]
    assert spikes(np.array(closes)).tolist() == expected


def test_a_false_tick_spikes_twice() -> None:
    """The jump away and the jump back are both named."""
    assert spikes(poked(WALK, 1234, WALK[1234] * 1.1)).tolist() == [1234, 1235]


def test_a_close_of_zero_is_no_return() -> None:
    """Dividing by zero neither warns nor hides the real spike."""
    broken = poked(poked(WALK, 10, 0.0), 3000, WALK[3000] * 1.5)
    assert {3000, 3001} <= set(spikes(broken).tolist())


@pytest.mark.parametrize("huge", [1e308, -1e308])
def test_numbers_near_the_end_of_the_scale_do_no_harm(huge: float) -> None:
    """Sums beyond the largest float flag nothing and warn nobody."""
    values = np.full(50, huge)
    values[3] = 1.0
    for method in (zscore, spikes, hampel):
        assert method(values).dtype == np.int64
