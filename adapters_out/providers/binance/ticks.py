"""Trades of Binance, its book of now and its last price."""

import msgspec
from msgspec import Struct

from adapters_out.provider_kit.book import top_of_book
from adapters_out.provider_kit.calls import Call, Reply
from adapters_out.provider_kit.cells import Unreadable, number
from adapters_out.provider_kit.moments import ns_of_stamp
from adapters_out.provider_kit.provider import LastPrice, PriceEndpoint, TicksEndpoint, TicksPart
from adapters_out.providers.binance.symbols import symbol_of
from domain.instrument import Instrument
from domain.ticks import Side, Stamp, TicksAsk, Trade

_PAGE = 1000
_NS_PER_MS = 1_000_000


class _Ticker(Struct):
    symbol: str
    price: str | float


def _ask_price(instrument: Instrument) -> Call:
    return Call("/api/v3/ticker/price", {"symbol": symbol_of(instrument)}, weight=2)


def _read_price(reply: Reply, instrument: Instrument) -> LastPrice:
    ticker = msgspec.json.decode(reply.body, type=_Ticker)
    if ticker.symbol != symbol_of(instrument):
        raise Unreadable(f"the price is of {ticker.symbol[:20]}")
    return LastPrice(number(ticker.price))


class Aggregate(Struct):
    """What one order took at one price: this is what Binance can be asked for by time.

    ``m``: the buyer was the maker, so the taker sold.
    """

    id: int = msgspec.field(name="a")
    price: str | float = msgspec.field(name="p")
    size: str | float = msgspec.field(name="q")
    time: int = msgspec.field(name="T")
    sold: bool = msgspec.field(name="m")

    def trade(self) -> Trade:
        """As ours."""
        return Trade(
            ts_ns=ns_of_stamp(self.time),
            price=number(self.price),
            size=number(self.size),
            id=str(self.id),
            side=Side.SELL if self.sold else Side.BUY,
        )


def _ask_trades(ask: TicksAsk) -> Call:
    """Forward from the start, or else the newest before the end (inclusive, in ms)."""
    limit = min(ask.limit, _PAGE)
    params: dict[str, str | int] = {"symbol": symbol_of(ask.instrument), "limit": limit}
    if ask.start_ns is not None and not ask.newest:
        params["startTime"] = ask.start_ns // _NS_PER_MS
    elif ask.end_ns is not None:
        params["endTime"] = (ask.end_ns - 1) // _NS_PER_MS
    return Call("/api/v3/aggTrades", params, weight=4)


def _read_trades(reply: Reply, ask: TicksAsk) -> TicksPart:
    """Pages follow by id, of which there are no holes; times must not be sent with one."""
    rows = msgspec.json.decode(reply.body, type=list[Aggregate])
    ticks = [row.trade() for row in rows]
    if len(rows) < min(ask.limit, _PAGE):
        return TicksPart(ticks)
    if ask.newest:
        older = rows[0].id > 0 and (ask.start_ns or 0) <= ticks[0].ts_ns
        return TicksPart(ticks, _from_id(ask, max(0, rows[0].id - _PAGE)) if older else None)
    newer = ask.end_ns is None or ticks[-1].ts_ns < ask.end_ns
    return TicksPart(ticks, _from_id(ask, rows[-1].id + 1) if newer else None)


def _from_id(ask: TicksAsk, first: int) -> Call:
    symbol = symbol_of(ask.instrument)
    return Call("/api/v3/aggTrades", {"symbol": symbol, "fromId": first, "limit": _PAGE}, weight=4)


class _Book(Struct):
    bid_price: str | float = msgspec.field(name="bidPrice")
    bid_size: str | float = msgspec.field(name="bidQty")
    ask_price: str | float = msgspec.field(name="askPrice")
    ask_size: str | float = msgspec.field(name="askQty")


def _ask_quotes(ask: TicksAsk) -> Call:
    return Call("/api/v3/ticker/bookTicker", {"symbol": symbol_of(ask.instrument)}, weight=2)


def _read_quotes(reply: Reply, _: TicksAsk) -> TicksPart:
    """The book of now, without a time; an empty side has the price 0."""
    book = msgspec.json.decode(reply.body, type=_Book)
    bid, ask = (book.bid_price, book.bid_size), (book.ask_price, book.ask_size)
    return TicksPart([top_of_book(bid, ask, reply.received_ns, Stamp.RECEIPT)])


PRICE = PriceEndpoint(ask=_ask_price, read=_read_price)
TRADES = TicksEndpoint(ask=_ask_trades, read=_read_trades)
QUOTES = TicksEndpoint(ask=_ask_quotes, read=_read_quotes, live=True)
