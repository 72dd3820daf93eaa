"""The trades behind the synthetic bars: of any second, numbered without holes since the listing.

The trades of a span have its volume and number exactly; their prices lie within its range and
the last one is its close. A pure function, like the bars.
"""

import math
from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from adapters_in.simulator.assets import Asset
from adapters_in.simulator.market import HOUR, MINUTE, SyntheticMarket
from adapters_in.simulator.noise import fraction, key_of, words
from adapters_in.simulator.sessions import DAY
from adapters_in.simulator.split import Spans

_US, _NS_PER_US, _HALF = 1_000_000, 1000, 0.5
_UNITS = (DAY, HOUR, MINUTE, 1)
_TOGETHER = 16  # days with trades that are taken apart at once


class Printed(Struct, frozen=True):
    """One trade: its number from 1, moment in µs, price and size in units, and the taker's side."""

    id: int
    ts_us: int
    price: float
    size: float
    bought: bool

    @property
    def ts_ns(self) -> int:
        """Unix ns."""
        return self.ts_us * _NS_PER_US


class Tape(Struct, frozen=True):
    """The trades of one asset, up to the last whole second before ``now``."""

    market: SyntheticMarket
    asset: Asset
    now: float

    @property
    def last_id(self) -> int:
        """The number of the newest trade; 0 before the first."""
        return self._before(math.floor(self.now))

    def first_from(self, ts_us: int) -> int:
        """The number of the first trade at or after a moment."""
        second = max(ts_us // _US, 0)
        if second >= math.floor(self.now):
            return self.last_id + 1
        first = self._before(second) + 1
        return first + sum(
            trade.ts_us < ts_us for trade in self._printed(second, second + 1, first)
        )

    def between(self, first: int, stop: int) -> Sequence[Printed]:
        """The trades with the numbers ``[first, stop)``, as far as there are any."""
        first, stop = max(first, 1), min(stop, self.last_id + 1)
        if first >= stop:
            return []
        second, number = self._second_of(first)
        end = self._second_of(stop - 1)[0] + 1
        found = self._printed(second, end, number)
        return [trade for trade in found if first <= trade.id < stop]

    def _printed(self, start: int, end: int, number: int) -> list[Printed]:
        """The trades of the seconds ``[start, end)``, the first of which has that number."""
        days = [day for day, _ in self._counted(start - start % DAY, end + (-end) % DAY, DAY)]
        found: list[Printed] = []
        for k in range(0, len(days), _TOGETHER):
            some = days[k : k + _TOGETHER]
            first, last = max(start, some[0]), min(end, some[-1] + DAY)
            seconds = self.market.busy_seconds(self.asset, first, last)
            found += self._trades(seconds, number + len(found))
        return found

    def _counted(self, start: int, end: int, unit: int) -> list[tuple[int, int]]:
        """(open, trades) of the units of an aligned span in which there are any."""
        if start >= end:
            return []
        edges = np.arange(start, end + 1, unit, dtype=np.int64)
        rows = self.market.bars(self.asset, edges, float(end))
        busy = rows.trades > 0
        return list(zip(rows.ts[busy].tolist(), rows.trades[busy].tolist(), strict=True))

    def _before(self, second: int) -> int:
        """How many trades there were before a second, from days, hours, minutes and seconds."""
        at = self.asset.listed // DAY * DAY
        total = 0
        for unit in _UNITS:
            until = second - second % unit
            total += sum(count for _, count in self._counted(at, until, unit))
            at = max(at, until)
        return total

    def _second_of(self, number: int) -> tuple[int, int]:
        """The second of a trade, and the number of the first trade in that second."""
        start, first = self.asset.listed // DAY * DAY, 1
        end = math.floor(self.now) // DAY * DAY + DAY
        for unit in _UNITS:
            for opened, count in self._counted(start, end, unit):
                if first + count > number:
                    start, end = opened, opened + unit
                    break
                first += count
        return start, first

    def _trades(self, seconds: Spans, first: int) -> list[Printed]:
        """The trades of busy seconds, the first of which has that number."""
        scale, lots = 10**self.asset.decimals, 10**self.asset.lots
        counts = seconds.trades
        row = np.repeat(np.arange(len(counts)), counts)
        place = np.arange(len(row), dtype=np.int64)
        number = first + place
        place -= np.repeat(np.cumsum(counts) - counts, counts)  # within its second
        dice = words(key_of(self.market.seed, self.asset.id, "tape"), number)
        count, volume, low = counts[row], seconds.volume[row], seconds.low[row]
        sizes = (place + 1) * volume // count - place * volume // count
        ticks = low + (fraction(dice, 0) * (seconds.high[row] - low + 1)).astype(np.int64)
        ticks = np.where(place == count - 1, seconds.close[row], ticks)
        within = ((place + fraction(dice, 1)) * (_US / count)).astype(np.int64)
        columns = (number, seconds.start[row] * _US + within, ticks, sizes, fraction(dice, 2))
        return [
            Printed(name, at, tick / scale, size / lots, die < _HALF)
            for name, at, tick, size, die in zip(*(c.tolist() for c in columns), strict=True)
        ]
