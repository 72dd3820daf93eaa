"""CoinMarketCap's snapshots of assets."""

import json
from pathlib import Path
from typing import Any

import pytest

from adapters_out.provider_kit.calls import Call, Reply
from adapters_out.provider_kit.faults import UNREADABLE
from adapters_out.providers.coinmarketcap import PROVIDER
from domain.assets import AssetSnapshot
from domain.errors import NotListed

assert PROVIDER.markets is not None
MARKETS = PROVIDER.markets
SOME = AssetSnapshot(asset="BTC", id="1", provider="coinmarketcap", ts=0)


def reply(data: object) -> Reply:
    """A successful answer, received at 7."""
    content = json.dumps({"status": {"error_code": 0}, "data": data}).encode()
    return Reply(200, content, received_at=7.5)


def coin(**fields: Any) -> dict[str, Any]:  # noqa: ANN401  # JSON
    """A coin with a dollar price."""
    quote = [{"symbol": "USD", "price": 2.5, **fields.pop("quote", {})}]
    return {"id": 1, "symbol": "BTC", "quote": quote, **fields}


@pytest.mark.recordings
def test_the_recorded_listing_is_read_right(recordings: Path) -> None:
    """v3: a list of coins whose quotes are lists; what is null is absent."""
    content = (recordings / "coinmarketcap" / "v3_listings_latest__1.json").read_bytes()
    bitcoin, tether = MARKETS.read(Reply(200, content))
    assert bitcoin == AssetSnapshot(
        asset="BTC",
        id="1",
        provider="coinmarketcap",
        ts=1_781_877_720,
        name="Bitcoin",
        rank=1,
        price=63120.95511667226,
        market_cap=1265258535378.4136,
        fully_diluted_market_cap=1325540057450.12,
        volume_24h=29127614493.574356,
        change_24h_pct=-1.19783194,
        circulating_supply=20044984.0,
        total_supply=20044984.0,
        max_supply=21000000.0,
    )
    assert (tether.asset, tether.rank, tether.max_supply) == ("USDT", 3, None)
    assert tether.circulating_supply == 186471454928.25275


@pytest.mark.recordings
@pytest.mark.parametrize(
    ("name", "cap", "rank"),
    [("v1_quotes_latest__2", 113563929433.21645, 1), ("v1_listings_new__1", 852164659250.2758, 5)],
)
def test_recorded_answers_of_older_versions_are_read(
    recordings: Path, name: str, cap: float, rank: int
) -> None:
    """Maps by id and quotes by currency."""
    content = (recordings / "coinmarketcap" / f"{name}.json").read_bytes()
    found = MARKETS.read_one(Reply(200, content), "BTC")
    assert (found.asset, found.market_cap, found.rank) == ("BTC", cap, rank)


@pytest.mark.recordings
def test_a_recorded_item_and_its_description_are_read(recordings: Path) -> None:
    """One element of a listing; the texts about it."""
    folder = recordings / "coinmarketcap"
    item = json.loads((folder / "v1_listing_item__1.json").read_text())
    (found,) = MARKETS.read(reply([item]))
    assert (found.market_cap, found.ts) == (917963765536.4354, 1_630_167_199)
    assert MARKETS.read_description is not None
    info = json.loads((folder / "info_item__1.json").read_text())
    assert MARKETS.read_description(reply({"1": info}), found) == {
        "slug": "bitcoin",
        "category": "coin",
        "logo": "https://s2.coinmarketcap.com/static/img/coins/64x64/1.png",
        "date_added": "2013-04-28T00:00:00.000Z",
        "tags": "mineable",
        "website": "https://bitcoin.org/",
        "explorer": "https://blockchain.info/",
        "source_code": "https://github.com/bitcoin/",
    }


def test_a_description_of_another_is_none() -> None:
    """The answer is keyed by the id that was asked."""
    assert MARKETS.read_description is not None
    with pytest.raises(UNREADABLE):
        MARKETS.read_description(reply({"2": {"id": 2}}), SOME)
    assert MARKETS.read_description(reply({"1": {"id": 1, "urls": {"website": []}}}), SOME) == {}


def test_what_is_asked() -> None:
    """A credit for every 200 coins; one coin by its id; its description once a day."""
    path = "/v3/cryptocurrency/listings/latest"
    assert MARKETS.ask(200, 400) == Call(path, {"start": 401, "limit": 200, "convert": "USD"})
    most = MARKETS.ask(500, 0)
    assert isinstance(most, Call)
    assert most.weight == 3
    one = Call("/v3/cryptocurrency/quotes/latest", {"id": 1, "convert": "USD"})
    assert MARKETS.find("BTC") == one
    assert MARKETS.describe is not None
    about = Call("/v2/cryptocurrency/info", {"id": "1"}, keep_s=86_400)
    assert MARKETS.describe(SOME) == about


def test_what_is_not_known_is_absent() -> None:
    """A capitalisation or supply of 0 is none; a volume of 0 is one; no time is the receipt's."""
    unknown = {"market_cap": 0, "fully_diluted_market_cap": None, "volume_24h": 0}
    (found,) = MARKETS.read(reply([coin(circulating_supply=0, quote=unknown)]))
    assert found == AssetSnapshot(
        asset="BTC", id="1", provider="coinmarketcap", ts=7, price=2.5, volume_24h=0.0
    )


def test_numbers_may_be_texts() -> None:
    """Either occurs."""
    (found,) = MARKETS.read(reply([coin(max_supply="21000000", quote={"market_cap": "1e9"})]))
    assert (found.max_supply, found.market_cap) == (21e6, 1e9)


def test_an_unknown_coin_is_not_listed_and_nonsense_is_unreadable() -> None:
    """No coin; no quote; no number."""
    with pytest.raises(NotListed):
        MARKETS.read_one(reply([]), "BTC")
    for nonsense in ([{"id": 1}], [coin() | {"quote": {}}], [coin(quote={"market_cap": "many"})]):
        with pytest.raises(UNREADABLE):
            MARKETS.read(reply(nonsense))
