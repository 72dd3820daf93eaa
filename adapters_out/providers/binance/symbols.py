"""The symbols of Binance: how a pair is written, and which there are."""

import msgspec
from msgspec import Struct

from adapters_out.provider_kit.calls import MIB, Call, Reply
from adapters_out.provider_kit.provider import ListingsEndpoint, ListingsPart
from domain.errors import NotListed
from domain.instrument import Instrument, Listing

NAME = "binance"
_LONGEST_SYMBOL = 20


def symbol_of(instrument: Instrument) -> str:
    """Raise NotListed where Binance would only complain about illegal characters (-1100)."""
    symbol = instrument.base + instrument.quote
    if len(symbol) > _LONGEST_SYMBOL:
        message = f"binance has no symbols of more than {_LONGEST_SYMBOL} characters."
        raise NotListed(message, provider=NAME)
    return symbol


class _Symbol(Struct):
    symbol: str
    status: str
    base: str = msgspec.field(name="baseAsset")
    quote: str = msgspec.field(name="quoteAsset")


class _ExchangeInfo(Struct):
    symbols: list[_Symbol]


def _ask_listings() -> Call:
    return Call("/api/v3/exchangeInfo", weight=20, max_bytes=32 * MIB)


def _read_listings(reply: Reply) -> ListingsPart:
    info = msgspec.json.decode(reply.body, type=_ExchangeInfo)
    return ListingsPart(
        [
            Listing(NAME, s.symbol, Instrument.pair(s.base, s.quote), s.status == "TRADING")
            for s in info.symbols
        ]
    )


LISTINGS = ListingsEndpoint(ask=_ask_listings, read=_read_listings)
