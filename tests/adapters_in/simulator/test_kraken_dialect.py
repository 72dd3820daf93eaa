"""The synthetic Kraken speaks like the real one."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.adapters_in.simulator.worlds import NOON, ask, simulator_at, told

OHLC = "/0/public/OHLC"


def ohlc(**query: object) -> Any:  # noqa: ANN401 - JSON
    """The result for hours of XBTUSDT, unless told otherwise."""
    asked = {"pair": "XBTUSDT", "interval": 60} | query
    reply = told(ask(simulator_at(), "kraken", OHLC, **asked))
    assert reply["error"] == []
    return reply["result"]


def test_rows_look_like_recorded_rows(recordings: Path) -> None:
    """Row, envelope and punctuation are those of the recording."""
    recorded = (recordings / "kraken" / "OHLC__1.json").read_bytes()
    rendered = ask(simulator_at(), "kraken", OHLC, pair="XBTUSDT", interval=60, since=1763180000)
    one_row = recorded[: recorded.index(b"],")].translate(None, b"0123456789")
    assert rendered.body[: rendered.body.index(b"],")].translate(None, b"0123456789") == one_row
    row = told(rendered)["result"]["XBTUSDT"][0]
    real = json.loads(recorded)["result"]["XBTUSDT"][0]
    assert [type(v) for v in row] == [type(v) for v in real]
    assert len(row[6].partition(".")[2]) == 8


def test_at_most_720_committed_rows_and_the_running_one() -> None:
    """721 rows, of which only the last is younger than ``last``."""
    result = ohlc()
    rows, last = result["XBTUSDT"], result["last"]
    assert len(rows) == 721
    assert rows[-1][0] == NOON
    assert last == NOON - 3600
    assert [row[0] for row in rows if row[0] > last] == [NOON]
    assert rows[0][0] == NOON - 720 * 3600


def test_older_rows_cannot_be_had() -> None:
    """Whatever ``since`` says, 720 is all there is."""
    assert len(ohlc(since=1)["XBTUSDT"]) == 721


def test_since_is_exclusive() -> None:
    """The row that opens at ``since`` is left out."""
    rows = ohlc(since=int(NOON) - 7200)["XBTUSDT"]
    assert [row[0] for row in rows] == [NOON - 3600, NOON]


def test_quiet_minutes_are_flat_with_a_vwap_of_zero() -> None:
    """No trade: four equal prices, vwap "0.0", volume "0.00000000", count 0."""
    rows = ohlc(pair="KASUSDT", interval=1)["KASUSDT"]
    quiet = [row for row in rows if row[7] == 0]
    assert len(quiet) > 300
    assert all(row[5:] == ["0.0", "0.00000000", 0] for row in quiet)
    assert all(len(set(row[1:5])) == 1 for row in quiet)


def test_weeks_open_on_thursday() -> None:
    """Kraken's weeks are multiples of a week since 1970."""
    assert ohlc(interval=10080)["XBTUSDT"][-1][0] % (7 * 86_400) == 0


@pytest.mark.parametrize(
    ("pair", "key"),
    [
        ("XBTUSD", "XXBTZUSD"),
        ("XXBTZUSD", "XXBTZUSD"),
        ("BTC/USD", "XXBTZUSD"),
        ("XBT/EUR", "XXBTZEUR"),
        ("XDGUSD", "XDGUSD"),
        ("SOLUSD", "SOLUSD"),
        ("XBTUSDT", "XBTUSDT"),
    ],
)
def test_the_answer_has_krakens_own_name(pair: str, key: str) -> None:
    """Whatever spelling was asked, the key is Kraken's."""
    assert set(ohlc(pair=pair)) == {key, "last"}


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ({"pair": "NOPEUSD"}, "EQuery:Unknown asset pair"),
        ({"interval": "7"}, "EGeneral:Invalid arguments"),
        ({"pair": ""}, "EGeneral:Invalid arguments"),
        ({"since": "-1"}, "EGeneral:Invalid arguments"),
    ],
)
def test_errors_come_with_200(query: dict[str, str], error: str) -> None:
    """A refusal is an envelope with status 200 and no result."""
    asked = {"pair": "XBTUSDT", "interval": 60} | query
    reply = ask(simulator_at(), "kraken", OHLC, **asked)
    assert (reply.status, told(reply)) == (200, {"error": [error]})


