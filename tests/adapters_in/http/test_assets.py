"""Capitalisations over HTTP, and how they are asked for, kept and remembered."""

import asyncio

import pytest

from domain.errors import AccessDenied, NotListed, ProviderUnavailable
from tests.adapters_in.http.house import NOW, House
from tests.runner import Run

MARKETS, ASSETS = "/api/v1/data/markets", "/api/v1/data/assets"
DOWN = ProviderUnavailable("It is down.", provider="paper")


@pytest.fixture
def house(run: Run) -> House:
    """Two providers that tell of assets."""
    return House(run)


def test_markets_come_by_rank(house: House) -> None:
    """Each row says whose it is, of when and how old; what was not sent is null, 0 is 0."""
    answer = house.ask(f"{MARKETS}?limit=2")
    assert answer.status == 200
    body = answer.json
    first, second = body.pop("data")
    assert body == {
        "provider": "paper",
        "limit": 2,
        "offset": 0,
        "cached": False,
        "stale": False,
        "substituted": False,
        "as_of": None,
        "demo": False,
    }
    assert first == {
        "symbol": "BTC",
        "id": "id-0",
        "name": "Coin 0",
        "rank": 1,
        "currency": "USD",
        "price": 1000.0,
        "market_cap": 1e9,
        "fully_diluted_market_cap": None,
        "volume_24h": 0.0,
        "change_24h_pct": None,
        "circulating_supply": 1e6,
        "total_supply": None,
        "max_supply": None,
        "provider": "paper",
        "ts": int(NOW) - 7,
        "age_s": 7,
    }
    assert (second["symbol"], second["market_cap"], second["circulating_supply"]) == (
        *("ETH", None, None),
    )


@pytest.mark.parametrize(
    ("limit", "offset", "calls"), [(100, 0, 1), (200, 200, 1), (10, 195, 2), (450, 0, 3)]
)
def test_pages_are_cut_from_blocks(house: House, limit: int, offset: int, calls: int) -> None:
    """Of 200 assets a call; ranks run on without a hole across them."""
    body = house.ask(f"{MARKETS}?limit={limit}&offset={offset}").json
    assert [row["rank"] for row in body["data"]] == list(range(offset + 1, offset + limit + 1))
    assert house.first.surveyed == calls


def test_the_list_ends(house: House) -> None:
    """The last page is short, and behind it there is nothing: 404."""
    body = house.ask(f"{MARKETS}?limit=100&offset=400").json
    assert len(body["data"]) == 50
    answer = house.ask(f"{MARKETS}?limit=100&offset=600")
    assert (answer.status, answer.json["type"].rpartition(":")[2]) == (404, "no-data")


def test_an_answer_is_kept_for_a_minute(house: House) -> None:
    """Also for another page of the same block; then it is asked for again."""
    assert house.ask(f"{MARKETS}?limit=5").json["cached"] is False
    house.clock.advance(59.0)
    again = house.ask(f"{MARKETS}?limit=7&offset=100").json
    assert (again["cached"], again["data"][0]["age_s"], house.first.surveyed) == (True, 66, 1)
    house.clock.advance(2.0)
    fresh = house.ask(f"{MARKETS}?limit=5").json
    assert (fresh["cached"], fresh["data"][0]["age_s"], house.first.surveyed) == (False, 7, 2)


@pytest.mark.parametrize("path", [f"{MARKETS}?limit=9", f"{ASSETS}/BTC"])
def test_identical_requests_share_one_call(run: Run, house: House, path: str) -> None:
    """Ten at once cost what one costs."""

    async def together() -> list[int]:
        answers = await asyncio.gather(*(house.asked(path) for _ in range(10)))
        return [answer.status for answer in answers]

    assert run(together()) == [200] * 10
    assert house.first.surveyed == 1


@pytest.mark.parametrize("path", [f"{MARKETS}?limit=3", f"{ASSETS}/BTC"])
def test_another_provider_stands_in(house: House, path: str) -> None:
    """And that is said; the one that is asked for by name has no stand-in."""
    house.first.blind = DOWN
    body = house.ask(path).json
    assert (body["provider"], body["substituted"], body["stale"]) == ("spare", True, False)
    joint = "&" if "?" in path else "?"
    alone = house.ask(f"{path}{joint}provider=paper")
    assert alone.status == 503
    assert [each["provider"] for each in alone.json["attempts"]] == ["paper"]
    named = house.ask(f"{path}{joint}provider=spare").json
    assert (named["provider"], named["substituted"]) == ("spare", False)


@pytest.mark.parametrize("path", [f"{MARKETS}?limit=3", f"{ASSETS}/BTC"])
def test_what_is_known_is_served_when_everybody_is_down(house: House, path: str) -> None:
    """Marked stale, with its age."""
    before = house.ask(path).json
    house.first.blind = house.second.blind = DOWN
    house.clock.advance(600.0)
    body = house.ask(path).json
    assert (body["stale"], body["cached"], body["provider"]) == (True, True, "paper")
    row, then = (b["data"][0] if "data" in b else b for b in (body, before))
    assert (row["price"], row["ts"], row["age_s"]) == (then["price"], then["ts"], 607)
    if "metadata" in body:
        assert body["metadata"] == before["metadata"]


