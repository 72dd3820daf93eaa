"""The synthetic Polygon speaks like the real one."""

import json
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from adapters_in.simulator.wire import Reply
from tests.adapters_in.simulator.worlds import NOON, ask, simulator_at, told

KEY = {"apiKey": "x"}
DAY = 86_400


def get(path: str, **query: object) -> Reply:
    """A reply to somebody with a key."""
    return ask(simulator_at(), "polygon", path, **KEY | query)


def bars(path: str, **query: object) -> Any:  # noqa: ANN401 - JSON
    """The rows of a stretch."""
    return told(get(f"/v2/aggs/ticker/{path}", adjusted="false", **query)).get("results", [])


def utc(ms: int) -> str:
    """A moment as text."""
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat()


def keys_of(recorded: Any) -> set[str]:  # noqa: ANN401 - JSON
    """All names of an object."""
    return set(recorded)


def test_days_look_like_recorded_days(recordings: Path) -> None:
    """The same names, midnight in New York, large volumes with an exponent."""
    recorded = json.loads((recordings / "polygon" / "aggs_range__1.json").read_text())
    reply = get("/v2/aggs/ticker/AAPL/range/1/day/2025-10-27/2025-11-07", adjusted="false")
    rendered = told(reply)
    assert keys_of(rendered) == keys_of(recorded)
    assert keys_of(rendered["results"][0]) == keys_of(recorded["results"][0])
    assert b"e+07" in reply.body
    opens = [utc(row["t"])[11:16] for row in rendered["results"]]
    assert opens == ["04:00"] * 5 + ["05:00"] * 5  # clocks changed on Sunday, November 2


def test_weeks_open_on_sunday() -> None:
    """In New York for stocks, in UTC for coins."""
    stock = bars("AAPL/range/1/week/2025-07-06/2025-07-19")
    coin = bars("X:BTCUSD/range/1/week/2025-07-06/2025-07-19")
    assert [utc(r["t"]) for r in stock] == [f"2025-07-{d}T04:00:00+00:00" for d in ("06", "13")]
    assert [utc(r["t"]) for r in coin] == [f"2025-07-{d}T00:00:00+00:00" for d in ("06", "13")]


def test_an_empty_stretch_has_no_results() -> None:
    """Saturday, an unknown ticker, another case: all the same."""
    for ticker in ("AAPL", "NOPE", "aapl"):
        path = f"/v2/aggs/ticker/{ticker}/range/1/minute/2025-11-15/2025-11-15"
        answer = told(get(path))
        assert (answer["resultsCount"], answer["status"]) == (0, "OK")
        assert "results" not in answer


def test_prices_are_raw_on_demand() -> None:
    """Before its split of 2020 Apple cost four times as much."""
    path = "/v2/aggs/ticker/AAPL/range/1/day/2020-08-28/2020-08-31"
    raw, adjusted = (told(get(path, adjusted=a))["results"] for a in ("false", "true"))
    assert [a["c"] / b["c"] for a, b in zip(raw, adjusted, strict=True)] == [4.0, 1.0]


