"""The stream of Coinbase: matches, the ticker, and a heartbeat for each product.

It has no bars. What the ticker tells of time is that of the last trade.
"""

from collections.abc import Callable, Iterator, Mapping

import msgspec
from msgspec import Struct, field

from adapters_out.provider_kit.book import top_of_book
from adapters_out.provider_kit.cells import number
from adapters_out.provider_kit.faults import Complaint, FaultRule
from adapters_out.provider_kit.feed import (
    Event,
    Feed,
    Heartbeat,
    LastTraded,
    Message,
    Refused,
    Rules,
    Subscribed,
    Topic,
    Update,
    unknown,
)
from adapters_out.provider_kit.moments import ns_of_iso
from adapters_out.providers.coinbase.products import NAME
from adapters_out.providers.coinbase.ticks import Match
from domain.errors import AccessDenied, NotListed, RateLimited
from domain.ticks import Stamp

_Number = str | float
_LAST = "last_match"
_RULES = Rules(
    NAME,
    (
        FaultRule(NotListed, "does not list the product", text="not a valid product"),
        FaultRule(RateLimited, "limits our rate", text="rate limit"),
        FaultRule(AccessDenied, "wants a key for that", text="authenticat"),
    ),
)


class _Envelope(Struct):
    type: str


class _MatchEvent(Match, kw_only=True):
    """``last_match`` is the one before we subscribed."""

    type: str
    product: str = field(name="product_id")
    sequence: int

    def events(self, _: Message) -> Iterator[Event]:
        yield Update(
            topic=Topic("matches", self.product),
            value=self.trade(),
            snapshot=self.type == _LAST,
            sequence=self.sequence,
        )


class _Ticker(Struct):
    """Sizes came later; without a trade yet there is no time."""

    product: str = field(name="product_id")
    sequence: int
    price: _Number
    bid: _Number | None = field(name="best_bid")
    ask: _Number | None = field(name="best_ask")
    bid_size: _Number | None = field(name="best_bid_size", default=None)
    ask_size: _Number | None = field(name="best_ask_size", default=None)
    time: str | None = None

    def events(self, message: Message) -> Iterator[Event]:
        topic, at = Topic("ticker", self.product), message.received_ns
        traded = None if self.time is None else ns_of_iso(self.time)
        last = LastTraded(number(self.price), traded)
        yield Update(topic=topic, value=last, sequence=self.sequence)
        bid, ask = (self.bid, self.bid_size), (self.ask, self.ask_size)
        quote = top_of_book(bid, ask, at, Stamp.RECEIPT)
        yield Update(topic=topic, value=quote, sequence=self.sequence)


class _Heartbeat(Struct):
    """Ids of trades have no holes, so the last one tells whether one was missed."""

    product: str = field(name="product_id")
    sequence: int
    last_trade: int = field(name="last_trade_id")

    def events(self, _: Message) -> Iterator[Event]:
        topic = Topic("heartbeat", self.product)
        yield Heartbeat(topic=topic, sequence=self.sequence, last_trade=str(self.last_trade))


class _Channel(Struct):
    name: str
    products: list[str] = field(name="product_ids", default_factory=list)

    @property
    def topics(self) -> Iterator[Topic]:
        return (Topic(self.name, product) for product in self.products or [""])


class _Subscriptions(Struct):
    """Everything that is on, whatever was asked."""

    channels: list[_Channel]

    def events(self, _: Message) -> Iterator[Event]:
        topics = (topic for channel in self.channels for topic in channel.topics)
        yield Subscribed(topics=tuple(topics), whole=True)


class _Error(Struct):
    message: str
    reason: str = ""

    def events(self, message: Message) -> Iterator[Event]:
        said = f"{self.message}: {self.reason}" if self.reason else self.message
        yield Refused(error=_RULES.error(message, Complaint(text=said)))


_Read = Callable[[bytes], _MatchEvent | _Ticker | _Heartbeat | _Subscriptions | _Error]
_MATCH = msgspec.json.Decoder(_MatchEvent).decode
_READERS: Mapping[str, _Read] = {
    "match": _MATCH,
    _LAST: _MATCH,
    "ticker": msgspec.json.Decoder(_Ticker).decode,
    "heartbeat": msgspec.json.Decoder(_Heartbeat).decode,
    "subscriptions": msgspec.json.Decoder(_Subscriptions).decode,
    "error": msgspec.json.Decoder(_Error).decode,
}
_ENVELOPE = msgspec.json.Decoder(_Envelope)


def _events(message: Message) -> Iterator[Event]:
    kind = _ENVELOPE.decode(message.body).type
    if kind not in _READERS:
        return iter((unknown(kind),))
    return _READERS[kind](message.body).events(message)


FEED = Feed(name=NAME, events=_events)
