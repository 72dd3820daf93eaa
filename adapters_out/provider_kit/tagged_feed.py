"""The dialect of Massive's streams: arrays of events, each with its kind under ``ev``.

Stocks and futures share it: the words about the stream and the aggregates. One message may hold
events of several kinds; one that cannot be read spoils its message, which is then told.
"""

from collections.abc import Callable, Iterator, Mapping

import msgspec
from msgspec import Raw, Struct, field

from adapters_out.provider_kit.cells import Unreadable
from adapters_out.provider_kit.faults import Complaint, FaultRule
from adapters_out.provider_kit.feed import (
    Authorized,
    Connected,
    Event,
    Feed,
    Message,
    Refused,
    Rules,
    Subscribed,
    Topic,
    Unsubscribed,
    Update,
    bar_of,
    unknown,
)
from adapters_out.provider_kit.moments import ns_of_stamp
from domain.errors import AccessDenied, NotEntitled, ProviderUnavailable, QuotaExhausted
from domain.interval import Interval

Number = str | float
Lengths = Mapping[str, Interval | str]

_STATUS = "status"
_REFUSALS = frozenset(
    {"auth_failed", "auth_timeout", "max_connections", "error", "not authorized", "not_authorized"}
)
# A refused key and a plan without streams have one status; another connection with our key drops
# this one, so both would fight for ever: time must pass.
_RULES = (
    FaultRule(NotEntitled, "includes no streams in the plan", codes=("auth_failed",), text="plan"),
    FaultRule(AccessDenied, "denies access: check the key", codes=("auth_failed",)),
    FaultRule(ProviderUnavailable, "did not wait for the key", codes=("auth_timeout",)),
    FaultRule(
        QuotaExhausted, "has too many connections of ours", codes=("max_connections",), pause_s=60.0
    ),
    FaultRule(NotEntitled, "does not include this in the plan", codes=("not",)),
    FaultRule(NotEntitled, "does not include this in the plan", text="not authorized"),
)


class Tagged(Struct, kw_only=True):
    """An event of market data; pairs are named otherwise than the rest."""

    kind: str = field(name="ev")
    sym: str = ""
    pair: str = ""

    @property
    def symbol(self) -> str:
        """Whichever it has.

        Raises:
            Unreadable: neither.
        """
        if not (self.sym or self.pair):
            raise Unreadable("an event names no symbol")
        return self.sym or self.pair


class Aggregate(Tagged, kw_only=True):
    """A bar, sent when it is over; the average of its time, not that of the day."""

    open: Number = field(name="o")
    high: Number = field(name="h")
    low: Number = field(name="l")
    close: Number = field(name="c")
    volume: Number = field(name="v")
    start: int = field(name="s")
    end: int = field(name="e")
    vwap: Number | None = field(name="vw", default=None)
    trades: int | None = field(name="n", default=None)

    def update(self, length: Interval | str, message: Message) -> Update:
        """Final, unless it ends ahead of our clock, which none should."""
        prices = (self.open, self.high, self.low, self.close)
        over = ns_of_stamp(self.end) <= message.received_ns
        bar = bar_of(self.start, prices, self.volume, self.vwap, self.trades, final=over)
        return Update(topic=Topic(self.kind, self.symbol, length), value=bar)


Read = Callable[[Raw, Message], Update]


class _Event(Struct):
    kind: str = field(name="ev")
    status: str = ""
    message: str = ""


_EVENTS = msgspec.json.Decoder(list[Raw])
_EVENT = msgspec.json.Decoder(_Event)
_AGGREGATE = msgspec.json.Decoder(Aggregate)


def tagged_feed(name: str, readers: Mapping[str, Read], lengths: Lengths) -> Feed:
    """A feed of that dialect.

    ``readers`` read events by their kind; those of the kinds in ``lengths`` are aggregates that
    are so long.
    """
    rules = Rules(name, _RULES)

    def read(raw: Raw, message: Message) -> Event:
        said = _EVENT.decode(raw)
        if said.kind == _STATUS:
            return _word(said, message, rules, lengths)
        if said.kind in lengths:
            return _AGGREGATE.decode(raw).update(lengths[said.kind], message)
        known = readers.get(said.kind)
        return unknown(said.kind) if known is None else known(raw, message)

    def events(message: Message) -> Iterator[Event]:
        return (read(raw, message) for raw in _EVENTS.decode(message.body))

    return Feed(name=name, events=events)


def _word(said: _Event, message: Message, rules: Rules, lengths: Lengths) -> Event:
    what, _, names = said.message.partition(" to: ")
    match said.status, what.strip().lower():
        case "connected", _:
            return Connected()
        case "auth_success", _:
            return Authorized()
        case "success", "subscribed":
            return Subscribed(topics=_topics(names, lengths))
        case "success", "unsubscribed":
            return Unsubscribed(topics=_topics(names, lengths))
    if said.status in _REFUSALS:
        return Refused(error=rules.error(message, Complaint(said.status, said.message)))
    return unknown(f"{_STATUS} {said.status}: {said.message}")


def _topics(names: str, lengths: Lengths) -> tuple[Topic, ...]:
    """``AM.AAPL,T.BRK.B`` as the events name them."""
    parts = (name.strip().partition(".") for name in names.split(","))
    return tuple(Topic(kind, symbol, lengths.get(kind)) for kind, _, symbol in parts)
