"""Polygon, now Massive: US stocks of the consolidated tape and crypto pairs (docs of 2026).

Bars are asked for raw; young ones are corrected for late trades.
"""

import msgspec
from msgspec import Struct

from adapters_out.provider_kit.calls import Call, Reply
from adapters_out.provider_kit.faults import Complaint, FaultRule, Faults
from adapters_out.provider_kit.provider import Auth, Provider
from adapters_out.providers.polygon.answers import NAME, ticker_of
from adapters_out.providers.polygon.bars import BARS, SHORTEST_PAGE, SPANS
from adapters_out.providers.polygon.feed import FEED
from adapters_out.providers.polygon.prices import LAST_TRADE
from adapters_out.providers.polygon.reference import ACTIONS, LISTINGS
from adapters_out.providers.polygon.ticks import QUOTES, TRADES
from domain.coverage import GapReason
from domain.errors import NotEntitled, NotListed, RangeUnavailable
from domain.instrument import AssetClass
from domain.provider import Basis, Capabilities, Capability, ProviderPolicy, Window

_LONGEST_ERROR = 4096


class _Error(Struct):
    """Its sentence is in one or the other."""

    status: str = ""
    error: str = ""
    message: str = ""


# Snapshots of one ticker spell the last one differently.
_ERRORS = frozenset({"ERROR", "NOT_AUTHORIZED", "NOT_FOUND", "NotFound"})


def _complaint(reply: Reply) -> Complaint | None:
    """Whatever the HTTP status: what the plan does not include may come with 200."""
    if len(reply.body) > _LONGEST_ERROR:
        return None
    said = msgspec.json.decode(reply.body, type=_Error)
    return Complaint(said.status, said.error or said.message) if said.status in _ERRORS else None


_FAULTS = Faults(
    complaint=_complaint,
    rules=(
        FaultRule(
            *(RangeUnavailable, "does not reach that far in this plan"),
            codes=("NOT_AUTHORIZED",),
            text="timeframe",
        ),
        FaultRule(NotEntitled, "does not include this in the plan", codes=("NOT_AUTHORIZED",)),
        FaultRule(NotListed, "does not know the ticker", codes=("NOT_FOUND", "NotFound")),
    ),
)

PROVIDER = Provider(
    name=NAME,
    base_url="https://api.massive.com",
    hosts=frozenset({"api.polygon.io", "api.massive.com"}),
    # The free plan; whoever pays says FKS_POLYGON_RPM=0. Anything under 100 a second is fair use.
    policy=ProviderPolicy(rps=50.0, windows=(Window(5, 60),), attempts=2, freeze_s=60.0),
    capabilities=Capabilities(
        offers=frozenset(
            {
                Capability.BARS,
                Capability.PRICE,
                Capability.INSTRUMENTS,
                Capability.TRADES,
                Capability.QUOTES,
                Capability.ACTIONS,
            }
        ),
        asset_classes=frozenset({AssetClass.STOCK, AssetClass.CRYPTO}),
        intervals=tuple(SPANS),
        holes=GapReason.NO_TRADES,
        page_bars=SHORTEST_PAGE,
        reread_bars=16,  # trades may be reported a quarter of an hour late
        basis=Basis.CONSOLIDATED,
        tickers_of_the_day=True,
        lacks=frozenset({(Capability.QUOTES, AssetClass.CRYPTO)}),
    ),
    auth=Auth(header="Authorization", prefix="Bearer "),
    faults=_FAULTS,
    spell=ticker_of,
    bars=BARS,
    price=LAST_TRADE,
    listings=LISTINGS,
    trades=TRADES,
    quotes=QUOTES,
    actions=ACTIONS,
    feed=FEED,
    ping=Call("/v1/marketstatus/now"),
)
