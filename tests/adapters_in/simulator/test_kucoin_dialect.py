"""The synthetic KuCoin speaks like the real one."""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.adapters_in.simulator.worlds import NOON, ask, simulator_at, told

CANDLES = "/api/v1/market/candles"
LEVEL1 = "/api/v1/market/orderbook/level1"


def candles(**query: object) -> Any:  # noqa: ANN401 - JSON
    """Rows of minutes of BTC-USDT, unless told otherwise."""
    asked = {"symbol": "BTC-USDT", "type": "1min"} | query
    reply = told(ask(simulator_at(), "kucoin", CANDLES, **asked))
    assert reply["code"] == "200000"
    return reply["data"]


def test_rows_look_like_recorded_rows(recordings: Path) -> None:
    """Seven strings, newest first; close before high before low."""
    recorded = json.loads((recordings / "kucoin" / "candles__3.json").read_text())["data"]
    for rows in (recorded, candles()):
        assert all(int(a[0]) > int(b[0]) for a, b in pairwise(rows))
        assert {(len(row), *map(type, row)) for row in rows} == {(7, *[str] * 7)}
        for row in rows:
            opened, close, high, low = map(float, row[1:5])
            assert low <= min(opened, close) <= max(opened, close) <= high


def test_the_start_is_inclusive_and_the_end_is_not() -> None:
    """In seconds."""
    rows = candles(startAt=int(NOON) - 120, endAt=int(NOON))
    assert [int(row[0]) for row in rows] == [NOON - 60, NOON - 120]


def test_a_long_range_loses_its_oldest() -> None:
    """1500 rows, the newest, and nothing says so."""
    rows = candles(startAt=int(NOON) - 2000 * 60, endAt=int(NOON))
    assert (len(rows), int(rows[0][0]), int(rows[-1][0])) == (1500, NOON - 60, NOON - 1500 * 60)


def test_a_nonsensical_range_is_empty() -> None:
    """No error: the wrong way round, or in the future."""
    assert candles(startAt=int(NOON), endAt=int(NOON) - 60) == []
    assert candles(startAt=int(NOON) + 86_400, endAt=int(NOON) + 90_000) == []


def test_quiet_minutes_are_left_out() -> None:
    """No trade, no row; every row has a volume."""
    rows = candles(symbol="KAS-USDT", startAt=int(NOON) - 300 * 60, endAt=int(NOON))
    assert 0 < len(rows) < 200
    assert all(float(row[5]) > 0 for row in rows)


def test_weeks_open_on_thursday() -> None:
    """Its weeks are multiples of a week since 1970."""
    assert int(candles(type="1week")[0][0]) % (7 * 86_400) == 0


@pytest.mark.parametrize(
    ("query", "name", "status"),
    [
        ({"type": "1m"}, "This type of Candlestick is currently not provided.", 400),
        ({"symbol": "NOPE-USDT"}, "Unsupported trading pair.", 400),
        ({"symbol": "BTC-USD"}, "Unsupported trading pair.", 400),
    ],
)
def test_what_it_refuses(query: dict[str, str], name: str, status: int) -> None:
    """The code of a bad parameter, and a sentence."""
    asked = {"symbol": "BTC-USDT", "type": "1min"} | query
    reply = ask(simulator_at(), "kucoin", CANDLES, **asked)
    assert (reply.status, told(reply)) == (status, {"code": "400100", "msg": name})


@pytest.mark.parametrize(
    ("path", "query", "name"),
    [
        (LEVEL1, {"symbol": "BTC-USDT"}, "ticker_level1__1"),
        ("/api/v1/timestamp", {}, "timestamp__1"),
        ("/api/v1/status", {}, "status__1"),
    ],
)
def test_answers_look_like_the_recorded_ones(
    recordings: Path, path: str, query: dict[str, str], name: str
) -> None:
    """Names and types of everything that is recorded."""
    theirs = json.loads((recordings / "kucoin" / f"{name}.json").read_text())
    ours = told(ask(simulator_at(), "kucoin", path, **query))
    assert shape(ours) == shape(theirs)


def shape(value: Any) -> Any:  # noqa: ANN401 - JSON
    """The same with types in the place of values."""
    return {k: shape(v) for k, v in value.items()} if isinstance(value, dict) else type(value)


def test_pairs_look_like_the_recorded_one(recordings: Path) -> None:
    """Every rendered field exists in the recording with the same type."""
    (theirs,) = json.loads((recordings / "kucoin" / "symbols__1.json").read_text())["data"]
    listed = told(ask(simulator_at(), "kucoin", "/api/v2/symbols"))["data"]
    ours = {s["symbol"]: s for s in listed}
    assert shape(ours["BTC-USDT"]) == {k: type(theirs[k]) for k in ours["BTC-USDT"]}
    assert "BTC-USD" not in ours


def test_a_price_of_nothing_is_nothing() -> None:
    """The code of success and no data."""
    reply = ask(simulator_at(), "kucoin", LEVEL1, symbol="NOPE-USDT")
    assert (reply.status, told(reply)) == (200, {"code": "200000", "data": None})


def test_the_price_agrees_with_the_bars() -> None:
    """The last price is the running close."""
    level1 = told(ask(simulator_at(), "kucoin", LEVEL1, symbol="BTC-USDT"))["data"]
    assert (level1["price"], level1["time"]) == (candles()[0][2], int((NOON + 30.5) * 1000))


def test_every_reply_tells_what_is_left() -> None:
    """Limit, rest and milliseconds to the end of the window; a call costs its weight."""
    sim = simulator_at()
    rest = []
    for path in (LEVEL1, "/api/v1/timestamp", "/nowhere"):
        headers = dict(ask(sim, "kucoin", path, symbol="BTC-USDT").headers)
        assert headers["gw-ratelimit-limit"] == "2000"
        assert headers["gw-ratelimit-reset"] == "29500"
        rest.append(headers["gw-ratelimit-remaining"])
    assert rest == ["1998", "1995", "1992"]
