"""Trades of Kraken, its book of now and its last price."""

import msgspec
from msgspec import Raw, Struct

from adapters_out.provider_kit.book import top_of_book
from adapters_out.provider_kit.calls import Call, Reply
from adapters_out.provider_kit.cells import Unreadable, number
from adapters_out.provider_kit.moments import ns_of_seconds
from adapters_out.provider_kit.provider import LastPrice, PriceEndpoint, TicksEndpoint, TicksPart
from adapters_out.providers.kraken.answers import pair_of, result_of
from domain.instrument import Instrument
from domain.ticks import Side, Stamp, TicksAsk, Trade

_TRADES = 1000
_STRETCH_NS = 60 * 10**9
_SIDES = {"b": Side.BUY, "s": Side.SELL}


class Row(Struct, array_like=True):
    """A trade; its time is a number with up to nine decimals, which no float may touch."""

    price: str | float
    size: str | float
    time: Raw
    side: str
    kind: str = ""
    misc: str = ""
    id: int | None = None

    def trade(self) -> Trade:
        """As ours; the side is the taker's."""
        if self.side not in _SIDES:
            raise Unreadable(f"{self.side[:10]!r} is no side of a trade")
        return Trade(
            ts_ns=ns_of_seconds(bytes(self.time).decode().strip('"')),
            price=number(self.price),
            size=number(self.size),
            id="" if self.id is None else str(self.id),
            side=_SIDES[self.side],
        )


def _since(ask: TicksAsk) -> int | None:
    """Where to begin: Kraken goes forward only, or tells the newest.

    Before an end without a start, a minute is looked through.
    """
    if ask.start_ns is not None:
        return ask.start_ns
    return None if ask.end_ns is None else ask.end_ns - _STRETCH_NS


def _ask_trades(ask: TicksAsk) -> Call:
    since = _since(ask)
    count = min(ask.limit, _TRADES) if since is None else _TRADES
    params: dict[str, str | int] = {"pair": pair_of(ask.instrument), "count": count}
    if since is not None:
        params["since"] = max(since - 1, 0)  # exclusive; below 0 it is refused
    return Call("/0/public/Trades", params)


def _read_trades(reply: Reply, ask: TicksAsk) -> TicksPart:
    """``last`` is where the next page begins, in ns, and the only exact time."""
    result = result_of(reply)
    last = msgspec.json.decode(result.pop("last"), type=str)
    (raw,) = result.values()
    ticks = [row.trade() for row in msgspec.json.decode(raw, type=list[Row])]
    since = _since(ask)
    if since is None:
        return TicksPart(ticks, known_from_ns=ticks[0].ts_ns + 1 if ticks else reply.received_ns)
    full = len(ticks) >= _TRADES and (ask.end_ns is None or ticks[-1].ts_ns < ask.end_ns)
    pair = pair_of(ask.instrument)
    more = Call("/0/public/Trades", {"pair": pair, "count": _TRADES, "since": last})
    return TicksPart(ticks, more if full else None, known_from_ns=since)


class _Book(Struct):
    """Price first, size last; of old two values, now three."""

    bid: tuple[str | float, ...] = msgspec.field(name="b")
    ask: tuple[str | float, ...] = msgspec.field(name="a")


def _read_quotes(reply: Reply, _: TicksAsk) -> TicksPart:
    """The book of now, without a time."""
    result = result_of(reply)
    if len(result) != 1:
        raise Unreadable("it holds not one quote")
    (raw,) = result.values()
    book = msgspec.json.decode(raw, type=_Book)
    bid, ask = ((side[0], side[-1]) for side in (book.bid, book.ask))
    return TicksPart([top_of_book(bid, ask, reply.received_ns, Stamp.RECEIPT)])


class _Ticker(Struct):
    last: tuple[str | float, str | float] = msgspec.field(name="c")


def _ask_price(instrument: Instrument) -> Call:
    return Call("/0/public/Ticker", {"pair": pair_of(instrument)})


def _read_price(reply: Reply, _: Instrument) -> LastPrice:
    result = result_of(reply)
    if len(result) != 1:
        raise Unreadable("it holds not one price")
    (ticker,) = result.values()
    return LastPrice(number(msgspec.json.decode(ticker, type=_Ticker).last[0]))


PRICE = PriceEndpoint(ask=_ask_price, read=_read_price)
TRADES = TicksEndpoint(ask=_ask_trades, read=_read_trades, goes_back=False)
QUOTES = TicksEndpoint(ask=lambda ask: _ask_price(ask.instrument), read=_read_quotes, live=True)
