"""The synthetic Binance speaks like the real one."""

import json
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from adapters_in.simulator.wire import Request
from tests.adapters_in.simulator.worlds import NOON, ask, simulator_at, told

KLINES = "/api/v3/klines"
MS = 1000


def klines(**query: object) -> Any:  # noqa: ANN401 - JSON
    """Rows of BTCUSDT minutes, unless told otherwise."""
    asked = {"symbol": "BTCUSDT", "interval": "1m"} | query
    return told(ask(simulator_at(), "binance", KLINES, **asked))


def shape(value: object) -> object:
    """Types and number formats instead of values."""
    if isinstance(value, list):
        return [shape(item) for item in value]
    if isinstance(value, str) and re.fullmatch(r"-?\d+\.\d+", value):
        return f"text with {len(value.partition('.')[2])} decimals"
    return type(value).__name__


def test_rows_look_like_recorded_rows(recordings: Path) -> None:
    """Each value of a row has the type and the decimals of the recorded one."""
    recorded = json.loads((recordings / "binance" / "klines__1.json").read_text())
    assert shape(klines(limit=1)[0]) == shape(recorded[0])


@pytest.mark.parametrize(
    ("name", "path", "query"),
    [
        ("ticker_price__1.json", "/api/v3/ticker/price", {"symbol": "BTCUSDT"}),
        ("bookTicker__1.json", "/api/v3/ticker/bookTicker", {"symbol": "BTCUSDT"}),
        ("time__1.json", "/api/v3/time", {}),
        ("ticker_24hr__2.json", "/api/v3/ticker/24hr", {"symbol": "BTCUSDT"}),
    ],
)
def test_objects_look_like_recorded_ones(
    recordings: Path, name: str, path: str, query: dict[str, str]
) -> None:
    """Every field that is rendered exists in the recording with the same type."""
    recorded = json.loads((recordings / "binance" / name).read_text())
    rendered = told(ask(simulator_at(), "binance", path, **query))
    assert {k: type(v) for k, v in rendered.items()} == {
        k: type(v) for k, v in recorded.items() if k in rendered
    }
    assert len(recorded) - len(rendered) <= 2


def test_the_newest_rows_end_with_the_forming_one() -> None:
    """Without a range come the last 500 minutes, the running one included."""
    rows = klines()
    assert len(rows) == 500
    assert rows[-1][0] == NOON * MS
    assert rows[-1][6] == (NOON + 60) * MS - 1
    assert all(b[0] - a[0] == 60 * MS for a, b in pairwise(rows))


def test_limit_is_capped_and_checked() -> None:
    """More than 1000 means 1000; none at all is refused."""
    assert len(klines(limit=5000)) == 1000
    assert len(klines(limit=3)) == 3
    assert klines(limit=0)["code"] == -1130


def test_both_ends_include_the_open() -> None:
    """Both startTime and endTime mean opens that count."""
    start, end = int(NOON - 600) * MS, int(NOON - 300) * MS
    assert [row[0] for row in klines(startTime=start, endTime=end)] == [
        start + k * 60 * MS for k in range(6)
    ]
    assert klines(startTime=start + 1, limit=1)[0][0] == start + 60 * MS
    assert klines(endTime=end - 1)[-1][0] == end - 60 * MS
    assert klines(startTime=start * MS, endTime=end * MS) == klines(startTime=start, endTime=end)


def test_oldest_first_with_a_start() -> None:
    """With startTime the oldest rows come; before the listing that is the first row of all."""
    rows = klines(startTime=0, limit=5)
    assert rows[0][0] == 1_502_942_400_000  # 2017-08-17 04:00
    assert len(rows) == 5


def test_nothing_is_an_empty_list() -> None:
    """A range without bars is no error."""
    reply = ask(simulator_at(), "binance", KLINES, symbol="BTCUSDT", interval="1m", startTime=4e12)
    assert reply.status == 400  # 4e12 is no integer
    for query in (
        {"startTime": 4_000_000_000_000},
        {"startTime": 1_700_000_000_000, "endTime": 1_600_000_000_000},
    ):
        assert klines(**query) == []


