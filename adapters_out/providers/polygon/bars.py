"""Aggregates of Polygon: what is asked, and whose day it is.

A bar without an eligible trade is left out. Stock days are those of New York. Weeks open on
Sunday, bars of two hours and more with the day of New York: not ours, so none here.
"""

from datetime import UTC, datetime

import msgspec
from msgspec import Raw, Struct, field
from msgspec.structs import replace

from adapters_out.provider_kit.calls import MIB, Call, Reply, most_bytes
from adapters_out.provider_kit.cells import Unreadable
from adapters_out.provider_kit.envelope import read_rows
from adapters_out.provider_kit.judge import PageRules
from adapters_out.provider_kit.objects import sheet_of_alike, sheet_of_objects
from adapters_out.provider_kit.provider import BarsEndpoint
from adapters_out.provider_kit.rows import Rows
from adapters_out.provider_kit.sheet import Sheet
from adapters_out.providers.polygon.answers import (
    DELAY_S,
    DELAYED,
    MOST,
    Details,
    Page,
    details_of,
    is_pair,
    of_today,
    same_ticker,
    ticker_of,
)
from domain.bars import Ints
from domain.interval import Interval
from domain.provider import BarsAsk

_HOUR, _DAY = 3600, 86_400
SPANS = {
    Interval.M1: "1/minute",
    Interval.M3: "3/minute",
    Interval.M5: "5/minute",
    Interval.M15: "15/minute",
    Interval.M30: "30/minute",
    Interval.H1: "1/hour",
    Interval.D1: "1/day",
    Interval.MO1: "1/month",
}
# The limit counts base aggregates, minutes here: so many hours are a page.
SHORTEST_PAGE = MOST // 60
# New York is four or five hours behind: less four, midnight there (and 16:00, the stamp of a
# previous or grouped day) falls into the same day of UTC, whatever the time of the year.
_BEHIND_S = 4 * _HOUR


def _is_intraday(interval: Interval) -> bool:
    return interval.seconds < _DAY


def _moment(ts: int) -> str:
    return datetime.fromtimestamp(ts, UTC).strftime("%Y-%m-%d")


def _ask_bars(ask: BarsAsk) -> Call:
    ticker, span = ticker_of(ask.instrument), ask.range
    if _is_intraday(ask.interval):
        first, last = str(span.start * 1000), str(span.end * 1000 - 1)
    else:
        first, last = _moment(span.start), _moment(span.end - _DAY)
    return Call(
        f"/v2/aggs/ticker/{ticker}/range/{SPANS[ask.interval]}/{first}/{last}",
        {"adjusted": "false", "sort": "asc", "limit": MOST},
        max_bytes=min(16 * MIB, most_bytes(ask.interval.count(span.start, span.end))),
    )


class _Aggregate(Struct, gc=False):
    """Without an eligible trade there is neither average nor count; ``T`` is in grouped days.

    In the order in which they come: so the decoder looks for none of them.
    """

    volume: object = field(name="v", default=None)
    vwap: object = field(name="vw", default=None)
    open: object = field(name="o", default=None)
    close: object = field(name="c", default=None)
    high: object = field(name="h", default=None)
    low: object = field(name="l", default=None)
    ts: object = field(name="t", default=None)  # ms
    trades: object = field(name="n", default=None)
    ticker: str | None = field(name="T", default=None)


class _Bars(Page):
    """``results`` is absent when there are none."""

    ticker: str | None = None
    count: int | None = field(name="resultsCount", default=None)
    results: Raw = Raw(b"null")


_BARS = msgspec.json.Decoder(_Bars)
_ROWS = msgspec.json.Decoder(list[_Aggregate] | Details | None)


def _read_bars(reply: Reply, ask: BarsAsk) -> Sheet:
    return read_rows(reply.body, _BARS, "results", lambda *parts: _sheet(reply, ask, *parts))


def _sheet(reply: Reply, ask: BarsAsk, answer: _Bars, content: Rows) -> Sheet:
    quick = sheet_of_alike(content, _Aggregate, 1000)
    results = [] if quick is not None else _ROWS.decode(content)
    if isinstance(results, Details):
        same_ticker(results.ticker, of_today(ask.instrument, ask.range.start))
        published = _final_before(ask, reply.true_at, is_delayed=True)  # for all that it says
        return replace(sheet_of_objects([]), published=published)
    same_ticker(answer.ticker, ask.instrument)
    if results is None and answer.count != 0:
        raise Unreadable("it has no results and does not say that there are none")
    rows = results or []
    if rows and rows[0].ticker is not None:
        rows = [row for row in rows if row.ticker == ticker_of(ask.instrument)]
    sheet = sheet_of_objects(rows, 1000) if quick is None else quick
    more = answer.more
    if not len(sheet) and more is None:
        more = details_of(of_today(ask.instrument, ask.range.start))
    seen = _final_before(ask, reply.true_at, is_delayed=answer.status == DELAYED)
    opens = _opens(sheet.ts, ask)
    return replace(sheet, ts=opens, more=more, final_before=seen, published=seen)


def _opens(ts: Ints, ask: BarsAsk) -> Ints:
    """Days and months at 00:00 UTC of their date."""
    if _is_intraday(ask.interval) or not len(ts):
        return ts
    behind = 0 if is_pair(ask.instrument) else _BEHIND_S
    dates: Ints = (ts - behind) // _DAY * _DAY
    return dates


def _final_before(ask: BarsAsk, now: float, *, is_delayed: bool) -> int:
    """A day of New York ends at 05:00 UTC at the latest; a delayed plan sees the past."""
    seen = now - (DELAY_S if is_delayed else 0)
    if not _is_intraday(ask.interval) and not is_pair(ask.instrument):
        seen -= _BEHIND_S + _HOUR
    return ask.interval.floor(int(seen))


BARS = BarsEndpoint(ask=_ask_bars, read=_read_bars, rules=PageRules())
