"""Indicators against their definitions, written out slowly, and against published numbers."""

import math
import statistics
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.bars import Bar, BarSeries, Floats
from domain.errors import InvalidRequest
from domain.indicators import atr, compute_all, ema, parse_indicators, rsi, sma
from domain.interval import Interval

# Closes and 14-day RSI as printed in the usual worked example of Wilder's index.
EXAMPLE = (
    *(44.3389, 44.0902, 44.1497, 43.6124, 44.3278, 44.8264, 45.0955, 45.4245, 45.8433, 46.0826),
    *(45.8931, 46.0328, 45.6140, 46.2820, 46.2820, 46.0028, 46.0328, 46.4116, 46.2222, 45.6439),
)
PRINTED = (70.53, 66.32, 66.55, 69.41, 66.36, 57.97)


def series(closes: list[float]) -> BarSeries:
    """Minutes with these closes, a unit of price around them, and a growing volume."""
    bars = (
        Bar(ts=60 * k, open=c, high=c + 1, low=max(c - 1, 0.01), close=c, volume=1.0 + k)
        for k, c in enumerate(closes)
    )
    return BarSeries.of(Interval.M1, bars)


def test_rsi_of_the_worked_example() -> None:
    """The first value comes with the fifteenth close."""
    found = rsi(np.array(EXAMPLE), 14)
    assert np.isnan(found[:14]).all()
    assert found[14:].round(2).tolist() == pytest.approx(PRINTED, abs=0.011)


def test_rsi_without_losses_or_without_moves() -> None:
    """All gains are 100, all losses 0, and no move at all is neither."""
    assert rsi(np.arange(1.0, 9.0), 3)[-1] == 100.0
    assert rsi(np.arange(9.0, 1.0, -1.0), 3)[-1] == 0.0
    assert rsi(np.full(9, 5.0), 3)[-1] == 50.0


prices = st.lists(st.floats(1.0, 1e6), min_size=1, max_size=60)


def slow_ema(closes: list[float], n: int) -> list[float]:
    """By its recurrence."""
    if len(closes) < n:
        return [math.nan] * len(closes)
    found = [math.nan] * (n - 1) + [statistics.fmean(closes[:n])]
    for close in closes[n:]:
        found.append(found[-1] + 2 / (n + 1) * (close - found[-1]))
    return found


def same(found: Floats, expected: list[float]) -> bool:
    """To rounding, NaN where NaN."""
    return np.allclose(found, np.array(expected), rtol=1e-9, equal_nan=True)


@given(prices, st.integers(2, 12))
def test_averages_are_their_definitions(closes: list[float], n: int) -> None:
    """Undefined until there are enough bars, then the mean of the last ones or its recurrence."""
    slow = [
        statistics.fmean(closes[i - n + 1 : i + 1]) if i >= n - 1 else math.nan
        for i in range(len(closes))
    ]
    assert same(sma(np.array(closes), n), slow)
    assert same(ema(np.array(closes), n), slow_ema(closes, n))


@given(prices, st.integers(2, 12))
def test_bands_and_volatility_are_deviations(closes: list[float], n: int) -> None:
    """Bollinger takes that of the population, volatility that of a sample of log returns."""
    columns = compute_all(series(closes), parse_indicators(f"bb_{n}_2.5,volatility_{n}"))
    for i in range(len(closes)):
        window = closes[max(0, i - n + 1) : i + 1]
        if len(window) < n:
            assert math.isnan(columns[f"bb_{n}_2.5_upper"][i])
            continue
        reach = 2.5 * statistics.pstdev(window)
        middle = columns[f"bb_{n}_2.5"][i]
        assert columns[f"bb_{n}_2.5_upper"][i] - middle == pytest.approx(reach, abs=1e-6)
        assert middle - columns[f"bb_{n}_2.5_lower"][i] == pytest.approx(reach, abs=1e-6)
    moves = [math.log(b / a) for a, b in pairwise(closes)]
    if len(moves) >= n:
        expected = statistics.stdev(moves[-n:])
        assert columns[f"volatility_{n}"][-1] == pytest.approx(expected, abs=1e-9)


def test_atr_counts_the_leap_between_bars() -> None:
    """A bar that opens far away has a wide true range."""
    found = atr(series([10.0, 20.0, 20.0, 20.0]), 2)
    # true ranges: 21 - 10 = 11, then 2, 2; their mean, then Wilder
    assert np.isnan(found[:2]).all()
    assert found[2:].tolist() == [6.5, (6.5 + 2) / 2]


