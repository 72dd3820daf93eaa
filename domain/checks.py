"""Rules about single bars: what cannot be true of any bar, whatever the market did.

Everything here works on whole columns; nothing loops over rows.
"""

import math

import numpy as np
from numpy.typing import NDArray

from domain.bars import Floats


def impossible(
    open_: Floats, high: Floats, low: Floats, close: Floats, volume: Floats
) -> NDArray[np.bool_]:
    """Which rows cannot be bars: they belong into quarantine, never into the store.

    Columns are float64 of equal length; a NaN volume means "not sent" and is fine. Impossible
    is a price that is not finite or not above zero, a high below open, low or close, a low
    above open, high or close, and a volume that is negative or infinite.
    """
    with np.errstate(invalid="ignore"):
        fine = high >= np.maximum(open_, close)  # false as well when one of them is NaN
        fine &= low <= np.minimum(open_, close)
        fine &= low > 0
        fine &= high < math.inf
        fine &= ~((volume < 0) | (volume == math.inf))
    return ~fine


def why_impossible(
    open_: float, high: float, low: float, close: float, volume: float = math.nan
) -> str:
    """The reason why one row is impossible, or an empty text when it is a bar.

    Agrees with :func:`impossible`; the reason names the first fault in the order below.
    """
    prices = (open_, high, low, close)
    if not all(map(math.isfinite, prices)):
        return "a price is not a finite number"
    if min(prices) <= 0:
        return "a price is zero or negative"
    if high < max(prices):
        return "the high lies below another price of the bar"
    if low > min(prices):
        return "the low lies above another price of the bar"
    if volume < 0:
        return "the volume is negative"
    return "the volume is infinite" if volume == math.inf else ""
