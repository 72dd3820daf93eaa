"""The stream of Binance: klines, trades and the top of the book, bare or wrapped with their name.

Times are milliseconds, or microseconds if the address asks for them (``timeUnit``).
"""

from collections.abc import Iterator, Mapping

import msgspec
from msgspec import Raw, Struct, field

from adapters_out.provider_kit.book import top_of_book
from adapters_out.provider_kit.cells import Unreadable, number
from adapters_out.provider_kit.faults import Complaint
from adapters_out.provider_kit.feed import (
    Acknowledged,
    Closing,
    Event,
    Feed,
    LastTraded,
    Message,
    Refused,
    Rules,
    Subscribed,
    Topic,
    Update,
    bar_of,
    unknown,
)
from adapters_out.provider_kit.moments import ns_of_stamp
from adapters_out.providers.binance.bars import INTERVALS
from adapters_out.providers.binance.symbols import NAME
from adapters_out.providers.binance.ticks import Aggregate
from domain.interval import Interval
from domain.ticks import Stamp

_Number = str | float
_KLINE, _BOOK, _MINI = "kline", "bookTicker", "miniTicker"
# It complains of our own mistakes only: who asks too much is disconnected.
_RULES = Rules(NAME)


class _Kline(Struct):
    """``closed`` comes up to two seconds behind the end."""

    start: int = field(name="t")
    interval: str = field(name="i")
    open: _Number = field(name="o")
    high: _Number = field(name="h")
    low: _Number = field(name="l")
    close: _Number = field(name="c")
    volume: _Number = field(name="v")
    trades: int = field(name="n")
    closed: bool = field(name="x")


class _KlineEvent(Struct):
    symbol: str = field(name="s")
    sent: int = field(name="E")
    kline: _Kline = field(name="k")

    def update(self, _: Message) -> Update:
        row = self.kline
        prices = (row.open, row.high, row.low, row.close)
        return Update(
            topic=Topic(_KLINE, self.symbol, _interval(row.interval)),
            value=bar_of(row.start, prices, row.volume, trades=row.trades, final=row.closed),
            sent_ns=ns_of_stamp(self.sent),
        )


class _AggregateEvent(Aggregate, kw_only=True):
    """The same trades, with the same ids, as can be asked for."""

    kind: str = field(name="e")
    symbol: str = field(name="s")
    sent: int = field(name="E")

    def update(self, _: Message) -> Update:
        return Update(
            topic=Topic(self.kind, self.symbol), value=self.trade(), sent_ns=ns_of_stamp(self.sent)
        )


class _SingleEvent(_AggregateEvent, kw_only=True):
    """A trade between two orders; its ids have nothing to do with those of aggregates."""

    id: int = field(name="t")


class _MiniEvent(Struct):
    symbol: str = field(name="s")
    sent: int = field(name="E")
    price: _Number = field(name="c")

    def update(self, _: Message) -> Update:
        """The last price of a rolling day; when it was traded is not told."""
        return Update(
            topic=Topic(_MINI, self.symbol),
            value=LastTraded(number(self.price)),
            sent_ns=ns_of_stamp(self.sent),
        )


class _Book(Struct):
    """It names no kind, and on the spot market no time; ``T``, if it is there, is the venue's."""

    symbol: str = field(name="s")
    id: int = field(name="u")
    bid: _Number = field(name="b")
    bid_size: _Number = field(name="B")
    ask: _Number = field(name="a")
    ask_size: _Number = field(name="A")
    time: int | None = field(name="T", default=None)
    sent: int | None = field(name="E", default=None)

    def update(self, message: Message) -> Update:
        told = self.time is not None
        at = message.received_ns if self.time is None else ns_of_stamp(self.time)
        bid, ask = (self.bid, self.bid_size), (self.ask, self.ask_size)
        return Update(
            topic=Topic(_BOOK, self.symbol),
            value=top_of_book(bid, ask, at, Stamp.VENUE if told else Stamp.RECEIPT),
            sequence=self.id,
            sent_ns=None if self.sent is None else ns_of_stamp(self.sent),
        )


_READERS: Mapping[str, msgspec.json.Decoder[_KlineEvent | _AggregateEvent | _MiniEvent | _Book]] = {
    "kline": msgspec.json.Decoder(_KlineEvent),
    "trade": msgspec.json.Decoder(_SingleEvent),
    "aggTrade": msgspec.json.Decoder(_AggregateEvent),
    "24hrMiniTicker": msgspec.json.Decoder(_MiniEvent),
    _BOOK: msgspec.json.Decoder(_Book),
}


class _Envelope(Struct):
    """What tells messages apart; a ``result`` of null means done."""

    data: Raw = Raw()
    stream: str = ""
    kind: str = field(name="e", default="")
    update_id: Raw = field(name="u", default=Raw())
    result: Raw = Raw()
    id: int | str | None = None
    code: int | None = None
    msg: str = ""


_ENVELOPE = msgspec.json.Decoder(_Envelope)
_TOPICS = msgspec.json.Decoder(list[str] | None)


def _events(message: Message) -> Iterator[Event]:
    said = _ENVELOPE.decode(message.body)
    if bytes(said.data):
        yield _data(said.data, message, said.stream)
    elif said.kind or bytes(said.update_id):
        yield _data(message.body, message, "")
    else:
        yield _answer(said, message)


def _data(body: bytes | Raw, message: Message, stream: str) -> Event:
    said = _ENVELOPE.decode(body)
    kind = said.kind or (_BOOK if bytes(said.update_id) else "")
    if kind == "serverShutdown":
        return Closing()
    if kind not in _READERS:
        return unknown(kind or stream)
    return _READERS[kind].decode(body).update(message)


def _answer(said: _Envelope, message: Message) -> Event:
    """To a request of ours; a list of names answers which streams are on."""
    request = "" if said.id is None else str(said.id)
    if said.code is not None:
        error = _RULES.error(message, Complaint(str(said.code), said.msg))
        return Refused(error=error, request=request)
    if not bytes(said.result):
        raise Unreadable("it is neither data nor an answer")
    names = _TOPICS.decode(said.result)
    if names is None:
        return Acknowledged(request)
    return Subscribed(topics=tuple(map(_topic, names)), request=request, whole=True)


def _topic(name: str) -> Topic:
    """``btcusdt@kline_1m`` as its events name it."""
    symbol, _, channel = name.partition("@")
    kind, _, interval = channel.partition("_")
    return Topic(kind, symbol.upper(), _interval(interval) if kind == _KLINE else None)


def _interval(theirs: str) -> Interval | str:
    return INTERVALS.get(theirs, theirs)


FEED = Feed(name=NAME, events=_events)
