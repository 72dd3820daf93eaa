"""Trades of Coinbase, its book of now and its last price."""

from collections.abc import Generator
from datetime import datetime

import msgspec
from msgspec import Struct

from adapters_out.provider_kit.calls import Call, Question, Reply
from adapters_out.provider_kit.cells import Unreadable, nonzero_number, number
from adapters_out.provider_kit.id_search import Places, search_id
from adapters_out.provider_kit.moments import ns_of_iso
from adapters_out.provider_kit.provider import LastPrice, PriceEndpoint, TicksEndpoint, TicksPart
from adapters_out.providers.coinbase.products import product_of
from domain.instrument import Instrument
from domain.ticks import Quote, Side, Stamp, TicksAsk, Trade

_TRADES = 1000


class _Ticker(Struct):
    """``time`` is that of the last trade, to the microsecond."""

    price: str | float
    time: datetime | None = None


def _ask_price(instrument: Instrument) -> Call:
    return Call(f"/products/{product_of(instrument)}/ticker")


def _read_price(reply: Reply, _: Instrument) -> LastPrice:
    ticker = msgspec.json.decode(reply.body, type=_Ticker)
    if ticker.time is not None and ticker.time.tzinfo is None:
        raise Unreadable("the time of its price names no zone")
    ts = None if ticker.time is None else int(ticker.time.timestamp())
    return LastPrice(number(ticker.price), ts)


class Match(Struct):
    """One trade; ``side`` is the MAKER's, so the taker did the opposite."""

    trade_id: int
    side: Side
    price: str | float
    size: str | float
    time: str

    def trade(self) -> Trade:
        """As ours."""
        return Trade(
            ts_ns=ns_of_iso(self.time),
            price=number(self.price),
            size=number(self.size),
            id=str(self.trade_id),
            side=Side.BUY if self.side is Side.SELL else Side.SELL,
        )


def _matches(instrument: Instrument, before: int | None, limit: int = _TRADES) -> Call:
    """The newest trades below an id (``after`` means later in the list, which is older)."""
    cursor = {} if before is None else {"after": before}
    return Call(f"/products/{product_of(instrument)}/trades", {"limit": limit, **cursor})


def _ask_trades(ask: TicksAsk) -> Question:
    if ask.newest and ask.end_ns is None:
        return _matches(ask.instrument, None, min(ask.limit, _TRADES))
    return _look_up(ask)


def _look_up(ask: TicksAsk) -> Generator[Call, Reply, Call]:
    """It cannot be asked by time: find the id at which to begin."""
    target = ask.end_ns if ask.newest else ask.start_ns
    name = yield from search_id(
        target or 0, lambda before: _matches(ask.instrument, before), _places, _TRADES
    )
    return _matches(ask.instrument, name if ask.newest else name + _TRADES)


def _places(reply: Reply) -> Places:
    rows = msgspec.json.decode(reply.body, type=list[Match])
    return [(row.trade_id, ns_of_iso(row.time)) for row in reversed(rows)]


def _read_trades(reply: Reply, ask: TicksAsk) -> TicksPart:
    """Ids have no holes: a thousand more from there, or before there."""
    rows = msgspec.json.decode(reply.body, type=list[Match])
    ticks = [row.trade() for row in rows]  # newest first
    if not rows:
        return TicksPart(ticks)
    if ask.newest:
        older = rows[-1].trade_id > 1 and (ask.start_ns or 0) <= ticks[-1].ts_ns
        return TicksPart(ticks, _matches(ask.instrument, rows[-1].trade_id) if older else None)
    newer = ask.end_ns is None or ticks[0].ts_ns < ask.end_ns
    following = _matches(ask.instrument, rows[0].trade_id + 1 + _TRADES)
    return TicksPart(ticks, following if newer else None)


class _Top(Struct):
    """The book's top in a ticker; its ``time`` is that of the last trade, not of the quote."""

    bid: str | float | None = None
    ask: str | float | None = None


def _read_quotes(reply: Reply, _: TicksAsk) -> TicksPart:
    """The book of now: sizes and time are not sent."""
    top = msgspec.json.decode(reply.body, type=_Top)
    bid, ask = nonzero_number(top.bid), nonzero_number(top.ask)
    moment = reply.received_ns
    return TicksPart([Quote(ts_ns=moment, stamp=Stamp.RECEIPT, bid_price=bid, ask_price=ask)])


PRICE = PriceEndpoint(ask=_ask_price, read=_read_price)
TRADES = TicksEndpoint(ask=_ask_trades, read=_read_trades)
QUOTES = TicksEndpoint(ask=lambda ask: _ask_price(ask.instrument), read=_read_quotes, live=True)
