"""The yardstick of judging: the rules of :func:`domain.scoring.inspect` in pandas.

Each rule answers with the opens (Unix s) of the bars that it flags, under the name of our check.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd

from domain.scoring import DEFAULT

Flags = dict[str, pd.Index]

_WINDOW = 7
_SIGMA_PER_MAD = 1.4826
_STEP = 60


def exact_flags(frame: pd.DataFrame) -> Flags:
    """Every rule to the letter; the Hampel filter by ``rolling.apply`` on each window."""
    return _flags(frame, _exact_deviation)


def two_pass_flags(frame: pd.DataFrame) -> Flags:
    """The same, but for the Hampel filter in its usual two rolling medians.

    The second takes every deviation from its own median instead of the window's: other flags.
    """
    return _flags(frame, _two_pass_deviation)


def _flags(frame: pd.DataFrame, deviation: Callable[[pd.Series, pd.Series], pd.Series]) -> Flags:
    if frame.index.has_duplicates or not frame.index.is_monotonic_increasing:
        raise AssertionError("the bars are in order")
    masks = {
        **_odd(frame),
        "flat": _in_runs(frame["high"] == frame["low"], 5),
        "stale": _stale(frame),
        "outlier_close": _standing_out(frame["close"], 3.0, 1),
        "outlier_volume": _standing_out(frame["volume"], 3.0, 1),
        "spike": _standing_out(frame["close"].pct_change(), 5.0, 0),
        "hampel_close": _hampel(frame["close"], deviation),
    }
    found = {name: frame.index[mask] for name, mask in masks.items()}
    grid = pd.RangeIndex(frame.index[0], frame.index[-1] + _STEP, _STEP)
    return found | {"missing": grid.difference(frame.index)}


def _odd(frame: pd.DataFrame) -> dict[str, pd.Series]:
    high, low, volume = frame["high"], frame["low"], frame["volume"]
    top = frame[["open", "close"]].max(axis=1)
    bottom = frame[["open", "close"]].min(axis=1)
    lowest = np.minimum(low, bottom)
    return {
        "ohlc": (high < top) | (low > bottom),
        "price_not_positive": lowest <= 0,
        "negative_volume": volume < 0,
        "wick": ((high > 2 * top) | (low * 2 < bottom)) & (lowest > 0),
        "no_volume": volume == 0,
    }


def _stale(frame: pd.DataFrame) -> pd.Series:
    """Copies of a traded bar, three in a row with the original."""
    columns = frame[["open", "high", "low", "close", "volume"]]
    copies = (columns == columns.shift()).all(axis=1) & (frame["volume"] > 0)
    return _in_runs(copies, 2)


def _in_runs(mask: pd.Series, least: int) -> pd.Series:
    """Which rows lie in a run of at least so many."""
    numbers = (mask != mask.shift()).cumsum()
    return mask & (mask.groupby(numbers).transform("size") >= least)


def _standing_out(values: pd.Series, threshold: float, ddof: int) -> pd.Series:
    return (values - values.mean()).abs() / values.std(ddof=ddof) > threshold


def _hampel(close: pd.Series, deviation: Callable[[pd.Series, pd.Series], pd.Series]) -> pd.Series:
    """The outermost whole window is that of the three values at each end, too."""
    middle = close.rolling(_WINDOW, center=True).median().bfill().ffill()
    spread = deviation(close, middle).bfill().ffill()
    away = (close - middle).abs()
    limit = DEFAULT.hampel_threshold * _SIGMA_PER_MAD * spread
    return (away > limit) & (away > DEFAULT.hampel_least * middle.abs())


def _exact_deviation(close: pd.Series, _: pd.Series) -> pd.Series:
    return close.rolling(_WINDOW, center=True).apply(_median_deviation, raw=True)


def _median_deviation(window: np.ndarray) -> float:
    return float(np.median(np.abs(window - np.median(window))))


def _two_pass_deviation(close: pd.Series, middle: pd.Series) -> pd.Series:
    return (close - middle).abs().rolling(_WINDOW, center=True).median()
