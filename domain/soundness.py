"""Which rows can be bars at all, why others cannot, and what a row is as a bar.

*Impossible* rows contradict themselves whatever the market did: they belong into quarantine, never
into the store. What is merely implausible is a bar (:mod:`domain.checks`).
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.bars import Bar, Floats
from domain.instrument import AssetClass

Mask = NDArray[np.bool_]
Columns = Sequence[NDArray[Any]]


def price_floor(asset_class: AssetClass) -> float:
    """What a price must exceed: futures may trade below zero (crude oil did, 2020-04-20)."""
    return -math.inf if asset_class is AssetClass.FUTURE else 0.0


def row_at(columns: Columns, index: int) -> list[Any]:
    """The cells of one row, as plain numbers."""
    return [column.item(index) for column in columns]


def anywhere(mask: Mask) -> bool:
    """Whether it holds for a row: ``any`` takes twice as long for a page."""
    return bool(np.count_nonzero(mask))


def sound_rows(columns: Sequence[Any], floor: float) -> Mask:
    """Rows that can be bars; ``columns`` are those of :data:`domain.bars.COLUMNS`.

    They may be the cells of a single row, of which the mask then is. Comparisons with NaN are
    false, so a price that is none fails.
    """
    _, open_, high, low, close, volume, vwap, trades = columns
    right = (high >= open_) & (high >= close) & (low <= open_) & (low <= close)
    right &= (low > floor) & (high < math.inf)
    wrong = (volume < 0) | (volume == math.inf) | (vwap == math.inf) | (trades < -1)
    wrong |= wrong_averages(vwap, volume, floor)
    sound: Mask = right & np.logical_not(wrong)
    return sound


def wrong_averages(vwap: Floats, volume: Floats, floor: float) -> Mask:
    """Rows whose vwap is no price; nothing was traded and it was sent as 0: that is no fault."""
    wrong: Mask = (vwap <= floor) & ((vwap != 0) | (volume != 0))
    return wrong


def why_unsound(row: Sequence[Any], floor: float) -> str:
    """The first thing that is wrong with a row, an empty text for one that can be a bar.

    Agrees with :func:`sound_rows`.
    """
    _, open_, high, low, close, volume, vwap, trades = row
    if volume < 0 or volume == math.inf or trades < -1:
        rest = "volume or trades are negative or infinite"
    elif vwap == math.inf or wrong_averages(vwap, volume, floor):
        rest = "vwap is not positive and finite"
    else:
        rest = ""
    return _wrong_price(open_, high, low, close, floor) or rest


def _wrong_price(open_: float, high: float, low: float, close: float, floor: float) -> str:
    prices = (open_, high, low, close)
    if not all(map(math.isfinite, prices)):
        return "a price is not finite"
    if min(prices) <= floor:
        return "a price is not positive"
    if high < max(prices):
        return "high lies below another price"
    return "low lies above another price" if low > min(prices) else ""


def sent_averages(vwap: Floats) -> Floats:
    """What was sent as 0 is absent."""
    absent = vwap == 0
    return np.where(absent, np.nan, vwap) if anywhere(absent) else vwap


def forming_bar(row: Sequence[Any]) -> Bar:
    """A sound row as the bar that forms."""
    ts, open_, high, low, close, volume, vwap, trades = row
    return Bar(
        ts=ts,
        open=open_,
        high=high,
        low=low,
        close=close,
        volume=None if math.isnan(volume) else volume,
        vwap=None if math.isnan(vwap) or vwap == 0 else vwap,
        trades=None if trades < 0 else trades,
        final=False,
    )