def test_the_great_outage_is_a_hole() -> None:
    """2020-11-30 06:00 to 07:00 has no minutes, and the page goes on behind it."""
    rows = klines(startTime=1_606_715_940_000, limit=3)
    assert [row[0] // MS for row in rows] == [1_606_715_940, 1_606_719_600, 1_606_719_660]


def test_weeks_open_on_monday_and_months_on_the_first() -> None:
    """1w and 1M are Binance's own alignment."""
    assert klines(interval="1w", limit=1)[0][0] == 1_762_732_800_000  # Monday 2025-11-10
    month = klines(interval="1M", limit=2)
    assert [row[0] for row in month] == [1_759_276_800_000, 1_761_955_200_000]
    assert month[0][6] == 1_761_955_200_000 - 1


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"symbol": "NOPEUSDT"}, -1121),
        ({"symbol": "btcusdt"}, -1100),
        ({"symbol": "BTCUSD"}, -1121),
        ({"symbol": ""}, -1102),
        ({"interval": "7m"}, -1120),
        ({"interval": "1mo"}, -1120),
        ({"limit": "-5"}, -1100),
        ({"startTime": "yesterday"}, -1100),
        ({"start": "1"}, -1104),
    ],
)
def test_bad_parameters_have_their_codes(query: dict[str, str], code: int) -> None:
    """Each mistake is answered with 400 and Binance's own code."""
    asked = {"symbol": "BTCUSDT", "interval": "1m"} | query
    reply = ask(simulator_at(), "binance", KLINES, **asked)
    assert reply.status == 400
    assert told(reply)["code"] == code
    assert told(reply)["msg"]


def test_a_missing_and_a_repeated_parameter() -> None:
    """A mandatory parameter must come exactly once."""
    sim = simulator_at()
    assert told(ask(sim, "binance", KLINES, interval="1m"))["code"] == -1102
    twice = Request(KLINES, (("symbol", "BTCUSDT"), ("symbol", "ETHUSDT"), ("interval", "1m")))
    assert told(sim.arrive("binance", twice).reply)["code"] == -1101


def test_one_some_or_all_prices() -> None:
    """One symbol is an object, several are an array, none means all."""
    sim = simulator_at()
    path = "/api/v3/ticker/price"
    one = told(ask(sim, "binance", path, symbol="ETHUSDT"))
    some = told(ask(sim, "binance", path, symbols='["BTCUSDT","ETHUSDT"]'))
    every = told(ask(sim, "binance", path))
    assert some[1] == one
    assert one in every
    assert len(every) > 20
    assert told(ask(sim, "binance", path, symbols="BTCUSDT,ETHUSDT"))["code"] == -1100


def test_the_price_is_the_running_close() -> None:
    """Ticker and klines agree."""
    sim = simulator_at()
    price = told(ask(sim, "binance", "/api/v3/ticker/price", symbol="SOLUSDT"))["price"]
    rows = told(ask(sim, "binance", KLINES, symbol="SOLUSDT", interval="1h", limit=1))
    assert rows[0][4] == price


def test_used_weight_is_counted_per_minute() -> None:
    """Every answer says the weight used in this minute, and a new minute starts over."""
    sim = simulator_at()
    seen = [
        dict(ask(sim, "binance", path).headers)["X-MBX-USED-WEIGHT-1M"]
        for path in ("/api/v3/ping", "/api/v3/exchangeInfo", "/api/v3/ticker/price")
    ]
    assert seen == ["1", "21", "25"]
    sim.offset_s += 60
    assert dict(ask(sim, "binance", "/api/v3/ping").headers)["X-MBX-USED-WEIGHT-1M"] == "1"


def test_the_exchange_lists_itself(recordings: Path) -> None:
    """The list has the live budgets and pairs with the fields of the recording."""
    info = told(ask(simulator_at(), "binance", "/api/v3/exchangeInfo"))
    recorded = json.loads((recordings / "binance" / "exchangeInfo__2.json").read_text())
    assert set(info) == set(recorded)
    assert info["rateLimits"][0]["limit"] == 6000
    bitcoin = next(s for s in info["symbols"] if s["symbol"] == "BTCUSDT")
    assert (bitcoin["baseAsset"], bitcoin["quoteAsset"]) == ("BTC", "USDT")
    assert {s["status"] for s in info["symbols"]} == {"TRADING", "BREAK"}
    assert not any(s["quoteAsset"] == "USD" for s in info["symbols"])


def test_microseconds_on_request() -> None:
    """The header X-MBX-TIME-UNIT switches every time."""
    request = Request("/api/v3/time", headers={"x-mbx-time-unit": "MICROSECOND"})
    assert told(simulator_at().arrive("binance", request).reply) == {
        "serverTime": int((NOON + 30.5) * 1e6)
    }