def test_the_limit_counts_minutes() -> None:
    """A page of hours is a sixtieth of it; links lead through all, without the key."""
    simulator = simulator_at()
    path: str | None = "/v2/aggs/ticker/X:BTCUSD/range/1/hour/1762387200000/1762473599999"
    query: dict[str, object] = {"limit": 600, "sort": "asc", **KEY}
    opens: list[list[int]] = []
    while path is not None:
        answer = told(ask(simulator, "polygon", path, **query))
        opens.append([row["t"] // 1000 for row in answer["results"]])
        link = answer.get("next_url")
        assert "apiKey" not in str(link)
        address, _, rest = str(link).partition("?")
        path = None if link is None else address.removeprefix("http://127.0.0.1/polygon")
        query = {**KEY, **(dict(p.split("=", 1) for p in rest.split("&")) if link else {})}
    assert [len(page) for page in opens] == [10, 10, 4]
    flat = [ts for page in opens for ts in page]
    assert all(b - a == 3600 for a, b in pairwise(flat))


def test_the_previous_day_is_stamped_at_its_end() -> None:
    """Friday, 16:00 in New York; the ticker is in the row."""
    (row,) = told(get("/v2/aggs/ticker/AAPL/prev"))["results"]
    assert (row["T"], utc(row["t"])) == ("AAPL", "2025-11-14T21:00:00+00:00")


def test_the_list_goes_on_behind_links() -> None:
    """By market; pairs have their two codes."""
    first = told(get("/v3/reference/tickers", market="stocks", limit=15))
    assert (first["count"], len(first["results"])) == (15, 15)
    cursor = first["next_url"].partition("cursor=")[2]
    second = told(get("/v3/reference/tickers", cursor=cursor))
    assert "next_url" not in second
    names = [row["ticker"] for row in first["results"] + second["results"]]
    assert names == sorted(set(names))
    (coin, *_) = told(get("/v3/reference/tickers", market="crypto"))["results"]
    assert coin["ticker"] == f"X:{coin['base_currency_symbol']}{coin['currency_symbol']}"


@pytest.mark.parametrize("kind", ["splits", "dividends"])
def test_actions_are_told_the_latest_first(recordings: Path, kind: str) -> None:
    """Only those that lie in the past; the names are those of the real ones."""
    rows = told(get(f"/v3/reference/{kind}", ticker="AAPL"))["results"]
    dates = [row.get("execution_date") or row["ex_dividend_date"] for row in rows]
    assert dates == sorted(dates, reverse=True)
    assert dates[-1] >= "2019"
    recorded = json.loads((recordings / "polygon" / "splits__1.json").read_text())
    assert kind != "splits" or keys_of(rows[0]) == keys_of(recorded["results"][0])


def test_last_trades_and_snapshots_agree() -> None:
    """One price, whoever tells it."""
    simulator = simulator_at()
    last = told(ask(simulator, "polygon", "/v2/last/trade/AAPL", **KEY))["results"]
    path = "/v2/snapshot/locale/us/markets/stocks/tickers/AAPL"
    shot = told(ask(simulator, "polygon", path, **KEY))["ticker"]
    query = {"ticker.any_of": "AAPL,NOPE"} | KEY
    row, unknown = told(ask(simulator, "polygon", "/v3/snapshot", **query))["results"]
    assert last["p"] == shot["lastTrade"]["p"] == row["last_trade"]["price"]
    assert last["t"] == int(NOON + 30) * 10**9 - 1
    assert shot["day"] == dict.fromkeys(("o", "h", "l", "c", "v", "vw"), 0)  # Saturday
    assert unknown["error"] == "NOT_FOUND"


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/v2/last/trade/NOPE", 404, "NOT_FOUND"),
        ("/v1/last/crypto/NOPE/USD", 404, "NOT_FOUND"),
        ("/v3/reference/tickers/NOPE", 404, "NOT_FOUND"),
        ("/v2/aggs/ticker/AAPL/range/1/eon/2025-01-01/2025-01-02", 400, "ERROR"),
        ("/v2/aggs/ticker/AAPL/range/0/day/2025-01-01/2025-01-02", 400, "ERROR"),
        ("/v2/aggs/ticker/AAPL/range/1/day/2025-01-41/2025-01-02", 400, "ERROR"),
    ],
)
def test_what_it_refuses(path: str, status: int, code: str) -> None:
    """In JSON, with its own word for the status."""
    reply = get(path)
    assert (reply.status, told(reply)["status"]) == (status, code)


def test_nothing_without_a_key_and_text_for_a_wrong_path(recordings: Path) -> None:
    """Keys come in the header or the address."""
    nobody = ask(simulator_at(), "polygon", "/v1/marketstatus/now")
    assert (nobody.status, told(nobody)["error"]) == (401, "API Key was not provided")
    wrong = get("/v2/snapshot/options/AAPL")
    recorded = (recordings / "polygon" / "error_404_path__1.txt").read_bytes()
    assert (wrong.status, wrong.body) == (404, recorded)
