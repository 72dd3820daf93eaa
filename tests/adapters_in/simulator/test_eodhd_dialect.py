"""The synthetic EODHD speaks like the real one."""

import json
from pathlib import Path
from typing import Any

import pytest

from adapters_in.simulator.simulator import discover
from adapters_in.simulator.wire import Reply, Request
from tests.adapters_in.simulator.worlds import NOON, ask, simulator_at, told

KEY: dict[str, object] = {"api_token": "x"}
JSON: dict[str, object] = KEY | {"fmt": "json"}
WEEK: dict[str, object] = {"from": "2025-11-03", "to": "2025-11-09"}


def get(path: str, **query: object) -> Reply:
    """A reply to somebody with a key, in JSON unless told otherwise."""
    return ask(simulator_at(), "eodhd", path, **JSON | query)


def first(recordings: Path, name: str) -> Any:  # noqa: ANN401 - JSON
    """The first object of a recording."""
    return json.loads((recordings / "eodhd" / name).read_text())[0]


@pytest.mark.parametrize(
    ("name", "path", "query"),
    [
        ("eod__1.json", "/eod/AAPL.US", WEEK),
        ("intraday__1.json", "/intraday/BTC-USD.CC", {"interval": "5m"}),
        ("splits__1.json", "/splits/AAPL.US", {}),
        ("exchange_symbol_list__1.json", "/exchange-symbol-list/US", {}),
    ],
)
def test_answers_look_like_recorded_ones(
    recordings: Path, name: str, path: str, query: dict[str, object]
) -> None:
    """The same names in every object."""
    assert set(told(get(path, **query))[0]) == set(first(recordings, name))


def test_days_have_the_dates_of_sessions() -> None:
    """Monday to Friday; CSV if JSON is not asked for."""
    dates = [row["date"] for row in told(get("/eod/AAPL.US", **WEEK))]
    assert dates == [f"2025-11-0{day}" for day in (3, 4, 5, 6, 7)]
    table = ask(simulator_at(), "eodhd", "/eod/AAPL.US", **KEY | WEEK)
    lines = table.body.decode().split("\r\n")
    assert (lines[0], len(lines)) == ("Date,Open,High,Low,Close,Adjusted_close,Volume", 7)
    assert table.content_type.startswith("text/html")


def test_prices_are_raw_and_closes_adjusted_beside() -> None:
    """Before its split of 2020 Apple cost four times as much."""
    span = {"from": "2020-08-28", "to": "2020-08-31"}
    rows = told(get("/eod/AAPL.US", **span))
    assert [row["close"] / row["adjusted_close"] for row in rows] == [4.0, 1.0]


def test_both_ends_are_inclusive_and_the_default_is_120_days() -> None:
    """In seconds, UTC."""
    span: dict[str, object] = {"from": int(NOON) - 120, "to": int(NOON)}
    rows = told(get("/intraday/BTC-USD.CC", interval="1m", **span))
    assert [row["timestamp"] for row in rows] == [NOON - 120, NOON - 60, NOON]
    hours = told(get("/intraday/BTC-USD.CC", interval="1h"))
    assert len(hours) == 120 * 24


def test_quotes_are_an_object_or_a_list() -> None:
    """NA for whom nobody knows."""
    one = told(get("/real-time/AAPL.US"))
    two = told(get("/real-time/AAPL.US", s="NOPE.US"))
    assert one == two[0]
    assert {two[1][name] for name in ("close", "timestamp", "previousClose")} == {"NA"}


def test_dividends_are_adjusted_for_later_splits() -> None:
    """What was declared stands beside."""
    rows = told(get("/div/AAPL.US"))
    old = next(row for row in rows if row["date"] < "2020-08-31")
    new = rows[-1]
    assert old["unadjustedValue"] == 4 * old["value"]
    assert new["unadjustedValue"] == new["value"]


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        ("/eod/NOPE.US", {}, 404),
        ("/intraday/NOPE.US", {}, 404),
        ("/splits/NOPE.US", {}, 404),
        ("/div/NOPE.US", {}, 404),
        ("/exchange-symbol-list/MOON", {}, 404),
        ("/nothing/AAPL.US", {}, 404),
        ("/eod/AAPL.US", {"from": "soon"}, 422),
        ("/eod/AAPL.US", {"period": "x"}, 422),
        ("/intraday/AAPL.US", {"interval": "15m"}, 422),
        ("/intraday/AAPL.US", {"interval": "1m", "from": 0, "to": 121 * 86_400}, 422),
        ("/eod/AAPL.US", {"api_token": ""}, 401),
    ],
)
def test_what_it_refuses(path: str, query: dict[str, object], status: int) -> None:
    """In plain texts that call themselves HTML."""
    reply = get(path, **query)
    assert reply.status == status
    assert reply.content_type.startswith("text/html")
    assert not reply.body.startswith(b"<")


def test_calls_cost_differently() -> None:
    """Five for minutes, one for the rest; what is left of the minute is told."""
    dialect = discover()["eodhd"]
    assert dialect.weigh(Request("/intraday/AAPL.US")) == 5
    assert dialect.weigh(Request("/eod/AAPL.US")) == 1
    headers = dict(get("/real-time/AAPL.US").headers)
    assert (headers["X-RateLimit-Limit"], headers["X-RateLimit-Remaining"]) == ("1000", "999")


def test_its_refusals_are_recorded_ones(recordings: Path) -> None:
    """To the letter."""
    dialect = discover()["eodhd"]
    for status, name in ((402, "error_402_daily_limit__1"), (403, "error_403_free_plan__1")):
        text = (recordings / "eodhd" / f"{name}.txt").read_text().strip()
        assert dialect.refuse(status, None, NOON, None).body.decode() == text
