"""A provider that was named and has nothing of the kind is said so, with those who have."""

import pytest
from msgspec.structs import replace

from domain.instrument import AssetClass
from domain.provider import Capability
from tests.adapters_in.http.house import House

DATA = "/api/v1/data"
ASKED = [
    (f"{DATA}/markets?", Capability.MARKETS, "market capitalisations"),
    (f"{DATA}/assets/BTC?", Capability.MARKETS, "market capitalisations"),
    (f"{DATA}/trades?symbol=BTCUSDT&", Capability.TRADES, "trades"),
    (f"{DATA}/quotes?symbol=BTCUSDT&", Capability.QUOTES, "quotes"),
    (f"{DATA}/price?symbol=BTCUSDT&", Capability.PRICE, "prices"),
    (f"{DATA}/ohlcv?symbol=BTCUSDT&", Capability.BARS, "bars"),
    (f"{DATA}/indicators?symbol=BTCUSDT&indicators=sma&", Capability.BARS, "bars"),
    (f"{DATA}/symbols?q=BTC&", Capability.INSTRUMENTS, "an instrument list"),
]


@pytest.mark.parametrize(("path", "wanted", "words"), ASKED)
def test_who_has_it_is_named(house: House, path: str, wanted: Capability, words: str) -> None:
    """422 with the parameter at fault: the question is fine, but not for that provider."""
    can = house.second.capabilities
    house.second.capabilities = replace(can, offers=can.offers - {wanted})
    refused = house.ask(f"{path}provider=spare")
    assert refused.status == 422, refused.json
    assert refused.json["type"].endswith(":not-offered")
    assert refused.json["parameter"] == "provider"
    assert refused.json["detail"].startswith(f"spare does not offer {words}")
    assert "name paper" in refused.json["detail"]
    assert house.ask(f"{path}provider=paper").status == 200


def test_an_offer_may_be_for_one_class_of_assets(house: House) -> None:
    """Who has quotes of stocks has none of coins for that."""
    house.second.capabilities = replace(
        house.second.capabilities,
        asset_classes=frozenset({AssetClass.STOCK, AssetClass.CRYPTO}),
        lacks=frozenset({(Capability.QUOTES, AssetClass.CRYPTO)}),
    )
    refused = house.ask(f"{DATA}/quotes?symbol=BTCUSDT&provider=spare")
    assert refused.status == 422
    assert refused.json["detail"].startswith("spare does not offer quotes of crypto pairs")


def test_nobody_else_is_named_when_there_is_nobody(house: House) -> None:
    """The sentence says so."""
    for each in (house.first, house.second):
        each.capabilities = replace(
            each.capabilities, offers=each.capabilities.offers - {Capability.TRADES}
        )
    refused = house.ask(f"{DATA}/trades?symbol=BTCUSDT&provider=spare")
    assert refused.status == 422
    assert refused.json["detail"].endswith("no other does.")


def test_other_things_are_not_listed_there(house: House) -> None:
    """Of a stock a coin exchange knows nothing: that is about the symbol."""
    for path in ("trades", "quotes", "price", "ohlcv"):
        refused = house.ask(f"{DATA}/{path}?symbol=AAPL&provider=spare")
        assert (refused.status, refused.json["detail"]) == (
            404,
            "AAPL is a stock, not listed by spare.",
        )
