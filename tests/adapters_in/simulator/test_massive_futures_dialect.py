"""Massive's dialect of futures: what it sends, page by page, and how it refuses."""

import base64
import json

import pytest

from adapters_in.simulator.simulator import Simulator
from adapters_in.simulator.wire import Reply, Request
from tests.adapters_in.simulator.worlds import simulator_at, told

TUESDAY = 1_763_474_430.5  # 2025-11-18 14:00:30.5 UTC
NS = 10**9


def ask(simulator: Simulator, path: str, **query: object) -> Reply:
    """With a key; a `__` in a name stands for the dot of a comparison."""
    pairs = tuple((name.replace("__", "."), str(value)) for name, value in query.items())
    request = Request(f"/futures/v1/{path}", pairs, headers={"authorization": "Bearer x"})
    return simulator.arrive("massive_futures", request).reply


def follow(simulator: Simulator, reply: Reply) -> Reply:
    """The next page."""
    path, _, cursor = json.loads(reply.body)["next_url"].partition("?cursor=")
    below = path.partition("/massive_futures")[2]
    request = Request(below, (("cursor", cursor),), headers={"authorization": "Bearer x"})
    return simulator.arrive("massive_futures", request).reply


def test_without_a_key_nothing_is_told() -> None:
    """In a header or in the query."""
    simulator = simulator_at(TUESDAY)
    bare = simulator.arrive("massive_futures", Request("/futures/v1/exchanges")).reply
    assert (bare.status, told(bare)["status"]) == (401, "ERROR")
    named = Request("/futures/v1/exchanges", (("apiKey", "x"),))
    assert simulator.arrive("massive_futures", named).reply.status == 200


@pytest.mark.parametrize("order", ["asc", "desc"])
def test_aggregates_page_by_page(order: str) -> None:
    """The pages of a day join to the whole, in either order; the last has no link."""
    simulator = simulator_at(TUESDAY)
    span = {"window_start__gte": "2025-11-17", "window_start__lt": "2025-11-18"}
    query = {"resolution": "1hour", "sort": f"window_start.{order}", **span}
    whole = told(ask(simulator, "aggs/ESZ5", **query))["results"]
    reply = ask(simulator, "aggs/ESZ5", limit=10, **query)
    found = told(reply)["results"]
    while "next_url" in told(reply):
        reply = follow(simulator, reply)
        found += told(reply)["results"]
    assert found == whole
    assert len(whole) == 23
    assert (whole[0]["window_start"] < whole[-1]["window_start"]) == (order == "asc")


def test_a_session_begins_the_day_before_and_is_settled() -> None:
    """Its date is another than that of its window."""
    simulator = simulator_at(TUESDAY)
    rows = told(ask(simulator, "aggs/ESZ5", limit=2))["results"]
    assert rows[1]["session_end_date"] == "2025-11-17"
    assert rows[1]["window_start"] == 1_763_251_200 * NS  # 2025-11-16
    assert rows[1]["settlement_price"] == rows[1]["close"]


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("aggs/ESZ5", {"resolution": "60min"}),
        ("aggs/ESZ5", {"resolution": "1quarter"}),
        ("aggs/ESZ5", {"limit": 50_001}),
        ("aggs/ESZ5", {"sort": "ticker.asc"}),
        ("aggs/ESZ5", {"window_start.gte": "yesterday"}),
        ("contracts", {"limit": 0}),
        ("contracts", {"date": "soon"}),
        ("contracts", {"sort": "colour.asc"}),
        ("contracts", {"cursor": base64.urlsafe_b64encode(b"1").decode()}),
    ],
)
def test_what_cannot_be_meant_is_400(path: str, query: dict[str, object]) -> None:
    """With a text."""
    reply = ask(simulator_at(TUESDAY), path, **query)
    assert (reply.status, told(reply)["status"]) == (400, "ERROR")


def test_a_list_has_a_row_for_every_day() -> None:
    """Unless a day is asked for; a contract is shown for a month after its end."""
    simulator = simulator_at(TUESDAY)
    days = told(ask(simulator, "contracts", ticker="ESZ5", sort="date.desc", limit=3))["results"]
    assert [row["date"] for row in days] == ["2025-11-18", "2025-11-17", "2025-11-16"]
    one = told(ask(simulator, "contracts", product_code="ES", date="2025-06-02"))["results"]
    assert [row["ticker"] for row in one] == ["ESZ5"]
    later = simulator_at(TUESDAY + 45 * 86_400)
    (ended,) = told(ask(later, "contracts", ticker="ESZ5", date="2026-01-02"))["results"]
    assert (ended["active"], ended["days_to_maturity"]) == (False, -14)


def test_the_default_of_a_list_cuts() -> None:
    """Ten events, each of them twice."""
    simulator = simulator_at(TUESDAY)
    reply = ask(simulator, "schedules", product_code="ES")
    rows = told(reply)["results"]
    assert len(rows) == 10
    assert told(follow(simulator, reply))["results"]
    again = told(ask(simulator, "schedules", product_code="ES", session_end_date="2025-11-18"))
    events = [row["event"] for row in again["results"]]
    assert sorted(events) == ["close", "close", "open", "open", "pre_open", "pre_open"]


def test_nothing_is_traded_after_the_last_day() -> None:
    """The past stays, the price is the last one."""
    simulator = simulator_at(TUESDAY + 60 * 86_400)
    late = told(ask(simulator, "aggs/ESZ5", resolution="1hour", window_start__gte="2025-12-20"))
    assert late["results"] == []
    (last,) = told(ask(simulator, "aggs/ESZ5", limit=1))["results"]
    assert last["session_end_date"] == "2025-12-19"
    (shot,) = told(ask(simulator, "snapshot", ticker="ESZ5"))["results"]
    assert shot["last_trade"]["price"] == last["close"]


def test_ticks_page_by_page_either_way() -> None:
    """The trades of some seconds, each once; some quotes have no ask."""
    simulator = simulator_at(TUESDAY)
    start, end = (1_763_474_340 * NS, 1_763_474_346 * NS)
    span = {"timestamp__gte": start, "timestamp__lt": end}
    whole = told(ask(simulator, "trades/ESZ5", limit=1000, **span))["results"]
    for order in ("asc", "desc"):
        reply = ask(simulator, "trades/ESZ5", limit=7, sort=f"timestamp.{order}", **span)
        found = told(reply)["results"]
        while "next_url" in told(reply):
            reply = follow(simulator, reply)
            found += told(reply)["results"]
        assert found == (whole if order == "desc" else whole[::-1])
    quotes = told(ask(simulator, "quotes/ESZ5", limit=500))["results"]
    assert any("ask_price" not in row and row["ask_size"] == 0 for row in quotes)
