"""The products of Coinbase: how a pair is written, and which there are."""

import msgspec
from msgspec import Struct

from adapters_out.provider_kit.calls import MIB, Call, Reply
from adapters_out.provider_kit.provider import ListingsEndpoint, ListingsPart
from domain.instrument import Instrument, Listing

NAME = "coinbase"


def product_of(instrument: Instrument) -> str:
    """Base and quote, such as BTC-USD."""
    return f"{instrument.base}-{instrument.quote}"


class _Product(Struct):
    id: str
    base_currency: str
    quote_currency: str
    status: str = "online"
    trading_disabled: bool = False

    @property
    def trades(self) -> bool:
        """Whether it is traded now."""
        return self.status == "online" and not self.trading_disabled


def _read_listings(reply: Reply) -> ListingsPart:
    products = msgspec.json.decode(reply.body, type=list[_Product])
    return ListingsPart(
        [
            Listing(NAME, p.id, Instrument.pair(p.base_currency, p.quote_currency), p.trades)
            for p in products
        ]
    )


LISTINGS = ListingsEndpoint(ask=lambda: Call("/products", max_bytes=8 * MIB), read=_read_listings)
