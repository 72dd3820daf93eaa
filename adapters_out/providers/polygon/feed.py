"""The stream of Polygon: trades, quotes and aggregates of stocks, and of pairs under other kinds.

Times are milliseconds, while they are nanoseconds where ticks are asked for. Bars may be sent
again, corrected by a late trade.
"""

import msgspec
from msgspec import Raw, field

from adapters_out.provider_kit.book import top_of_book
from adapters_out.provider_kit.cells import number
from adapters_out.provider_kit.feed import Message, Topic, Update
from adapters_out.provider_kit.moments import ns_of_stamp
from adapters_out.provider_kit.tagged_feed import Number, Tagged, tagged_feed
from adapters_out.providers.polygon.answers import NAME
from adapters_out.providers.polygon.ticks import side_of, trade_id
from domain.interval import Interval
from domain.ticks import Trade


class _Trade(Tagged, kw_only=True):
    """The letters of a trade that is asked for; only pairs tell the side, in a condition."""

    price: Number = field(name="p")
    size: Number = field(name="s")
    decimal_size: str | None = field(name="ds", default=None)
    time: int = field(name="t")
    exchange: int | None = field(name="x", default=None)
    id: str | int = field(name="i", default="")
    trf_id: int | None = field(name="trfi", default=None)
    conditions: list[int] | None = field(name="c", default=None)
    sequence: int | None = field(name="q", default=None)


class _Quote(Tagged, kw_only=True):
    """A price of 0 says that nobody is on that side."""

    bid: Number | None = field(name="bp", default=None)
    bid_size: Number | None = field(name="bs", default=None)
    ask: Number | None = field(name="ap", default=None)
    ask_size: Number | None = field(name="as", default=None)
    time: int = field(name="t")
    sequence: int | None = field(name="q", default=None)


_TRADE = msgspec.json.Decoder(_Trade)
_QUOTE = msgspec.json.Decoder(_Quote)


def _trade(raw: Raw, _: Message) -> Update:
    told = _TRADE.decode(raw)
    trade = Trade(
        ts_ns=ns_of_stamp(told.time),
        price=number(told.price),
        size=number(told.size if told.decimal_size is None else told.decimal_size),
        id=trade_id(told.exchange, told.trf_id, told.id),
        side=side_of(told.conditions) if told.pair else None,
    )
    return Update(topic=Topic(told.kind, told.symbol), value=trade, sequence=told.sequence)


def _quote(raw: Raw, _: Message) -> Update:
    told = _QUOTE.decode(raw)
    bid, ask = (told.bid, told.bid_size), (told.ask, told.ask_size)
    quote = top_of_book(bid, ask, ns_of_stamp(told.time))
    return Update(topic=Topic(told.kind, told.symbol), value=quote, sequence=told.sequence)


FEED = tagged_feed(
    NAME,
    readers={"T": _trade, "XT": _trade, "Q": _quote, "XQ": _quote},
    lengths={"AM": Interval.M1, "XA": Interval.M1, "A": "second", "XAS": "second"},
)
