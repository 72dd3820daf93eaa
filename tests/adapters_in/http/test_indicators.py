"""Indicators over HTTP: rows beside the bars, warmed up, and refused when they make no sense."""

import pytest

from tests.adapters_in.http.house import NOW, House

ROUTE = "/api/v1/data/indicators?symbol=BTCUSDT&interval=1m"


def test_rows_stand_beside_the_bars(house: House) -> None:
    """One row per bar with its close; the average is that of the closes."""
    bars = house.ask("/api/v1/data/ohlcv?symbol=BTCUSDT&interval=1m&limit=30").json
    body = house.ask(f"{ROUTE}&limit=10&indicators=sma_20,return").json
    assert [row["ts"] for row in body["data"]] == [row["ts"] for row in bars["data"][-10:]]
    closes = [row["close"] for row in bars["data"]]
    assert body["data"][-1]["sma_20"] == pytest.approx(sum(closes[-20:]) / 20)
    assert body["data"][0]["return"] == pytest.approx(closes[-10] / closes[-11] - 1)
    assert body["indicators"] == ["sma_20", "return"]
    assert (body["warmup"], body["warmup_wanted"]) == (19, 19)
    assert (body["provider"], body["adjusted"], body["demo"]) == ("paper", "none", False)


def test_a_moment_has_one_value_whatever_the_window(house: House) -> None:
    """Even of an average that never quite forgets."""
    wide = house.ask(f"{ROUTE}&limit=200&indicators=ema_9,rsi_5").json["data"][-1]
    narrow = house.ask(f"{ROUTE}&limit=1&indicators=ema_9,rsi_5").json["data"][-1]
    assert narrow == pytest.approx(wide, rel=1e-7)


@pytest.mark.parametrize("bad", ["", "&indicators=", "&indicators=foo", "&indicators=sma_1"])
def test_bad_names_are_refused(house: House, bad: str) -> None:
    """400, and the problem names the parameter."""
    answer = house.ask(ROUTE + bad)
    assert (answer.status, answer.json["parameter"]) == (400, "indicators")


def test_a_strange_interval_is_refused_like_everywhere(house: House) -> None:
    """422 with what there is."""
    assert house.ask(ROUTE.replace("1m", "7m") + "&indicators=sma_5").status == 422


def test_what_is_rolled_up_says_so(house: House) -> None:
    """As with bars."""
    body = house.ask(f"{ROUTE.replace('1m', '3m')}&limit=2&indicators=sma_5").json
    assert body["rolled_up_from"] == "1m"
    assert "rolled_up_from" not in house.ask(f"{ROUTE}&limit=2&indicators=sma_5").json


def test_pages(house: House) -> None:
    """Following next (or the Link) walks the range once, without overlap."""
    start = int(NOW) // 60 * 60 - 600
    target = f"{ROUTE}&indicators=sma_5&start={start}&limit=4"
    seen: list[int] = []
    while target:
        answer = house.ask(target)
        seen += [row["ts"] for row in answer.json["data"]]
        following = answer.json["next"]
        target = answer.headers.get("link", "<>").partition(">")[0].removeprefix("<")
        assert target.endswith(f"&cursor={following}" if following else "")
        assert bool(following) == bool(target)
    assert seen == list(range(start, start + 600, 60))


def test_a_walk_ends_well_where_nothing_was_traded_any_more(house: House) -> None:
    """The last page is empty, and no error."""
    last = int(NOW) // 60 * 60 - 60
    house.first.holes = frozenset({last, last - 60})
    target = f"{ROUTE}&indicators=sma_5,macd&start={last - 300}&limit=4"
    first = house.ask(target).json
    body = house.ask(f"{target}&cursor={first['next']}").json
    assert (len(first["data"]), body["data"], body["next"]) == (4, [], None)
    assert body["indicators"] == first["indicators"]