def test_the_ticker_looks_like_the_recorded_one(recordings: Path) -> None:
    """Fields, lengths and types of the recording; prices with five decimals."""
    recorded = json.loads((recordings / "kraken" / "Ticker__2.json").read_text())
    rendered = told(ask(simulator_at(), "kraken", "/0/public/Ticker", pair="XBTUSDT"))
    ours, theirs = rendered["result"]["XBTUSDT"], recorded["result"]["XBTUSDT"]
    assert isinstance(ours.pop("o"), str)
    assert isinstance(theirs.pop("o"), str)
    assert {k: [type(i) for i in v] for k, v in ours.items()} == {
        k: [type(i) for i in v] for k, v in theirs.items()
    }
    assert len(ours["c"][0].partition(".")[2]) == len(theirs["c"][0].partition(".")[2])


def test_the_ticker_agrees_with_the_bars() -> None:
    """The last price is the running close, the day's open that of the daily bar."""
    ticker = told(ask(simulator_at(), "kraken", "/0/public/Ticker", pair="XBTUSD"))
    values = ticker["result"]["XXBTZUSD"]
    assert float(values["c"][0]) == float(ohlc(pair="XBTUSD")["XXBTZUSD"][-1][4])
    day = ohlc(pair="XBTUSD", interval=1440)["XXBTZUSD"][-1]
    assert float(values["o"]) == float(day[1])
    assert float(values["v"][0]) == pytest.approx(float(day[6]))


def test_modern_names_on_request() -> None:
    """assetVersion=1 answers with BTC/USD, its slash escaped on the wire."""
    reply = ask(simulator_at(), "kraken", "/0/public/AssetPairs", assetVersion=1)
    assert b'"BTC\\/USD"' in reply.body
    listed = told(reply)["result"]["BTC/USD"]
    assert (listed["base"], listed["quote"], listed["altname"]) == ("BTC", "USD", "XBTUSD")


def test_pairs_look_like_the_recorded_one(recordings: Path) -> None:
    """Every rendered field exists in the recording with the same type."""
    recorded = json.loads((recordings / "kraken" / "AssetPairs__2.json").read_text())
    theirs = recorded["result"]["XBTUSDT"]
    ours = told(ask(simulator_at(), "kraken", "/0/public/AssetPairs"))["result"]["XBTUSDT"]
    assert {k: type(v) for k, v in ours.items()} == {
        k: type(v) for k, v in theirs.items() if k in ours
    }
    assert (ours["base"], ours["quote"], ours["status"]) == ("XXBT", "USDT", "online")


def test_too_long_a_list_breaks_the_edge() -> None:
    """More than a hundred pairs in one call: 520 and a page."""
    reply = ask(simulator_at(), "kraken", "/0/public/Ticker", pair=",".join(["XBTUSD"] * 101))
    assert (reply.status, reply.content_type) == (520, "text/html; charset=utf-8")


def test_time_and_status(recordings: Path) -> None:
    """The cheap calls answer in the recorded form."""
    sim = simulator_at()
    time = told(ask(sim, "kraken", "/0/public/Time"))["result"]
    assert time == {"unixtime": int(NOON) + 30, "rfc1123": "Sat, 15 Nov 25 12:00:30 +0000"}
    status = told(ask(sim, "kraken", "/0/public/SystemStatus"))
    recorded = json.loads((recordings / "kraken" / "SystemStatus__1.json").read_text())
    assert set(status["result"]) == set(recorded["result"])
    assert status["result"]["status"] == "online"
