"""Version 1 of Kraken's stream, which is frozen: its words about itself, and its trades.

Data are arrays: the number of the channel, rows, the name of the channel and the pair, in which
bitcoin is XBT. We subscribe to version 2 only; recordings of old are of this one.
"""

from collections.abc import Iterator

import msgspec
from msgspec import Raw, Struct, field

from adapters_out.provider_kit.faults import Complaint
from adapters_out.provider_kit.feed import (
    Connected,
    Event,
    Heartbeat,
    Message,
    Pong,
    Refused,
    Rules,
    Subscribed,
    Topic,
    Unsubscribed,
    Update,
    unknown,
)
from adapters_out.providers.kraken.ticks import Row


class _Data(Struct, array_like=True):
    number: int
    rows: Raw
    channel: str
    pair: str


class _Channel(Struct):
    name: str = ""


class _Word(Struct):
    event: str
    status: str = ""
    pair: str = ""
    channel: _Channel = field(name="subscription", default_factory=_Channel)
    error: str = field(name="errorMessage", default="")
    request: int | str = field(name="reqid", default="")


_DATA = msgspec.json.Decoder(_Data)
_WORD = msgspec.json.Decoder(_Word)
_ROWS = msgspec.json.Decoder(list[Row])


def data_v1(message: Message) -> Iterator[Event]:
    """Trades, as they come when they are asked for, less their ids."""
    said = _DATA.decode(message.body)
    if said.channel != "trade":
        yield unknown(said.channel)
        return
    for row in _ROWS.decode(said.rows):
        yield Update(topic=Topic(said.channel, said.pair), value=row.trade())


def word_v1(message: Message, rules: Rules) -> Event:
    """What an object with an ``event`` says."""
    said = _WORD.decode(message.body)
    match said.event:
        case "heartbeat":
            return Heartbeat()
        case "pong":
            return Pong(str(said.request))
        case "systemStatus":
            return Connected(said.status)
        case "subscriptionStatus":
            return _subscription(said, message, rules)
    return unknown(said.event)


def _subscription(said: _Word, message: Message, rules: Rules) -> Event:
    topic, request = Topic(said.channel.name, said.pair), str(said.request)
    match said.status:
        case "subscribed":
            return Subscribed(topics=(topic,), request=request)
        case "unsubscribed":
            return Unsubscribed(topics=(topic,), request=request)
        case "error":
            error = rules.error(message, Complaint(text=said.error))
            return Refused(error=error, request=request, topic=topic)
    return unknown(said.status)