@pytest.mark.parametrize("path", [f"{MARKETS}?limit=3", f"{ASSETS}/BTC"])
def test_nothing_known_and_nobody_there(house: House, path: str) -> None:
    """503 with one reason each."""
    house.first.blind, house.second.blind = DOWN, AccessDenied("No.", provider="spare")
    answer = house.ask(path)
    assert answer.status == 503
    reasons = {each["provider"]: each["code"] for each in answer.json["attempts"]}
    assert reasons == {"paper": "provider-unavailable", "spare": "access-denied"}


@pytest.mark.parametrize("spelled", ["BTC", "btc", "BTCUSDT", "BTC-USD", "XBT"])
def test_an_asset_in_anybodys_spelling(house: House, spelled: str) -> None:
    """A pair means its first half."""
    body = house.ask(f"{ASSETS}/{spelled}").json
    assert (body["symbol"], body["rank"], body["price"]) == ("BTC", 1, 1000.0)
    assert body["metadata"] == {"website": "https://btc.example"}
    assert (body["provider"], body["ts"], body["age_s"]) == ("paper", int(NOW) - 7, 7)
    assert body["demo"] is False


def test_a_code_that_nobody_has_heard_of_is_no_stock_here(house: House) -> None:
    """A new coin is asked for as it is written."""
    assert house.ask(f"{ASSETS}/coin17").json["rank"] == 17


def test_an_asset_that_nobody_knows(house: House) -> None:
    """404; a denial is no reason to serve what was once known under that code."""
    answer = house.ask(f"{ASSETS}/NOPE")
    assert (answer.status, answer.json["type"].rpartition(":")[2]) == (404, "unknown-instrument")
    house.ask(f"{ASSETS}/ETH")
    house.clock.advance(120.0)
    for each in (house.first, house.second):
        each.blind = NotListed("Gone.", provider=each.name)
    assert house.ask(f"{ASSETS}/ETH").status == 404


def test_the_past_stays_as_it_was(house: House) -> None:
    """As of a moment: the same whatever was learned since; nothing cached, stale or guessed."""
    house.ask(f"{MARKETS}?limit=2")
    house.ask(f"{ASSETS}/BTC")
    then = int(house.clock.now()) + 1
    house.clock.advance(1.0)
    found = house.ask(f"{MARKETS}?limit=2&as_of={then}")
    asset = house.ask(f"{ASSETS}/BTC?as_of={then}")
    for _ in range(2):
        house.clock.advance(100.0)
        house.first.price_of_all += 5.0
        house.ask(f"{MARKETS}?limit=2")
        assert house.ask(f"{MARKETS}?limit=2&as_of={then}").body == found.body
        assert house.ask(f"{ASSETS}/BTC?as_of={then}").body == asset.body
    assert found.json["data"][0]["price"] == 1000.0
    assert (found.json["cached"], found.json["stale"], found.json["as_of"]) == (None, None, then)
    assert all(b'"as_of":%d,' % then in answer.body for answer in (found, asset))  # whole seconds
    assert found.json["data"][0]["age_s"] == 8
    assert asset.json["price"] == 1000.0
    assert house.ask(f"{MARKETS}?limit=2").json["data"][0]["price"] == 1010.0


@pytest.mark.parametrize("path", [f"{MARKETS}?limit=2", f"{ASSETS}/BTC?provider=paper"])
@pytest.mark.parametrize("moment", [1_000_000_000, int(NOW) + 10**6])
def test_nothing_was_known_before_and_is_known_of_the_future(
    house: House, path: str, moment: int
) -> None:
    """404 either way, and nobody is asked."""
    joint = "&" if "?" in path else "?"
    assert house.ask(f"{path}{joint}as_of={moment}").status == 404
    assert house.first.surveyed == 0


@pytest.mark.parametrize(
    "query",
    [
        *("limit=0", "limit=1001", "limit=x", "limit=1e2", "limit=5&limit=6"),
        *("offset=-1", "offset=20001", "offset=1.5", "provider=nobody", "as_of=nan"),
        *("sort=name", "symbol=BTC"),
    ],
)
def test_malformed_parameters_are_refused(house: House, query: str) -> None:
    """400 with a hint; nothing is clamped or ignored."""
    answer = house.ask(f"{MARKETS}?{query}")
    assert answer.status == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert house.first.surveyed == 0


@pytest.mark.parametrize("symbol", ["%00", "a" * 41, "BTC%20USD", "%F0%9F%98%80"])
def test_what_is_no_symbol_is_refused(house: House, symbol: str) -> None:
    """400."""
    assert house.ask(f"{ASSETS}/{symbol}").status == 400


def test_the_demo_says_so(run: Run) -> None:
    """In the list and in the single answer."""
    house = House(run, demo=True)
    for path in (f"{MARKETS}?limit=1", f"{ASSETS}/BTC"):
        assert house.ask(path).json["demo"] is True
