"""CoinGecko's snapshots of assets."""

import json
from pathlib import Path

import pytest

from adapters_out.provider_kit.calls import Call, Reply
from adapters_out.provider_kit.faults import UNREADABLE
from adapters_out.providers.coingecko import PROVIDER
from domain.assets import AssetSnapshot
from domain.errors import NotListed

assert PROVIDER.markets is not None
MARKETS = PROVIDER.markets
SOME = AssetSnapshot(asset="BTC", id="bitcoin", provider="coingecko", ts=0)


def reply(data: object) -> Reply:
    """An answer that was received at 7."""
    return Reply(200, json.dumps(data).encode(), received_at=7.5)


@pytest.mark.recordings
@pytest.mark.parametrize(
    ("name", "price", "cap", "ts"),
    [
        ("coins_markets__1", 49053.0, 917825524991.0, 1_621_094_383),
        ("coins_markets__3", 202369.0, 3786489203349.0, 1_621_094_383),
        ("coins_markets__4", 77671.0, 1555886872303.0, 1_779_108_561),
    ],
)
def test_recorded_markets_are_read_right(
    recordings: Path, name: str, price: float, cap: float, ts: int
) -> None:
    """Whole numbers and fractions; keys that came later do not matter."""
    content = (recordings / "coingecko" / f"{name}.json").read_bytes()
    (found,) = MARKETS.read(Reply(200, content))
    sent = json.loads(content)[0]
    assert found == AssetSnapshot(
        asset="BTC",
        id="bitcoin",
        provider="coingecko",
        ts=ts,
        name="Bitcoin",
        rank=1,
        price=price,
        market_cap=cap,
        fully_diluted_market_cap=float(sent["fully_diluted_valuation"]),
        volume_24h=float(sent["total_volume"]),
        change_24h_pct=sent["price_change_percentage_24h"],
        circulating_supply=sent["circulating_supply"],
        total_supply=sent["total_supply"],
        max_supply=21000000.0,
    )
    assert MARKETS.read_one(Reply(200, content), "BTC") == found


def test_what_is_asked() -> None:
    """A page by capitalisation; one coin by its id, or by its ticker; its description."""
    params: dict[str, str | int] = {"vs_currency": "usd", "order": "market_cap_desc"}
    third = Call("/coins/markets", params | {"per_page": 200, "page": 3})
    assert MARKETS.ask(200, 400) == third
    assert MARKETS.find("BTC") == Call("/coins/markets", {"vs_currency": "usd", "ids": "bitcoin"})
    assert MARKETS.find("KAS") == Call("/coins/markets", {"vs_currency": "usd", "symbols": "kas"})
    assert MARKETS.describe is not None
    about = MARKETS.describe(SOME)
    assert isinstance(about, Call)
    assert (about.path, about.keep_s) == ("/coins/bitcoin", 86_400)
    assert about.params["tickers"] == "false"


def test_what_is_not_known_is_absent() -> None:
    """Null, missing, or a capitalisation of 0; a volume of 0 is one; no time is the receipt's."""
    coin = {"id": "x", "symbol": "abc", "market_cap": 0, "total_supply": None, "total_volume": 0}
    (found,) = MARKETS.read(reply([coin]))
    assert found == AssetSnapshot(asset="ABC", id="x", provider="coingecko", ts=7, volume_24h=0.0)


def test_of_several_coins_with_a_ticker_the_best_ranked_is_meant() -> None:
    """Or the one known by heart, whatever its rank; none is not listed."""
    twins = [
        {"id": "wrapped", "symbol": "btc", "market_cap_rank": 1},
        {"id": "bitcoin", "symbol": "btc", "market_cap_rank": 2},
        {"id": "abc-two", "symbol": "abc", "market_cap_rank": None},
        {"id": "abc", "symbol": "abc", "market_cap_rank": 9},
    ]
    assert MARKETS.read_one(reply(twins), "BTC").id == "bitcoin"
    assert MARKETS.read_one(reply(twins), "ABC").id == "abc"
    with pytest.raises(NotListed):
        MARKETS.read_one(reply(twins), "XYZ")


def test_a_description_is_texts() -> None:
    """As its page has them; what is empty is absent."""
    assert MARKETS.read_description is not None
    about = {
        "id": "bitcoin",
        "description": {"en": "The first.", "de": "Die erste."},
        "categories": ["Layer 1", None, "PoW"],
        "links": {"homepage": ["", "http://www.bitcoin.org"], "blockchain_site": []},
        "genesis_date": "2009-01-03",
        "hashing_algorithm": None,
        "new": 1,
    }
    assert MARKETS.read_description(reply(about), SOME) == {
        "slug": "bitcoin",
        "description": "The first.",
        "category": "Layer 1, PoW",
        "website": "http://www.bitcoin.org",
        "date_added": "2009-01-03",
    }


@pytest.mark.parametrize("body", [{}, [{"id": 1}], [{"id": "a", "symbol": "b", "market_cap": "x"}]])
def test_another_shape_is_never_a_market(body: object) -> None:
    """It is unreadable."""
    with pytest.raises(UNREADABLE):
        MARKETS.read(reply(body))
