"""Indicators over bars: pure functions of columns, computed when somebody asks.

Every indicator gives one column as long as the bars; NaN where it is not defined yet. They are
computed over the bars that there are: a gap is no bar, and the answer names the gaps.

Formulas: SMA, EMA and MACD as in G. Appel, "Technical Analysis" (2005); RSI and ATR with the
smoothing of J. W. Wilder, "New Concepts in Technical Trading Systems" (1978); Bollinger bands
with the population deviation (J. Bollinger, 2001). Recursive ones start with the mean of their
first ``n`` values, as the usual libraries do.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from domain.bars import BarSeries, Floats
from domain.indicator_names import SYNONYMS, read_names

_FORGOTTEN = 1e-9  # the weight of a recursive indicator's start when it no longer counts

Columns = Mapping[str, Floats]


class Indicator(NamedTuple):
    """One indicator with its numbers: ``warmup`` is how many bars it needs before the first."""

    name: str
    warmup: int
    compute: Callable[[BarSeries], Columns]


def parse_indicators(text: str) -> tuple[Indicator, ...]:
    """The indicators of a comma list such as ``sma_20,rsi_14,macd``; repetitions count once.

    Raises:
        NoIndicator: one is not known or has wrong numbers, or there are too many.
    """
    return tuple(_parse(name) for name in read_names(text))


def compute_all(series: BarSeries, indicators: Sequence[Indicator]) -> Columns:
    """All columns by name."""
    found: dict[str, Floats] = {}
    for indicator in indicators:
        found |= indicator.compute(series)
    return found


def sma(values: Floats, n: int) -> Floats:
    """The mean of the last ``n``."""
    return _padded(_windows(values, n).mean(axis=1), values)


def ema(values: Floats, n: int) -> Floats:
    """``y += 2 / (n + 1) * (x - y)``, begun with the mean of the first ``n``."""
    return _smoothed(values, n, 2.0 / (n + 1))


def rsi(closes: Floats, n: int) -> Floats:
    """100 times the share of gains in all moves, both smoothed by Wilder; 50 without any move."""
    moves = np.diff(closes)
    gains = _smoothed(np.maximum(moves, 0.0), n, 1.0 / n)
    losses = _smoothed(np.maximum(-moves, 0.0), n, 1.0 / n)
    total = gains + losses
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(total == 0, 50.0, 100.0 * gains / total)
    return _padded(share, closes)


def atr(series: BarSeries, n: int) -> Floats:
    """The true range (which includes the leap from the close before), smoothed by Wilder."""
    before = series.close[:-1]
    high, low = series.high[1:], series.low[1:]
    ranges = np.maximum(high, before) - np.minimum(low, before)
    return _padded(_smoothed(ranges, n, 1.0 / n), series.close)


def _macd(series: BarSeries, fast: int, slow: int, signal: int) -> tuple[Floats, Floats]:
    line = ema(series.close, fast) - ema(series.close, slow)
    return line, ema(line, signal)


def _bands(series: BarSeries, n: int, width: float) -> tuple[Floats, Floats]:
    middle = sma(series.close, n)
    deviation = _padded(_windows(series.close, n).std(axis=1), series.close)
    return middle, deviation * width


def _typical(series: BarSeries) -> Floats:
    return (series.high + series.low + series.close) / 3.0


def _change(series: BarSeries) -> Floats:
    return _padded(series.close[1:] / series.close[:-1] - 1.0, series.close)


def _log_change(series: BarSeries) -> Floats:
    """NaN where a price is not positive: futures may trade below zero."""
    with np.errstate(invalid="ignore", divide="ignore"):
        moves = np.log(series.close[1:] / series.close[:-1])
    return _padded(np.where(np.isfinite(moves), moves, np.nan), series.close)


def _volatility(series: BarSeries, n: int) -> Floats:
    """The sample deviation of the last ``n`` logarithmic returns, per bar and not a year."""
    moves = _log_change(series)[1:]
    return _padded(_windows(moves, n).std(axis=1, ddof=1), series.close)


def _vwap(series: BarSeries, n: int) -> Floats:
    """Over the last ``n`` bars; by the bars' own average prices, else by typical ones."""
    price = np.where(np.isnan(series.vwap), _typical(series), series.vwap)
    spent = _windows(price * series.volume, n).sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        found = spent / _windows(series.volume, n).sum(axis=1)
    return _padded(np.where(np.isfinite(found), found, np.nan), series.close)


