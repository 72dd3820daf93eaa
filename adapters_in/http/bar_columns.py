"""The bars of an answer as Python columns, with rows for missing bars when asked for."""

from collections.abc import Iterable
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

_LONGEST_LEAD = 10_000  # rows that are filled in before the first bar
_NO = -1  # a number of trades that was not sent, in the domain's columns


@dataclass(frozen=True, slots=True)
class Columns:
    """Lists of one length; NaN in ``prices`` and ``volume`` is encoded as null.

    ``vwap`` and ``trades`` are None when the provider sent none at all, ``filled`` when no row
    was filled in.
    """

    ts: list[int]
    prices: tuple[list[float], ...]
    volume: list[float]
    final: list[bool]
    vwap: list[float] | None
    trades: list[int | None] | None
    filled: list[bool] | None


def columns_of(answer: BarsAnswer, fill: Fill = Fill.NONE) -> Columns:
    """The final bars, one row per missing bar of the window if ``fill`` says so, the forming bar.

    Filled rows have no volume; ``previous`` repeats the last close before them as all prices,
    and has null prices where there is none.
    """
    series = answer.series
    floats = {name: getattr(series, name) for name in (*PRICES, "volume", "vwap")}
    ts, trades, missing = series.ts, series.trades, None
    if fill is not Fill.NONE:
        ts = series.interval.grid(_fill_from(answer), answer.window.end)
        at = np.searchsorted(series.ts, ts).clip(max=max(0, len(series) - 1))
        missing = series.ts[at] != ts
        floats = {name: np.where(missing, np.nan, column[at]) for name, column in floats.items()}
        trades = np.where(missing, _NO, trades[at])
        if fill is Fill.PREVIOUS:
            _repeat_close(floats, missing)
    columns = Columns(
        ts=ts.tolist(),
        prices=tuple(floats[name].tolist() for name in PRICES),
        volume=floats["volume"].tolist(),
        final=[True] * len(ts),
        vwap=None if np.isnan(floats["vwap"]).all() else floats["vwap"].tolist(),
        trades=_counts(trades),
        filled=None if missing is None else missing.tolist(),
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


def _counts(trades: Ints) -> list[int | None] | None:
    absent = np.equal(trades, _NO)
    if absent.all():
        return None
    counts: list[int | None] = trades.tolist()
    return [None if n == _NO else n for n in counts] if absent.any() else counts


def _with_forming(columns: Columns, bar: Bar) -> Columns:
    """One more row; it says itself that it is not final."""
    nan = float("nan")
    n = len(columns.ts)
    vwap = columns.vwap
    if vwap is None and bar.vwap is not None:
        vwap = [nan] * n
    trades = columns.trades
    if trades is None and bar.trades is not None:
        trades = [None] * n
    return Columns(
        ts=[*columns.ts, bar.ts],
        prices=tuple(
            [*column, getattr(bar, name)]
            for name, column in zip(PRICES, columns.prices, strict=True)
        ),
        volume=[*columns.volume, nan if bar.volume is None else bar.volume],
        final=[*columns.final, False],
        vwap=None if vwap is None else [*vwap, nan if bar.vwap is None else bar.vwap],
        trades=None if trades is None else [*trades, bar.trades],
        filled=None if columns.filled is None else [*columns.filled, False],
    )


def bar_rows(columns: Columns, *, demo: bool = False) -> list[BarRow]:
    """Rows with both time columns; ``demo`` marks each (for formats without an envelope)."""
    required: tuple[Iterable[Any], ...] = (
        columns.ts,
        columns.ts,
        *columns.prices,
        columns.volume,
        columns.final,
    )
    extra = (columns.vwap, columns.trades, columns.filled)
    if not demo and all(column is None for column in extra):
        return list(map(BarRow, *required))
    absent: Iterable[Any] = repeat(UNSET)
    filled = absent if columns.filled is None else [f or UNSET for f in columns.filled]
    vwap, trades = columns.vwap or absent, columns.trades or absent
    marks = repeat(True) if demo else absent
    return list(map(BarRow, *required, vwap, trades, filled, marks))


def ts_rows(columns: Columns) -> list[TsRow]:
    """Rows with ``ts`` alone."""
    return list(map(TsRow, columns.ts, *columns.prices, columns.volume, columns.final))


def iso_rows(columns: Columns) -> list[IsoRow]:
    """Rows with an ISO time in UTC."""
    days = np.array(columns.ts, dtype="datetime64[s]")
    times = [f"{text}Z" for text in np.datetime_as_string(days).tolist()]
    return list(map(IsoRow, times, *columns.prices, columns.volume, columns.final))
