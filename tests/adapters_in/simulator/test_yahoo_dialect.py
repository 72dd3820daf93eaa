"""The synthetic Yahoo speaks like the real one."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from adapters_in.simulator.wire import Reply, Request
from tests.adapters_in.simulator.worlds import NOON, simulator_at, told

WEDNESDAY = 1_762_980_330.5  # 2025-11-12 20:45:30 UTC
DAY = 86_400
BROWSER = "Mozilla/5.0"


def reply(  # whatever a caller may write
    symbol: str,
    now: float = WEDNESDAY,
    agent: str = BROWSER,
    **query: Any,  # noqa: ANN401 - as callers write it
) -> Reply:
    """The reply to a question for a chart."""
    pairs = tuple((name, str(value)) for name, value in query.items())
    request = Request(f"/v8/finance/chart/{symbol}", pairs, headers={"user-agent": agent})
    return simulator_at(now).arrive("yahoo", request).reply


def chart(symbol: str, now: float = WEDNESDAY, **query: Any) -> Any:  # noqa: ANN401 - JSON
    """The one chart of a reply."""
    (found,) = told(reply(symbol, now, **query))["chart"]["result"]
    return found


@pytest.mark.recordings
def test_charts_look_like_recorded_charts(recordings: Path) -> None:
    """What we send has the names and types of what was recorded; numbers are single precision."""
    (recorded,) = json.loads((recordings / "yahoo/chart_1d_events__1.json").read_bytes())["chart"][
        "result"
    ]
    now = int(WEDNESDAY)
    ours = chart("AAPL", interval="1d", period1=now - 60 * DAY, period2=now, events="div,splits")
    assert set(ours["meta"]) <= set(recorded["meta"])
    for name, value in ours["meta"].items():
        kinds = {type(value), type(recorded["meta"][name])}
        assert len(kinds) == 1 or kinds == {int, float}
    assert set(ours) == set(recorded)
    (quote,), (theirs,) = ours["indicators"]["quote"], recorded["indicators"]["quote"]
    assert set(quote) == set(theirs)
    closes = np.array(quote["close"])
    assert np.array_equal(closes, closes.astype(np.float32))
    assert any(close != round(close, 2) for close in quote["close"])


def test_days_are_stamped_with_their_open_and_today_with_now() -> None:
    """13:30 UTC in summer, 14:30 in winter; the last row is live."""
    now = int(WEDNESDAY)
    stamps = chart("AAPL", interval="1d", period1=now - 20 * DAY, period2=now + 1)["timestamp"]
    assert {ts % DAY for ts in stamps[:-1]} == {13 * 3600 + 1800, 14 * 3600 + 1800}
    assert stamps[-1] == now


def test_minutes_without_a_trade_are_nulls() -> None:
    """Rows all the same."""
    now = int(WEDNESDAY)
    (quote,) = chart("THIN", interval="1m", period1=now - 3600, period2=now)["indicators"]["quote"]
    empty = [i for i, close in enumerate(quote["close"]) if close is None]
    assert 0 < len(empty) < len(quote["close"])
    assert all(quote[name][i] is None for i in empty for name in quote)


def test_a_weekend_has_no_times_at_all() -> None:
    """Nor columns."""
    found = chart("AAPL", NOON, interval="1m", period1=int(NOON) - 3600, period2=int(NOON))
    assert "timestamp" not in found
    assert found["indicators"]["quote"] == [{}]
    assert found["meta"]["regularMarketTime"] < NOON - 12 * 3600


@pytest.mark.parametrize(
    ("interval", "back", "long", "says"),
    [
        ("1m", 31, 1, "within the last 30 days"),
        ("1m", 20, 9, "Only 8 days"),
        ("15m", 61, 1, "within the last 60 days"),
        ("1h", 731, 1, "within the last 730 days"),
    ],
)
def test_what_it_does_not_keep_or_give_at_once(
    interval: str, back: int, long: int, says: str
) -> None:
    """422 and a sentence."""
    start = int(WEDNESDAY) - back * DAY
    found = reply("AAPL", interval=interval, period1=start, period2=start + long * DAY)
    assert found.status == 422
    assert says in told(found)["chart"]["error"]["description"]


def test_what_is_wrong() -> None:
    """Unknown symbols, ranges before the first day, other intervals, no browser."""
    assert reply("NOPE").status == 404
    before = reply("META", interval="1d", period1=0, period2=DAY)
    assert before.status == 400
    assert "Data doesn't exist" in told(before)["chart"]["error"]["description"]
    assert reply("AAPL", interval="7m").status == 400
    curl = reply("AAPL", agent="curl/8")
    assert (curl.status, curl.body) == (429, b"Edge: Too Many Requests")


def test_dividends_before_a_split_are_parts_of_what_was_paid() -> None:
    """0.82 of 2019 are 0.205 now; the split is told too."""
    events = chart("AAPL", interval="1d", period1=0, period2=9_999_999_999, events="div,splits")[
        "events"
    ]
    (split,) = events["splits"].values()
    assert (split["numerator"], split["denominator"]) == (4.0, 1)
    before = [d["amount"] for d in events["dividends"].values() if d["date"] < split["date"]]
    assert set(before) == {0.205}


def quoted(symbols: str, crumb: str | None, cookie: str) -> Reply:
    """The reply to a question for quotes."""
    pairs = (("symbols", symbols), *((("crumb", crumb),) if crumb else ()))
    headers = {"user-agent": BROWSER, "cookie": cookie}
    request = Request("/v7/finance/quote", pairs, headers=headers)
    return simulator_at(WEDNESDAY).arrive("yahoo", request).reply


@pytest.mark.recordings
def test_quotes_take_a_cookie_and_a_crumb(recordings: Path) -> None:
    """Without either it is refused in the recorded words; the unknown is left out."""
    agent = {"user-agent": BROWSER}
    simulator = simulator_at(WEDNESDAY)
    given = simulator.arrive("yahoo", Request("/", headers=agent)).reply
    assert given.status == 404
    cookie = dict(given.headers)["Set-Cookie"].partition(";")[0]
    path = "/v1/test/getcrumb"
    bare = simulator.arrive("yahoo", Request(path, headers=agent)).reply
    request = Request(path, headers={**agent, "cookie": cookie})
    crumb = simulator.arrive("yahoo", request).reply.body.decode()
    invalid = json.loads((recordings / "yahoo/error_401_invalid_crumb__1.json").read_bytes())
    for refused in (bare, quoted("AAPL", None, cookie), quoted("AAPL", crumb, "")):
        assert (refused.status, told(refused)) == (401, invalid)
    answer = told(quoted("AAPL,NOSUCH", crumb, cookie))["quoteResponse"]
    recorded = json.loads((recordings / "yahoo/quote__1.json").read_bytes())["quoteResponse"]
    (ours,), theirs = answer["result"], recorded["result"][0]
    assert set(answer) == set(recorded)
    assert set(ours) <= set(theirs)
    assert ours["bid"] < ours["ask"]
