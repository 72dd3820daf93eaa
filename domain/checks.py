"""Rules about single bars and runs of bars, on whole columns; nothing loops over rows.

*Impossible* rows never become a series (:mod:`domain.soundness`). *Implausible* bars are stored,
served and reported here.
"""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from domain.bars import PRICES, BarSeries, Floats, Ints
from domain.quality import Finding, Severity, span

Mask = NDArray[np.bool_]

BLOCK = 16_384  # rows at a time: the columns of a block and its results fit into the L2 cache
WICK = 2.0  # a high (low) beyond twice (half) the open and the close is a long wick
FLAT_RUN = 5  # bars in a row that did not move at all before it is worth a word
STALE_RUN = 3  # bars in a row that are copies of each other


def odd_bars(series: BarSeries) -> list[Finding]:
    """Bars that contradict themselves, have a long wick, traded nothing or did not move.

    One pass finds the rows that are not perfectly ordinary; the single rules then look at
    those few only.
    """
    odd = scan(len(series), lambda rows: _odd(series, rows))
    return _oddities(series, odd) if len(odd) else []


@np.errstate(over="ignore")
def _oddities(series: BarSeries, odd: Ints) -> list[Finding]:
    """What is odd about the bars at these positions."""
    ts, volume = series.ts[odd], series.volume[odd]
    open_, high, low, close = (getattr(series, name)[odd] for name in PRICES)
    top, bottom = np.maximum(open_, close), np.minimum(open_, close)
    wick = ((high > WICK * top) | (low * WICK < bottom)) & (np.minimum(low, bottom) > 0)
    masks = {
        "ohlc": (high < top) | (low > bottom),
        "price_not_positive": np.minimum(low, bottom) <= 0,
        "negative_volume": volume < 0,
        "wick": wick,
        "no_volume": volume == 0,
    }
    found = [Finding.at(c, *_SAYS[c], ts[mask]) for c, mask in masks.items() if mask.any()]
    return found + _flat_runs(series, odd[high == low])


def stale_bars(series: BarSeries) -> list[Finding]:
    """Three or more bars in a row that are copies of each other although they were traded.

    Quiet bars (volume 0, or not sent and without a move) repeat by nature and do not count.
    """
    close = series.close
    same = scan(len(series) - 1, lambda rows: _copies(close, rows)) + 1
    for name in ("open", "high", "low"):
        if not len(same):
            return []
        column = getattr(series, name)
        same = same[column[same] == column[same - 1]]
    volume, before = series.volume[same], series.volume[same - 1]
    unsent = np.isnan(volume) & np.isnan(before) & (series.high[same] > series.low[same])
    starts, lengths = runs(same[((volume == before) & (volume > 0)) | unsent])
    long = lengths >= STALE_RUN - 1  # the first bar of a run is the original
    if not long.any():
        return []
    ts = series.ts[_members(starts[long], lengths[long])]
    return [Finding.at("stale", *_SAYS["stale"], ts)]


_SAYS = {
    "ohlc": (Severity.CRITICAL, "the high or low contradicts the open and the close"),
    "price_not_positive": (Severity.CRITICAL, "a price is zero or negative"),
    "negative_volume": (Severity.CRITICAL, "the volume is negative"),
    "wick": (Severity.WARNING, "the high or low lies twice as far out as the open and the close"),
    "no_volume": (Severity.INFO, "nothing was traded"),
    "stale": (Severity.WARNING, "every value repeats the bar before, the volume included"),
}


def scan(n: int, rule: Callable[[slice], Mask]) -> Ints:
    """The positions in ``0..n`` where the rule holds, asked block by block."""
    if n <= BLOCK:
        return rule(slice(0, max(n, 0))).nonzero()[0]
    starts = range(0, n, BLOCK)
    return np.concatenate([rule(slice(s, min(s + BLOCK, n))).nonzero()[0] + s for s in starts])


def runs(positions: Ints) -> tuple[Ints, Ints]:
    """Where runs of neighbouring ascending positions start, and how long they are."""
    if not len(positions):
        return positions, positions
    first = np.concatenate(([0], (np.diff(positions) != 1).nonzero()[0] + 1))
    return positions[first], np.diff(first, append=len(positions))


def _odd(series: BarSeries, rows: slice) -> Mask:
    open_, close, volume = series.open[rows], series.close[rows], series.volume[rows]
    high, low = series.high[rows], series.low[rows]
    top, bottom = np.maximum(open_, close), np.minimum(open_, close)
    odd = high < top
    odd |= low > bottom
    odd |= high == low
    odd |= volume <= 0
    least = float(low.min(initial=math.inf))
    if not 0 < high.max(initial=-math.inf) <= WICK * least:  # else there is no room for a wick
        with np.errstate(over="ignore"):
            odd |= low <= 0
            odd |= high > WICK * top
            odd |= low * WICK < bottom
    return odd


def _copies(column: Floats, rows: slice) -> Mask:
    return np.equal(column[rows], column[rows.start + 1 : rows.stop + 1])


def _members(starts: Ints, lengths: Ints) -> Ints:
    return np.concatenate(
        [np.arange(a, a + n) for a, n in zip(starts.tolist(), lengths.tolist(), strict=True)]
    )


def _flat_runs(series: BarSeries, flat: Ints) -> list[Finding]:
    starts, lengths = runs(flat)
    long = lengths >= FLAT_RUN
    if not long.any():
        return []
    ts = series.ts[_members(starts[long], lengths[long])]
    longest = span(int(lengths.max()) * series.interval.seconds)
    says = f"the price did not move at all, for up to {longest} on end"
    return [Finding.at("flat", Severity.INFO, says, ts)]
