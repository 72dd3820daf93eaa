"""Binance spot, REST version 3 (binance-spot-api-docs, state of 2026-07-21).

Limits are per IP and in weight; market data needs no key. A bar without trades is a flat row, so
a missing row is an outage of the exchange.
"""

import re
from collections.abc import Sequence

import msgspec
from msgspec import Struct, field

from adapters_out.provider_kit.calls import MIB, Call, Reply
from adapters_out.provider_kit.faults import Complaint, FaultRule, Faults, KeyRefused, retry_after
from adapters_out.provider_kit.provider import Auth, Provider, header_usage
from adapters_out.providers.binance.bars import BARS, PAGE
from adapters_out.providers.binance.feed import FEED
from adapters_out.providers.binance.symbols import LISTINGS, NAME, symbol_of
from adapters_out.providers.binance.ticks import PRICE, QUOTES, TRADES
from domain.coverage import GapReason
from domain.errors import Banned, NotListed, ProviderUnavailable, RateLimited
from domain.instrument import AssetClass
from domain.interval import Interval
from domain.provider import Capabilities, Capability, ProviderPolicy, Window

_LONGEST_ERROR = 4096
_CAUTION = 0.8


class _Error(Struct):
    """Lists answer with an array, so an object with a code is an error; 451 has the code 0."""

    code: int | None = None
    msg: str = ""


def _complaint(reply: Reply) -> Complaint | None:
    if len(reply.body) > _LONGEST_ERROR or not reply.body.lstrip().startswith(b"{"):
        return None
    error = msgspec.json.decode(reply.body, type=_Error)
    return None if error.code is None else Complaint(str(error.code), error.msg)


_UNTIL = re.compile(rb"until (\d{13})\b")


def _retry_at(reply: Reply) -> float | None:
    """The later of ``Retry-After`` and "banned until <ms>": calling too early prolongs a ban."""
    named = _UNTIL.search(reply.body[:1000])
    stamps = [retry_after(reply), int(named[1]) / 1000 if named else None]
    return max((s for s in stamps if s is not None), default=None)


class _Limit(Struct):
    """``interval`` is SECOND, MINUTE or DAY."""

    kind: str = field(name="rateLimitType")
    interval: str
    count: int = field(name="intervalNum")
    limit: int


_LIMITS = re.compile(rb'"rateLimits":\s*(\[[^\]]*\])')
_HEAD = 2000


def _limits(reply: Reply) -> Sequence[Window]:
    """The weight of a minute, which the list of symbols begins with; a fifth stays free."""
    found = _LIMITS.search(reply.body, 0, _HEAD)
    told = msgspec.json.decode(found[1], type=list[_Limit]) if found else []
    wanted = ("REQUEST_WEIGHT", "MINUTE", 1)
    return [
        Window(_CAUTION * each.limit, 60)
        for each in told
        if (each.kind, each.interval, each.count) == wanted
    ]


_FAULTS = Faults(
    complaint=_complaint,
    retry_at=_retry_at,
    rules=(
        FaultRule(Banned, "has banned us", codes=("-1003",), text="banned until"),
        FaultRule(Banned, "has banned us", statuses=(418,)),
        FaultRule(RateLimited, "limits our rate", codes=("-1003", "-1015")),
        FaultRule(NotListed, "does not list the symbol", codes=("-1121",)),
        FaultRule(KeyRefused, "does not accept the key", codes=("-2014", "-2015")),
        FaultRule(
            ProviderUnavailable,
            "is unavailable",
            codes=("-1000", "-1001", "-1006", "-1007", "-1008", "-1016"),
        ),
    ),
)


PROVIDER = Provider(
    name=NAME,
    base_url="https://api.binance.com",
    mirrors=("https://data-api.binance.vision",),  # public data only, where the other is closed
    policy=ProviderPolicy(
        rps=10.0,
        # By the clock; it asks to slow down at four fifths, and tells when the limit changes.
        windows=(Window(_CAUTION * 6_000, 60, calendar=True),),
        max_body_bytes=MIB,
    ),
    capabilities=Capabilities(
        offers=frozenset(
            {
                *(Capability.BARS, Capability.PRICE, Capability.INSTRUMENTS),
                *(Capability.TRADES, Capability.QUOTES),
            }
        ),
        asset_classes=frozenset({AssetClass.CRYPTO}),
        intervals=tuple(Interval),
        holes=GapReason.PROVIDER_OUTAGE,
        page_bars=PAGE,
    ),
    auth=Auth(header="X-MBX-APIKEY", required=False),
    faults=_FAULTS,
    usage=header_usage("x-mbx-used-weight-1m", 60),
    limits=_limits,
    spell=symbol_of,
    bars=BARS,
    price=PRICE,
    listings=LISTINGS,
    trades=TRADES,
    quotes=QUOTES,
    feed=FEED,
    ping=Call("/api/v3/ping"),
)
