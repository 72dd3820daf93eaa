"""Trades of KuCoin, its book of now and its last price."""

import msgspec
from msgspec import Struct

from adapters_out.provider_kit.book import top_of_book
from adapters_out.provider_kit.calls import Call, Reply
from adapters_out.provider_kit.cells import number
from adapters_out.provider_kit.moments import ns_of_stamp
from adapters_out.provider_kit.provider import LastPrice, PriceEndpoint, TicksEndpoint, TicksPart
from adapters_out.providers.kucoin.answers import data_of, not_listed, symbol_of
from domain.instrument import Instrument
from domain.ticks import Quote, Side, Stamp, TicksAsk, Trade


class _Ticker(Struct):
    """``time`` is in milliseconds."""

    price: str | float
    time: int | None = None


def _ask_price(instrument: Instrument) -> Call:
    return Call("/api/v1/market/orderbook/level1", {"symbol": symbol_of(instrument)}, weight=2)


def _read_price(reply: Reply, instrument: Instrument) -> LastPrice:
    ticker = msgspec.json.decode(data_of(reply), type=_Ticker | None)
    if ticker is None:
        raise not_listed(instrument)
    return LastPrice(number(ticker.price), None if ticker.time is None else ticker.time // 1000)


class Match(Struct):
    """One trade; ``side`` is the taker's, ``time`` in nanoseconds."""

    sequence: str | int
    price: str | float
    size: str | float
    side: Side
    time: int | str

    def trade(self) -> Trade:
        """As ours."""
        price, size = number(self.price), number(self.size)
        return Trade(
            ts_ns=ns_of_stamp(self.time),
            price=price,
            size=size,
            id=str(self.sequence),
            side=self.side,
        )


def _ask_trades(ask: TicksAsk) -> Call:
    return Call("/api/v1/market/histories", {"symbol": symbol_of(ask.instrument)}, weight=3)


def _read_trades(reply: Reply, ask: TicksAsk) -> TicksPart:
    """The last hundred, whatever one asks: nothing is known of what came before them."""
    matches = msgspec.json.decode(data_of(reply), type=list[Match] | None)
    if matches is None:
        raise not_listed(ask.instrument)
    ticks = [match.trade() for match in matches]
    oldest = min((tick.ts_ns for tick in ticks), default=reply.received_ns)
    return TicksPart(ticks, known_from_ns=oldest + 1)


class Book(Struct):
    """What is missing or null, or 0 for an empty side, is absent; ``time`` is in milliseconds."""

    time: int | None = None
    bid: str | float | None = msgspec.field(name="bestBid", default=None)
    bid_size: str | float | None = msgspec.field(name="bestBidSize", default=None)
    ask: str | float | None = msgspec.field(name="bestAsk", default=None)
    ask_size: str | float | None = msgspec.field(name="bestAskSize", default=None)

    def quote(self, received_ns: int) -> Quote:
        """As ours, with our time where it sends none."""
        sides = (self.bid, self.bid_size), (self.ask, self.ask_size)
        if self.time is None:
            return top_of_book(*sides, received_ns, Stamp.RECEIPT)
        return top_of_book(*sides, ns_of_stamp(self.time))


def _read_quotes(reply: Reply, ask: TicksAsk) -> TicksPart:
    book = msgspec.json.decode(data_of(reply), type=Book | None)
    if book is None:
        raise not_listed(ask.instrument)
    return TicksPart([book.quote(reply.received_ns)])


PRICE = PriceEndpoint(ask=_ask_price, read=_read_price)
TRADES = TicksEndpoint(ask=_ask_trades, read=_read_trades)
QUOTES = TicksEndpoint(ask=lambda ask: _ask_price(ask.instrument), read=_read_quotes, live=True)
