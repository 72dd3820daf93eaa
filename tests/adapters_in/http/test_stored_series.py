"""Coverage, gaps, revisions, quality, lineage, symbols and providers over HTTP."""

import pytest
from msgspec.structs import replace

from adapters_in.http.series_views import provider_view
from domain.errors import ProviderUnavailable
from tests.adapters_in.http.house import NOW, House

BTC = "/api/v1/data/ohlcv?symbol=BTCUSDT&interval=1m&limit=5"
LAST = int(NOW) // 60 * 60 - 60


def test_coverage(house: House) -> None:
    """Every stored series at a glance; of one symbol its ranges."""
    house.ask(BTC)
    (series,) = house.ask("/api/v1/data/coverage").json["series"]
    assert (series["instrument"], series["interval"], series["provider"]) == (
        "BTC-USDT",
        "1m",
        "paper",
    )
    assert (series["bars"], series["first"], series["last"]) == (5, LAST - 240, LAST)
    assert series["held"] is None
    (series,) = house.ask("/api/v1/data/coverage?symbol=btc/usdt").json["series"]
    assert series["held"] == [{"start": LAST - 240, "end": LAST + 60}]
    assert house.ask("/api/v1/data/coverage?symbol=ETHUSDT").json["series"] == []


def test_gaps(house: House) -> None:
    """What is missing of a range is named with its reason and its size."""
    house.first.holes = frozenset({LAST - 120, LAST - 60})
    house.ask(BTC)
    body = house.ask(f"/api/v1/data/gaps?symbol=BTCUSDT&interval=1m&end={LAST}").json
    assert body["gaps"] == [
        {
            "instrument": "BTC-USDT",
            "interval": "1m",
            "provider": "paper",
            "start": LAST - 120,
            "end": LAST,
            "bars": 2,
            "reason": "provider_outage",
        }
    ]
    assert body["series"][0]["missing_bars"] == 2


def test_revisions(house: House) -> None:
    """A corrected bar is listed with both values; its exact times fit as_of."""
    house.ask(BTC)
    house.first.shift = 5.0
    house.clock.advance(20)
    house.ask(f"{BTC}&use_cache=false")
    found = house.ask("/api/v1/data/revisions?symbol=BTCUSDT&limit=2").json["revisions"]
    assert [each["ts"] for each in found] == [LAST - 240, LAST - 180]
    old, new = found[0]["old"]["close"], found[0]["new"]["close"]
    assert new == pytest.approx(old + 5.0)
    before = house.ask(f"{BTC}&as_of={found[0]['known_at_iso']}").json["data"]
    after = house.ask(f"{BTC}&as_of={found[0]['superseded_at_iso']}").json["data"]
    assert (before[0]["close"], after[0]["close"]) == (old, new)


def test_pages_of_revisions(house: House) -> None:
    """Each names the next, in the body and for who reads headers; the last names none."""
    house.ask(BTC)
    house.first.shift = 5.0
    house.clock.advance(20)
    house.ask(f"{BTC}&use_cache=false")
    target = "/api/v1/data/revisions?symbol=BTCUSDT&limit=2"
    opens: list[int] = []
    marks: list[str | None] = []
    for rows in (2, 2, 1):
        page = house.ask(target)
        opens += [each["ts"] for each in page.json["revisions"]]
        assert len(page.json["revisions"]) == rows
        mark: str | None = page.json["next"]
        marks.append(mark)
        assert page.headers.get("link") == (
            None if mark is None else f'<{_onward(target, mark)}>; rel="next"'
        )
        target = _onward(target, mark)
    assert [mark is None for mark in marks] == [False, False, True]
    assert opens == [LAST - k * 60 for k in (4, 3, 2, 1, 0)]


def _onward(target: str, mark: str | None) -> str:
    return f"{target.partition('&cursor')[0]}&cursor={mark}"


