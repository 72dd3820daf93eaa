"""Trades and quotes: single ticks with the venue's own nanoseconds."""

import re
from dataclasses import dataclass
from typing import Any

from adapters_in.http.bodies_series import Span
from adapters_in.http.bodies_ticks import QuoteRow, Quotes, TradeRow, Trades
from adapters_in.http.kinds import Text
from adapters_in.http.next_page import paging_headers
from adapters_in.http.parameters import (
    Parameter,
    check_range,
    end,
    limit,
    provider,
    start,
    symbol,
)
from adapters_in.http.replies import Call, Reply, Route, json_reply
from adapters_in.http.services import Services
from application.read_ticks import TickAnswer, TickQuery
from domain.errors import InvalidRequest
from domain.query import named_at
from domain.ticks import Quote, T, Trade

_NS = 10**9
_DEFAULT_LIMIT = 500
_STATUSES = (400, 404, 422, 503, 504)
# The moment (ns, up to 2099) of the tick that follows, and how many of it the caller has.
_CURSOR = r"t1-([1-9][0-9]{0,17}|[1-3][0-9]{18}|40[0-9]{17})-(0|[1-9][0-9]{0,5})"
_CURSOR_LENGTH = 30


@dataclass(frozen=True, slots=True)
class TickRoutes:
    """Routes that ask for ticks."""

    services: Services

    def table(self) -> tuple[Route, ...]:
        """The routes."""
        cursor = "The value of next: the page that follows; it supersedes start."
        mark = Text(_CURSOR, _CURSOR_LENGTH, "the value of next, unchanged")
        parameters = (
            *(symbol(), start(), end()),
            limit(_DEFAULT_LIMIT, self.services.max_limit, "rows"),
            provider(self.services.providers),
            Parameter("cursor", mark, cursor),
        )
        return tuple(
            Route(
                method="GET",
                path=f"/api/v1/data/{name}",
                tag="Ticks",
                summary=summary,
                handle=handle,
                parameters=parameters,
                reply=reply,
                statuses=_STATUSES,
                headers=("Link",),
            )
            for name, summary, handle, reply in (
                ("trades", "Single trades", self.trades, Trades),
                ("quotes", "Best bids and asks", self.quotes, Quotes),
            )
        )

    async def trades(self, call: Call) -> Reply:
        """The newest, or from a moment on."""
        query = await self._query(call.values)
        answer = await self.services.read_trades(query, call.context)
        rows = map(_trade_row, answer.ticks, answer.received_ns)
        body = Trades(data=tuple(rows), **self._envelope(query, answer))
        return json_reply(body, headers=paging_headers(call, body.next))

    async def quotes(self, call: Call) -> Reply:
        """Likewise."""
        query = await self._query(call.values)
        answer = await self.services.read_quotes(query, call.context)
        rows = map(_quote_row, answer.ticks, answer.received_ns)
        body = Quotes(data=tuple(rows), **self._envelope(query, answer))
        return json_reply(body, headers=paging_headers(call, body.next))

    async def _query(self, values: dict[str, Any]) -> TickQuery:
        first, stop, skip = values["start"], values["end"], 0
        first_ns = None if first is None else first * _NS
        if values["cursor"] is not None:
            first_ns, skip = _place(values["cursor"])
            first = first_ns // _NS
        else:
            check_range(first, stop)
        stop_ns = None if stop is None else stop * _NS
        if first_ns is not None and stop_ns is not None and stop_ns <= first_ns:
            check_range(first, first)
        return TickQuery(
            symbol=values["symbol"],
            instrument=await self.services.resolve_symbol(
                values["symbol"], named_at(stop), values["provider"]
            ),
            limit=values["limit"],
            start_ns=first_ns,
            end_ns=stop_ns,
            skip=skip,
            provider=values["provider"],
        )

    def _envelope(self, query: TickQuery, answer: TickAnswer[T]) -> dict[str, Any]:
        following = answer.next
        return {
            "symbol": query.symbol,
            "instrument": query.instrument.id,
            "provider": answer.provider,
            "cached": answer.cached,
            "stale": answer.stale,
            "substituted": answer.substituted,
            "demo": self.services.demo,
            "gaps": tuple(Span(gap.start // _NS, -(-gap.end // _NS)) for gap in answer.gaps),
            "next": None if following is None else f"t1-{following[0]}-{following[1]}",
        }


def _trade_row(trade: Trade, received_ns: int) -> TradeRow:
    return TradeRow(
        ts=trade.ts_ns // _NS,
        ts_ns=trade.ts_ns,
        price=trade.price,
        size=trade.size,
        side=None if trade.side is None else trade.side.value,
        id=trade.id or None,
        received_ns=received_ns,
    )


def _quote_row(quote: Quote, received_ns: int) -> QuoteRow:
    return QuoteRow(
        ts=quote.ts_ns // _NS,
        ts_ns=quote.ts_ns,
        bid_price=quote.bid_price,
        bid_size=quote.bid_size,
        ask_price=quote.ask_price,
        ask_size=quote.ask_size,
        ts_source=quote.stamp.value,
        received_ns=received_ns,
    )


def _place(cursor: str) -> tuple[int, int]:
    found = re.fullmatch(_CURSOR, cursor)
    if found is None:
        message = "The cursor is not one of ours: pass the value of `next` unchanged."
        raise InvalidRequest(message, "cursor")
    return int(found[1]), int(found[2])