def test_macd_is_the_difference_of_two_averages_and_its_own_average() -> None:
    """Line, signal and histogram."""
    closes = [100 + math.sin(k / 3) * 5 for k in range(80)]
    columns = compute_all(series(closes), parse_indicators("macd"))
    line = ema(np.array(closes), 12) - ema(np.array(closes), 26)
    assert same(columns["macd"], line.tolist())
    begun = slow_ema(line[25:].tolist(), 9)
    assert same(columns["macd_signal"][25:], begun)
    assert same(columns["macd_hist"][33:], (columns["macd"] - columns["macd_signal"])[33:].tolist())


def test_vwap_weighs_by_volume_and_needs_some() -> None:
    """The bar's own average price counts if it was sent, else its typical one."""
    bars = [
        Bar(ts=0, open=10, high=11, low=9, close=10, volume=1.0, vwap=10.5),
        Bar(ts=60, open=10, high=13, low=10, close=13, volume=3.0),
        Bar(ts=120, open=10, high=11, low=9, close=10, volume=0.0),
        Bar(ts=180, open=10, high=11, low=9, close=10),
    ]
    columns = compute_all(BarSeries.of(Interval.M1, bars), parse_indicators("vwap_2,typical"))
    assert columns["vwap_2"][1] == pytest.approx((10.5 + 3 * 12.0) / 4)
    assert columns["vwap_2"][2] == pytest.approx(12.0)
    assert math.isnan(columns["vwap_2"][3])
    assert columns["typical"].tolist() == [10.0, 12.0, 10.0, 10.0]


def test_returns() -> None:
    """Simple and logarithmic; the first bar has none."""
    columns = compute_all(series([10.0, 11.0]), parse_indicators("return,log_return"))
    assert columns["return"].tolist()[1] == pytest.approx(0.1)
    assert columns["log_return"].tolist()[1] == pytest.approx(math.log(1.1))
    assert math.isnan(columns["return"][0])


@pytest.mark.parametrize("name", ["ema_12", "rsi_14", "atr_14", "macd_5_9_4", "sma_20", "bb_10_2"])
def test_after_its_warm_up_an_indicator_does_not_remember_where_it_began(name: str) -> None:
    """Two histories of different length agree from then on."""
    closes = [100 + 10 * math.sin(k / 7) + k % 5 for k in range(1200)]
    (indicator,) = parse_indicators(name)
    whole = indicator.compute(series(closes))
    part = indicator.compute(series(closes[-indicator.warmup - 5 :]))
    for column in whole:
        assert part[column][-5:] == pytest.approx(whole[column][-5:], rel=1e-6, abs=1e-7), column


@pytest.mark.parametrize(
    "text",
    [
        *("", "sma_20,", "sma_1", "sma_0", "sma_501", "sma_2.5", "sma_20_3", "foo", "SMA_20"),
        *("rsi_-3", "macd_12", "bb_20_0", "bb_20_11", "bb_20_2_1", "typical_3", "sma_20 "),
        ",".join(f"sma_{n}" for n in range(2, 23)),
    ],
)
def test_what_is_no_indicator_is_refused(text: str) -> None:
    """With the names that there are."""
    with pytest.raises(InvalidRequest) as refused:
        parse_indicators(text)
    assert refused.value.parameter == "indicators"


@pytest.mark.parametrize(
    ("also", "ours"),
    [
        ("bollinger_5_3", "bb_5_3"),
        ("bbands", "bb"),
        ("typical_price", "typical"),
        ("returns", "return"),
        ("log_returns", "log_return"),
    ],
)
def test_other_usual_names_are_understood(also: str, ours: str) -> None:
    """The columns are called as was asked, and hold the same."""
    bars = series([100.0 + k % 7 for k in range(40)])
    found, expected = (compute_all(bars, parse_indicators(name)) for name in (also, ours))
    assert [name.replace(also, ours) for name in found] == list(expected)
    for mine, theirs in zip(found.values(), expected.values(), strict=True):
        assert same(mine, theirs.tolist())


def test_no_bars_have_no_indicators() -> None:
    """Empty columns."""
    every = "sma,ema,rsi,atr,macd,bb,volatility,vwap,typical,return,log_return"
    columns = compute_all(BarSeries.empty(Interval.M1), parse_indicators(every))
    assert {len(column) for column in columns.values()} == {0}
