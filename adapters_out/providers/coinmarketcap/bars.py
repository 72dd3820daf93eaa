"""Bars of CoinMarketCap, which it calls historical quotes of OHLCV."""

from contextlib import suppress

import msgspec
from msgspec import Raw, Struct
from msgspec.structs import replace

from adapters_out.provider_kit.calls import Call, Question, Reply
from adapters_out.provider_kit.judge import PageRules
from adapters_out.provider_kit.moments import seconds_of_iso, utc_text
from adapters_out.provider_kit.objects import decoded
from adapters_out.provider_kit.provider import BarsEndpoint, first_bars
from adapters_out.provider_kit.rows import sheet_of_columns
from adapters_out.provider_kit.sheet import Sheet
from adapters_out.providers.coinmarketcap.answers import Envelope, HasSymbol, in_currency
from adapters_out.providers.coinmarketcap.coins import with_id
from domain.interval import Interval
from domain.provider import BarsAsk

PERIODS = {Interval.H1: ("hourly", "1h"), Interval.D1: ("daily", "daily")}
PAGE = 500
_ROWS_PER_CREDIT = 100
_LATE_S = 600  # a bar appears up to ten minutes after its end


def _ask_bars(ask: BarsAsk) -> Question:
    """The start is exclusive, the end inclusive, and ``count`` counts the running bar."""
    period, spelled = PERIODS[ask.interval]
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
    return with_id(
        ask.instrument.base, lambda coin: Call(path, {"id": coin, **times}, weight=weight)
    )


class _Prices(HasSymbol):
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


class _OfOneCoin(Struct):
    """What is asked for, as a rule."""

    data: _Series


_ENVELOPE = msgspec.json.Decoder(Envelope)
_OF_ONE_COIN = msgspec.json.Decoder(_OfOneCoin)


def _periods(body: bytes) -> list[_Period]:
    """An object for one coin, or a map by id, or a map of lists by symbol: of one coin each."""
    with suppress(msgspec.DecodeError):
        return _OF_ONE_COIN.decode(body).data.quotes
    data = decoded(body, _ENVELOPE).data
    parts = msgspec.json.decode(data, type=dict[str, Raw])
    if "quotes" in parts:
        return msgspec.json.decode(data, type=_Series).quotes
    (part,) = parts.values()
    if bytes(part).startswith(b"["):
        (part,) = msgspec.json.decode(part, type=list[Raw])
    return msgspec.json.decode(part, type=_Series).quotes


def _read_bars(reply: Reply, ask: BarsAsk) -> Sheet:
    periods = _periods(reply.body)
    prices = [in_currency(period.quote, ask.instrument.quote) for period in periods]
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


BARS = BarsEndpoint(ask=_ask_bars, read=_read_bars, page=first_bars(PAGE), rules=PageRules())
