"""CoinMarketCap Pro API (its documentation and recordings, state of 2026).

An average over many venues, in any currency. Bars are final, of an hour or a day, and need a paid
plan; finer ones do not exist, and its other intervals are samples of these. Their volume is a
turnover of the last 24 hours in the quote currency: it is no bar's volume, so none is taken.
Every call costs credits, which last for a month.
"""

from collections.abc import Sequence

import msgspec
from msgspec import Raw, Struct
from msgspec.structs import replace

from adapters_out.provider_kit.calls import Call, Question, Reply
from adapters_out.provider_kit.cells import number
from adapters_out.provider_kit.faults import Complaint, FaultRule, Faults, retry_after
from adapters_out.provider_kit.judge import PageRules
from adapters_out.provider_kit.moments import seconds_of_iso, utc_text
from adapters_out.provider_kit.objects import decoded
from adapters_out.provider_kit.provider import (
    Auth,
    BarsEndpoint,
    LastPrice,
    ListingsEndpoint,
    ListingsPart,
    MarketsEndpoint,
    PriceEndpoint,
    Provider,
    Usage,
    first_bars,
)
from adapters_out.provider_kit.rows import sheet_of_columns
from adapters_out.provider_kit.sheet import Sheet
from adapters_out.providers.coinmarketcap import coins
from adapters_out.providers.coinmarketcap.coins import NAME
from domain.coverage import GapReason
from domain.errors import AccessDenied, NotEntitled, NotListed, QuotaExhausted, RateLimited
from domain.instrument import AssetClass, Instrument, Listing
from domain.interval import Interval
from domain.provider import BarsAsk, Basis, Capabilities, Capability, ProviderPolicy, Window

_PERIODS = {Interval.H1: ("hourly", "1h"), Interval.D1: ("daily", "daily")}
_PAGE = 500
_ROWS_PER_CREDIT = 100
_MINUTE_S, _MONTH_S = 60, 31 * 86_400
_LATE_S = 600  # a bar appears up to ten minutes after its end


def _ask_bars(ask: BarsAsk) -> Question:
    """The start is exclusive, the end inclusive, and ``count`` counts the running bar."""
    period, spelled = _PERIODS[ask.interval]
    bars = ask.interval.count(ask.range.start, ask.range.end)
    times: dict[str, str | int] = {
        "time_period": period,
        "interval": spelled,
        "time_start": utc_text(ask.range.start - 1),
        "time_end": utc_text(ask.range.end - 1),
        "count": bars + 1,
        "convert": ask.instrument.quote,
    }
    weight = -(-bars // _ROWS_PER_CREDIT)
    path = "/v2/cryptocurrency/ohlcv/historical"
    return coins.with_id(
        ask.instrument.base, lambda coin: Call(path, {"id": coin, **times}, weight=weight)
    )


class _Prices(coins.HasSymbol):
    open: object = None
    high: object = None
    low: object = None
    close: object = None


class _Period(Struct):
    time_open: str | None
    quote: dict[str, _Prices] | list[_Prices]


class _Series(Struct):
    """Of one coin; ``quotes`` tells it from a map of several."""

    quotes: list[_Period]


def _periods(data: Raw) -> list[_Period]:
    """An object for one coin, or a map by id, or a map of lists by symbol: of one coin each."""
    parts = msgspec.json.decode(data, type=dict[str, Raw])
    if "quotes" in parts:
        return msgspec.json.decode(data, type=_Series).quotes
    (part,) = parts.values()
    if bytes(part).startswith(b"["):
        (part,) = msgspec.json.decode(part, type=list[Raw])
    return msgspec.json.decode(part, type=_Series).quotes


_ENVELOPE = msgspec.json.Decoder(coins.Envelope)


def _read_bars(reply: Reply, ask: BarsAsk) -> Sheet:
    periods = _periods(decoded(reply.body, _ENVELOPE).data)
    prices = [coins.in_currency(period.quote, ask.instrument.quote) for period in periods]
    sheet = sheet_of_columns(
        {
            "ts": [seconds_of_iso(period.time_open) for period in periods],
            "open": [each.open for each in prices],
            "high": [each.high for each in prices],
            "low": [each.low for each in prices],
            "close": [each.close for each in prices],
        }
    )
    published = ask.interval.floor(int(reply.true_at) - _LATE_S)
    if len(sheet):
        newest = ask.interval.floor(int(sheet.ts.max()))
        published = max(published, ask.interval.shift(newest, 1))
    return replace(sheet, final_before=published)


def _ask_price(instrument: Instrument) -> Question:
    return coins.with_id(instrument.base, lambda coin: coins.latest(coin, instrument.quote))


def _read_price(reply: Reply, instrument: Instrument) -> LastPrice:
    coin = coins.best(reply, instrument.base)
    quote = coins.in_currency(coin.quote, instrument.quote)
    return LastPrice(number(quote.price), seconds_of_iso(quote.last_updated or coin.last_updated))


def _read_listings(reply: Reply) -> ListingsPart:
    """In dollars, under the slug: an id could be taken for somebody's ticker."""
    return ListingsPart(
        [
            Listing(NAME, coin.slug, Instrument.pair(code, coins.USD))
            for code, coin in coins.best_ranked(reply).items()
        ]
    )


class _Status(Struct):
    """``error_code`` is a number in v1 and v2, a text in v3 and later."""

    error_code: int | str = 0
    error_message: str | None = None


class _Answer(Struct):
    status: _Status


def _complaint(reply: Reply) -> Complaint | None:
    said = msgspec.json.decode(reply.body, type=_Answer).status
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


class _Key(Struct):
    usage: _Used


def _usage(reply: Reply) -> Sequence[Usage]:
    """The credits of the month, which the call about the key tells."""
    if b'"current_month"' not in reply.body:
        return ()
    try:
        key = msgspec.json.decode(coins.data_of(reply), type=_Key)
    except msgspec.DecodeError:
        return ()
    return (Usage(_MONTH_S, float(key.usage.current_month.credits_used)),)


_FAULTS = Faults(
    complaint=_complaint,
    retry_at=_retry_at,
    rules=(
        FaultRule(AccessDenied, "denies access: check the key", codes=("1001", "1002", "1005")),
        FaultRule(AccessDenied, "wants the plan to be paid for", codes=("1003", "1004")),
        FaultRule(NotEntitled, "does not include that in the plan", codes=("1006",)),
        FaultRule(AccessDenied, "has disabled the key", codes=("1007",)),
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
    ),
    capabilities=Capabilities(
        offers=frozenset(
            {Capability.BARS, Capability.PRICE, Capability.INSTRUMENTS, Capability.MARKETS}
        ),
        asset_classes=frozenset({AssetClass.CRYPTO}),
        intervals=tuple(_PERIODS),
        holes=GapReason.PROVIDER_OUTAGE,
        page_bars=_PAGE,
        basis=Basis.AGGREGATE,
    ),
    auth=Auth(header="X-CMC_PRO_API_KEY"),
    faults=_FAULTS,
    usage=_usage,
    bars=BarsEndpoint(ask=_ask_bars, read=_read_bars, page=first_bars(_PAGE), rules=PageRules()),
    price=PriceEndpoint(ask=_ask_price, read=_read_price),
    listings=ListingsEndpoint(ask=lambda: coins.MAP, read=_read_listings),
    markets=MarketsEndpoint(
        ask=coins.ask_markets,
        read=coins.read_markets,
        find=coins.find,
        read_one=coins.read_one,
        describe=coins.ask_description,
        read_description=coins.read_description,
    ),
    ping=Call("/v1/key/info"),
)
