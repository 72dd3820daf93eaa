"""KuCoin spot, REST (docs of kucoin.com and kucoin-universal-sdk, state of 2025-11).

Errors may come with HTTP 200: the code decides. Limits are per IP and in weight; market data
needs no key. A bar without trades is left out.
"""

from collections.abc import Sequence

from adapters_out.provider_kit.calls import MIB, Call, Reply
from adapters_out.provider_kit.envelope import envelope_of
from adapters_out.provider_kit.faults import Complaint, FaultRule, Faults, retry_after
from adapters_out.provider_kit.provider import Provider, Usage
from adapters_out.providers.kucoin.answers import ANSWER, LISTINGS, NAME, symbol_of
from adapters_out.providers.kucoin.bars import BARS, PAGE, SPELLING
from adapters_out.providers.kucoin.feed import FEED
from adapters_out.providers.kucoin.ticks import PRICE, QUOTES, TRADES
from domain.coverage import GapReason
from domain.errors import AccessDenied, NotListed, ProviderUnavailable, RateLimited
from domain.instrument import AssetClass
from domain.provider import Capabilities, Capability, ProviderPolicy, Window

_POOL_S = 30
_CAUTION = 0.8
_TOO_MANY = 429
_HEAVIEST, _DIGITS = 4, 12  # of our calls; of a number in a header


def _told(reply: Reply, what: str) -> int | None:
    """What it tells of its window: ``limit`` and ``remaining`` weight, ``reset`` in ms from now."""
    text = reply.header(f"gw-ratelimit-{what}")
    return int(text) if text.isdecimal() and len(text) < _DIGITS else None


def _is_overloaded(reply: Reply) -> bool:
    """Too many requests while enough is left: the trouble is its own, and passes."""
    return (_told(reply, "remaining") or 0) >= _HEAVIEST


def _complaint(reply: Reply) -> Complaint | None:
    said = envelope_of(reply.body, ANSWER)
    if said.code == "200000":
        return None
    overloaded = said.code == "429000" and _is_overloaded(reply)
    return Complaint("overloaded" if overloaded else said.code, said.msg)


def _retry_at(reply: Reply) -> float | None:
    """The end of the window, which every reply names: it matters if the window is the trouble."""
    reset = _told(reply, "reset")
    if reset is None or b"429000" not in reply.body or _is_overloaded(reply):
        return retry_after(reply)
    return reply.received_at + reset / 1000


def _usage(reply: Reply) -> Sequence[Usage]:
    """A refusal says nothing of what is left behind the end that it names."""
    if reply.status == _TOO_MANY:
        return ()
    limit, left = _told(reply, "limit"), _told(reply, "remaining")
    return () if limit is None or left is None else (Usage(_POOL_S, float(limit - left)),)


def _limits(reply: Reply) -> Sequence[Window]:
    """The weight of its window, of which a fifth is left to others behind our address."""
    limit = _told(reply, "limit")
    return () if limit is None else (Window(_CAUTION * limit, _POOL_S),)


_FAULTS = Faults(
    complaint=_complaint,
    retry_at=_retry_at,
    rules=(
        FaultRule(NotListed, "does not list the pair", codes=("400000", "400600", "900001")),
        FaultRule(NotListed, "does not list the pair", codes=("400100",), text="trading pair"),
        FaultRule(AccessDenied, "does not serve this location", codes=("400302", "400500")),
        FaultRule(ProviderUnavailable, "is unavailable", codes=("overloaded", "408000", "500000")),
        FaultRule(RateLimited, "limits our rate", codes=("429000", "200002")),
    ),
)


PROVIDER = Provider(
    name=NAME,
    base_url="https://api.kucoin.com",
    policy=ProviderPolicy(
        rps=20.0,
        windows=(Window(_CAUTION * 2_000, _POOL_S),),
        freeze_s=float(_POOL_S),
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
        intervals=tuple(SPELLING),
        holes=GapReason.NO_TRADES,
        page_bars=PAGE,
    ),
    faults=_FAULTS,
    usage=_usage,
    limits=_limits,
    spell=symbol_of,
    bars=BARS,
    price=PRICE,
    listings=LISTINGS,
    trades=TRADES,
    quotes=QUOTES,
    feed=FEED,
    ping=Call("/api/v1/timestamp", weight=3),
)
