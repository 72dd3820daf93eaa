"""Who says honestly that there is nothing is not at fault: for bars, prices and ticks."""

from typing import Any, NamedTuple

import httpx
import msgspec
import pytest

from adapters_out.provider_kit.discovery import discover
from adapters_out.provider_kit.kit_provider import ProviderSettings
from domain.circuit import FAULTS_IN_ROW, CircuitState
from domain.contract_names import contract_of
from domain.errors import MarketDataError, NotListed
from domain.instrument import Instrument
from domain.interval import Interval
from domain.provider import BarsAsk, Capability
from domain.secret import Secret
from domain.ticks import TicksAsk
from domain.timerange import TimeRange
from tests.adapters_out.provider_kit.scripted import NOW, Bench, in_virtual_time

PROVIDERS = discover()
DAY = 86_400
SPAN = TimeRange(int(NOW) // DAY * DAY - 8 * DAY, int(NOW) // DAY * DAY - 5 * DAY)
STOCK, DOLLARS = Instrument.stock("AAPL"), Instrument.pair("BTC", "USD")
FUTURE = contract_of("ESZ2023", NOW)
ASKED = {
    **dict.fromkeys(("yahoo", "eodhd", "polygon", "alpha_vantage"), STOCK),
    **dict.fromkeys(("coinbase", "coingecko", "coinmarketcap"), DOLLARS),
    "massive_futures": FUTURE,
}
BARS, PRICE, TICKS = Capability.BARS, Capability.PRICE, Capability.TRADES


class Said(NamedTuple):
    """What a provider says (words that were recorded, documented or reported), when asked what."""

    provider: str
    status: int
    body: Any
    asked: tuple[Capability, ...]


UNKNOWN = [
    Said("binance", 400, {"code": -1121, "msg": "Invalid symbol."}, (BARS, PRICE, TICKS)),
    Said("kraken", 200, {"error": ["EQuery:Unknown asset pair"]}, (BARS, PRICE, TICKS)),
    Said("kraken", 200, {"error": ["EQuery:Invalid asset pair"]}, (BARS, PRICE, TICKS)),
    Said("coinbase", 404, {"message": "NotFound"}, (BARS, PRICE, TICKS)),
    Said(
        *("kucoin", 400, {"code": "400100", "msg": "Unsupported trading pair."}),
        asked=(BARS, PRICE, TICKS),
    ),
    Said("kucoin", 200, {"code": "900001", "msg": "symbol not exists"}, (BARS, PRICE, TICKS)),
    Said("kucoin", 200, {"code": "200000", "data": None}, (PRICE, TICKS)),
    Said(
        *("yahoo", 404, {"chart": {"error": {"code": "Not Found", "description": "delisted"}}}),
        asked=(BARS,),
    ),
    Said("yahoo", 200, {"quoteResponse": {"result": [], "error": None}}, (PRICE,)),
    Said("eodhd", 404, "Ticker Not Found.", (BARS, PRICE)),
    Said("eodhd", 200, {"code": "AAPL.US", "timestamp": "NA", "close": "NA"}, (PRICE,)),
    Said("coingecko", 404, {"error": "coin not found"}, (PRICE,)),
    Said("coingecko", 404, {"error": "Could not find coin with the given id"}, (PRICE,)),
    Said("coingecko", 200, {}, (PRICE,)),
    Said("coingecko", 200, {"bitcoin": {}}, (PRICE,)),
    Said(
        *("coinmarketcap", 400),
        {"status": {"error_code": 400, "error_message": 'Invalid value for "symbol": "XYZ"'}},
        asked=(BARS, PRICE),
    ),
    Said(
        *("polygon", 404, {"status": "NOT_FOUND", "message": "Data not found."}),
        asked=(BARS, PRICE, TICKS),
    ),
    Said(
        *("polygon", 404, {"status": "NotFound", "message": "Ticker not found."}),
        asked=(BARS, PRICE, TICKS),
    ),
    Said("massive_futures", 404, {"status": "NOT_FOUND", "error": "x"}, (BARS, PRICE, TICKS)),
    Said("alpha_vantage", 200, {}, (BARS, PRICE)),
    Said("alpha_vantage", 200, {"Global Quote": {}}, (PRICE,)),
    Said("alpha_vantage", 200, {"Error Message": "Invalid API call. Retry."}, (BARS, PRICE)),
]
NOTHING = [
    Said("binance", 200, [], (BARS, TICKS)),
    Said("kraken", 200, {"error": [], "result": {"XBTUSDT": [], "last": 0}}, (BARS,)),
    Said("kraken", 200, {"error": [], "result": {"XBTUSDT": [], "last": "0"}}, (TICKS,)),
    Said("coinbase", 200, [], (BARS, TICKS)),
    Said("kucoin", 200, {"code": "200000", "data": []}, (BARS, TICKS)),
    Said(
        *("yahoo", 400),
        {
            "chart": {
                "error": {
                    "code": "Bad Request",
                    "description": "Data doesn't exist for startDate = 1",
                }
            }
        },
        asked=(BARS,),
    ),
    Said("eodhd", 200, [], (BARS,)),
    Said("massive_futures", 200, {"status": "OK", "results": []}, (BARS, TICKS)),
    Said("massive_futures", 200, {"status": "OK"}, (BARS, TICKS)),
    Said("alpha_vantage", 200, {"Meta Data": {}, "Time Series (Daily)": {}}, (BARS,)),
]


def asked_of(said: Said, capability: Capability) -> list[int | MarketDataError]:
    """What came of the question, six times in a row: how many rows, or which error."""

    def reply(_: httpx.Request) -> httpx.Response:
        body = said.body.encode() if isinstance(said.body, str) else msgspec.json.encode(said.body)
        return httpx.Response(said.status, content=body)

    async def run() -> list[int | MarketDataError]:
        settings = ProviderSettings(api_key=Secret("some-key"), rpm=0.0, rpd=0.0)
        bench = Bench(httpx.MockTransport(reply), PROVIDERS[said.provider], settings)
        ends: list[int | MarketDataError] = []
        for _ in range(FAULTS_IN_ROW + 1):
            try:
                ends.append(await rows_of(bench, said.provider, capability))
            except MarketDataError as error:
                ends.append(error)
        health = await bench.health.view(said.provider)
        assert (health.state, health.failures_in_row) == (CircuitState.CLOSED, 0)
        assert False not in health.recent
        return ends

    return in_virtual_time(run())


async def rows_of(bench: Bench, provider: str, capability: Capability) -> int:
    """How many rows an answer has; a price is one."""
    instrument = ASKED.get(provider) or Instrument.pair("BTC", "USDT")
    context = bench.within(60.0)
    if capability is PRICE:
        await bench.kit.price(instrument, context)
        return 1
    if capability is TICKS:
        ask = TicksAsk(instrument=instrument, limit=5, newest=True)
        return len((await bench.kit.trades(ask, context)).ticks)
    pages = await bench.pages(BarsAsk(instrument, Interval.D1, SPAN), context)
    return sum(len(page.series) for page in pages)


def cases(answers: list[Said]) -> list[Any]:
    """Each answer with each question that it may be the answer to."""
    return [
        pytest.param(said, what, id=f"{said.provider}-{what.value}-{said.status}-{place}")
        for place, said in enumerate(answers)
        for what in said.asked
    ]


@pytest.mark.parametrize(("said", "capability"), cases(UNKNOWN))
def test_an_unknown_symbol_is_no_fault(said: Said, capability: Capability) -> None:
    """It is said as what it is, however often one asks, and the provider stays as well as it is."""
    assert {type(end) for end in asked_of(said, capability)} == {NotListed}


@pytest.mark.parametrize(("said", "capability"), cases(NOTHING))
def test_nothing_in_the_range_is_an_answer(said: Said, capability: Capability) -> None:
    """No rows and no error, however often one asks."""
    assert asked_of(said, capability) == [0] * (FAULTS_IN_ROW + 1)


def test_everybody_was_asked() -> None:
    """Each provider says for each thing that it offers what an unknown symbol is."""
    told = {(said.provider, what) for said in UNKNOWN for what in said.asked}
    offered = {
        (name, what)
        for name, provider in PROVIDERS.items()
        for what in (BARS, PRICE, TICKS)
        if what in provider.capabilities.offers
    }
    assert offered - told == {("coingecko", BARS)}  # its bars are asked for by an id of its list
