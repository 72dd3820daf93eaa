"""Bars out of Yahoo's charts."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
from msgspec.structs import replace

from adapters_out.provider_kit.calls import Call, Reply
from adapters_out.provider_kit.cells import Unreadable
from adapters_out.provider_kit.rows import sheet_of_columns, sheet_of_numbers
from adapters_out.provider_kit.sheet import Sheet
from adapters_out.provider_kit.wall_clock import DAY, local_of
from adapters_out.providers.yahoo.answers import Chart, Meta, chart_of, number_chart_of
from adapters_out.providers.yahoo.symbols import NAME, chart_call, symbol_of
from domain.bars import PRICES, Ints
from domain.errors import RangeUnavailable
from domain.interval import Interval
from domain.provider import BarsAsk
from domain.timerange import TimeRange

SPELLING = {
    Interval.M1: "1m",
    Interval.M5: "5m",
    Interval.M15: "15m",
    Interval.M30: "30m",
    Interval.D1: "1d",
    Interval.W1: "1wk",
    Interval.MO1: "1mo",
}
_HOUR = 3600
# It counts back from when it answers: an hour less than it keeps is surely kept.
HISTORY_S = (
    (Interval.M1, 30 * DAY - _HOUR),
    (Interval.M5, 60 * DAY - _HOUR),
    (Interval.M15, 60 * DAY - _HOUR),
    (Interval.M30, 60 * DAY - _HOUR),
)
_KEPT_S = dict(HISTORY_S)
_MINUTES_S = 7 * DAY - _HOUR  # of minutes in one answer
# A day of trading begins up to fourteen hours before its date in UTC.
_EAST_S = 14 * _HOUR
# Weeks may be stamped on Sunday or Tuesday, months on the last day before: into their middle.
_INTO = {Interval.D1: 0, Interval.W1: 2 * DAY, Interval.MO1: DAY}
_COLUMNS = (*PRICES, "volume")


def page_of(ask: BarsAsk) -> TimeRange:
    """Minutes by the week."""
    span = ask.range
    if ask.interval is not Interval.M1:
        return span
    return TimeRange(span.start, min(span.end, span.start + _MINUTES_S))


def _oldest(ask: BarsAsk) -> int | None:
    kept_s = _KEPT_S.get(ask.interval)
    if kept_s is None or not ask.asked_at:
        return None
    return ask.interval.ceil(ask.asked_at - kept_s)


def ask_bars(ask: BarsAsk) -> Call:
    """The chart of a range, or of the part of it that is kept.

    Raises:
        RangeUnavailable: nothing of it is kept; to be told so would cost a call.
    """
    oldest, start, end = _oldest(ask), ask.range.start, ask.range.end
    if oldest is not None and end <= oldest:
        days = (_KEPT_S[ask.interval] + _HOUR) // DAY
        message = f"{NAME} keeps {ask.interval.value} bars of the last {days} days only."
        raise RangeUnavailable(message, provider=NAME)
    start = max(start, oldest or start)
    if ask.interval in _INTO:
        start -= _EAST_S
    params: dict[str, str | int] = {
        "interval": SPELLING[ask.interval],
        "period1": start,
        "period2": end - 1,  # right, whether inclusive or not
        "includePrePost": "false",
    }
    return chart_call(symbol_of(ask.instrument), params)


def read_bars(reply: Reply, ask: BarsAsk) -> Sheet:
    """The bars of a chart.

    Raises:
        Unreadable: it is the chart of another range.
    """
    oldest = _oldest(ask)
    kept_from = oldest if oldest is not None and oldest > ask.range.start else None
    sheet_of: Callable[[Mapping[str, Sequence[object]]], Sheet] = sheet_of_numbers
    try:
        chart: Chart[Any] | None = number_chart_of(reply)
    except msgspec.DecodeError:
        chart, sheet_of = chart_of(reply), sheet_of_columns
    if chart is None or not chart.timestamp:
        nothing: dict[str, Sequence[object]] = dict.fromkeys(("ts", *_COLUMNS), ())
        return replace(sheet_of_columns(nothing), kept_from=kept_from)
    if chart.meta.range:
        raise Unreadable("it is the chart of a range of its own")
    columns = _columns(chart)
    sheet = _dated(_traded(sheet_of(columns), columns), chart.meta, ask, reply)
    _check_range(sheet.ts, ask)
    return replace(sheet, kept_from=kept_from)


def _columns(chart: Chart[Any]) -> Mapping[str, Sequence[object]]:
    (quote,) = chart.indicators.quote
    columns = {"ts": chart.timestamp} | {name: getattr(quote, name) for name in _COLUMNS}
    if columns["volume"] is None or chart.meta.kind == "CRYPTOCURRENCY":
        # The volume of a coin is in dollars, of which nobody can make coins.
        del columns["volume"]
    absent = [name for name, cells in columns.items() if cells is None]
    if absent:
        raise Unreadable(f"it has no column {absent[0]}")
    if len(set(map(len, columns.values()))) > 1:
        raise Unreadable("its columns differ in length")
    return columns


def _traded(sheet: Sheet, columns: Mapping[str, Sequence[object]]) -> Sheet:
    """Without the rows that hold nothing at all: a gap is not a bar."""
    if not sheet.unread:
        return sheet
    prices = zip(*(columns[name] for name in PRICES), strict=True)
    keep = [i for i, row in enumerate(prices) if row != (None,) * len(PRICES)]
    return _kept(sheet, np.array(keep, dtype=np.int64))


def _dated(sheet: Sheet, meta: Meta, ask: BarsAsk, reply: Reply) -> Sheet:
    """The rows with clean prices, by the opens of their bars."""
    prices = meta.clean(np.array([getattr(sheet, name) for name in PRICES]))
    sheet = replace(sheet, **dict(zip(PRICES, prices, strict=True)))
    live = _is_live(sheet, meta, ask.interval)
    if ask.interval in _INTO:
        ts = _periods(sheet.ts, meta.zone, ask.interval, live=live)
        return _merged(replace(sheet, ts=ts), ask.interval) if live else replace(sheet, ts=ts)
    return _with_live(sheet, ask.interval, reply.true_at) if live else sheet


def _is_live(sheet: Sheet, meta: Meta, interval: Interval) -> bool:
    """Whether the last row is no bar but the quote of now (or of the last trade)."""
    if not len(sheet) or sheet.ts[-1] != meta.at:
        return False
    off_grid = interval in _INTO or not interval.is_aligned(int(sheet.ts[-1]))
    return off_grid or not sheet.volume[-1] > 0


def _periods(ts: Ints, zone: str, interval: Interval, *, live: bool) -> Ints:
    """The first days of the periods, at midnight UTC, by the dates of the exchange."""
    local = local_of(zone, ts)
    dates = local - local % DAY
    into = np.full(len(ts), _INTO[interval])
    if live:
        into[-1] = 0
    return interval.floors(dates + into)


def _merged(sheet: Sheet, interval: Interval) -> Sheet:
    """The quote of now as a part of the period that it belongs to, or as its only row.

    A day's quote is the whole day; a week's or month's comes beside what was before today.
    """
    n = len(sheet)
    if n < 2 or sheet.ts[-2] != sheet.ts[-1]:
        return sheet
    if interval is Interval.D1:
        return _kept(sheet, np.delete(np.arange(n), n - 2))
    volume = sheet.volume.copy()
    volume[-1] += volume[-2]
    opened, high, low = sheet.open.copy(), sheet.high.copy(), sheet.low.copy()
    opened[-1], high[-1], low[-1] = opened[-2], high[-2:].max(), low[-2:].min()
    whole = replace(sheet, open=opened, high=high, low=low, volume=volume)
    return _kept(whole, np.delete(np.arange(n), n - 2))


def _with_live(sheet: Sheet, interval: Interval, looked_at: float) -> Sheet:
    """The quote of now as the running bar, if nothing else is; long after it is none at all."""
    n, opened = len(sheet), interval.floor(int(sheet.ts[-1]))
    if (n > 1 and sheet.ts[-2] >= opened) or looked_at >= interval.shift(opened, 2):
        return _kept(sheet, np.arange(n - 1))
    ts = sheet.ts.copy()
    ts[-1] = opened
    return replace(sheet, ts=ts, final_before=opened)


def _kept(sheet: Sheet, keep: Ints) -> Sheet:
    """Some of the rows, in their order."""
    columns = {name: getattr(sheet, name)[keep] for name in ("ts", *_COLUMNS, "vwap", "trades")}
    places = keep.tolist()
    unread = {new: sheet.unread[old] for new, old in enumerate(places) if old in sheet.unread}
    return replace(sheet, **columns, unread=unread, text=lambda i: sheet.text(places[i]))


def _check_range(ts: Ints, ask: BarsAsk) -> None:
    """Rows of other days may come along, but not they alone."""
    slack = ask.interval.seconds + DAY
    inside = (ts >= ask.range.start - slack) & (ts < ask.range.end + slack)
    if len(ts) and not inside.any():
        raise Unreadable("it is the chart of another range")
