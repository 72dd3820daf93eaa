"""A synthetic market: every bar is a pure function of seed, instrument, interval and time.

Days are noise; hours are days taken apart, minutes hours, seconds minutes (:mod:`split`). So a
bar of any interval equals the roll-up of any finer ones, without computing them.
"""

from dataclasses import dataclass, fields
from functools import lru_cache

import numpy as np

from adapters_in.simulator.assets import Asset
from adapters_in.simulator.columns import BarColumns
from adapters_in.simulator.noise import Floats, Ints, bell, fraction, key_of, octaves, words
from adapters_in.simulator.sessions import DAY, open_share
from adapters_in.simulator.split import Spans, split

HOUR, MINUTE = 3600, 60
_OCTAVES = 9  # the slowest wave takes 256 days
_FLOOR_TICKS = 5.0  # a price of a few ticks could not move
# Neighbouring calls are about the same few days, hours and minutes: 10 MB of them are kept.
_FEW, _KEPT = 60, 2048
# Each unit: what it is cut from, and into how many.
_PARENT = {HOUR: DAY, MINUTE: HOUR, 1: MINUTE}


@dataclass(frozen=True, slots=True)
class SyntheticMarket:
    """Prices that never were. Two markets with the same ``seed`` are the same market."""

    seed: int = 7

    def bars(self, asset: Asset, edges: Ints, now: float) -> BarColumns:
        """The bars between neighbouring ``edges`` (whole Unix s, ascending) that exist by ``now``.

        Missing are bars of hours in which the market was closed, not yet listed or down. The
        bar that contains ``now`` forms: it holds the seconds that are over, and no more.
        """
        second = int(np.floor(now))
        closed = int(np.searchsorted(edges, second, side="right")) - 1
        whole = self._whole(asset, edges[: closed + 1]) if closed > 0 else BarColumns.empty()
        if not 0 <= closed < len(edges) - 1:
            return whole
        forming = self._forming(asset, int(edges[closed]), int(edges[closed + 1]), second)
        return whole.joined(forming) if len(forming) else whole

    def price(self, asset: Asset, now: float) -> float:
        """The price after the last whole second; of what has expired, the last one."""
        second = int(np.floor(now if asset.expires is None else min(now, asset.expires))) - 1
        return float(self._spans(asset, 1, second, second + 1).close[0] / 10**asset.decimals)

    def _whole(self, asset: Asset, edges: Ints) -> BarColumns:
        unit = next(u for u in (DAY, HOUR, MINUTE, 1) if not np.any(edges % u))
        spans = self._spans(asset, unit, int(edges[0]), int(edges[-1]))
        return _rolled(asset, spans, edges)

    def _forming(self, asset: Asset, opened: int, closes: int, second: int) -> BarColumns:
        pieces: list[Spans] = []
        at = opened
        for unit in (DAY, HOUR, MINUTE, 1):
            until = second - second % unit
            if at % unit == 0 and until > at:
                pieces.append(self._spans(asset, unit, at, until))
                at = until
        if not pieces:
            return self._opening(asset, opened, closes)
        joined = Spans(
            *(np.concatenate([getattr(p, n) for p in pieces]) for n in Spans.__dataclass_fields__)
        )
        return _rolled(asset, joined, np.array([opened, closes], dtype=np.int64), forming=True)

    def _opening(self, asset: Asset, opened: int, closes: int) -> BarColumns:
        """A bar in its first second: the first price and no trade yet."""
        first = self._spans(asset, 1, opened, opened + 1)
        still = Spans(
            first.start,
            *(first.open,) * 4,
            first.open.astype(np.float64),
            *(np.zeros(1, dtype=np.int64),) * 2,
            first.share,
        )
        return _rolled(asset, still, np.array([opened, closes], dtype=np.int64), forming=True)

    def _spans(self, asset: Asset, unit: int, start: int, end: int) -> Spans:
        """Every span of ``unit`` seconds in the aligned ``[start, end)``, closed ones too."""
        if end - start <= _FEW * unit:
            return _remembered(self, asset, unit, start, end)
        return self.spread(asset, unit, start, end)

    def spread(self, asset: Asset, unit: int, start: int, end: int) -> Spans:
        """The same, made anew."""
        if unit == DAY:
            return self._days(asset, np.arange(start // DAY, end // DAY, dtype=np.int64))
        size = _PARENT[unit]
        first = start - start % size
        parents = self._spans(asset, size, first, end + (-end) % size)
        starts = np.arange(first, end + (-end) % size, unit, dtype=np.int64)
        share = open_share(asset, starts, unit).reshape(len(parents.start), size // unit)
        spans = split(parents, key_of(self.seed, asset.path, asset.id, unit), share, unit)
        return spans.take((start - first) // unit, (end - first) // unit)

    def busy_seconds(self, asset: Asset, start: int, end: int) -> Spans:
        """The seconds of ``[start, end)`` in which there were trades.

        Days, hours and minutes without any are not taken apart, so that years of a thin market
        cost little more than its trades.
        """
        spans, unit = self._spans(asset, DAY, start - start % DAY, end + (-end) % DAY), DAY
        while unit > 1:
            spans = spans.busy(start - start % unit, end)
            finer = next(u for u, size in _PARENT.items() if size == unit)
            inner = np.arange(0, unit, finer, dtype=np.int64)
            starts = (spans.start[:, None] + inner).ravel()
            share = open_share(asset, starts, finer).reshape(len(spans.start), len(inner))
            spans = split(spans, key_of(self.seed, asset.path, asset.id, finer), share, finer)
            unit = finer
        return spans.busy(start, end)

    def _days(self, asset: Asset, day: Ints) -> Spans:
        share = open_share(asset, day * DAY, DAY)
        close, opened = self._settled(asset, day), self._settled(asset, _session_before(asset, day))
        close = np.where(share > 0, close, opened)
        dice = words(key_of(self.seed, asset.path, "range"), day)
        size = words(key_of(self.seed, asset.id, "size"), day)
        reach = np.where(share > 0, opened * asset.swing * 1.6, 0.0)
        up, down = (np.rint(reach * (0.1 + fraction(dice, k))).astype(np.int64) for k in (0, 1))
        high, low = np.maximum(opened, close) + up, np.minimum(opened, close) - down
        low = np.maximum(low, np.minimum(np.minimum(opened, close), 1))
        lean = (opened + close) * 0.3 + (high + low) * 0.2
        trades = _amount(asset.trades * share, 0.25 * bell(dice) + 0.25 * bell(size))
        volume = _amount(asset.volume * 10**asset.lots * share, 0.3 * bell(dice))
        volume = np.where(trades > 0, np.maximum(volume, trades), 0)
        return Spans(day * DAY, opened, high, low, close, lean, volume, trades, share)

    def _settled(self, asset: Asset, day: Ints) -> Ints:
        """The price in ticks at the end of each day."""
        waves = octaves(key_of(self.seed, asset.path), day, _OCTAVES)
        ticks = asset.level * 10**asset.decimals * np.exp(asset.swing * waves)
        settled: Ints = np.rint(np.maximum(ticks, _FLOOR_TICKS)).astype(np.int64)
        return settled


@lru_cache(maxsize=_KEPT)
def _remembered(market: SyntheticMarket, asset: Asset, unit: int, start: int, end: int) -> Spans:
    spans = market.spread(asset, unit, start, end)
    for field in fields(spans):
        getattr(spans, field.name).setflags(write=False)
    return spans


def _session_before(asset: Asset, day: Ints) -> Ints:
    """The last day before each on which the market was open; the price rests until then.

    At most a week back; before the listing, the day before it.
    """
    found = day - 1
    for _ in range(6):
        found = np.where(open_share(asset, found * DAY, DAY) > 0, found, found - 1)
    return np.maximum(found, asset.listed // DAY - 1)


def _amount(usual: Floats, spread: Floats) -> Ints:
    """A whole number around the usual one; at least 1 where there is any."""
    amount = np.rint(usual * np.exp(spread)).astype(np.int64)
    return np.where(usual > 0, np.maximum(amount, 1), 0)


def _rolled(asset: Asset, spans: Spans, edges: Ints, *, forming: bool = False) -> BarColumns:
    """One bar between each two edges in which the market was ever open."""
    first = np.searchsorted(spans.start, edges[:-1])
    last = np.append(first[1:], len(spans.start)) - 1
    keep = np.maximum.reduceat(spans.share, first) > 0
    scale = 10**asset.decimals
    turnover = np.add.reduceat(spans.volume * spans.vwap, first)
    return BarColumns(
        edges[:-1][keep],
        edges[1:][keep],
        (spans.open[first] / scale)[keep],
        (np.maximum.reduceat(spans.high, first) / scale)[keep],
        (np.minimum.reduceat(spans.low, first) / scale)[keep],
        (spans.close[last] / scale)[keep],
        (np.add.reduceat(spans.volume, first) / 10**asset.lots)[keep],
        (turnover / (scale * 10**asset.lots))[keep],
        np.add.reduceat(spans.trades, first)[keep],
        forming=forming and bool(keep.all()),
    )
