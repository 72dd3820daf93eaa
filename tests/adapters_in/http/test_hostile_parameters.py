"""Whatever a query holds, the answer is a helpful problem and never a fault of ours."""

import pytest
from msgspec.structs import replace

from domain.interval import Interval
from tests.adapters_in.http.house import House

OHLCV = "/api/v1/data/ohlcv?symbol=BTCUSDT"


@pytest.mark.parametrize(
    ("extra", "parameter"),
    [
        ("&limit=nan", "limit"),
        ("&limit=inf", "limit"),
        ("&limit=1e3", "limit"),
        ("&limit=-5", "limit"),
        ("&limit=0", "limit"),
        ("&limit=5001", "limit"),
        ("&limit=100000000000000000000000", "limit"),
        ("&limit=5.0", "limit"),
        ("&limit=%D9%A3", "limit"),
        ("&limit=", "limit"),
        ("&limit", "limit"),
        ("&limit=5&limit=5", "limit"),
        ("&start=nan", "start"),
        ("&start=Infinity", "start"),
        ("&start=-5", "start"),
        ("&start=100000000000000000000000", "start"),
        ("&start=1732646400000", "start"),
        ("&start=1.5", "start"),
        ("&start=1e9", "start"),
        ("&start=4102444800", "start"),
        ("&start=yesterday", "start"),
        ("&start=2024-02-30", "start"),
        ("&start=2024-01-01T25:00:00Z", "start"),
        ("&start=2024-01-01T00:00:00.5Z", "start"),
        ("&start=2024-01-01T00:00:00%2B99:00", "start"),
        ("&start=0001-01-01", "start"),
        ("&start=9999-12-31T23:59:59-14:00", "start"),
        ("&as_of=1732646400000000", "as_of"),
        ("&interval=1M", "interval"),
        ("&interval=hour", "interval"),
        ("&interval=%00", "interval"),
        ("&provider=nosuch", "provider"),
        ("&provider=PAPER%00", "provider"),
        ("&use_cache=maybe", "use_cache"),
        ("&include_partial=2", "include_partial"),
        ("&fill=zero", "fill"),
        ("&shape=cube", "shape"),
        ("&format=xml", "format"),
        ("&cursor=AAAA", "cursor"),
        ("&cursor=YjE6OTk5OTk5OTk5OTk5OTk5OTk5OTk", "cursor"),
        ("&nosuch=1", "nosuch"),
        ("&Limit=5", "Limit"),
        ("&limt=5", "limt"),
        ("&%00=5", None),
        ("&%ff=5", None),
        ("&limit=%zz", "limit"),
        ("&limit=%ff", "limit"),
        ("&limit=%", "limit"),
    ],
)
def test_refused(house: House, extra: str, parameter: str | None) -> None:
    """400 as a problem that names the parameter; no provider is asked."""
    answer = house.ask(OHLCV + extra)
    assert answer.status == 400
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json
    assert problem["status"] == 400
    assert problem["title"] == "The request is malformed"
    assert problem["detail"].endswith(".")
    assert problem["instance"] == "/api/v1/data/ohlcv"
    assert problem.get("parameter") == parameter
    assert house.first.asked == 0


@pytest.mark.parametrize(
    "symbol",
    ["", "%00", "BTC%00USDT", "A" * 41, "A" * 60_000, "%3Cscript%3E", "BTC//USDT", "%ff", "-", "ß"],
)
def test_no_symbol(house: House, symbol: str) -> None:
    """What cannot be a symbol is refused, in the query and in the path."""
    assert house.ask(f"/api/v1/data/ohlcv?symbol={symbol}").status == 400
    if symbol.isascii() and symbol not in {"", "BTC//USDT"}:
        assert house.ask(f"/api/v1/data/{symbol}").status == 400


def test_missing_symbol(house: House) -> None:
    """Without a symbol the problem says which parameter is missing and shows one."""
    problem = house.ask("/api/v1/data/ohlcv").json
    assert problem["parameter"] == "symbol"
    assert "BTCUSDT" in problem["hint"]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("symbl", "symbol"),
        ("timeframe", "interval"),
        ("from", "start"),
        ("end_date", "end"),
        ("LIMIT", "limit"),
        ("asof", "as_of"),
        ("exchange", "provider"),
    ],
)
def test_did_you_mean(house: House, name: str, meant: str) -> None:
    """A misspelt or foreign name is answered with the one that was meant."""
    problem = house.ask(f"/api/v1/data/ohlcv?{name}=1").json
    assert problem["did_you_mean"] == [meant]
    assert meant in problem["hint"]


def test_near_values(house: House) -> None:
    """A misspelt choice is answered with the nearest one."""
    assert house.ask(f"{OHLCV}&provider=papper").json["did_you_mean"] == ["paper"]
    assert house.ask(f"{OHLCV}&shape=row").json["did_you_mean"] == ["rows"]


