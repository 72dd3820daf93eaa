"""Bars of EODHD: days by the date of their session, minutes and hours in UTC; all raw.

Volumes of days are adjusted for splits, prices are not. What nobody traded is left out or null.
"""

import calendar
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime

import msgspec
import numpy as np
from msgspec import Struct, field
from msgspec.structs import replace

from adapters_out.provider_kit.calls import MIB, Call, Reply, most_bytes
from adapters_out.provider_kit.judge import PageRules
from adapters_out.provider_kit.objects import decoded, sheet_of_alike, sheet_of_objects
from adapters_out.provider_kit.provider import BarsEndpoint
from adapters_out.provider_kit.rows import sheet_of_columns
from adapters_out.provider_kit.sheet import Sheet
from adapters_out.providers.eodhd.spelling import is_pair, symbol_of
from domain.bars import Ints
from domain.interval import Interval
from domain.provider import BarsAsk
from domain.timerange import TimeRange

_HOUR, _DAY, _YEAR = 3600, 86_400, 365 * 86_400
# Longer stretches are refused; more bars than that are never in one answer.
_LONGEST = {Interval.M1: 120 * _DAY, Interval.M5: 600 * _DAY, Interval.H1: 7200 * _DAY}
_PERIODS = {Interval.D1: "d", Interval.W1: "w", Interval.MO1: "m"}
SPANS = (*_LONGEST, *_PERIODS)
PAGE = 120 * 1440
_INTRADAY_WEIGHT = 5


def _page(ask: BarsAsk) -> TimeRange:
    """A stretch that is not refused; a place is left for the running bar."""
    span, longest = ask.range, _LONGEST.get(ask.interval)
    if longest is None:
        return span
    room = longest - (ask.interval.seconds if ask.forming else 0)
    return TimeRange(span.start, min(span.end, span.start + room))


def _ask_bars(ask: BarsAsk) -> Call:
    symbol, span = symbol_of(ask.instrument), ask.range
    most = min(32 * MIB, most_bytes(ask.interval.count(span.start, span.end)))
    if ask.interval in _LONGEST:
        params: dict[str, str | int] = {"interval": ask.interval.value, "fmt": "json"}
        params |= {"from": span.start, "to": span.end - 1}  # inclusive
        return Call(f"/intraday/{symbol}", params, weight=_INTRADAY_WEIGHT, max_bytes=most)
    params = {"period": _PERIODS[ask.interval], "order": "a", "fmt": "json"}
    params |= {"from": _date(span.start), "to": _date(span.end - _DAY)}
    return Call(f"/eod/{symbol}", params, max_bytes=most)


def _date(ts: int) -> str:
    return datetime.fromtimestamp(ts, UTC).strftime("%Y-%m-%d")


class _Minute(Struct, gc=False):
    """Any of the numbers is null where nobody traded."""

    ts: object = field(name="timestamp", default=None)
    open: object = None
    high: object = None
    low: object = None
    close: object = None
    volume: object = None


class _Day(Struct, gc=False):
    """``warning`` is in the last row, which may be nothing else, where the plan ends."""

    date: object = None
    open: object = None
    high: object = None
    low: object = None
    close: object = None
    volume: object = None
    warning: str | None = None


class _Dated(Struct):
    """A day by the names of our columns; with a warning it has to be looked at."""

    open: object
    high: object
    low: object
    close: object
    volume: object
    ts: object = field(name="date", default=None)
    warning: object = None


_MINUTES = msgspec.json.Decoder(list[_Minute])
_DAYS = msgspec.json.Decoder(list[_Day])


def _is_traded(row: _Minute | _Day) -> bool:
    return not (row.open is None and row.high is None and row.low is None and row.close is None)


def _read_bars(reply: Reply, ask: BarsAsk) -> Sheet:
    if ask.interval in _LONGEST:
        sheet = sheet_of_alike(reply.body, _Minute) or _minutes(reply.body)
    else:
        quick = sheet_of_alike(reply.body, _Dated, stamps=lambda days: _opens(days, ask.interval))
        sheet = quick or _days(reply, ask)
    if is_pair(ask.instrument):
        return sheet
    return replace(sheet, published=_published(sheet, ask.interval, reply.true_at))


def _minutes(body: bytes) -> Sheet:
    return sheet_of_objects([row for row in decoded(body, _MINUTES) if _is_traded(row)])


def _days(reply: Reply, ask: BarsAsk) -> Sheet:
    rows = decoded(reply.body, _DAYS)
    cut = any(row.warning is not None for row in rows)
    kept = [row for row in rows if row.date is not None or _is_traded(row)]
    sheet = sheet_of_columns(_columns(kept, ask.interval))
    if not cut:
        return sheet
    # The plan ends a year back: what is older was not answered for.
    told = sheet.ts[sheet.ts >= 0]
    oldest = int(told.min()) if len(told) else ask.interval.ceil(int(reply.true_at) - _YEAR)
    return replace(sheet, kept_from=oldest)


def _columns(rows: Sequence[_Day], interval: Interval) -> Mapping[str, Sequence[object]]:
    return {
        "ts": [_open(row.date, interval) for row in rows],
        "open": [row.open for row in rows],
        "high": [row.high for row in rows],
        "low": [row.low for row in rows],
        "close": [row.close for row in rows],
        "volume": [row.volume for row in rows],
    }


def _opens(days: Sequence[str], interval: Interval) -> Ints | None:
    """00:00 UTC of the dates, None if one is none."""
    if set(map(len, days)) != {len("2026-05-15")}:
        return None
    with suppress(ValueError):
        dates: Ints = np.array(days, dtype="datetime64[D]").astype(np.int64) * _DAY
        return interval.floors(dates)
    return None


def _open(day: object, interval: Interval) -> int | str | None:
    """00:00 UTC of the date; weeks and months are told by a day in them."""
    try:
        found = date.fromisoformat(day) if isinstance(day, str) else None
    except ValueError:
        return f"{day}"[:40]
    return None if found is None else interval.floor(calendar.timegm(found.timetuple()))


def _published(sheet: Sheet, interval: Interval, now: float) -> int:
    """Stocks come hours after the close: what is missing of the last day may come yet.

    On a weekend nothing does.
    """
    told = interval.shift(int(sheet.ts.max()), 1) if len(sheet) else 0
    known = max(told, interval.floor(int(now) - _DAY))
    monday = Interval.W1.shift(Interval.W1.floor(known), 1)
    # In winter the last hour of Friday in New York is the first of Saturday here.
    rest = monday - 2 * _DAY + (_HOUR if interval in _LONGEST else 0)
    return monday if known >= rest and interval.seconds <= _DAY else known


BARS = BarsEndpoint(ask=_ask_bars, read=_read_bars, page=_page, rules=PageRules())
