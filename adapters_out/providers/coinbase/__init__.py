"""Coinbase Exchange, the order books of api.exchange.coinbase.com (docs.cdp.coinbase.com, 2026).

Not Advanced Trade, which has other names and objects. Market data needs no key, but a
``User-Agent``, which the kit sends. A bar without trades is left out. Its dollar is the dollar.
"""

import msgspec
from msgspec import Struct

from adapters_out.provider_kit.calls import MIB, Call, Reply
from adapters_out.provider_kit.faults import Complaint, FaultRule, Faults
from adapters_out.provider_kit.provider import Provider
from adapters_out.providers.coinbase.bars import BARS, INTERVALS, PAGE
from adapters_out.providers.coinbase.feed import FEED
from adapters_out.providers.coinbase.products import LISTINGS, NAME, product_of
from adapters_out.providers.coinbase.ticks import PRICE, QUOTES, TRADES
from domain.coverage import GapReason
from domain.errors import NotListed
from domain.instrument import AssetClass
from domain.provider import Capabilities, Capability, ProviderPolicy

_LONGEST_ERROR = 4096


class _Error(Struct):
    """All that it says is a sentence; data never has a ``message``."""

    message: str | None = None


def _complaint(reply: Reply) -> Complaint | None:
    if len(reply.body) > _LONGEST_ERROR or not reply.body.lstrip().startswith(b"{"):
        return None
    said = msgspec.json.decode(reply.body, type=_Error).message
    return None if said is None else Complaint(text=said)


_FAULTS = Faults(
    complaint=_complaint,
    rules=(FaultRule(NotListed, "does not list the product", statuses=(404,), text="notfound"),),
)


PROVIDER = Provider(
    name=NAME,
    base_url="https://api.exchange.coinbase.com",
    policy=ProviderPolicy(rps=10.0, max_body_bytes=MIB),
    capabilities=Capabilities(
        offers=frozenset(
            {
                *(Capability.BARS, Capability.PRICE, Capability.INSTRUMENTS),
                *(Capability.TRADES, Capability.QUOTES),
            }
        ),
        asset_classes=frozenset({AssetClass.CRYPTO}),
        intervals=INTERVALS,
        holes=GapReason.NO_TRADES,
        page_bars=PAGE,
    ),
    faults=_FAULTS,
    spell=product_of,
    bars=BARS,
    price=PRICE,
    listings=LISTINGS,
    trades=TRADES,
    quotes=QUOTES,
    feed=FEED,
    ping=Call("/time"),
)
