"""Massive's bars of futures, called aggregates there.

A minute without trades has no bar; the bar of a session belongs to its ``session_end_date``,
whatever ``window_start`` says.
"""

from collections.abc import Sequence
from contextlib import suppress

import msgspec
import numpy as np
from msgspec import Struct, field
from msgspec.structs import replace

from adapters_out.provider_kit.calls import Call, Reply, most_bytes
from adapters_out.provider_kit.cells import Unreadable, floats
from adapters_out.provider_kit.envelope import read_rows
from adapters_out.provider_kit.judge import PageRules
from adapters_out.provider_kit.objects import sheet_of_alike
from adapters_out.provider_kit.provider import BarsEndpoint
from adapters_out.provider_kit.rows import Rows, sheet_of_columns
from adapters_out.provider_kit.sheet import Sheet
from adapters_out.providers.massive_futures.answers import (
    ENVELOPE,
    Envelope,
    following,
    open_envelope,
)
from domain.bars import Floats
from domain.contract_names import ticker_of
from domain.interval import Interval
from domain.provider import BarsAsk
from domain.session_facts import FACTS, day_number

_NS, _DAY = 10**9, 86_400
PAGE = 10_000  # of at most 50,000: a body of 3 MB
_DELAY_S = 900  # of a delayed plan: ten minutes and some more
_UNITS = {"m": "min", "h": "hour"}
# Windows of minutes and hours are aligned to the clock of UTC, up to 59 minutes.
RESOLUTIONS = {i: i.value[:-1] + _UNITS[i.value[-1]] for i in Interval if i.value[-1] in _UNITS}
RESOLUTIONS |= {Interval.D1: "1session", Interval.W1: "1week"}
_AMOUNTS = ("settlement_price", "dollar_volume")
# How long before the day of its stamp a window may begin: a long weekend, a week.
_EARLY = {Interval.D1: 5 * _DAY, Interval.W1: 7 * _DAY}


class _Aggregate(Struct, gc=False):
    """Prices may be numbers or texts; what is missing was not sent."""

    window_start: int | str | None = None
    session_end_date: str | None = None
    open: float | str | None = None
    high: float | str | None = None
    low: float | str | None = None
    close: float | str | None = None
    volume: float | str | None = None
    transactions: float | str | None = None
    dollar_volume: float | str | None = None
    settlement_price: float | str | None = None


class _Window(Struct):
    """The same, by the names of our columns and in the order in which they come.

    So the decoder looks for none of them.
    """

    close: object
    dollar_volume: object
    high: object
    low: object
    open: object
    session_day: object = field(name="session_end_date")
    settlement_price: object
    trades: object = field(name="transactions")
    volume: object
    ts: object = field(name="window_start")


def bars_of(version: str) -> BarsEndpoint:
    """How bars are asked for and read."""
    return BarsEndpoint(
        ask=lambda ask: _ask_bars(version, ask),
        read=_read_bars,
        rules=PageRules(full_rows=PAGE, bounded=False),  # sessions: from some days before
    )


def _ask_bars(version: str, ask: BarsAsk) -> Call:
    start = ask.range.start - _EARLY.get(ask.interval, 0)
    params: dict[str, str | int] = {
        "resolution": RESOLUTIONS[ask.interval],
        "window_start.gte": start * _NS,
        "window_start.lt": ask.range.end * _NS,
        "limit": PAGE,
        "sort": "window_start.asc",
    }
    most = min(PAGE, ask.interval.count(start, ask.range.end))
    path = f"/futures/{version}/aggs/{ticker_of(ask.instrument)}"
    return Call(path, params, max_bytes=most_bytes(most))


def _read_bars(reply: Reply, ask: BarsAsk) -> Sheet:
    envelope, sheet = _quickly(reply, ask) or _row_by_row(reply, ask)
    if ask.interval not in _EARLY and _strays(sheet, ask):
        raise Unreadable("its rows lie outside of the range that was asked")
    more = following(envelope)
    return replace(
        sheet,
        more=more,
        ended=more is None,
        final_before=_known_before(sheet, reply, ask) if envelope.status == "DELAYED" else None,
    )


def _quickly(reply: Reply, ask: BarsAsk) -> tuple[Envelope, Sheet] | None:
    """The windows of the clock, if all rows look alike."""
    if ask.interval in _EARLY:
        return None
    with suppress(msgspec.DecodeError):  # the other way mends what it can
        return read_rows(reply.body, ENVELOPE, "results", _alike)
    return None


def _alike(envelope: Envelope, rows: Rows) -> tuple[Envelope, Sheet] | None:
    sheet = sheet_of_alike(rows, _Window, _NS, _AMOUNTS, {"session_day": day_number})
    if sheet is None:
        return None
    absent = {name: np.full(len(sheet), np.nan) for name in FACTS}
    return envelope, replace(sheet, facts={**absent, **sheet.facts})


def _row_by_row(reply: Reply, ask: BarsAsk) -> tuple[Envelope, Sheet]:
    envelope, rows = open_envelope(reply, _Aggregate)
    columns: dict[str, Sequence[object]] = {
        name: [getattr(row, name) for row in rows]
        for name in ("open", "high", "low", "close", "volume")
    }
    columns["trades"] = [row.transactions for row in rows]
    columns["ts"] = [_opened(row, ask.interval) for row in rows]
    sheet = sheet_of_columns(columns, 1 if ask.interval in _EARLY else _NS)
    return envelope, replace(sheet, facts=_facts(rows))


def _opened(row: _Aggregate, interval: Interval) -> int | str | None:
    """The stamp of a bar: ns, of sessions and weeks the seconds of our own alignment."""
    if interval is Interval.D1:
        day = day_number(row.session_end_date)
        return None if np.isnan(day) else int(day) * _DAY
    if interval is Interval.W1 and row.window_start is not None:
        return interval.floor(int(row.window_start) // _NS + 2 * _DAY)  # Saturday to Monday: one
    return row.window_start


def _strays(sheet: Sheet, ask: BarsAsk) -> bool:
    """Whether the rows are those of another time: the range was told to the nanosecond."""
    ts = sheet.ts
    return len(ts) > 0 and not ((ts >= ask.range.start) & (ts < ask.range.end)).any()


def _known_before(sheet: Sheet, reply: Reply, ask: BarsAsk) -> int:
    """On a delayed plan the newest bars are not absent but late."""
    known = ask.interval.floor(int(reply.true_at) - _DELAY_S)
    return max(known, ask.interval.close(int(sheet.ts.max()))) if len(sheet) else known


def _facts(rows: Sequence[_Aggregate]) -> dict[str, Floats]:
    def ignore(_index: int, _why: str) -> None:
        """What cannot be read of these was not sent: the bar is none the worse."""

    days = [day_number(row.session_end_date) for row in rows]
    return {
        "session_day": np.array(days, dtype=np.float64),
        **{
            name: floats([getattr(row, name) for row in rows], ignore, optional=True)
            for name in _AMOUNTS
        },
    }
