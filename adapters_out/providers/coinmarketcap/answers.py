"""What all answers of CoinMarketCap have in common: the envelope, and quotes by currency.

Three versions are alive: ``data`` is a list (v3), a map of coins (v1, v2 by id) or a map of lists
(v2 by symbol); ``quote`` a list (v3) or a map by currency (v1, v2).
"""

from collections.abc import Mapping, Sequence
from typing import TypeVar

import msgspec
from msgspec import Raw, Struct

from adapters_out.provider_kit.calls import Reply
from adapters_out.provider_kit.cells import Unreadable

NAME = "coinmarketcap"
V = TypeVar("V", bound="HasSymbol")


class HasSymbol(Struct):
    """An entry of a v3 list of quotes says its currency itself."""

    symbol: str = ""


class Envelope(Struct):
    """Every answer that is no complaint."""

    data: Raw


def data_of(reply: Reply) -> Raw:
    """What the envelope holds; a body without any is unreadable."""
    return msgspec.json.decode(reply.body, type=Envelope).data


def in_currency(quotes: Mapping[str, V] | Sequence[V], code: str) -> V:
    """The quote in one currency, from a map or from a list.

    Raises:
        Unreadable: it is not there.
    """
    if isinstance(quotes, Mapping):
        found = quotes.get(code)
    else:
        found = next((quote for quote in quotes if quote.symbol == code), None)
    if found is None:
        raise Unreadable(f"it has no quote in {code}")
    return found
