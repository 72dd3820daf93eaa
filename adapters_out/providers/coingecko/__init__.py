"""CoinGecko v3 (its OpenAPI and documentation, state of 2026), on the demo or the pro host.

An average over many venues. Only its candles of 30 minutes and 4 hours are bars, and of hours and
days for those who pay: those of 4 days are no days, and the points of its charts are samples. A
candle is stamped with its close and has no volume: what it calls one is the turnover of a day.
Tickers are not unique, and USDT is no currency there.
"""

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from adapters_out.provider_kit.calls import MIB, Call, Reply
from adapters_out.provider_kit.faults import Complaint, FaultRule, Faults, KeyRefused
from adapters_out.provider_kit.provider import KEYLESS, Auth, Provider, Usage
from adapters_out.providers.coingecko.bars import BARS, DAYS, KEPT
from adapters_out.providers.coingecko.coins import LISTINGS, NAME
from adapters_out.providers.coingecko.markets import MARKETS, PRICE
from adapters_out.providers.coingecko.ranges import PAGES, RANGES, SPELLING
from domain.coverage import GapReason
from domain.errors import NotEntitled, NotListed, RangeUnavailable, RateLimited
from domain.instrument import AssetClass
from domain.interval import Interval
from domain.provider import Basis, Capabilities, Capability, ProviderPolicy, Window

_MINUTE_S, _DAY_S, _MONTH_S = 60, 86_400, 31 * 86_400


class _Status(Struct):
    error_code: int | str | None = None
    error_message: str | None = None


class _Wrapped(Struct):
    status: _Status | None = None


class _Envelope(Struct):
    """Four of them: ``status``, ``error.status``, a code beside ``status``, or a mere text."""

    status: _Status | None = None
    error: _Wrapped | str | None = None
    error_code: int | str | None = None


def _complaint(reply: Reply) -> Complaint | None:
    """There are coins whose ids are ``status`` and ``error``: what says nothing is no complaint."""
    said = msgspec.json.decode(reply.body, type=_Envelope)
    if isinstance(said.error, str):
        return Complaint("", said.error)
    status = (said.error.status if said.error else said.status) or _Status()
    code = status.error_code or said.error_code
    if code is None and status.error_message is None:
        return None
    return Complaint(str(code or ""), status.error_message or "")


class _Key(Struct):
    """What the call about the key tells."""

    used: int = msgspec.field(name="current_total_monthly_calls")
    a_minute: int | None = msgspec.field(name="rate_limit_request_per_minute", default=None)
    a_month: int | None = msgspec.field(name="monthly_call_credit", default=None)


def _key(reply: Reply) -> _Key | None:
    if b"current_total_monthly_calls" not in reply.body:
        return None
    try:
        return msgspec.json.decode(reply.body, type=_Key)
    except msgspec.DecodeError:
        return None


def _usage(reply: Reply) -> tuple[Usage, ...]:
    """The calls of the month."""
    key = _key(reply)
    return () if key is None else (Usage(_MONTH_S, float(key.used)),)


def _limits(reply: Reply) -> tuple[Window, ...]:
    """What the plan of the key grants: the larger ones grant more than is written here."""
    key = _key(reply)
    told = {} if key is None else {_MINUTE_S: key.a_minute, _MONTH_S: key.a_month}
    return tuple(Window(limit, seconds) for seconds, limit in told.items() if limit)


_OTHER_HOST = "has this key for its other host: COINGECKO_PLAN must be demo or pro as the key is"
_FAULTS = Faults(
    complaint=_complaint,
    rules=(
        FaultRule(KeyRefused, "denies access: check the key", codes=("10002",)),
        FaultRule(NotEntitled, "does not include that in the plan", codes=("10005",)),
        FaultRule(KeyRefused, _OTHER_HOST, codes=("10010", "10011")),
        FaultRule(RangeUnavailable, "does not reach back that far on this plan", codes=("10012",)),
        FaultRule(RateLimited, "limits our rate", codes=("429",)),
        FaultRule(NotListed, "does not list the coin", text="coin not found"),
        FaultRule(NotListed, "does not list the coin", text="could not find coin"),
        FaultRule(NotListed, "knows no such currency", text="invalid vs_currency"),
    ),
)


def _windows(a_minute: int, a_month: int) -> tuple[Window, ...]:
    return Window(a_minute, _MINUTE_S), Window(a_month, _MONTH_S)


_DEMO = Provider(
    name=NAME,
    base_url="https://api.coingecko.com/api/v3",
    policy=ProviderPolicy(
        rps=5.0,
        windows=_windows(100, 10_000),
        freeze_s=float(_MINUTE_S),
        concurrency=4,
        max_body_bytes=MIB,
    ),
    capabilities=Capabilities(
        offers=frozenset(
            {Capability.BARS, Capability.PRICE, Capability.INSTRUMENTS, Capability.MARKETS}
        ),
        asset_classes=frozenset({AssetClass.CRYPTO}),
        intervals=tuple(DAYS),
        history_s=tuple((interval, days * _DAY_S) for interval, days in DAYS.items()),
        holes=GapReason.PROVIDER_OUTAGE,
        page_bars=KEPT,
        basis=Basis.AGGREGATE,
        without_volume=frozenset({AssetClass.CRYPTO}),
    ),
    auth=Auth(header="x-cg-demo-api-key", required=False),
    faults=_FAULTS,
    usage=_usage,
    limits=_limits,
    bars=BARS,
    price=PRICE,
    listings=LISTINGS,
    markets=MARKETS,
    ping=Call("/key"),
)
_NOBODY = replace(
    _DEMO,
    ping=Call("/ping"),
    policy=replace(_DEMO.policy, windows=_windows(5, 10_000)),
)
_PRO = replace(
    _DEMO,
    base_url="https://pro-api.coingecko.com/api/v3",
    auth=Auth(header="x-cg-pro-api-key"),
    policy=replace(_DEMO.policy, windows=_windows(300, 100_000)),
    account=Call("/key", weight=0),  # the plan may be a larger one
    # Four hours are put together from hours, which reach back further than thirty days.
    capabilities=replace(
        _DEMO.capabilities,
        intervals=(Interval.M30, *SPELLING),
        history_s=((Interval.M30, DAYS[Interval.M30] * _DAY_S),),
        page_bars=max(PAGES.values()),
    ),
    bars=RANGES,
)

PROVIDER = replace(_DEMO, plans={"demo": _DEMO, "pro": _PRO, KEYLESS: _NOBODY})