def _parse(name: str) -> Indicator:
    kind = name.rstrip("_.0123456789")
    numbers = [float(text) for text in name[len(kind) + 1 :].split("_") if text]
    return _KINDS[SYNONYMS.get(kind, kind)](name, numbers)


def _periods(numbers: Sequence[float], usual: Sequence[int]) -> list[int]:
    """The given lengths, or the usual ones."""
    return [int(n) for n in numbers] or list(usual)


def _windowed(
    compute: Callable[[BarSeries, int], Floats], usual: int, more: int = 0
) -> Callable[[str, Sequence[float]], Indicator]:
    """An indicator of the last ``n`` bars and ``more``."""

    def parse(name: str, numbers: Sequence[float]) -> Indicator:
        (n,) = _periods(numbers, (usual,))
        return Indicator(name, n - 1 + more, lambda s: {name: compute(s, n)})

    return parse


def _recursive(
    compute: Callable[[BarSeries, int], Floats], usual: int, alpha: Callable[[int], float]
) -> Callable[[str, Sequence[float]], Indicator]:
    """An indicator that never quite forgets: warmed up until its start no longer counts."""

    def parse(name: str, numbers: Sequence[float]) -> Indicator:
        (n,) = _periods(numbers, (usual,))
        return Indicator(name, n + _memory(alpha(n)), lambda s: {name: compute(s, n)})

    return parse


def _plain(
    compute: Callable[[BarSeries], Floats], warmup: int
) -> Callable[[str, Sequence[float]], Indicator]:
    def parse(name: str, _: Sequence[float]) -> Indicator:
        return Indicator(name, warmup, lambda s: {name: compute(s)})

    return parse


def _parse_macd(name: str, numbers: Sequence[float]) -> Indicator:
    fast, slow, signal = _periods(numbers, (12, 26, 9))

    def compute(series: BarSeries) -> Columns:
        line, trigger = _macd(series, fast, slow, signal)
        return {name: line, f"{name}_signal": trigger, f"{name}_hist": line - trigger}

    longest = max(_memory(_ema_alpha(n)) for n in (fast, slow, signal))
    return Indicator(name, slow + signal + 2 * longest, compute)


def _parse_bands(name: str, numbers: Sequence[float]) -> Indicator:
    (n,) = _periods(numbers[:1], (20,))
    width = numbers[1] if len(numbers) > 1 else 2.0

    def compute(series: BarSeries) -> Columns:
        middle, reach = _bands(series, n, width)
        return {f"{name}_lower": middle - reach, name: middle, f"{name}_upper": middle + reach}

    return Indicator(name, n - 1, compute)


def _ema_alpha(n: int) -> float:
    return 2.0 / (n + 1)


def _wilder_alpha(n: int) -> float:
    return 1.0 / n


def _memory(alpha: float) -> int:
    """After how many steps the start weighs less than a billionth."""
    return math.ceil(math.log(_FORGOTTEN) / math.log1p(-alpha))


_KINDS: Mapping[str, Callable[[str, Sequence[float]], Indicator]] = {
    "sma": _windowed(lambda s, n: sma(s.close, n), 20),
    "ema": _recursive(lambda s, n: ema(s.close, n), 20, _ema_alpha),
    "rsi": _recursive(lambda s, n: rsi(s.close, n), 14, _wilder_alpha),
    "atr": _recursive(atr, 14, _wilder_alpha),
    "macd": _parse_macd,
    "bb": _parse_bands,
    "volatility": _windowed(_volatility, 20, 1),
    "vwap": _windowed(_vwap, 20),
    "typical": _plain(_typical, 0),
    "return": _plain(_change, 1),
    "log_return": _plain(_log_change, 1),
}


def _windows(values: Floats, n: int) -> Floats:
    """Every stretch of ``n`` neighbours (windows × n); none when there are fewer values."""
    if len(values) < n:
        return np.empty((0, n))
    return sliding_window_view(values, n)


def _padded(found: Floats, like: Floats) -> Floats:
    """As long as ``like``, NaN in front."""
    return np.concatenate((np.full(len(like) - len(found), np.nan), found))


def _smoothed(values: Floats, n: int, alpha: float) -> Floats:
    """``y += alpha * (x - y)``, begun with the mean of the first ``n`` defined values."""
    begin = int(np.isnan(values).argmin()) if len(values) and np.isnan(values[0]) else 0
    if len(values) - begin < n or math.isnan(values[-1]):
        return np.full(len(values), np.nan)
    level = float(values[begin : begin + n].mean())
    found = [level]
    for value in values[begin + n :].tolist():
        level += alpha * (value - level)
        found.append(level)
    return _padded(np.array(found), values)
