"""The coins of the synthetic market, and how the two who list coins speak of them."""

from itertools import pairwise
from typing import Any

import msgspec
import pytest

from adapters_in.simulator.assets import ASSETS
from adapters_in.simulator.coins import coins, pair
from adapters_in.simulator.dialects.coingecko import DIALECT as GECKO
from adapters_in.simulator.dialects.coinmarketcap import DIALECT as CMC
from adapters_in.simulator.market import SyntheticMarket
from adapters_in.simulator.wire import Dialect, Request, World

NOW = 1_763_208_030.5  # 2025-11-15 12:00:30.5
WORLD = World(SyntheticMarket(3), NOW)
KEY = {"x-cmc_pro_api_key": "k"}
Json = Any


def said(
    dialect: Dialect, path: str, headers: dict[str, str] | None = None, /, **query: str
) -> tuple[int, Json]:
    """Status and content of an answer."""
    request = Request(path, tuple(query.items()), headers=KEY if headers is None else headers)
    reply = dialect.answer(request, WORLD)
    return reply.status, msgspec.json.decode(reply.body)


def test_coins_are_ranked_by_capitalisation() -> None:
    """From 1 without a hole, the largest first; each has a price in dollars."""
    everything = coins(WORLD)
    assert [coin.rank for coin in everything] == list(range(1, len(everything) + 1))
    sizes = [coin.supply * coin.traded.level for coin in everything]
    assert all(a >= b for a, b in pairwise(sizes))
    assert everything[0].code == "BTC"
    assert len({coin.number for coin in everything}) == len(everything)
    assert len({coin.slug for coin in everything}) == len(everything)


def test_a_coin_is_quoted_where_it_is_traded() -> None:
    """In dollars always, by way of USDT if need be; otherwise as the market has it."""
    bitcoin = next(coin for coin in coins(WORLD) if coin.code == "BTC")
    kaspa = next(coin for coin in coins(WORLD) if coin.code == "KAS")
    assert pair(bitcoin, "USD") is ASSETS["BTC-USD"]
    assert pair(kaspa, "USD") is ASSETS["KAS-USDT"]
    assert pair(bitcoin, "EUR") is ASSETS["BTC-EUR"]
    assert pair(kaspa, "EUR") is None


def test_before_its_listing_a_coin_is_not_there() -> None:
    """The world of 2019 has no SUI."""
    early = World(SyntheticMarket(3), 1_560_000_000.0)
    assert "SUI" not in {coin.code for coin in coins(early)}


def test_coinmarketcap_wants_a_key() -> None:
    """Its code is that of a missing one."""
    status, content = said(CMC, "/v1/key/info", {})
    assert (status, content["status"]["error_code"]) == (401, 1002)


def test_coinmarketcap_speaks_three_versions() -> None:
    """Lists with a text for a code in v3, a map of texts by id in v2, a list in v1."""
    _, latest = said(CMC, "/v3/cryptocurrency/quotes/latest", id="1")
    assert latest["status"]["error_code"] == "0"
    assert latest["data"][0]["quote"][0]["symbol"] == "USD"
    _, info = said(CMC, "/v2/cryptocurrency/info", id="1")
    assert info["status"]["error_code"] == 0
    assert info["data"]["1"]["slug"] == "bitcoin"
    _, listed = said(CMC, "/v1/cryptocurrency/map")
    assert sum(row["symbol"] == "BTC" for row in listed["data"]) == 2


def test_coinmarketcaps_range_is_exclusive_at_its_start() -> None:
    """And inclusive at its end; the running day is never there."""
    times = {"time_start": "2025-11-10T00:00:00Z", "time_end": "2025-11-12T00:00:00Z"}
    path = "/v2/cryptocurrency/ohlcv/historical"
    _, some = said(CMC, path, id="1", time_period="daily", **times)
    opens = [row["time_open"][:10] for row in some["data"]["quotes"]]
    assert opens == ["2025-11-11", "2025-11-12"]
    _, newest = said(CMC, path, id="1", time_period="daily", count="3")
    opens = [row["time_open"][:10] for row in newest["data"]["quotes"]]
    assert opens == ["2025-11-13", "2025-11-14"]


