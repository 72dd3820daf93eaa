"""Values that stand out, by statistics on one column.

The formulas of the first four are those of the fks_data contract (section 7), which pandas
computes in the same way; :func:`hampel` is Pearson's filter with Matlab's defaults.
"""

import math
from collections.abc import Sequence

import numpy as np

from domain.bars import Floats, Ints
from domain.checks import Mask, scan

MIN_ROWS = 20  # fewer values say nothing about what is usual
MIN_RETURNS = 6
NORMAL = 0.6745  # the median absolute deviation of a standard normal distribution
SIGMA_PER_MAD = 1.4826  # its inverse, as customary with the Hampel filter
HALF = 3  # neighbours on each side in the Hampel filter
WINDOW = 2 * HALF + 1

_NONE = np.empty(0, dtype=np.int64)


@np.errstate(all="ignore")
def zscore(values: Floats, threshold: float = 3.0) -> Ints:
    """Positions where ``|x - mean| / std > threshold`` (std with ddof 1; NaN is left out).

    None with fewer than 20 values or a std of 0.
    """
    return _standing_out(values, threshold, ddof=1, least=MIN_ROWS)


def iqr(values: Floats, k: float = 3.0) -> Ints:
    """Positions outside of ``Q1 - k IQR .. Q3 + k IQR``, quartiles by linear interpolation.

    NaN is left out; none with fewer than 20 values.
    """
    present = values[~np.isnan(values)]
    if len(present) < MIN_ROWS:
        return _NONE
    low, high = np.quantile(present, (0.25, 0.75)).tolist()
    reach = k * (high - low)
    outside: Mask = (values < low - reach) | (values > high + reach)
    return outside.nonzero()[0]


def mad(values: Floats, threshold: float = 3.0) -> Ints:
    """Positions where ``|0.6745 (x - median) / MAD| > threshold``.

    NaN is left out; none with fewer than 20 values or a MAD of 0.
    """
    present = values[~np.isnan(values)]
    if len(present) < MIN_ROWS:
        return _NONE
    middle = float(np.median(present))
    spread = float(np.median(np.abs(present - middle)))
    if spread == 0:
        return _NONE
    return np.greater(np.abs(NORMAL * (values - middle) / spread), threshold).nonzero()[0]


@np.errstate(all="ignore")
def spikes(closes: Floats, threshold: float = 5.0) -> Ints:
    """Positions whose return stands out: ``|return - mean| / std > threshold`` (ddof 0).

    The return of a bar is its close over the close before, less one; needs more than five.
    """
    if len(closes) <= MIN_RETURNS:
        return _NONE
    returns = closes[1:] / closes[:-1]
    returns -= 1.0  # over a close of 0 it is no number and left out
    return _standing_out(returns, threshold, ddof=0, least=MIN_RETURNS) + 1


def hampel(values: Floats, threshold: float = 3.0, least: float = 0.0) -> Ints:
    """Positions that leave the median of their neighbourhood by too much, exactly.

    ``|x - m| > threshold * 1.4826 * median(|window - m|)`` where the window is the value with
    three neighbours on each side (the first and last three values share the outermost whole
    window) and ``m`` its median; and ``|x - m| > least * |m|``. Values must be finite,
    ``threshold`` at least 1; none with fewer than seven values.

    No window is sorted. The median of seven comes from a network of minima and maxima over
    shifted columns, whose sorted triples neighbours share. The median deviation is not needed
    as a number: times c it lies below ``|x - m|`` exactly if four of the seven deviations do,
    so those are counted; rounding is monotonic and cannot change the verdict.
    """
    n, scale = len(values), threshold * SIGMA_PER_MAD
    if n < WINDOW:
        return _NONE
    with np.errstate(over="ignore", invalid="ignore"):
        first = _edge(values[:WINDOW], scale, least)[:HALF].nonzero()[0]
        last = _edge(values[-WINDOW:], scale, least)[-HALF:].nonzero()[0] + (n - HALF)
        inner = scan(n - WINDOW + 1, lambda rows: _leaves_its_window(values, rows, scale, least))
    return np.concatenate((first, inner + HALF, last))


def _standing_out(values: Floats, threshold: float, ddof: int, least: int) -> Ints:
    n = len(values)
    mean = float(np.add.reduce(values)) / n if n else np.nan
    if not math.isfinite(mean):  # NaN inside, or a sum beyond the largest float
        return _among_finite(values, threshold, ddof, least)
    if n < least:
        return _NONE
    away = values - mean
    limit = threshold * math.sqrt(float(away.dot(away)) / (n - ddof))
    if limit == 0:
        return _NONE
    np.abs(away, out=away)
    return (away > limit).nonzero()[0]


def _among_finite(values: Floats, threshold: float, ddof: int, least: int) -> Ints:
    there = np.isfinite(values).nonzero()[0]
    if len(there) == len(values) or len(there) < least:
        return _NONE
    return there[_standing_out(values[there], threshold, ddof, least)]


def _edge(window: Floats, scale: float, least: float) -> Mask:
    middle = float(np.median(window))
    away = np.abs(window - middle)
    return np.greater(away, max(scale * float(np.median(away)), least * abs(middle)))


def _leaves_its_window(values: Floats, rows: slice, scale: float, least: float) -> Mask:
    x = values[rows.start : rows.stop + WINDOW - 1]
    middle = _median_of_seven(x)
    away = np.abs(x[HALF:-HALF] - middle)
    far = away > least * np.abs(middle)
    few = far.nonzero()[0]
    if len(few) > len(far) // 8:  # gathering windows pays only while they are few
        far &= _mostly_near([x[j : j + len(far)] for j in range(WINDOW)], middle, away, scale)
    elif len(few):
        sides = [x[few + j] for j in range(WINDOW)]
        far[few] = _mostly_near(sides, middle[few], away[few], scale)
    return far


def _mostly_near(sides: Sequence[Floats], middle: Floats, away: Floats, scale: float) -> Mask:
    """Whether at least four deviations in the window are, times ``scale``, below ``away``."""
    near = np.zeros(len(middle), dtype=np.int8)
    room, inside = np.empty(len(middle)), np.empty(len(middle), dtype=np.bool_)
    for side in (*sides[:HALF], *sides[HALF + 1 :]):  # the value is never nearer than itself
        np.subtract(side, middle, out=room)
        np.abs(room, out=room)
        np.multiply(room, scale, out=room)
        np.less(room, away, out=inside)
        np.add(near, inside.view(np.int8), out=near)
    return np.greater(near, HALF)


def _median_of_seven(x: Floats) -> Floats:
    """For each value but the outer three its window's median, from two sorted triples."""
    low, high = np.minimum(x[:-2], x[1:-1]), np.maximum(x[:-2], x[1:-1])
    least = np.minimum(low, x[2:])
    np.maximum(low, x[2:], out=low)
    mid, most = np.minimum(low, high), np.maximum(low, high)
    a, b, c = least[:-4], mid[:-4], most[:-4]
    p, q, r = least[4:], mid[4:], most[4:]
    # The third and fourth of the six; the seventh value, clamped between them, is the median.
    third = np.minimum(np.minimum(c, r), np.minimum(np.maximum(b, p), np.maximum(a, q)))
    fourth = np.maximum(np.maximum(a, p), np.maximum(np.minimum(b, r), np.minimum(c, q)))
    return np.minimum(np.maximum(x[HALF:-HALF], third), fourth)
