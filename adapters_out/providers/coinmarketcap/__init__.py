"""CoinMarketCap Pro API (its documentation and recordings, state of 2026).

An average over many venues, in any currency. Bars are final, of an hour or a day, and need a paid
plan; finer ones do not exist, and its other intervals are samples of these. Their volume is a
turnover of the last 24 hours in the quote currency: it is no bar's volume, so none is taken.
Every call costs credits, which last for a month.

Nothing is asked without a key: the mirror for that has neither bars nor descriptions, limits that
nobody tells, and a path that its own pages name differently (``/public-api``, ``/trial-pro-api``).
CoinGecko tells the same without one.
"""

from collections.abc import Sequence

import msgspec
from msgspec import Struct

from adapters_out.provider_kit.calls import MIB, Call, Reply
from adapters_out.provider_kit.envelope import envelope_of
from adapters_out.provider_kit.faults import Complaint, FaultRule, Faults, KeyRefused, retry_after
from adapters_out.provider_kit.provider import Auth, Provider, Usage
from adapters_out.providers.coinmarketcap.answers import NAME, data_of
from adapters_out.providers.coinmarketcap.bars import BARS, PAGE, PERIODS
from adapters_out.providers.coinmarketcap.markets import LISTINGS, MARKETS, PRICE
from domain.coverage import GapReason
from domain.errors import AccessDenied, NotEntitled, NotListed, QuotaExhausted, RateLimited
from domain.instrument import AssetClass
from domain.interval import Interval
from domain.provider import Basis, Capabilities, Capability, ProviderPolicy, Window

_MINUTE_S, _MONTH_S = 60, 31 * 86_400


class _Status(Struct):
    """``error_code`` is a number in v1 and v2, a text in v3 and later."""

    error_code: int | str = 0
    error_message: str | None = None


class _Answer(Struct):
    status: _Status


_ANSWER = msgspec.json.Decoder(_Answer)


def _complaint(reply: Reply) -> Complaint | None:
    said = envelope_of(reply.body, _ANSWER).status
    code = str(said.error_code)
    return None if code == "0" else Complaint(code, said.error_message or "")


def _retry_at(reply: Reply) -> float | None:
    """A daily or monthly cap lasts until the next day or month (UTC), a limit for its minute."""
    code, now = _code(reply), int(reply.received_at)
    if code == "1009":
        return float(Interval.D1.close(Interval.D1.floor(now)))
    if code == "1010":
        return float(Interval.MO1.close(Interval.MO1.floor(now)))
    return retry_after(reply)


def _code(reply: Reply) -> str:
    try:
        return (_complaint(reply) or Complaint()).code
    except msgspec.DecodeError:
        return ""


class _Credits(Struct):
    credits_used: int


class _Used(Struct):
    current_month: _Credits


class _Plan(Struct, frozen=True):
    rate_limit_minute: int | None = None
    credit_limit_monthly: int | None = None


class _Key(Struct):
    """What the call about the key tells."""

    usage: _Used
    plan: _Plan = _Plan()


def _key(reply: Reply) -> _Key | None:
    if b'"current_month"' not in reply.body:
        return None
    try:
        return msgspec.json.decode(data_of(reply), type=_Key)
    except msgspec.DecodeError:
        return None


def _usage(reply: Reply) -> Sequence[Usage]:
    """The credits of the month."""
    key = _key(reply)
    return () if key is None else (Usage(_MONTH_S, float(key.usage.current_month.credits_used)),)


def _limits(reply: Reply) -> Sequence[Window]:
    """What the plan of the key grants: the larger ones grant more than is written here."""
    key = _key(reply)
    plan = _Plan() if key is None else key.plan
    told = {_MINUTE_S: plan.rate_limit_minute, _MONTH_S: plan.credit_limit_monthly}
    return [Window(limit, seconds) for seconds, limit in told.items() if limit]


_FAULTS = Faults(
    complaint=_complaint,
    retry_at=_retry_at,
    rules=(
        FaultRule(KeyRefused, "denies access: check the key", codes=("1001", "1002", "1005")),
        FaultRule(AccessDenied, "wants the plan to be paid for", codes=("1003", "1004")),
        FaultRule(NotEntitled, "does not include that in the plan", codes=("1006",)),
        FaultRule(KeyRefused, "has disabled the key", codes=("1007",)),
        FaultRule(RateLimited, "limits our rate", codes=("1008",), pause_s=float(_MINUTE_S)),
        FaultRule(QuotaExhausted, "says that the day's credits are spent", codes=("1009",)),
        FaultRule(QuotaExhausted, "says that the month's credits are spent", codes=("1010",)),
        FaultRule(RateLimited, "limits our address", codes=("1011",), pause_s=float(_MINUTE_S)),
        FaultRule(NotListed, "does not list the coin", codes=("400",), text='value for "symbol"'),
        FaultRule(NotListed, "does not list the coin", codes=("400",), text='value for "id"'),
        FaultRule(NotListed, "knows no such currency", codes=("400",), text='value for "convert"'),
    ),
)

PROVIDER = Provider(
    name=NAME,
    base_url="https://pro-api.coinmarketcap.com",
    policy=ProviderPolicy(
        rps=2.0,
        windows=(Window(30, _MINUTE_S), Window(15_000, _MONTH_S)),
        freeze_s=float(_MINUTE_S),
        max_body_bytes=2 * MIB,
    ),
    capabilities=Capabilities(
        offers=frozenset(
            {Capability.BARS, Capability.PRICE, Capability.INSTRUMENTS, Capability.MARKETS}
        ),
        asset_classes=frozenset({AssetClass.CRYPTO}),
        intervals=tuple(PERIODS),
        holes=GapReason.PROVIDER_OUTAGE,
        page_bars=PAGE,
        basis=Basis.AGGREGATE,
        without_volume=frozenset({AssetClass.CRYPTO}),
    ),
    auth=Auth(header="X-CMC_PRO_API_KEY"),
    faults=_FAULTS,
    usage=_usage,
    limits=_limits,
    account=Call("/v1/key/info", weight=0),
    bars=BARS,
    price=PRICE,
    listings=LISTINGS,
    markets=MARKETS,
    ping=Call("/v1/key/info", weight=0),
)