@pytest.mark.parametrize(
    ("path", "query", "names"),
    [
        ("/v3/cryptocurrency/quotes/latest", {"id": "777"}, '"id"'),
        ("/v3/cryptocurrency/quotes/latest", {}, '"id"'),
        ("/v3/cryptocurrency/quotes/latest", {"id": "1", "convert": "XYZ"}, '"convert"'),
        ("/v3/cryptocurrency/listings/latest", {"limit": "5001"}, '"limit"'),
        ("/v2/cryptocurrency/ohlcv/historical", {"id": "1", "time_start": "x"}, '"time_start"'),
        ("/v2/cryptocurrency/ohlcv/historical", {"id": "1", "time_period": "1m"}, "time_period"),
    ],
)
def test_coinmarketcap_refuses_values(path: str, query: dict[str, str], names: str) -> None:
    """With 400 and the name of the parameter."""
    status, content = said(CMC, path, **query)
    assert (status, content["status"]["error_code"]) == (400, 400)
    assert names in content["status"]["error_message"]


def test_coinmarketcap_counts_credits() -> None:
    """One for every hundred points and two hundred coins; the map and the account are free."""
    ohlcv, listings = "/v2/cryptocurrency/ohlcv/historical", "/v3/cryptocurrency/listings/latest"
    assert CMC.weigh(Request(ohlcv, (("count", "501"),))) == 6
    assert CMC.weigh(Request(listings, (("limit", "200"),))) == 1
    assert CMC.weigh(Request("/v1/key/info")) == CMC.weigh(Request("/v1/cryptocurrency/map")) == 0


@pytest.mark.parametrize(
    ("days", "rows", "hours"), [("1", 48, 0.5), ("7", 42, 4), ("30", 180, 4), ("90", 22, 96)]
)
def test_coingeckos_days_decide_about_its_candles(days: str, rows: int, hours: float) -> None:
    """The last of them still runs: its time lies ahead."""
    _, candles = said(GECKO, "/coins/bitcoin/ohlc", vs_currency="usd", days=days)
    assert len(candles) == rows
    times = [row[0] / 1000 for row in candles]
    assert {b - a for a, b in pairwise(times)} == {hours * 3600}
    assert times[-2] <= NOW < times[-1]


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        ("/coins/nope/ohlc", {}, 404),
        ("/nothing", {}, 404),
        ("/coins/bitcoin/ohlc", {"vs_currency": "usdt", "days": "1"}, 400),
        ("/coins/bitcoin/ohlc", {"vs_currency": "usd", "days": "2"}, 400),
        ("/coins/bitcoin/ohlc", {"vs_currency": "usd", "days": "max"}, 401),
        ("/coins/markets", {}, 422),
    ],
)
def test_coingecko_refuses(path: str, query: dict[str, str], status: int) -> None:
    """In one of its envelopes."""
    found, content = said(GECKO, path, **query)
    assert found == status
    assert "error" in content


def test_coingecko_leaves_out_what_it_does_not_know() -> None:
    """A blank in a list makes an unknown id of it."""
    query = {"ids": "bitcoin, ethereum,nope", "vs_currencies": "usd,xyz"}
    _, prices = said(GECKO, "/simple/price", **query)
    assert {coin: set(quotes) for coin, quotes in prices.items()} == {"bitcoin": {"usd"}}


def test_coingecko_knows_the_wrong_kind_of_key() -> None:
    """Its code stands beside the status."""
    status, content = said(GECKO, "/ping", {"x-cg-pro-api-key": "k"})
    assert (status, content["error_code"]) == (400, 10010)


def test_coingecko_pages_by_capitalisation() -> None:
    """And finds by id and by ticker."""
    path = "/coins/markets"
    _, second = said(GECKO, path, vs_currency="usd", per_page="5", page="2")
    assert [row["market_cap_rank"] for row in second] == [6, 7, 8, 9, 10]
    for query in ({"ids": "kas"}, {"symbols": "kas"}):
        _, found = said(GECKO, path, vs_currency="usd", **query)
        assert [row["symbol"] for row in found] == ["kas"]


def test_both_tell_one_capitalisation() -> None:
    """They speak of one world."""
    _, gecko = said(GECKO, "/coins/markets", vs_currency="usd", ids="bitcoin")
    _, cmc = said(CMC, "/v3/cryptocurrency/listings/latest", limit="1")
    assert gecko[0]["market_cap"] == cmc["data"][0]["quote"][0]["market_cap"]
    assert said(GECKO, "/coins/bitcoin")[1]["id"] == "bitcoin"
    assert said(GECKO, "/key")[1]["monthly_call_credit"] == 10_000
