"""The streams of EODHD: one each for trades of stocks, their quotes, currencies and coins.

No message says what it is, so its fields tell; times are milliseconds. Symbols have no exchange.
"""

from collections.abc import Collection, Iterator, Mapping

import msgspec
from msgspec import Raw, Struct, field

from adapters_out.provider_kit.book import top_of_book
from adapters_out.provider_kit.cells import Unreadable, number
from adapters_out.provider_kit.faults import Complaint
from adapters_out.provider_kit.feed import (
    Authorized,
    Event,
    Feed,
    Message,
    Refused,
    Rules,
    Topic,
    Update,
    unknown,
)
from adapters_out.provider_kit.moments import ns_of_stamp
from adapters_out.providers.eodhd.spelling import NAME
from domain.ticks import Quote, Trade

_OK = 200
_Number = str | float
_RULES = Rules(NAME)  # it refuses with the codes of HTTP


class _Tick(Struct, kw_only=True):
    """``symbol`` is without the exchange: AAPL, EURUSD, BTC-USD."""

    symbol: str = field(name="s")
    time: int | str = field(name="t")


class _StockTrade(_Tick, kw_only=True):
    price: _Number = field(name="p")
    size: _Number = field(name="v")

    def value(self) -> Trade:
        size = number(self.size)
        return Trade(ts_ns=ns_of_stamp(self.time), price=number(self.price), size=size)


class _CoinTrade(_StockTrade, kw_only=True):
    size: _Number = field(name="q")


class _StockQuote(_Tick, kw_only=True):
    bid: _Number | None = field(name="bp", default=None)
    bid_size: _Number | None = field(name="bs", default=None)
    ask: _Number | None = field(name="ap", default=None)
    ask_size: _Number | None = field(name="as", default=None)

    def value(self) -> Quote:
        bid, ask = (self.bid, self.bid_size), (self.ask, self.ask_size)
        return top_of_book(bid, ask, ns_of_stamp(self.time))


class _CurrencyQuote(_StockQuote, kw_only=True):
    """Nobody tells for how much."""

    bid: _Number | None = field(name="b", default=None)
    ask: _Number | None = field(name="a", default=None)


_Decoder = msgspec.json.Decoder[_StockTrade | _StockQuote]
_DECODERS: Mapping[str, _Decoder] = {
    "us-quote": msgspec.json.Decoder(_StockQuote),
    "forex": msgspec.json.Decoder(_CurrencyQuote),
    "crypto": msgspec.json.Decoder(_CoinTrade),
    "us": msgspec.json.Decoder(_StockTrade),
}


def _channel(keys: Collection[str]) -> str | None:
    """Whose fields these are."""
    if "ap" in keys or "bp" in keys:
        return "us-quote"
    if "a" in keys or "b" in keys:
        return "forex"
    if "p" in keys:
        return "crypto" if "q" in keys else "us"
    return None


class _Word(Struct):
    status: int = field(name="status_code")
    message: str = ""


_FIELDS = msgspec.json.Decoder(dict[str, Raw])
_WORD = msgspec.json.Decoder(_Word)


def _events(message: Message) -> Iterator[Event]:
    keys = _FIELDS.decode(message.body).keys()
    if "status_code" in keys:
        yield _word(message)
        return
    channel = _channel(keys)
    if channel is not None:
        told = _DECODERS[channel].decode(message.body)
        yield Update(topic=Topic(channel, told.symbol), value=told.value())
    elif keys:
        yield unknown(" ".join(keys))
    else:
        raise Unreadable("it says nothing")


def _word(message: Message) -> Event:
    said = _WORD.decode(message.body)
    if said.status == _OK:
        return Authorized()
    complaint = Complaint(str(said.status), said.message)
    return Refused(error=_RULES.error(message, complaint, said.status))


FEED = Feed(name=NAME, events=_events)
