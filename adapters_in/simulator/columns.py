"""Bars as the simulator hands them to a dialect: columns, unjudged, any alignment."""

from dataclasses import dataclass, fields
from typing import Self

import numpy as np
from msgspec import Struct

from adapters_in.simulator.noise import Floats, Ints
from domain.bars import Bar
from domain.interval import Interval


class Grid(Struct, frozen=True):
    """The opens of a provider's bars: multiples of ``seconds`` after ``anchor``, or months.

    ``label`` is the interval's name for corrections; it is canonical where the domain has one.
    """

    label: str
    seconds: int
    anchor: int = 0
    months: bool = False

    @classmethod
    def of(cls, interval: Interval) -> Self:
        """The domain's own alignment."""
        anchor = interval.floor(0) if interval.is_fixed else 0
        return cls(interval.value, interval.seconds, anchor, months=not interval.is_fixed)

    def floor(self, ts: int) -> int:
        """The open of the bar that contains ``ts``."""
        if self.months:
            return Interval.MO1.floor(ts)
        return ts - (ts - self.anchor) % self.seconds

    def shift(self, ts: int, bars: int) -> int:
        """The open that lies ``bars`` bars after the open ``ts``."""
        return Interval.MO1.shift(ts, bars) if self.months else ts + bars * self.seconds

    def ceil(self, ts: int) -> int:
        """The first open at or after ``ts``."""
        opened = self.floor(ts)
        return opened if opened == ts else self.shift(opened, 1)

    def edges(self, first: int, bars: int) -> Ints:
        """The opens of ``bars`` bars from the open ``first``, and the end of the last."""
        if self.months:
            return np.array([self.shift(first, k) for k in range(bars + 1)], dtype=np.int64)
        return first + np.arange(bars + 1, dtype=np.int64) * self.seconds


@dataclass(frozen=True, slots=True, eq=False)
class BarColumns:
    """Bars in ascending order; ``closes`` are the ends (exclusive) in Unix seconds.

    ``turnover`` is the sum of price × volume. The last row is still forming if ``forming``.
    """

    ts: Ints
    closes: Ints
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    turnover: Floats
    trades: Ints
    forming: bool = False

    @classmethod
    def empty(cls) -> Self:
        """No bars."""
        whole, real = np.empty(0, dtype=np.int64), np.empty(0)
        return cls(whole, whole, real, real, real, real, real, real, whole)

    def __len__(self) -> int:
        """How many bars."""
        return len(self.ts)

    @property
    def vwap(self) -> Floats:
        """Average price, 0 where nothing was traded."""
        busy = self.volume != 0
        return np.where(busy, self.turnover / np.where(busy, self.volume, 1.0), 0.0)

    def take(self, keep: "slice | Ints | np.ndarray[tuple[int], np.dtype[np.bool_]]") -> Self:
        """The chosen rows in the chosen order; still forming if the last row stays last."""
        last = np.arange(len(self))[keep][-1:]
        columns = {name: getattr(self, name)[keep] for name in COLUMNS}
        forming = self.forming and bool(np.any(last == len(self) - 1))
        return type(self)(**columns, forming=forming)

    def joined(self, later: Self) -> Self:
        """These rows, then the other's."""
        columns = {n: np.concatenate((getattr(self, n), getattr(later, n))) for n in COLUMNS}
        return type(self)(**columns, forming=later.forming if len(later) else self.forming)

    def with_values(self, row: int, values: dict[str, float]) -> Self:
        """A copy in which some columns of one row are different."""
        changed = {name: getattr(self, name).copy() for name in values}
        for name, value in values.items():
            changed[name][row] = value
        return type(self)(
            **{n: changed.get(n, getattr(self, n)) for n in COLUMNS}, forming=self.forming
        )

    def bars(self) -> tuple[Bar, ...]:
        """Scalar views, for tests and people."""
        vwap = self.vwap
        return tuple(
            Bar(
                ts=int(self.ts[k]),
                open=float(self.open[k]),
                high=float(self.high[k]),
                low=float(self.low[k]),
                close=float(self.close[k]),
                volume=float(self.volume[k]),
                vwap=float(vwap[k]) if self.volume[k] else None,
                trades=int(self.trades[k]),
                final=not (self.forming and k == len(self) - 1),
            )
            for k in range(len(self))
        )


COLUMNS = tuple(field.name for field in fields(BarColumns) if field.name != "forming")
