"""The stream of KuCoin: candles, matches and tickers, each under a topic of its own.

Times are nanoseconds, those of tickers milliseconds. A bar that nobody traded in never comes.
"""

from collections.abc import Callable, Iterator, Mapping

import msgspec
from msgspec import Raw, Struct

from adapters_out.provider_kit.cells import nonzero_number, whole
from adapters_out.provider_kit.faults import Complaint, FaultRule
from adapters_out.provider_kit.feed import (
    Acknowledged,
    Connected,
    Event,
    Feed,
    LastTraded,
    Message,
    Pong,
    Refused,
    Rules,
    Topic,
    Update,
    bar_of,
    unknown,
)
from adapters_out.provider_kit.moments import ns_of_stamp
from adapters_out.providers.kucoin.answers import NAME
from adapters_out.providers.kucoin.bars import INTERVALS
from adapters_out.providers.kucoin.ticks import Book, Match
from domain.errors import AccessDenied, NotListed, RateLimited

_Number = str | float
_ALL = "all"
_RULES = Rules(
    NAME,
    (
        FaultRule(NotListed, "does not know the topic", codes=("404",)),
        FaultRule(RateLimited, "limits our rate", codes=("509", "429"), pause_s=10.0),
        FaultRule(AccessDenied, "does not take the token", codes=("401",)),
    ),
)


class _Envelope(Struct):
    """``id`` is our own, or that of the connection; ``subject`` says what kind of data it is."""

    type: str
    id: str | int = ""
    topic: str = ""
    subject: str = ""
    data: Raw = Raw()
    code: int | str = ""

    @property
    def channel(self) -> str:
        return self.topic.partition(":")[0]

    @property
    def about(self) -> str:
        """The symbol; of all of them together, the subject tells it."""
        name = self.topic.partition(":")[2]
        return self.subject if name == _ALL else name


class _Candle(Struct, array_like=True):
    """In the order in which candles are asked for; its turnover is not taken."""

    start: str | int
    open: _Number
    close: _Number
    high: _Number
    low: _Number
    volume: _Number


class _Candles(Struct):
    symbol: str
    candles: _Candle
    time: int | str


_CANDLES = msgspec.json.Decoder(_Candles)


def _candle(said: _Envelope, _: Message) -> Iterator[Update]:
    """Without a word on whether it is closed: a later one or the clock tells."""
    told = _CANDLES.decode(said.data)
    row, length = told.candles, said.topic.rpartition("_")[2]
    prices = (row.open, row.high, row.low, row.close)
    yield Update(
        topic=Topic(said.channel, told.symbol, INTERVALS.get(length, length)),
        value=bar_of(row.start, prices, row.volume, final=False),
        sent_ns=ns_of_stamp(told.time),
    )


class _MatchEvent(Match, kw_only=True):
    """The same trades, with the same ids, as can be asked for."""

    symbol: str


_MATCH = msgspec.json.Decoder(_MatchEvent)


def _match(said: _Envelope, _: Message) -> Iterator[Update]:
    told = _MATCH.decode(said.data)
    topic = Topic(said.channel, told.symbol)
    yield Update(topic=topic, value=told.trade(), sequence=whole(told.sequence))


class _Ticker(Book, kw_only=True):
    """A pair that nobody traded yet has no price."""

    price: _Number | None
    sequence: str | int


_TICKER = msgspec.json.Decoder(_Ticker)


def _ticker(said: _Envelope, message: Message) -> Iterator[Update]:
    told, topic = _TICKER.decode(said.data), Topic(said.channel, said.about)
    price, sequence = nonzero_number(told.price), whole(told.sequence)
    if price is not None:
        at = None if told.time is None else ns_of_stamp(told.time)
        yield Update(topic=topic, value=LastTraded(price, at), sequence=sequence)
    yield Update(topic=topic, value=told.quote(message.received_ns), sequence=sequence)


_READERS: Mapping[str, Callable[[_Envelope, Message], Iterator[Event]]] = {
    "/market/candles": _candle,
    "/market/match": _match,
    "/market/ticker": _ticker,
}
_ENVELOPE = msgspec.json.Decoder(_Envelope)
_TEXT = msgspec.json.Decoder(str)


def _events(message: Message) -> Iterator[Event]:
    said = _ENVELOPE.decode(message.body)
    if said.type != "message":
        return iter((_word(said, message),))
    if said.channel not in _READERS:
        return iter((unknown(said.topic),))
    return _READERS[said.channel](said, message)


def _word(said: _Envelope, message: Message) -> Event:
    request = str(said.id)
    match said.type:
        case "welcome":
            return Connected()
        case "ack":
            return Acknowledged(request)
        case "pong":
            return Pong(request)
        case "error":
            complaint = Complaint(str(said.code), _TEXT.decode(said.data))
            return Refused(error=_RULES.error(message, complaint), request=request)
    return unknown(said.type)


FEED = Feed(name=NAME, events=_events)
