"""The rows that the existing consumers read, each by its own rules."""

from datetime import datetime

import msgspec
import pytest

from adapters_in.http.reserved_routes import RESERVED
from tests.adapters_in.http.house import NOW, House


class KotlinPoint(msgspec.Struct):
    """fks_clients: every field is required, unknown ones are ignored, the time is a Long."""

    timestamp: int
    open: float
    high: float
    low: float
    close: float
    volume: float


class KotlinAnswer(msgspec.Struct):
    """fks_clients: the envelope it reads."""

    symbol: str
    data: list[KotlinPoint]


def test_fks_clients(house: House) -> None:
    """The Kotlin client finds a Long timestamp in every row, for a symbol with a slash."""
    answer = house.ask(
        "/api/v1/data/ohlcv?symbol=BTC/USDT&interval=1h&provider=paper&use_cache=true"
    )
    points = msgspec.json.decode(answer.body, type=KotlinAnswer).data
    assert len(points) == 500
    assert points[-1].timestamp == int(NOW) // 3600 * 3600 - 3600


def test_fks_ai_charts(house: House) -> None:
    """The chart renderer takes data[].timestamp and OHLCV; Python sends use_cache=True."""
    answer = house.ask("/api/v1/data/ohlcv?symbol=BTCUSDT&interval=1h&limit=100&use_cache=True")
    rows = answer.json["data"]
    assert len({row["timestamp"] for row in rows}) == 100
    assert {"open", "high", "low", "close", "volume"} <= rows[0].keys()


def test_fks_ai_bots(house: House) -> None:
    """The bots ask by path and read OHLCV from data."""
    rows = house.ask("/api/v1/data/BTCUSDT?interval=1h&limit=5").json["data"]
    assert len(rows) == 5
    assert {"open", "high", "low", "close", "volume"} <= rows[0].keys()


def test_fks_training_client(house: House) -> None:
    """The training client renames ts to its index: a second time column would break it."""
    for path in ("/api/v1/data", "/data"):
        query = "symbol=BTCUSDT&timeframe=1h&start=2024-11-26&end=2024-11-27&limit=100"
        rows = house.ask(f"{path}?{query}").json["data"]
        assert [list(row) for row in rows] == [
            ["ts", "open", "high", "low", "close", "volume", "final"]
        ] * 24
        assert rows[0]["ts"] == 1_732_579_200


def test_fks_training_environment(house: House) -> None:
    """The PPO environment parses ISO timestamps of a range of dates."""
    target = "/api/v1/data/BTCUSDT?start_date=2024-11-01&end_date=2024-11-11&interval=1d"
    rows = house.ask(target).json["data"]
    days = [datetime.fromisoformat(row["timestamp"]) for row in rows]
    assert [day.day for day in days] == list(range(1, 11))
    assert all(day.utcoffset() is not None for day in days)
    assert "ts" not in rows[0]


def test_a_pair_in_the_path(house: House) -> None:
    """A symbol with a slash works in the path too, escaped (the server unescapes it) or not."""
    body = house.ask("/api/v1/data/BTC/USDT?limit=1&interval=1h").json
    assert (body["instrument"], len(body["data"])) == ("BTC-USDT", 1)


def test_fks_monitor(house: House) -> None:
    """The monitor wants 200 and no X-Response-Time header, which it cannot read."""
    for path in ("/health", "/ready", "/live", "/api/v1/health", "/api/v1/data/health"):
        answer = house.ask(path)
        assert answer.status == 200
        assert "x-response-time" not in answer.headers


@pytest.mark.parametrize(
    "route", ["ohlcv?interval=1d", "indicators?interval=1d&indicators=sma_5", "trades?", "quotes?"]
)
def test_a_ticker_means_on_every_route_who_held_it_then(house: House, route: str) -> None:
    """META was a fund at the beginning of 2022, and the company in July."""
    for end, holder in (("2022-01-04", "METV"), ("2022-07-02", "META")):
        answer = house.ask(f"/api/v1/data/{route}&symbol=META&end={end}")
        assert answer.status == 404
        assert answer.json["detail"].startswith(f"{holder} ")


@pytest.mark.parametrize("word", RESERVED)
@pytest.mark.parametrize("query", ["", "?symbol=BTCUSDT&nobody=knows", "?symbol=%00"])
def test_the_alias_takes_no_address_for_a_symbol(house: House, word: str, query: str) -> None:
    """What the public interface names is not served yet, and no instrument of that name."""
    answer = house.ask(f"/api/v1/data/{word}{query}")
    assert (answer.status, answer.json["type"]) == (404, "urn:fks-data:problem:not-served")
    assert answer.json["detail"] == RESERVED[word]
    assert "did_you_mean" not in answer.json
    assert house.first.asked == house.second.asked == 0
    assert f"/api/v1/data/{word}" not in house.ask("/openapi.json").json["paths"]


def test_a_share_may_be_called_like_an_address(house: House) -> None:
    """In capital letters it is a ticker: this one is listed in New York."""
    answer = house.ask("/api/v1/data/WS")
    assert "not-served" not in answer.json["type"]