@pytest.mark.parametrize("route", ["coverage", "gaps", "quality"])
def test_pages_of_series(house: House, route: str) -> None:
    """So many series and where the others are; all of them where the caller names no limit."""
    house.ask(BTC)
    house.ask(BTC.replace("1m", "5m"))
    everything = house.ask(f"/api/v1/data/{route}").json
    assert (len(everything["series"]), everything["next"]) == (2, None)
    first = house.ask(f"/api/v1/data/{route}?limit=1")
    assert first.json["next"] == "s1-paper-1m-BTC-USDT"
    assert first.headers["link"].startswith(f"</api/v1/data/{route}?limit=1&cursor=s1-paper-1m-")
    rest = house.ask(f"/api/v1/data/{route}?limit=1&cursor={first.json['next']}").json
    assert rest["next"] is None
    assert [*first.json["series"], *rest["series"]] == everything["series"]
    for cursor in ("s1-paper-7m-BTC-USDT", "b1-5", "s1-paper-1m-", "r1-0-0-paper-1m-BTC-USDT"):
        assert house.ask(f"/api/v1/data/{route}?cursor={cursor}").status == 400


def test_lineage(house: House) -> None:
    """The batch behind the bars carries the id of the request that fetched it."""
    house.ask(BTC, headers={"X-Request-ID": "who-asked"})
    (batch,) = house.ask("/api/v1/data/lineage?symbol=BTCUSDT").json["batches"]
    assert (batch["request_id"], batch["inserted"], batch["changed"]) == ("who-asked", 5, 0)
    assert batch["known_at_iso"].startswith("2024-11-27T09:33:20")


def test_quality(house: House) -> None:
    """The newest verdict of every series, with components and issues."""
    house.ask(BTC)
    (series,) = house.ask("/api/v1/data/quality?symbol=BTCUSDT").json["series"]
    assert series["quality"]["components"].keys() == {"completeness", "freshness", "outliers"}
    assert series["quality"]["status"] == "excellent"


@pytest.mark.parametrize("route", ["coverage", "gaps", "revisions", "lineage"])
def test_reversed_range(house: House, route: str) -> None:
    """A range that ends before it starts holds nothing, and every route says so."""
    house.ask(BTC)
    answer = house.ask(f"/api/v1/data/{route}?start={LAST}&end={LAST - 60}")
    assert answer.status == 404
    assert "must lie after" in answer.json["detail"]


def test_symbols(house: House) -> None:
    """Listings are found by any part, of all providers or one."""
    found = house.ask("/api/v1/data/symbols?q=btc").json["symbols"]
    assert [(each["provider"], each["symbol"]) for each in found] == [
        ("paper", "BTCUSDT"),
        ("spare", "BTCUSDT"),
    ]
    one = house.ask("/api/v1/data/symbols?q=USDT&provider=spare&limit=2").json["symbols"]
    assert [each["provider"] for each in one] == ["spare", "spare"]
    assert house.ask("/api/v1/data/symbols").json["parameter"] == "q"


def test_symbols_without_a_list(house: House) -> None:
    """Without any list the reason is said: 503."""
    for exchange in (house.first, house.second):
        exchange.fault = ProviderUnavailable("It is down.", provider=exchange.name)
    answer = house.ask("/api/v1/data/symbols?q=btc")
    assert answer.status == 503
    assert answer.json["attempts"][0]["provider"] == "paper"


def test_providers(house: House) -> None:
    """Every provider with what it can, how it is and what it may."""
    found = house.ask("/api/v1/data/providers").json["providers"]
    assert [each["name"] for each in found] == ["paper", "spare"]
    assert found[0].keys() == {
        *("name", "type", "rate_limit", "capabilities", "intervals", "enabled", "needs_key"),
        *("has_key", "key_refused", "health", "budget"),
    }
    assert found[0]["health"].keys() == {"state", "latency_ms_p50", "error_rate", "score"}
    assert found[0]["budget"].keys() == {"limit_per_s", "used_fraction", "banned_until"}
    assert (found[0]["type"], found[0]["rate_limit"]) == ("crypto", "10 req/sec")


def test_a_refused_key_is_told(house: House) -> None:
    """Of the key that is configured, not of another one that was refused before."""
    facts = house.run(house.services.list_providers())[0]
    assert provider_view(facts).key_refused is False
    refused = replace(facts, key_mark="ours", health=replace(facts.health, refused_key="ours"))
    assert provider_view(refused).key_refused is True
    assert provider_view(replace(refused, key_mark="another")).key_refused is False


def test_a_ban_is_over_when_it_says_so(house: House) -> None:
    """Its end is rounded up, as Retry-After is: nobody comes back too early."""
    facts = house.run(house.services.list_providers())[0]
    frozen = replace(facts, budget=replace(facts.budget, frozen_until=NOW + 8.2))
    assert provider_view(frozen).budget.banned_until == int(NOW) + 9
