"""A provider's stream as a value: what its messages mean, without a socket, a clock or a memory.

A message brings market data (:class:`Update`) or says something about the stream itself. Nothing
is dropped silently: what nobody here knows is told as :class:`Unknown`, what cannot be read
raises. Values are as sent; whether they are plausible is judged behind this.
"""

from collections.abc import Callable, Iterable

from msgspec import Struct

from adapters_out.provider_kit.book import Cell
from adapters_out.provider_kit.cells import nonzero_number, number, optional_number, whole
from adapters_out.provider_kit.faults import (
    UNREADABLE,
    Complaint,
    FaultRule,
    refusal,
    why_unreadable,
)
from adapters_out.provider_kit.moments import seconds_of_stamp
from domain.bars import Bar
from domain.errors import MalformedPayload, ProviderError
from domain.interval import Interval
from domain.ticks import Quote, Trade

_OK = 200
_NS = 10**9
_SHOWN = 80


class Topic(Struct, frozen=True):
    """What is subscribed to, as the provider spells it: its channel and its symbol.

    ``interval`` of bars is one of ours, or the provider's word for another; a topic that a
    provider only names by the channel has no symbol.
    """

    channel: str
    symbol: str = ""
    interval: Interval | str | None = None


class LastTraded(Struct, frozen=True):
    """A price update; ``ts_ns`` (Unix ns) None when the provider gives no time."""

    price: float
    ts_ns: int | None = None


class Update(Struct, frozen=True, kw_only=True):
    """Market data.

    A bar is final only if the provider says that it is closed, by a word or by sending a later
    one in the same message: any other may come again. ``snapshot``: it was true before we
    subscribed, so it may be known already. ``sequence`` is the provider's own number, by which one
    that comes late is told; ``sent_ns`` is when the provider sent the message (Unix ns).
    """

    topic: Topic
    value: Bar | Trade | Quote | LastTraded
    snapshot: bool = False
    sequence: int | None = None
    sent_ns: int | None = None


class Connected(Struct, frozen=True):
    """The provider is ready to be spoken to; ``state`` is its word for how its market is."""

    state: str = ""


class Authorized(Struct, frozen=True):
    """The key is accepted, which does not say what the plan includes."""


class Subscribed(Struct, frozen=True, kw_only=True):
    """These topics are on; with ``whole`` they are all that are. ``request`` is our own id."""

    topics: tuple[Topic, ...]
    request: str = ""
    whole: bool = False


class Unsubscribed(Struct, frozen=True, kw_only=True):
    """These topics are off."""

    topics: tuple[Topic, ...]
    request: str = ""


class Acknowledged(Struct, frozen=True):
    """Our request of that id was carried out, whatever it was."""

    request: str


class Heartbeat(Struct, frozen=True, kw_only=True):
    """The stream is alive, even if nothing happens.

    Of a topic, if it is sent by topic: then with the newest ``sequence`` and the id of the last
    trade (empty: not sent), which tell whether something was missed.
    """

    topic: Topic | None = None
    sequence: int | None = None
    last_trade: str = ""


class Pong(Struct, frozen=True):
    """The answer to our ping."""

    request: str = ""


class Refused(Struct, frozen=True, kw_only=True):
    """A request was refused, or the stream as a whole (without ``request`` and ``topic``)."""

    error: ProviderError
    request: str = ""
    topic: Topic | None = None


class Closing(Struct, frozen=True):
    """The provider is about to close the connection: open another one."""


class Unknown(Struct, frozen=True):
    """A message of a kind that is not known here; ``kind`` is the provider's word for it."""

    kind: str


Event = (
    Update
    | Connected
    | Authorized
    | Subscribed
    | Unsubscribed
    | Acknowledged
    | Heartbeat
    | Pong
    | Refused
    | Closing
    | Unknown
)


class Message(Struct, frozen=True):
    """One message of a stream, and when it came (Unix ns by our clock)."""

    body: bytes
    received_ns: int


class Feed(Struct, frozen=True, kw_only=True):
    """What the messages of one provider mean.

    ``events`` reads one; it may raise whatever an unreadable one makes it raise.
    """

    name: str
    events: Callable[[Message], Iterable[Event]]

    def read(self, body: bytes, received_ns: int) -> tuple[Event, ...]:
        """What the message says, in its order; a message may say nothing.

        ``received_ns`` (Unix ns) becomes the time of quotes whose venue sends none.

        Raises:
            MalformedPayload: it cannot be read, and nothing else is ever raised.
        """
        try:
            return tuple(self.events(Message(body, received_ns)))
        except UNREADABLE as fault:
            message = f"{self.name} sent an unreadable message: {why_unreadable(fault)}."
            raise MalformedPayload(message, provider=self.name) from fault


class Rules(Struct, frozen=True):
    """Which error of the tree a complaint of a provider's stream is; the first that fits."""

    name: str
    rules: tuple[FaultRule, ...] = ()

    def error(self, message: Message, said: Complaint, status: int = _OK) -> ProviderError:
        """The error; ``status`` is the one of HTTP that the stream names, if it does."""
        at = message.received_ns / _NS
        return refusal(self.name, said, self.rules, status=status, at=at)


def unknown(kind: object) -> Unknown:
    """What a message calls itself, cut to what a person wants to read."""
    return Unknown(str(kind)[:_SHOWN])


def bar_of(
    ts: Cell,
    prices: tuple[Cell, Cell, Cell, Cell],
    volume: Cell = None,
    vwap: Cell = None,
    trades: Cell = None,
    *,
    final: bool,
) -> Bar:
    """A bar from cells as sent: a Unix stamp in any unit, then open, high, low and close.

    An average of 0 is none.

    Raises:
        Unreadable: a cell is no number, or ``ts`` no whole second.
    """
    open_, high, low, close = map(number, prices)
    return Bar(
        ts=seconds_of_stamp(ts),
        open=open_,
        high=high,
        low=low,
        close=close,
        volume=optional_number(volume),
        vwap=nonzero_number(vwap),
        trades=None if trades is None else whole(trades),
        final=final,
    )
