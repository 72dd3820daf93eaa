"""What no reader of a price may stumble over: unknown keys, and numbers that come as texts."""

import json
from collections.abc import Iterator

import pytest

from adapters_out.provider_kit.calls import Reply
from adapters_out.provider_kit.provider import Provider
from adapters_out.providers.alpha_vantage import PROVIDER as ALPHA_VANTAGE
from adapters_out.providers.binance import PROVIDER as BINANCE
from adapters_out.providers.coinbase import PROVIDER as COINBASE
from adapters_out.providers.coingecko import PROVIDER as COINGECKO
from adapters_out.providers.eodhd import PROVIDER as EODHD
from adapters_out.providers.kraken import PROVIDER as KRAKEN
from adapters_out.providers.kucoin import PROVIDER as KUCOIN
from adapters_out.providers.massive_futures import PROVIDER as MASSIVE
from adapters_out.providers.polygon import PROVIDER as POLYGON
from domain.instrument import Instrument

BTC, AAPL = Instrument.pair("BTC", "USDT"), Instrument.stock("AAPL")
NOW = 1_780_000_000.0

Body = dict[str, object]

# The provider, what is asked about, and how it tells the price 12.5.
TOLD: tuple[tuple[Provider, Instrument, Body], ...] = (
    (BINANCE, BTC, {"symbol": "BTCUSDT", "price": "12.5"}),
    (KRAKEN, BTC, {"error": [], "result": {"XBTUSDT": {"c": ["12.5", "1"]}}}),
    (KUCOIN, BTC, {"code": "200000", "data": {"price": "12.5", "time": 1_729_172_965_609}}),
    (COINBASE, BTC, {"price": "12.5", "time": "2024-03-13T11:10:41.026Z"}),
    (POLYGON, AAPL, {"status": "OK", "results": {"p": 12.5, "t": 1_651_179_319_310_617_300}}),
    (EODHD, AAPL, {"code": "AAPL.US", "timestamp": 1_674_680_400, "close": 12.5}),
    (
        ALPHA_VANTAGE,
        AAPL,
        {"Global Quote": {"05. price": "12.5", "07. latest trading day": "2018-10-05"}},
    ),
    (
        MASSIVE,
        Instrument.future("ES", "Z", 2026),
        {
            "status": "OK",
            "results": [
                {"ticker": "ESZ6", "last_trade": {"price": 12.5, "last_updated": 1_779_000_000_000}}
            ],
        },
    ),
    (COINGECKO, Instrument.pair("BTC", "USD"), {"bitcoin": {"usd": 12.5}}),
)


def with_more(value: object, name: str = "") -> object:
    """Every object has two keys more, unless its keys are coins or pairs."""
    if isinstance(value, list):
        return [with_more(each, name) for each in value]
    if not isinstance(value, dict):
        return value
    more: Body = (
        {} if "bitcoin" in value or "XBTUSDT" in value else {"new": {"a": [1]}, "newer": []}
    )
    return {key: with_more(each, key) for key, each in value.items()} | more


def swapped(value: object, name: str = "") -> object:
    """Prices that were texts are numbers, and the other way round."""
    if isinstance(value, list):
        return [swapped(each, name) for each in value]
    if isinstance(value, dict):
        return {key: swapped(each, key) for key, each in value.items()}
    if name in {"p", "price", "close", "c", "usd", "05. price"}:
        return float(value) if isinstance(value, str) else str(value)
    return value


def bodies() -> Iterator[object]:
    """Each price in each of the two odd ways."""
    for provider, instrument, body in TOLD:
        for change in (with_more, swapped):
            name = f"{provider.name}-{change.__name__}"
            yield pytest.param(provider, instrument, change(body), id=name)


@pytest.mark.parametrize(("provider", "instrument", "body"), list(bodies()))
def test_a_price_is_read_whatever_else_is_told(
    provider: Provider, instrument: Instrument, body: object
) -> None:
    """As a number or as a text, and beside keys that nobody knew of."""
    assert provider.price is not None
    reply = Reply(200, json.dumps(body).encode(), received_at=NOW)
    assert provider.price.read(reply, instrument).price == 12.5
