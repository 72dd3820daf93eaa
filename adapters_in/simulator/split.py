"""One bar taken apart into the bars it was made of, so that they always add up to it.

Prices are whole ticks, volumes whole lots, so the sums are exact.
"""

from dataclasses import dataclass, fields

import numpy as np

from adapters_in.simulator.noise import Floats, Ints, bell, fraction, words

# How far a path strays between its ends, and how long its wicks are, as parts of the range.
_STRAY = 0.55
_WICK = 0.45


@dataclass(frozen=True, slots=True)
class Spans:
    """Bars of neighbouring spans of equal length.

    ``start`` Unix seconds; ``open high low close`` ticks; ``vwap`` ticks (a float between low
    and high); ``volume`` lots; ``trades`` count, 0 exactly when the volume is 0; ``share`` the
    part of the span in which the market was open.
    """

    start: Ints
    open: Ints
    high: Ints
    low: Ints
    close: Ints
    vwap: Floats
    volume: Ints
    trades: Ints
    share: Floats

    def take(self, low: int, high: int) -> "Spans":
        """The spans at positions ``low`` to ``high`` (exclusive)."""
        return Spans(*(getattr(self, field.name)[low:high] for field in fields(self)))

    def busy(self, start: int, end: int) -> "Spans":
        """Those with trades that begin in ``[start, end)``."""
        kept = (self.trades > 0) & (self.start >= start) & (self.start < end)
        return Spans(*(getattr(self, field.name)[kept] for field in fields(self)))


def split(parent: Spans, key: int, share: Floats, seconds: int) -> Spans:
    """Each parent as ``share.shape[1]`` children of ``seconds`` each.

    ``share`` (parents × children) is the open part of each child. Opens continue closes; the
    children's highest high, lowest low and sums of volume, trades and turnover are the parent's.
    """
    count, parts = share.shape
    start = parent.start[:, None] + np.arange(parts, dtype=np.int64) * seconds
    index = start.ravel() // seconds
    moves = bell(words(key, index)).reshape(count, parts)
    dice = words(key ^ 0x5BD1E995, index).reshape(count, parts)
    trades = _dealt(parent.trades, share * (0.25 + fraction(dice, 0)), fraction(dice[:, 0], 3))
    extra = trades * (0.2 + fraction(dice, 1))
    volume = trades + _dealt(parent.volume - parent.trades, extra, np.zeros(count))
    ends = _path(parent, trades, volume, moves)
    opens = np.concatenate((parent.open[:, None], ends[:, :-1]), axis=1)
    high, low = _wicks(parent, opens, ends, trades, dice)
    vwap = _averages(parent, volume, (opens + ends + high + low) / 4.0)
    busy = trades > 0
    vwap = np.where(busy, vwap, ends)
    high = np.where(busy, np.maximum(high, np.ceil(vwap).astype(np.int64)), high)
    low = np.where(busy, np.minimum(low, np.floor(vwap).astype(np.int64)), low)
    return Spans(
        start.ravel(),
        opens.ravel(),
        high.ravel(),
        low.ravel(),
        ends.ravel(),
        vwap.ravel(),
        volume.ravel(),
        trades.ravel(),
        share.ravel(),
    )


def _dealt(total: Ints, weight: Floats, offset: Floats) -> Ints:
    """Whole numbers in proportion to the weights that add up to each total exactly.

    ``offset`` (0..1) shifts where the single pieces of a small total fall.
    """
    sums = np.cumsum(weight, axis=1)
    whole = np.where(sums[:, -1:] > 0, sums[:, -1:], 1.0)
    # At most .999: a larger offset could round a full sum up to the next whole number.
    steps = np.floor(total[:, None] * (sums / whole) + offset[:, None] * 0.999)
    counts: Ints = steps.astype(np.int64)
    counts[:, 1:] -= counts[:, :-1].copy()
    return counts


def _path(parent: Spans, trades: Ints, volume: Ints, moves: Floats) -> Ints:
    """Closes of the children: a bridge from the parent's open to its close.

    It stands still where nobody trades, stays within the parent's range, and bulges so that
    its average comes near the parent's vwap.
    """
    busy = (trades > 0).astype(np.float64)
    done = np.cumsum(busy, axis=1)
    last = np.maximum(done[:, -1:], 1.0)
    along = done / last
    walk = np.cumsum(moves * busy, axis=1)
    span = (parent.high - parent.low).astype(np.float64)[:, None]
    bridge = (walk - along * walk[:, -1:]) * (_STRAY * span / np.sqrt(last))
    opened, closed = (p.astype(np.float64)[:, None] for p in (parent.open, parent.close))
    line = opened + (closed - opened) * along + bridge
    bulge = along * (1.0 - along)
    weight = np.maximum(volume.sum(axis=1), 1)
    short = parent.vwap - (volume * line).sum(axis=1) / weight
    mass = (volume * bulge).sum(axis=1) / weight
    lift = np.where(mass > 0, short / np.where(mass > 0, mass, 1.0), 0.0)
    path = np.clip(line + bulge * lift[:, None], parent.low[:, None], parent.high[:, None])
    return np.rint(path).astype(np.int64)


def _wicks(
    parent: Spans, opens: Ints, ends: Ints, trades: Ints, dice: np.ndarray
) -> tuple[Ints, Ints]:
    """Highs and lows; one child, the most extreme, reaches each of the parent's."""
    busy = trades > 0
    tops, bottoms = np.maximum(opens, ends), np.minimum(opens, ends)
    span = (parent.high - parent.low).astype(np.float64)[:, None]
    scale = np.where(busy, _WICK * span / np.sqrt(np.maximum(busy.sum(axis=1), 1))[:, None], 0.0)
    up, down = fraction(dice, 2), fraction(dice, 3)
    high = np.minimum(tops + np.rint(scale * up * up).astype(np.int64), parent.high[:, None])
    low = np.maximum(bottoms - np.rint(scale * down * down).astype(np.int64), parent.low[:, None])
    rows = np.arange(len(tops))
    high[rows, np.where(busy, tops, -1).argmax(axis=1)] = parent.high
    low[rows, np.where(busy, bottoms, np.iinfo(np.int64).max).argmin(axis=1)] = parent.low
    return high, low


def _averages(parent: Spans, volume: Ints, middle: Floats) -> Floats:
    """Children's vwaps near ``middle`` whose volume-weighted mean is the parent's.

    What is missing is made up by moving all of them by the same share of their way to the
    parent's high (or low), which always suffices.
    """
    bounds_low, bounds_high = (p.astype(np.float64)[:, None] for p in (parent.low, parent.high))
    wanted = parent.vwap * volume.sum(axis=1)
    short = wanted - (volume * middle).sum(axis=1)
    room = np.where(short[:, None] > 0, bounds_high, bounds_low) - middle
    most = (volume * room).sum(axis=1)
    share = np.where(most != 0, short / np.where(most != 0, most, 1.0), 0.0)
    moved = middle + room * np.clip(share, 0.0, 1.0)[:, None]
    kept: Floats = np.clip(moved, bounds_low, bounds_high)
    return kept
