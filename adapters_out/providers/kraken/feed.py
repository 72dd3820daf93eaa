"""The stream of Kraken, version 2: candles, trades and the ticker of pairs such as BTC/USD.

Numbers are bare here, which are texts elsewhere. Whoever speaks version 1 is understood as well.
"""

from collections.abc import Callable, Iterator, Mapping

import msgspec
from msgspec import Raw, Struct, field

from adapters_out.provider_kit.book import top_of_book
from adapters_out.provider_kit.cells import Unreadable, nonzero_number, number
from adapters_out.provider_kit.faults import Complaint, FaultRule
from adapters_out.provider_kit.feed import (
    Connected,
    Event,
    Feed,
    Heartbeat,
    LastTraded,
    Message,
    Pong,
    Refused,
    Rules,
    Subscribed,
    Topic,
    Unsubscribed,
    Update,
    bar_of,
    unknown,
)
from adapters_out.provider_kit.moments import ns_of_iso
from adapters_out.providers.kraken.answers import NAME
from adapters_out.providers.kraken.bars import MINUTES
from adapters_out.providers.kraken.feed_v1 import data_v1, word_v1
from domain.errors import NotListed, RateLimited
from domain.interval import Interval
from domain.ticks import Side, Stamp, Trade

_Number = str | float
_INTERVALS = {minutes: interval for interval, minutes in MINUTES.items()}
_RULES = Rules(
    NAME,
    (
        FaultRule(NotListed, "does not list the symbol", text="currency pair not supported"),
        FaultRule(RateLimited, "limits our rate", text="rate limit"),
    ),
)


def _interval(minutes: int | None) -> Interval | str | None:
    """Ours; weeks open on Thursday, so they are none of ours."""
    return None if minutes is None else _INTERVALS.get(minutes, str(minutes))


class _Subscription(Struct):
    channel: str = ""
    symbol: str = ""
    minutes: int | None = field(name="interval", default=None)

    @property
    def topic(self) -> Topic:
        return Topic(self.channel, self.symbol, _interval(self.minutes))


class _Envelope(Struct):
    """Data have a ``channel``, answers a ``method``, words of version 1 an ``event``."""

    channel: str = ""
    type: str = ""
    data: Raw = Raw()
    method: str = ""
    success: bool | None = None
    result: _Subscription | None = None
    error: str = ""
    symbol: str = ""
    request: int | str = field(name="req_id", default="")
    event: str = ""

    @property
    def about(self) -> Topic | None:
        """Of a refusal, which names the symbol at most."""
        if self.result is not None:
            return self.result.topic
        return Topic("", self.symbol) if self.symbol else None

    @property
    def is_snapshot(self) -> bool:
        return self.type == "snapshot"


class _Candle(Struct):
    """Without a word on whether it is closed."""

    symbol: str
    minutes: int = field(name="interval")
    begin: str = field(name="interval_begin")
    open: _Number
    high: _Number
    low: _Number
    close: _Number
    volume: _Number
    vwap: _Number | None = None
    trades: int | None = None

    @property
    def topic(self) -> Topic:
        return Topic("ohlc", self.symbol, _interval(self.minutes))


_CANDLES = msgspec.json.Decoder(list[_Candle])


def _candles(said: _Envelope, _: Message) -> Iterator[Update]:
    """A candle is closed when a later one of its kind has begun."""
    rows = [(row, row.topic, ns_of_iso(row.begin)) for row in _CANDLES.decode(said.data)]
    newest: dict[Topic, int] = {}
    for _row, topic, begin in rows:
        newest[topic] = max(begin, newest.get(topic, begin))
    for row, topic, begin in rows:
        prices = (row.open, row.high, row.low, row.close)
        final = begin < newest[topic]
        bar = bar_of(begin, prices, row.volume, row.vwap, row.trades, final=final)
        yield Update(topic=topic, value=bar, snapshot=said.is_snapshot)


class _Trade(Struct):
    """``side`` is the taker's."""

    symbol: str
    side: Side
    price: _Number
    size: _Number = field(name="qty")
    id: int = field(name="trade_id")
    time: str = field(name="timestamp")


_TRADES = msgspec.json.Decoder(list[_Trade])


def _trades(said: _Envelope, _: Message) -> Iterator[Update]:
    for row in _TRADES.decode(said.data):
        price, size, at = number(row.price), number(row.size), ns_of_iso(row.time)
        trade = Trade(ts_ns=at, price=price, size=size, id=str(row.id), side=row.side)
        yield Update(topic=Topic("trade", row.symbol), value=trade, snapshot=said.is_snapshot)


class _Ticker(Struct):
    """``time`` came later; when the last trade was is not told."""

    symbol: str
    bid: _Number | None
    bid_size: _Number | None = field(name="bid_qty")
    ask: _Number | None
    ask_size: _Number | None = field(name="ask_qty")
    last: _Number | None
    time: str | None = field(name="timestamp", default=None)


_TICKERS = msgspec.json.Decoder(list[_Ticker])


def _tickers(said: _Envelope, message: Message) -> Iterator[Update]:
    for row in _TICKERS.decode(said.data):
        topic, last = Topic("ticker", row.symbol), nonzero_number(row.last)
        if last is not None:
            yield Update(topic=topic, value=LastTraded(last), snapshot=said.is_snapshot)
        at = message.received_ns if row.time is None else ns_of_iso(row.time)
        stamp = Stamp.RECEIPT if row.time is None else Stamp.VENUE
        quote = top_of_book((row.bid, row.bid_size), (row.ask, row.ask_size), at, stamp)
        yield Update(topic=topic, value=quote, snapshot=said.is_snapshot)


class _System(Struct):
    system: str


_SYSTEM = msgspec.json.Decoder(list[_System])


def _status(said: _Envelope, _: Message) -> Iterator[Event]:
    return (Connected(each.system) for each in _SYSTEM.decode(said.data))


_READERS: Mapping[str, Callable[[_Envelope, Message], Iterator[Event]]] = {
    "ohlc": _candles,
    "trade": _trades,
    "ticker": _tickers,
    "status": _status,
    "heartbeat": lambda _said, _message: iter((Heartbeat(),)),
}
_ENVELOPE = msgspec.json.Decoder(_Envelope)


def _events(message: Message) -> Iterator[Event]:
    if message.body.lstrip().startswith(b"["):
        return data_v1(message)
    said = _ENVELOPE.decode(message.body)
    if said.channel in _READERS:
        return _READERS[said.channel](said, message)
    return iter((_word(said, message),))


def _word(said: _Envelope, message: Message) -> Event:
    if said.method:
        return _answer(said, message)
    if said.event:
        return word_v1(message, _RULES)
    if not said.channel:
        raise Unreadable("it is neither data nor an answer")
    return unknown(said.channel)


def _answer(said: _Envelope, message: Message) -> Event:
    request = str(said.request)
    if said.method == "pong":
        return Pong(request)
    if said.success is False or said.error:
        error = _RULES.error(message, Complaint(text=said.error))
        return Refused(error=error, request=request, topic=said.about)
    if said.result is None or said.method not in {"subscribe", "unsubscribe"}:
        return unknown(said.method)
    kind = Subscribed if said.method == "subscribe" else Unsubscribed
    return kind(topics=(said.result.topic,), request=request)


FEED = Feed(name=NAME, events=_events)
