"""The synthetic Alpha Vantage speaks like the real one."""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from adapters_in.simulator.wire import Reply
from tests.adapters_in.simulator.worlds import NOON, ask, simulator_at, told

WEDNESDAY = 1_762_980_330.5  # 2025-11-12 15:45:30 in New York
KEY = "a-key"


def query(function: str, /, *, now: float = WEDNESDAY, **params: str) -> Reply:
    """The reply to a call with a key of somebody who pays, unless told otherwise."""
    asked = {"function": function, "apikey": KEY} | params
    return ask(simulator_at(now), "alpha_vantage", "/query", **asked)


def rows(reply: Reply) -> list[list[str]]:
    """The lines of a table, its head first."""
    text = reply.body.decode()
    assert text.endswith("\r\n")
    return [line.split(",") for line in text.split("\r\n")[:-1]]


@pytest.mark.recordings
@pytest.mark.parametrize(
    ("name", "function", "params"),
    [
        ("daily__1.csv", "TIME_SERIES_DAILY", {"symbol": "IBM"}),
        ("intraday__1.csv", "TIME_SERIES_INTRADAY", {"symbol": "IBM", "interval": "5min"}),
        ("crypto_intraday__1.csv", "CRYPTO_INTRADAY", {"symbol": "ETH", "interval": "5min"}),
        ("digital_currency_daily__1.csv", "DIGITAL_CURRENCY_DAILY", {"symbol": "BTC"}),
    ],
)
def test_tables_look_like_recorded_tables(
    recordings: Path, name: str, function: str, params: dict[str, Any]
) -> None:
    """The same head, as many rows, newest first, as many digits."""
    recorded = (recordings / "alpha_vantage" / name).read_text().splitlines()
    found = rows(query(function, datatype="csv", market="USD", **params))
    assert ",".join(found[0]) == recorded[0]
    assert len(found) == len(recorded)
    assert all(a[0] > b[0] for a, b in pairwise(found[1:]))
    ours, theirs = found[1], recorded[1].split(",")
    assert [len(c.rpartition(".")[2]) for c in ours[1:5]] == [
        len(c.rpartition(".")[2]) for c in theirs[1:5]
    ]
    assert len(ours[0]) == len(theirs[0])


@pytest.mark.recordings
def test_objects_look_like_recorded_objects(recordings: Path) -> None:
    """The same names at the same places."""
    folder = recordings / "alpha_vantage"
    adjusted = json.loads((folder / "daily_adjusted__2.json").read_bytes())
    found = told(query("TIME_SERIES_DAILY_ADJUSTED", symbol="MSFT"))
    (ours,), (theirs,) = (
        [v for k, v in x.items() if k == "Time Series (Daily)"] for x in (found, adjusted)
    )
    assert len(ours) == len(theirs) == 100
    assert list(next(iter(ours.values()))) == list(next(iter(theirs.values())))
    quote = json.loads((folder / "global_quote__2.json").read_bytes())["Global Quote"]
    assert list(told(query("GLOBAL_QUOTE", symbol="MSFT"))["Global Quote"]) == list(quote)


def test_minutes_tell_the_time_of_new_york() -> None:
    """A month from its first session on, up to the running minute."""
    found = rows(
        query(
            "TIME_SERIES_INTRADAY",
            symbol="IBM",
            interval="1min",
            month="2025-11",
            outputsize="full",
            datatype="csv",
        )
    )
    assert (found[1][0], found[-1][0]) == ("2025-11-12 15:45:00", "2025-11-03 09:30:00")
    october = rows(
        query(
            "TIME_SERIES_INTRADAY",
            symbol="IBM",
            interval="60min",
            month="2025-10",
            outputsize="full",
            datatype="csv",
        )
    )
    assert (october[1][0], october[-1][0]) == ("2025-10-31 15:30:00", "2025-10-01 09:30:00")


def test_weeks_and_months_are_dated_at_their_last_day() -> None:
    """The running ones at today."""
    weeks = rows(query("TIME_SERIES_WEEKLY", symbol="IBM", datatype="csv"))
    months = rows(query("TIME_SERIES_MONTHLY", symbol="IBM", datatype="csv"))
    assert [w[0] for w in weeks[1:3]] == ["2025-11-12", "2025-11-07"]
    assert [m[0] for m in months[1:3]] == ["2025-11-12", "2025-10-31"]
    coins = rows(query("DIGITAL_CURRENCY_WEEKLY", symbol="BTC", market="USD", datatype="csv"))
    assert [w[0] for w in coins[1:3]] == ["2025-11-12", "2025-11-09"]


def test_apple_was_split() -> None:
    """Raw days jump, the coefficient says why."""
    days: dict[str, Any] = told(
        query("TIME_SERIES_DAILY_ADJUSTED", symbol="AAPL", outputsize="full")
    )["Time Series (Daily)"]
    before, after = days["2020-08-28"], days["2020-08-31"]
    assert 3.5 < float(before["4. close"]) / float(after["1. open"]) < 4.5
    assert (after["8. split coefficient"], before["8. split coefficient"]) == ("4.0", "1.0")
    assert days["2020-08-07"]["7. dividend amount"] in {"0.8200", "0.0000"}


def test_what_a_free_key_does_not_get() -> None:
    """All days, adjusted ones, minutes of coins; a hundred days it gets."""
    refused: dict[str, dict[str, Any]] = {
        "TIME_SERIES_DAILY": {"symbol": "IBM", "outputsize": "full"},
        "TIME_SERIES_DAILY_ADJUSTED": {"symbol": "IBM"},
        "CRYPTO_INTRADAY": {"symbol": "BTC", "market": "USD", "interval": "5min"},
    }
    for function, params in refused.items():
        reply = query(function, apikey="free-key", **params)
        assert (reply.status, "premium endpoint" in told(reply)["Information"]) == (200, True)
    assert len(rows(query("TIME_SERIES_DAILY", symbol="IBM", apikey="free", datatype="csv"))) == 101


def test_what_is_wrong_is_said_in_words() -> None:
    """With status 200, whatever it is, and in JSON."""
    assert "apikey" in told(query("GLOBAL_QUOTE", symbol="IBM", apikey=""))["Error Message"]
    for symbol, interval in (("NOPE", "5min"), ("IBM", "2min")):
        reply = query("TIME_SERIES_INTRADAY", symbol=symbol, interval=interval, datatype="csv")
        assert told(reply)["Error Message"].startswith("Invalid API call.")
    assert told(query("GLOBAL_QUOTE", symbol="NOPE")) == {"Global Quote": {}}
    assert "Error Message" in told(query("NOTHING"))
    assert ask(simulator_at(), "alpha_vantage", "/other").status == 404


def test_a_quote_on_a_weekend_is_fridays() -> None:
    """The day is named, not the moment."""
    quote = told(query("GLOBAL_QUOTE", now=NOON, symbol="IBM"))["Global Quote"]
    assert quote["07. latest trading day"] == "2025-11-14"


def test_rates() -> None:
    """A coin in dollars; USDT is no money."""
    rate = told(query("CURRENCY_EXCHANGE_RATE", from_currency="BTC", to_currency="USD"))
    assert float(rate["Realtime Currency Exchange Rate"]["5. Exchange Rate"]) > 0
    usdt = told(query("CURRENCY_EXCHANGE_RATE", from_currency="BTC", to_currency="USDT"))
    assert "Error Message" in usdt
