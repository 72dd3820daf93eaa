"""Kraken spot, REST version 0 (docs.kraken.com, state of 2026).

Errors come with HTTP 200. It keeps 720 bars, whatever one asks. A bar without trades is a flat
row, so a missing row is an outage. Its weeks open on Thursday: they are not ours, so none here.
"""

import msgspec

from adapters_out.provider_kit.calls import MIB, Call, Reply
from adapters_out.provider_kit.faults import Complaint, FaultRule, Faults
from adapters_out.provider_kit.provider import Provider
from adapters_out.providers.kraken.answers import LISTINGS, NAME, Answer, pair_of
from adapters_out.providers.kraken.bars import BARS, KEPT, MINUTES
from adapters_out.providers.kraken.feed import FEED
from adapters_out.providers.kraken.ticks import PRICE, QUOTES, TRADES
from domain.coverage import GapReason
from domain.errors import NotListed, ProviderUnavailable, RateLimited
from domain.instrument import AssetClass
from domain.provider import Capabilities, Capability, ProviderPolicy


def _complaint(reply: Reply) -> Complaint | None:
    """The first error; what begins with W is a warning."""
    if reply.body.startswith(b'{"error":[],'):
        return None
    said = msgspec.json.decode(reply.body, type=Answer).error
    errors = [text for text in said if not text.startswith("W")]
    return Complaint(errors[0], "; ".join(errors[1:])) if errors else None


_UNKNOWN = ("EQuery:Unknown asset", "EQuery:Invalid asset pair")
_TOO_MANY = ("EGeneral:Too many requests", "EAPI:Rate limit exceeded")
_LOCKOUT = "EGeneral:Temporary lockout"
_FAULTS = Faults(
    complaint=_complaint,
    rules=(
        FaultRule(NotListed, "does not list the pair", codes=_UNKNOWN),
        FaultRule(RateLimited, "has locked us out", codes=(_LOCKOUT,), pause_s=900.0),
        FaultRule(RateLimited, "limits our rate", codes=_TOO_MANY),
        FaultRule(ProviderUnavailable, "is unavailable", codes=("EService:", "EGeneral:Internal")),
    ),
)


PROVIDER = Provider(
    name=NAME,
    base_url="https://api.kraken.com",
    policy=ProviderPolicy(rps=1.0, concurrency=4, freeze_s=15.0, max_body_bytes=MIB),
    capabilities=Capabilities(
        offers=frozenset(
            {
                *(Capability.BARS, Capability.PRICE, Capability.INSTRUMENTS),
                *(Capability.TRADES, Capability.QUOTES),
            }
        ),
        asset_classes=frozenset({AssetClass.CRYPTO}),
        intervals=tuple(MINUTES),
        history_bars=KEPT,
        holes=GapReason.PROVIDER_OUTAGE,
        page_bars=KEPT,
    ),
    faults=_FAULTS,
    spell=pair_of,
    bars=BARS,
    price=PRICE,
    listings=LISTINGS,
    trades=TRADES,
    quotes=QUOTES,
    feed=FEED,
    ping=Call("/0/public/Time"),
)
