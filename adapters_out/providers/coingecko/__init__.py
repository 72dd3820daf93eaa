"""CoinGecko v3 (its OpenAPI and documentation, state of 2026), on the demo or the pro host.

An average over many venues. Only its candles of 30 minutes and 4 hours are bars: those of 4 days
are no days, and the points of its charts are samples. A candle is stamped with its close and has
no volume. Tickers are not unique, and USDT is no currency there.
"""

import msgspec
import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from adapters_out.provider_kit.calls import Call, Question, Reply
from adapters_out.provider_kit.cells import Unreadable, number
from adapters_out.provider_kit.faults import Complaint, FaultRule, Faults
from adapters_out.provider_kit.judge import PageRules
from adapters_out.provider_kit.provider import (
    KEYLESS,
    Auth,
    BarsEndpoint,
    LastPrice,
    ListingsEndpoint,
    ListingsPart,
    MarketsEndpoint,
    PriceEndpoint,
    Provider,
    Usage,
)
from adapters_out.provider_kit.rows import sheet_of_rows
from adapters_out.provider_kit.sheet import Layout, Sheet
from adapters_out.providers.coingecko import coins
from adapters_out.providers.coingecko.coins import NAME, Number
from domain.coverage import GapReason
from domain.errors import AccessDenied, NotEntitled, NotListed, RangeUnavailable, RateLimited
from domain.instrument import AssetClass, Instrument
from domain.interval import Interval
from domain.provider import BarsAsk, Basis, Capabilities, Capability, ProviderPolicy, Window

# How many days to ask for decides how long the candles are; 31 and more are of 4 days.
_DAYS = {Interval.M30: 1, Interval.H4: 30}
_KEPT = 180
_MINUTE_S, _DAY_S, _MONTH_S = 60, 86_400, 31 * 86_400
_MIB = 1024 * 1024

# A row is the time of its CLOSE, open, high, low, close.
_CANDLE = Layout(ts=0, open=1, high=2, low=3, close=4, unit=1000)


def _ask_bars(ask: BarsAsk) -> Question:
    params: dict[str, str | int] = {
        "vs_currency": ask.instrument.quote.lower(),
        "days": _DAYS[ask.interval],
        "precision": "full",
    }
    return coins.with_id(ask.instrument, "/coins/{id}/ohlc", params)


def _read_bars(reply: Reply, ask: BarsAsk) -> Sheet:
    """The newest candle ran when the answer was made, which may be a while ago: it is kept."""
    sheet, length = sheet_of_rows(reply.body, _CANDLE), ask.interval.seconds
    if not len(sheet):
        return sheet
    steps = np.diff(np.unique(sheet.ts))
    if len(steps) and int(np.median(steps)) != length:
        raise Unreadable(f"its candles are not of {ask.interval.value}")
    opens = sheet.ts - length
    return replace(
        sheet,
        ts=opens,
        final_before=ask.interval.floor(int(opens.max())),
        kept_from=ask.interval.floor(int(opens.min())),
    )


def _ask_price(instrument: Instrument) -> Question:
    params: dict[str, str | int] = {
        "vs_currencies": instrument.quote.lower(),
        "include_last_updated_at": "true",
        "precision": "full",
    }
    return coins.with_id(instrument, "/simple/price", params)


def _read_price(reply: Reply, instrument: Instrument) -> LastPrice:
    """Nothing at all for a coin, or for a currency, that it does not know."""
    prices = msgspec.json.decode(reply.body, type=dict[str, dict[str, Number]])
    known = coins.IDS.get(instrument.base)
    if known is None and len(prices) > 1:
        raise Unreadable("it holds the prices of several coins")
    coin = prices.get(known) if known else next(iter(prices.values()), None)
    currency = instrument.quote.lower()
    if coin is None or currency not in coin:
        raise coins.not_listed(instrument.id)
    ts = coin.get("last_updated_at")
    return LastPrice(number(coin[currency]), None if ts is None else int(number(ts)))


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
    used: int = msgspec.field(name="current_total_monthly_calls")


def _usage(reply: Reply) -> tuple[Usage, ...]:
    """The calls of the month, which the call about the key tells."""
    if b"current_total_monthly_calls" not in reply.body:
        return ()
    try:
        return (Usage(_MONTH_S, float(msgspec.json.decode(reply.body, type=_Key).used)),)
    except msgspec.DecodeError:
        return ()


_OTHER_HOST = "has this key for its other host: COINGECKO_PLAN must be demo or pro as the key is"
_FAULTS = Faults(
    complaint=_complaint,
    rules=(
        FaultRule(AccessDenied, "denies access: check the key", codes=("10002",)),
        FaultRule(NotEntitled, "does not include that in the plan", codes=("10005",)),
        FaultRule(AccessDenied, _OTHER_HOST, codes=("10010", "10011")),
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
        max_body_bytes=16 * _MIB,
    ),
    capabilities=Capabilities(
        offers=frozenset(
            {Capability.BARS, Capability.PRICE, Capability.INSTRUMENTS, Capability.MARKETS}
        ),
        asset_classes=frozenset({AssetClass.CRYPTO}),
        intervals=tuple(_DAYS),
        history_s=tuple((interval, days * _DAY_S) for interval, days in _DAYS.items()),
        holes=GapReason.PROVIDER_OUTAGE,
        page_bars=_KEPT,
        basis=Basis.AGGREGATE,
    ),
    auth=Auth(header="x-cg-demo-api-key", required=False),
    faults=_FAULTS,
    usage=_usage,
    bars=BarsEndpoint(ask=_ask_bars, read=_read_bars, rules=PageRules(bounded=False)),
    price=PriceEndpoint(ask=_ask_price, read=_read_price),
    listings=ListingsEndpoint(
        ask=lambda: Call("/coins/list"), read=lambda reply: ListingsPart(coins.listings(reply))
    ),
    markets=MarketsEndpoint(
        ask=coins.ask_markets,
        read=coins.read_markets,
        find=coins.find,
        read_one=coins.read_one,
        describe=coins.ask_description,
        read_description=coins.read_description,
    ),
    ping=Call("/key"),
)
_NOBODY = replace(
    _DEMO, ping=Call("/ping"), policy=replace(_DEMO.policy, windows=_windows(5, 10_000))
)
_PRO = replace(
    _DEMO,
    base_url="https://pro-api.coingecko.com/api/v3",
    auth=Auth(header="x-cg-pro-api-key"),
    policy=replace(_DEMO.policy, windows=_windows(300, 100_000)),
)

PROVIDER = replace(_DEMO, plans={"demo": _DEMO, "pro": _PRO, KEYLESS: _NOBODY})
