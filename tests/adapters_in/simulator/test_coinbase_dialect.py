"""The synthetic Coinbase speaks like the real one."""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from adapters_in.simulator.wire import Reply, Request
from tests.adapters_in.simulator.worlds import NOON, ask, simulator_at, told

CANDLES = "/products/BTC-USD/candles"
TOO_MANY = (
    "granularity too small for the requested time range. "
    "Count of aggregations requested exceeds 300"
)


def candles(path: str = CANDLES, **query: object) -> Any:  # noqa: ANN401 - JSON
    """Rows of minutes, unless told otherwise."""
    return told(ask(simulator_at(), "coinbase", path, **{"granularity": 60} | query))


def refused(**query: object) -> Reply:
    """A reply that is no data."""
    return ask(simulator_at(), "coinbase", CANDLES, **{"granularity": 60} | query)


def test_rows_look_like_recorded_rows(recordings: Path) -> None:
    """Six numbers, newest first; low and high before open and close."""
    recorded = json.loads((recordings / "coinbase" / "candles__2.json").read_text())
    rendered = candles()
    for rows in (recorded, rendered):
        assert all(a[0] > b[0] for a, b in pairwise(rows))
        assert all(row[1] <= min(row[3:5]) and row[2] >= max(row[3:5]) for row in rows)
        assert all(len(row) == 6 and type(row[0]) is int for row in rows)
    kinds = {type(cell) for row in rendered for cell in row[1:]}
    assert kinds <= {int, float}


def test_both_ends_are_inclusive() -> None:
    """From an open to an open: both come, and the running one if it is asked for."""
    rows = candles(start="2025-11-15T11:58:00Z", end="2025-11-15T12:00:00Z")
    assert [row[0] for row in rows] == [NOON, NOON - 60, NOON - 120]


def test_half_a_range_is_no_range() -> None:
    """The newest 300 come instead."""
    for half in ({"start": "2020-01-01T00:00:00Z"}, {"end": "2020-01-01T00:00:00Z"}, {}):
        rows = candles(**half)
        assert (len(rows), rows[0][0]) == (300, NOON)


def test_quiet_minutes_are_left_out() -> None:
    """No trade, no row; every row has a volume."""
    rows = candles("/products/KAS-USDT/candles")
    assert 0 < len(rows) < 200
    assert all(row[5] > 0 for row in rows)


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        (
            {"start": "2025-11-15T00:00:00Z", "end": "2025-11-15T05:01:00Z"},
            TOO_MANY,
        ),
        ({"granularity": 14_400}, "Unsupported granularity"),
        ({"start": "soon", "end": "2025-11-15T05:00:00Z"}, "Invalid start or end"),
        (
            {"start": "2025-11-15T05:00:00Z", "end": "2025-11-15T04:00:00Z"},
            "Invalid start or end",
        ),
    ],
)
def test_what_it_refuses(query: dict[str, object], sentence: str) -> None:
    """Status 400 and one sentence."""
    reply = refused(**query)
    assert (reply.status, told(reply)) == (400, {"message": sentence})


@pytest.mark.parametrize("path", ["/products/NOPE-USD/candles", "/products/BTC-USD/x", "/x"])
def test_what_it_does_not_know(path: str) -> None:
    """Status 404."""
    reply = ask(simulator_at(), "coinbase", path)
    assert (reply.status, told(reply)) == (404, {"message": "NotFound"})


def test_who_does_not_say_who_he_is_is_refused() -> None:
    """A User-Agent is required."""
    reply = simulator_at().arrive("coinbase", Request("/time")).reply
    assert (reply.status, told(reply)) == (400, {"message": "User-Agent header is required."})


@pytest.mark.parametrize("name", ["ticker", "stats"])
def test_now_looks_like_the_recorded_now(recordings: Path, name: str) -> None:
    """Every recorded field is there with its type."""
    theirs = json.loads((recordings / "coinbase" / f"{name}__1.json").read_text())
    ours = told(ask(simulator_at(), "coinbase", f"/products/BTC-USD/{name}"))
    assert {k: type(v) for k, v in ours.items() if k in theirs} == {
        k: type(v) for k, v in theirs.items()
    }


def test_the_ticker_agrees_with_the_bars() -> None:
    """The last price is the running close; the time has microseconds and lies in this minute."""
    ticker = told(ask(simulator_at(), "coinbase", "/products/BTC-USD/ticker"))
    assert float(ticker["price"]) == candles()[0][4]
    assert ticker["time"] == "2025-11-15T12:00:29.999999Z"


def test_products_look_like_the_recorded_ones(recordings: Path) -> None:
    """Names, types and spelling."""
    theirs = json.loads((recordings / "coinbase" / "products__1.json").read_text())
    ours = told(ask(simulator_at(), "coinbase", "/products"))
    known = {p["id"]: p for p in ours}
    one, other = known["BTC-USD"], next(p for p in theirs if p["id"] == "BTC-USD")
    for key in ("id", "base_currency", "quote_currency", "display_name", "status"):
        assert one[key] == other[key]
    assert told(ask(simulator_at(), "coinbase", "/products/BTC-USD")) == one


def test_the_time() -> None:
    """In both forms."""
    time = told(ask(simulator_at(), "coinbase", "/time"))
    assert time == {"iso": "2025-11-15T12:00:30.500000Z", "epoch": NOON + 30.5}
