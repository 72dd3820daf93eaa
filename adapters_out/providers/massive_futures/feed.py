"""Massive's stream of futures: trades, quotes and aggregates, in milliseconds.

Prices come as texts, though the documentation shows numbers. The session that something belongs
to is not told here.
"""

import msgspec
from msgspec import Raw, field

from adapters_out.provider_kit.cells import number
from adapters_out.provider_kit.feed import Message, Topic, Update
from adapters_out.provider_kit.moments import ns_of_stamp
from adapters_out.provider_kit.tagged_feed import Number, Tagged, tagged_feed
from adapters_out.providers.massive_futures.answers import NAME
from adapters_out.providers.massive_futures.ticks import side_of
from domain.interval import Interval
from domain.ticks import Quote, Trade


class _Trade(Tagged, kw_only=True):
    """Trades of one packet share its number, so it is no id."""

    price: Number = field(name="p")
    size: Number = field(name="s")
    time: int = field(name="t")
    sequence: int | None = field(name="q", default=None)


class _Quote(Tagged, kw_only=True):
    """Each side may be missing; the time of the later one may lie behind that of the quote."""

    bid: Number | None = field(name="bp", default=None)
    bid_size: Number | None = field(name="bs", default=None)
    ask: Number | None = field(name="ap", default=None)
    ask_size: Number | None = field(name="as", default=None)
    time: int = field(name="t")


_TRADE = msgspec.json.Decoder(_Trade)
_QUOTE = msgspec.json.Decoder(_Quote)


def _trade(raw: Raw, _: Message) -> Update:
    told = _TRADE.decode(raw)
    price, size = number(told.price), number(told.size)
    trade = Trade(ts_ns=ns_of_stamp(told.time), price=price, size=size)
    return Update(topic=Topic(told.kind, told.symbol), value=trade, sequence=told.sequence)


def _quote(raw: Raw, _: Message) -> Update:
    told = _QUOTE.decode(raw)
    bid, bid_size = side_of(told.bid, told.bid_size)
    ask, ask_size = side_of(told.ask, told.ask_size)
    quote = Quote(
        ts_ns=ns_of_stamp(told.time),
        bid_price=bid,
        bid_size=bid_size,
        ask_price=ask,
        ask_size=ask_size,
    )
    return Update(topic=Topic(told.kind, told.symbol), value=quote)


FEED = tagged_feed(
    NAME, readers={"T": _trade, "Q": _quote}, lengths={"AM": Interval.M1, "A": "second"}
)
