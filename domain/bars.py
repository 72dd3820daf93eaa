"""Bars: the columnar :class:`BarSeries` and its scalar view :class:`Bar`.

Structure is guaranteed by construction (equal lengths, strictly increasing aligned times,
finite prices); plausibility is judged by :mod:`domain.quality`.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Self

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from domain.errors import InvalidRequest
from domain.interval import Interval

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

PRICES = ("open", "high", "low", "close")


class Bar(Struct, frozen=True, kw_only=True):
    """One bar. ``None`` means that the provider did not send the value; it is never 0.

    ``ts`` is the open in Unix seconds; ``volume`` counts units of the base asset (shares,
    contracts, coins); ``trades`` is the number of trades; ``final`` is False while it forms.
    """

    ts: int
    open: float
    high: float
    low: float
    close: float
    volume: float | None = None
    vwap: float | None = None
    trades: int | None = None
    final: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class BarSeries:
    """Final bars of one series as read-only numpy columns of equal length.

    ``ts`` int64 seconds, strictly increasing and aligned to ``interval``; ``open high low
    close`` finite float64; ``volume`` and ``vwap`` float64 where NaN means "not sent";
    ``trades`` int64 where -1 means "not sent".

    Raises:
        InvalidRequest: a column breaks that contract.
    """

    interval: Interval
    ts: Ints
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    vwap: Floats = field(default_factory=lambda: np.empty(0))
    trades: Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))

    def __post_init__(self) -> None:
        """Check the structure once; afterwards it cannot break."""
        n = len(self.ts)
        if len(self.vwap) == 0:
            object.__setattr__(self, "vwap", np.full(n, np.nan))
        if len(self.trades) == 0:
            object.__setattr__(self, "trades", np.full(n, -1, dtype=np.int64))
        for name, kind in _KINDS.items():
            object.__setattr__(self, name, _frozen(name, getattr(self, name), kind, n))
        fault = (_time_fault(self.interval, self.ts) or _value_fault(self)) if n else None
        if fault:
            message = f"These columns are no bar series: {fault}."
            raise InvalidRequest(message)

    @classmethod
    def empty(cls, interval: Interval) -> Self:
        """A series without bars."""
        none = np.empty(0)
        return cls(interval, np.empty(0, dtype=np.int64), none, none, none, none, none)

    @classmethod
    def of(cls, interval: Interval, bars: Iterable[Bar]) -> Self:
        """Columns from scalar bars, in the order given."""
        rows = tuple(bars)
        floats = {
            name: np.array([_or_nan(getattr(b, name)) for b in rows], dtype=np.float64)
            for name in ("open", "high", "low", "close", "volume", "vwap")
        }
        trades = [-1 if b.trades is None else b.trades for b in rows]
        ts = np.array([b.ts for b in rows], dtype=np.int64)
        return cls(interval, ts, **floats, trades=np.array(trades, dtype=np.int64))

    @classmethod
    def concat(cls, interval: Interval, parts: Iterable["BarSeries"]) -> Self:
        """Join series that follow each other in time.

        Raises:
            InvalidRequest: the parts overlap, are out of order or of another interval.
        """
        pieces = [p for p in parts if len(p)]
        if any(p.interval is not interval for p in pieces):
            raise InvalidRequest(_MIXED)
        if not pieces:
            return cls.empty(interval)
        return cls(
            interval, *(np.concatenate([getattr(p, name) for p in pieces]) for name in COLUMNS)
        )

    def __len__(self) -> int:
        """How many bars."""
        return len(self.ts)

    def __iter__(self) -> Iterator[Bar]:
        """Scalar views, ascending."""
        return (self.bar(i) for i in range(len(self)))

    def __eq__(self, other: object) -> bool:
        """Whether every column is the same, absent values included."""
        if not isinstance(other, BarSeries):
            return NotImplemented
        return self.interval is other.interval and all(
            np.array_equal(getattr(self, n), getattr(other, n), equal_nan=n not in _INTEGERS)
            for n in COLUMNS
        )

    __hash__ = None  # type: ignore[assignment]  # columns are arrays: a series is no key

    def bar(self, index: int) -> Bar:
        """The scalar view of one row (negative counts from the end)."""
        volume, vwap, trades = self.volume[index], self.vwap[index], self.trades[index]
        return Bar(
            ts=int(self.ts[index]),
            open=float(self.open[index]),
            high=float(self.high[index]),
            low=float(self.low[index]),
            close=float(self.close[index]),
            volume=None if math.isnan(volume) else float(volume),
            vwap=None if math.isnan(vwap) else float(vwap),
            trades=None if trades < 0 else int(trades),
        )

    def columns(self) -> Mapping[str, NDArray[np.generic]]:
        """Name to column, in canonical order."""
        return {name: getattr(self, name) for name in COLUMNS}

    def where(self, keep: NDArray[np.bool_] | NDArray[np.int64] | slice) -> "BarSeries":
        """The chosen rows (mask, ascending positions or slice)."""
        return BarSeries(self.interval, *(getattr(self, name)[keep] for name in COLUMNS))

    def between(self, start: int, end: int) -> "BarSeries":
        """The bars that open in ``[start, end)``."""
        low, high = np.searchsorted(self.ts, (start, end))
        return self.where(slice(int(low), int(high)))

    def merged(self, newer: "BarSeries") -> "BarSeries":
        """Both series in one; where both have a bar, ``newer`` wins.

        Raises:
            InvalidRequest: the two are of different intervals.
        """
        if self.interval is not newer.interval:
            raise InvalidRequest(_MIXED)
        if not len(self) or not len(newer):
            return newer if len(newer) else self
        old = self.where(~np.isin(self.ts, newer.ts, assume_unique=True))
        joined = {n: np.concatenate((getattr(old, n), getattr(newer, n))) for n in COLUMNS}
        order = np.argsort(joined["ts"], kind="stable")
        return BarSeries(self.interval, *(joined[n][order] for n in COLUMNS))


COLUMNS = ("ts", "open", "high", "low", "close", "volume", "vwap", "trades")
_INTEGERS = frozenset({"ts", "trades"})
_WHOLE, _DECIMAL = np.dtype(np.int64), np.dtype(np.float64)
_KINDS = {name: _WHOLE if name in _INTEGERS else _DECIMAL for name in COLUMNS}
_MIXED = "Bars of different intervals cannot be joined into one series."


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else value


def _frozen(
    name: str, given: NDArray[np.generic], kind: np.dtype[np.generic], n: int
) -> NDArray[np.generic]:
    """A read-only, contiguous view of the column in its type; copies only if it must."""
    column = np.asarray(given)
    if kind is _WHOLE and n and column.dtype.kind not in "iu":
        message = f"These columns are no bar series: {name} does not hold whole numbers."
        raise InvalidRequest(message)
    if column.shape != (n,):
        message = "These columns are no bar series: columns differ in length."
        raise InvalidRequest(message)
    column = np.ascontiguousarray(column, kind)
    if column.flags.writeable:
        column = column.view()
        column.setflags(write=False)
    return column


def _time_fault(interval: Interval, ts: Ints) -> str | None:
    """Looks closely only at the first bar and at those that do not follow their neighbour."""
    breaks = interval.breaks(ts)
    if len(breaks) and np.any(ts[breaks + 1] <= ts[breaks]):
        return "times do not strictly increase"
    starts = interval.is_aligned(int(ts[0]))
    if starts and (not len(breaks) or interval.aligned(ts[breaks + 1]).all()):
        return None
    return f"times do not open {interval.value} bars"


@np.errstate(all="ignore")
def _value_fault(series: BarSeries) -> str | None:
    # A sum of products is finite only if all that goes into it is; the closer look is for a sum
    # that is too large, and for volumes that were not sent. It is much faster than that look.
    prices = [getattr(series, name) for name in PRICES]
    if not (_finite(prices[0], prices[1]) and _finite(prices[2], prices[3])) and not all(
        np.isfinite(column).all() for column in prices
    ):
        return "a price is not finite"
    others = (series.volume, series.vwap)
    if not _finite(*others) and any(np.count_nonzero(np.isinf(column)) for column in others):
        return "a volume or vwap is infinite"
    return "a number of trades is negative" if series.trades.min() < -1 else None


def _finite(one: Floats, other: Floats) -> bool:
    return math.isfinite(one.dot(other))  # half as long as ``@``