@pytest.mark.parametrize(
    ("value", "unit"),
    [
        ("1732646400000", "milliseconds"),
        ("1732646400000000", "microseconds"),
        ("1732646400000000000", "nanoseconds"),
    ],
)
def test_finer_units(house: House, value: str, unit: str) -> None:
    """A time in a finer unit is refused with the seconds that were probably meant."""
    problem = house.ask(f"{OHLCV}&start={value}").json
    assert unit in problem["detail"]
    assert "1732646400 " in problem["hint"]


@pytest.mark.parametrize("value", ["7m", "45s", "2d", "1y", "10h"])
def test_unheard_of_interval(house: House, value: str) -> None:
    """A length of time that nobody makes bars of is 422, with the thirteen that exist."""
    answer = house.ask(f"{OHLCV}&interval={value}")
    assert answer.status == 422
    assert answer.json["type"].endswith("unsupported-interval")
    assert "1mo" in answer.json["detail"]


def test_interval_that_a_provider_lacks(house: House) -> None:
    """A known interval that it neither has nor can build is 422, with those that it can."""
    hourly = (Interval.H1, Interval.D1)
    house.second.capabilities = replace(house.second.capabilities, intervals=hourly)
    answer = house.ask(f"{OHLCV}&interval=3m&provider=spare")
    assert (answer.status, answer.json["parameter"]) == (422, "interval")
    assert "1h, 2h, 4h" in answer.json["detail"]
    assert "5m" not in answer.json["detail"]


def test_interval_that_a_provider_lacks_is_rolled_up(house: House) -> None:
    """It is built from the longest of its own that fits, and the answer says so."""
    body = house.ask(f"{OHLCV}&interval=3m&provider=paper&limit=7").json
    assert (body["interval"], body["rolled_up_from"], len(body["data"])) == ("3m", "1m", 7)
    assert "rolled_up_from" not in house.ask(f"{OHLCV}&interval=5m&provider=paper").json


@pytest.mark.parametrize(
    ("extra", "says"),
    [
        ("?symbol=AAPL&interval=1w&adjust=splits", "may hold trades of before and after"),
        ("?symbol=BTCUSDT&format=parquet", "bulk exports"),
        ("?symbol=BTCUSDT&format=arrow", "bulk exports"),
    ],
)
def test_not_offered(house: House, extra: str, says: str) -> None:
    """What is understood but not offered is 422 with a sentence that says why."""
    answer = house.ask(OHLCV.partition("?")[0] + extra)
    assert answer.status == 422
    assert says in answer.json["detail"]
    assert house.ask(f"{OHLCV}&adjust=none&limit=1").status == 200


def test_huge_query(house: House) -> None:
    """A query of more than 8 KiB is refused unread."""
    answer = house.ask("/api/v1/data/ohlcv?" + "&".join(["a=b"] * 20_000))
    assert (answer.status, len(answer.body) < 1000) == (400, True)


@pytest.mark.parametrize(
    "text",
    [
        "1732646400",
        "2024-11-26T18:40:00Z",
        "2024-11-26T18:40:00",
        "2024-11-26T18:40",
        "2024-11-26T18:40:00.000Z",
        "2024-11-26T20:40:00%2B02:00",
        "2024-11-26T20:40:00+02:00",
        "2024-11-26%2013:40:00-05:00",
        "2024-11-26T20:40:00%2B0200",
    ],
)
def test_one_moment(house: House, text: str) -> None:
    """Every spelling of a moment means the same."""
    answer = house.ask(f"{OHLCV}&interval=1m&limit=1&start={text}")
    assert [row["ts"] for row in answer.json["data"]] == [1_732_646_400]


def test_bare_date(house: House) -> None:
    """A bare date is midnight UTC."""
    answer = house.ask(f"{OHLCV}&interval=1h&limit=1&start=2024-11-26")
    assert answer.json["data"][0]["ts"] == 1_732_579_200


@pytest.mark.parametrize("text", ["True", "true", "TRUE", "1"])
def test_python_booleans(house: House, text: str) -> None:
    """Python clients send True with a capital letter."""
    assert house.ask(f"{OHLCV}&limit=1&use_cache={text}").status == 200


@pytest.mark.parametrize("extra", ["&start=10&end=5", "&start=10&end=10", "&as_of=4000000000"])
def test_no_data_there(house: House, extra: str) -> None:
    """Well-formed values of which nobody can have data are 404, and no provider is asked."""
    answer = house.ask(OHLCV + extra)
    assert (answer.status, answer.json["type"]) == (404, "urn:fks-data:problem:no-data")
    assert house.first.asked == 0


@pytest.mark.parametrize(
    ("target", "meant"),
    [
        ("/data?symbol=BTCUSDT&interval=1h", "timeframe"),
        ("/api/v1/data/BTCUSDT?start=0", "start_date"),
        ("/api/v1/data/BTCUSDT?until=9", "end_date"),
    ],
)
def test_the_aliases_have_names_of_their_own(house: House, target: str, meant: str) -> None:
    """Whoever uses the usual name is told theirs."""
    answer = house.ask(target)
    assert (answer.status, answer.json["did_you_mean"]) == (400, [meant])
