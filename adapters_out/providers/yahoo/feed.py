"""The stream of Yahoo: the last price of a symbol, as protocol buffers in Base64.

Version 2 wraps them in JSON; the bare text is that of version 1. The numbers of the fields are
those of ``PricingData``, as clients of it have them.
"""

import base64
from collections.abc import Iterator, Mapping

import msgspec
import numpy as np
from msgspec import Struct

from adapters_out.provider_kit.book import top_of_book
from adapters_out.provider_kit.cells import Unreadable, number
from adapters_out.provider_kit.feed import Event, Feed, LastTraded, Message, Topic, Update, unknown
from adapters_out.provider_kit.moments import ns_of_stamp
from adapters_out.providers.yahoo.answers import Meta
from adapters_out.providers.yahoo.protobuf import Value, fields_of, float_of, signed_of, text_of
from adapters_out.providers.yahoo.symbols import NAME
from domain.ticks import Stamp

_PRICING = "pricing"
_ID, _PRICE, _TIME, _CURRENCY, _BID, _ASK, _HINT = 1, 2, 3, 4, 23, 25, 27
_MOST_PLACES = 12


class _Wrapper(Struct):
    type: str
    message: str = ""


_WRAPPER = msgspec.json.Decoder(_Wrapper)


def _events(message: Message) -> Iterator[Event]:
    text: bytes | str = message.body
    if message.body.lstrip().startswith(b"{"):
        said = _WRAPPER.decode(message.body)
        if said.type != _PRICING:
            yield unknown(said.type)
            return
        text = said.message
    yield from _pricing(fields_of(base64.b64decode(text, validate=True)), message)


def _pricing(told: Mapping[int, Value], message: Message) -> Iterator[Event]:
    """A field that is absent, or 0, is not known; the time is that of the last trade.

    Sizes are in lots that nobody tells: not taken.
    """
    symbol = text_of(told.get(_ID, b""))
    if not symbol:
        raise Unreadable("it names no symbol")
    topic, meta = Topic(_PRICING, symbol), _meta(told)
    price, bid, ask = (_amount(told, place, meta) for place in (_PRICE, _BID, _ASK))
    if price is not None:
        traded = signed_of(told.get(_TIME, 0))
        yield Update(topic=topic, value=LastTraded(price, ns_of_stamp(traded) if traded else None))
    if bid is not None or ask is not None:
        quote = top_of_book((bid, None), (ask, None), message.received_ns, Stamp.RECEIPT)
        yield Update(topic=topic, value=quote)
    if price is bid is ask is None:
        yield unknown(f"{_PRICING} of {symbol} without a price")


def _meta(told: Mapping[int, Value]) -> Meta:
    """In which currency, and with how many decimals."""
    currency, hint = text_of(told.get(_CURRENCY, b"")), signed_of(told.get(_HINT, 0))
    if not 0 <= hint <= _MOST_PLACES:
        raise Unreadable("no price has so many decimals")
    return Meta(currency=currency, hint=hint) if _HINT in told else Meta(currency=currency)


def _amount(told: Mapping[int, Value], place: int, meta: Meta) -> float | None:
    """Without the noise of single precision, in the whole currency."""
    if place not in told:
        return None
    amount = number(float_of(told[place]))
    return float(meta.clean(np.array([amount]))[0]) if amount else None


FEED = Feed(name=NAME, events=_events)
