"""Trades and quotes of Polygon: times of the tape in whole nanoseconds, never through a float."""

from collections.abc import Callable, Sequence

import msgspec
from msgspec import Struct

from adapters_out.provider_kit.book import top_of_book
from adapters_out.provider_kit.calls import Call, Reply
from adapters_out.provider_kit.cells import number
from adapters_out.provider_kit.provider import TicksEndpoint, TicksPart
from adapters_out.providers.polygon.answers import (
    DELAY_S,
    DELAYED,
    MOST,
    NAME,
    Details,
    Page,
    details_of,
    is_pair,
    of_today,
    ticker_of,
)
from domain.errors import CallRefused
from domain.instrument import Instrument
from domain.ticks import Quote, Side, TicksAsk, Trade

_Number = str | float | int
# Conditions of a pair's trade; those of a stock are others.
_SIDES = {1: Side.SELL, 2: Side.BUY}


def _asking(kind: str) -> Callable[[TicksAsk], Call]:
    def ask(ask: TicksAsk) -> Call:
        if kind == "quotes" and is_pair(ask.instrument):
            raise CallRefused(f"{NAME} has quotes of stocks only.", provider=NAME)
        params: dict[str, str | int] = {
            "order": "desc" if ask.newest else "asc",
            "sort": "timestamp",
            "limit": min(ask.limit, MOST),
        }
        bounds = {"timestamp.gte": ask.start_ns, "timestamp.lt": ask.end_ns}
        params |= {name: ns for name, ns in bounds.items() if ns is not None}
        return Call(f"/v3/{kind}/{ticker_of(ask.instrument)}", params)

    return ask


class _Trade(Struct):
    """``id`` is unique per exchange and reporting facility only; pairs have no tape."""

    price: _Number
    exchange: int | None = None
    id: str | int = ""
    trf_id: int | None = None
    sip_timestamp: int | None = None
    participant_timestamp: int | None = None
    size: _Number | None = None
    decimal_size: str | float | None = None
    conditions: list[int] | None = None

    def trade(self, instrument: Instrument) -> Trade:
        """In our words; parts of a share are in the decimal size."""
        size = self.size if self.decimal_size is None else self.decimal_size
        return Trade(
            ts_ns=_stamp(self.sip_timestamp, self.participant_timestamp),
            price=number(self.price),
            size=number(size),
            id=trade_id(self.exchange, self.trf_id, self.id),
            side=side_of(self.conditions) if is_pair(instrument) else None,
        )


def trade_id(exchange: int | None, facility: int | None, id_: str | int) -> str:
    """One that is unique, where its own is so per exchange and reporting facility only."""
    return ":".join(str(part) for part in (exchange, facility, id_) if part is not None)


def side_of(conditions: Sequence[int] | None) -> Side | None:
    """The taker's side of a pair's trade, if a condition tells it."""
    return next((_SIDES[c] for c in conditions or () if c in _SIDES), None)


class _Quote(Struct):
    """A price of 0 says that nobody is on that side."""

    sip_timestamp: int | None = None
    participant_timestamp: int | None = None
    bid_price: _Number | None = None
    bid_size: _Number | None = None
    ask_price: _Number | None = None
    ask_size: _Number | None = None

    def quote(self) -> Quote:
        """In our words, sizes as they were sent: in round lots until November 2025."""
        at = _stamp(self.sip_timestamp, self.participant_timestamp)
        sides = (self.bid_price, self.bid_size), (self.ask_price, self.ask_size)
        return top_of_book(*sides, at)


def _stamp(tape: int | None, venue: int | None) -> int:
    """When it came over the tape, which ranges are asked by, else the venue's own time."""
    return tape if tape is not None else msgspec.convert(venue, int)


class _Trades(Page, kw_only=True):
    results: list[_Trade] | Details


class _Quotes(Page, kw_only=True):
    results: list[_Quote] | Details


def _part(
    page: Page, ticks: Sequence[Trade] | Sequence[Quote], reply: Reply, ask: TicksAsk
) -> TicksPart:
    """A delayed plan knows nothing of the last quarter of an hour; no tick may be no ticker."""
    known = int(reply.true_at - DELAY_S) * 10**9 if page.status == DELAYED else None
    more = page.more if ticks or page.more else details_of(_asked_about(ask))
    return TicksPart(ticks, more, known_until_ns=known)


def _asked_about(ask: TicksAsk) -> Instrument:
    moment = ask.start_ns if ask.end_ns is None else ask.end_ns - 1
    return ask.instrument if moment is None else of_today(ask.instrument, moment // 10**9)


def _read_trades(reply: Reply, ask: TicksAsk) -> TicksPart:
    page = msgspec.json.decode(reply.body, type=_Trades)
    if isinstance(page.results, Details):
        return TicksPart(())
    return _part(page, [row.trade(ask.instrument) for row in page.results], reply, ask)


def _read_quotes(reply: Reply, ask: TicksAsk) -> TicksPart:
    page = msgspec.json.decode(reply.body, type=_Quotes)
    if isinstance(page.results, Details):
        return TicksPart(())
    return _part(page, [row.quote() for row in page.results], reply, ask)


TRADES = TicksEndpoint(ask=_asking("trades"), read=_read_trades)
QUOTES = TicksEndpoint(ask=_asking("quotes"), read=_read_quotes)
