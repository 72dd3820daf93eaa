"""The bars of an answer as columns, with rows for missing bars when asked for."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import repeat
from typing import Any

import numpy as np
from msgspec import UNSET
from numpy.typing import NDArray

from adapters_in.http.bodies_bars import BarRow, IsoRow, TsRow
from application.answers import BarsAnswer
from domain.bars import PRICES, Bar, Floats, Ints
from domain.query import Fill

Marks = NDArray[np.bool_]
Column = Ints | Floats | Marks

_LONGEST_LEAD = 10_000  # rows that are filled in before the first bar
_NO = -1  # a number of trades that was not sent, in the domain's columns


@dataclass(frozen=True, slots=True)
class Columns:
    """Arrays of one length, contiguous; NaN and a number of trades of -1 become null.

    ``vwap`` and ``trades`` are None when the provider sent none at all, ``filled`` when no row
    was filled in.
    """

    ts: Ints
    prices: tuple[Floats, ...]
    volume: Floats
    final: Marks
    vwap: Floats | None
    trades: Ints | None
    filled: Marks | None

    def named(self) -> Mapping[str, Column]:
        """Every column that there is, in the order of CSV."""
        every = (self.ts, *self.prices, self.volume, self.final, self.vwap, self.trades)
        names = ("ts", *PRICES, "volume", "final", "vwap", "trades", "filled")
        pairs = zip(names, (*every, self.filled), strict=True)
        return {name: column for name, column in pairs if column is not None}


def columns_of(answer: BarsAnswer, fill: Fill = Fill.NONE) -> Columns:
    """The final bars, one row per missing bar of the window if ``fill`` says so, the forming bar.

    Filled rows have no volume; ``previous`` repeats the last close before them as all prices,
    and has null prices where there is none.
    """
    series = answer.series
    floats = {name: getattr(series, name) for name in (*PRICES, "volume", "vwap")}
    ts, trades, missing = series.ts, series.trades, None
    if fill is not Fill.NONE and len(series):
        ts = series.interval.grid(_fill_from(answer), answer.window.end)
        at = np.searchsorted(series.ts, ts).clip(max=max(0, len(series) - 1))
        missing = series.ts[at] != ts
        floats = {name: np.where(missing, np.nan, column[at]) for name, column in floats.items()}
        trades = np.where(missing, _NO, trades[at])
        if fill is Fill.PREVIOUS:
            _repeat_close(floats, missing)
    columns = Columns(
        ts=ts,
        prices=tuple(floats[name] for name in PRICES),
        volume=floats["volume"],
        final=np.ones(len(ts), dtype=np.bool_),
        vwap=None if np.isnan(floats["vwap"]).all() else floats["vwap"],
        trades=None if trades.max(initial=_NO) == _NO else trades,
        filled=missing,
    )
    return columns if answer.forming is None else _with_forming(columns, answer.forming)


def _fill_from(answer: BarsAnswer) -> int:
    """Where filling begins: years before the first bar are one gap and no rows."""
    start, first = answer.window.start, int(answer.series.ts[0])
    return first if answer.series.interval.count(start, first) > _LONGEST_LEAD else start


def _repeat_close(floats: dict[str, Floats], missing: NDArray[np.bool_]) -> None:
    """Give missing rows the close of the last bar before them."""
    source = np.maximum.accumulate(np.where(missing, -1, np.arange(len(missing))))
    known = missing & (source >= 0)
    for name in reversed(PRICES):  # the close last read is the one first written
        floats[name][known] = floats["close"][source[known]]


def _with_forming(columns: Columns, bar: Bar) -> Columns:
    """One more row; it says itself that it is not final."""
    n = len(columns.ts)
    vwap, trades = columns.vwap, columns.trades
    if vwap is None and bar.vwap is not None:
        vwap = np.full(n, np.nan)
    if trades is None and bar.trades is not None:
        trades = np.full(n, _NO)
    return Columns(
        ts=np.append(columns.ts, bar.ts),
        prices=tuple(
            np.append(column, getattr(bar, name))
            for name, column in zip(PRICES, columns.prices, strict=True)
        ),
        volume=np.append(columns.volume, _or(bar.volume, np.nan)),
        final=np.append(columns.final, False),
        vwap=None if vwap is None else np.append(vwap, _or(bar.vwap, np.nan)),
        trades=None if trades is None else np.append(trades, _or(bar.trades, _NO)),
        filled=None if columns.filled is None else np.append(columns.filled, False),
    )


def _or(value: float | None, absent: float) -> float:
    return absent if value is None else value


def bar_rows(columns: Columns, *, demo: bool = False) -> list[BarRow]:
    """Rows with both time columns; ``demo`` marks each (for formats without an envelope)."""
    ts = columns.ts.tolist()
    required: tuple[Iterable[Any], ...] = (ts, ts, *_measured(columns))
    extra = (columns.vwap, columns.trades, columns.filled)
    if not demo and all(column is None for column in extra):
        return list(map(BarRow, *required))
    absent: Iterable[Any] = repeat(UNSET)
    vwap = absent if columns.vwap is None else columns.vwap.tolist()
    trades = absent if columns.trades is None else _counts(columns.trades)
    filled = absent if columns.filled is None else [f or UNSET for f in columns.filled.tolist()]
    marks = repeat(True) if demo else absent
    return list(map(BarRow, *required, vwap, trades, filled, marks))


def ts_rows(columns: Columns) -> list[TsRow]:
    """Rows with ``ts`` alone."""
    return list(map(TsRow, columns.ts.tolist(), *_measured(columns)))


def iso_rows(columns: Columns) -> list[IsoRow]:
    """Rows with an ISO time in UTC."""
    days = columns.ts.astype("datetime64[s]")
    times = [f"{text}Z" for text in np.datetime_as_string(days).tolist()]
    return list(map(IsoRow, times, *_measured(columns)))


def _measured(columns: Columns) -> tuple[list[Any], ...]:
    """What every row has but for its time, value by value."""
    measured = (*columns.prices, columns.volume, columns.final)
    return tuple(column.tolist() for column in measured)


def _counts(trades: Ints) -> list[int | None]:
    counts: list[int | None] = trades.tolist()
    return [None if n == _NO else n for n in counts] if trades.min() == _NO else counts
