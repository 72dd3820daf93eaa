"""Trades and quotes over HTTP: rows, ranges, pages, the store, failures."""

import asyncio

import pytest

from domain.errors import ProviderUnavailable
from tests.adapters_in.http.house import NOW, Answer, House
from tests.adapters_in.http.paper_tape import AFTER, NS
from tests.runner import Run

T0 = int(NOW) - 3600
TRADES = "/api/v1/data/trades?symbol=BTCUSDT"
QUOTES = "/api/v1/data/quotes?symbol=BTCUSDT"


@pytest.fixture
def house(run: Run) -> House:
    """A service."""
    return House(run)


def seconds(answer: Answer) -> list[int]:
    """When the trades happened."""
    assert answer.status == 200, answer.body
    return [row["ts"] for row in answer.json["data"]]


def test_the_newest_trades(house: House) -> None:
    """Without a range the last ones come, ascending, as they were traded."""
    body = house.ask(f"{TRADES}&limit=3").json
    last = int(NOW) - 1
    assert body.pop("data")[-1] == {
        "ts": last,
        "ts_ns": last * NS + AFTER,
        "price": 100.0 + last % 7,
        "size": 0.5,
        "side": "buy" if last % 2 else "sell",
        "id": str(last),
        "received_ns": int(NOW) * NS,
    }
    assert body == {
        "symbol": "BTCUSDT",
        "instrument": "BTC-USDT",
        "provider": "paper",
        "cached": False,
        "stale": False,
        "substituted": False,
        "demo": False,
        "gaps": [],
        "next": None,
    }


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("&limit=3", range(int(NOW) - 3, int(NOW))),
        (f"&start={T0}&limit=4", range(T0, T0 + 4)),
        (f"&end={T0}&limit=4", range(T0 - 4, T0)),
        (f"&start={T0}&end={T0 + 7}", range(T0, T0 + 7)),
        ("&start=2024-11-27T08:33:20Z&end=2024-11-27T08:33:22Z", range(T0, T0 + 2)),
    ],
)
def test_ranges_are_half_open(house: House, query: str, wanted: range) -> None:
    """The first from a start, the last before an end."""
    for _ in range(2):
        assert seconds(house.ask(TRADES + query)) == list(wanted)


@pytest.mark.parametrize(("moment", "first"), [(T0 * NS, T0), (T0 * NS + AFTER, T0 + 1)])
def test_a_cursor_skips_no_more_than_there_is(house: House, moment: int, first: int) -> None:
    """Nobody reads a million ticks because a made-up cursor says that they were shown."""
    body = house.ask(f"{TRADES}&limit=5&cursor=t1-{moment}-900000")
    assert seconds(body) == list(range(first, first + 5))
    asked = [ask for ask in house.first.asks if ask.end_ns != moment + 1]
    assert max(ask.limit for ask in asked) < 20


def test_what_is_held_is_not_asked_for_again(house: House) -> None:
    """A range of the past that was answered once comes from the store."""
    query = f"{TRADES}&start={T0}&end={T0 + 60}"
    first, second = house.ask(query).json, house.ask(query).json
    assert (first["cached"], second["cached"]) == (False, True)
    assert first["data"] == second["data"]
    part = house.ask(f"{TRADES}&start={T0 + 10}&end={T0 + 20}").json
    assert part["cached"]
    assert len(house.first.asks) == 1


def test_only_holes_are_asked_for(house: House) -> None:
    """What lies between two stretches that are held is fetched, no more."""
    house.ask(f"{TRADES}&start={T0}&end={T0 + 10}")
    house.ask(f"{TRADES}&start={T0 + 20}&end={T0 + 30}")
    assert seconds(house.ask(f"{TRADES}&start={T0}&end={T0 + 30}")) == list(range(T0, T0 + 30))
    asked = house.first.asks[-1]
    assert (asked.start_ns, asked.end_ns) == ((T0 + 10) * NS, (T0 + 20) * NS)
    assert len(house.first.asks) == 3


def test_the_newest_seconds_are_asked_for_again(house: House) -> None:
    """A venue may still add to them; the rest of the range is held."""
    query = f"{TRADES}&start={int(NOW) - 60}"
    assert len(seconds(house.ask(query))) == 60
    house.clock.advance(5.0)
    assert len(seconds(house.ask(query))) == 65
    assert [ask.start_ns for ask in house.first.asks] == [
        (int(NOW) - 60) * NS,
        (int(NOW) - 10) * NS,
    ]


@pytest.mark.parametrize("page", [3, 10_000])
def test_pages_follow_without_hole_or_twin(house: House, page: int) -> None:
    """``next`` leads through the whole range, in the body and in the header."""
    house.first.page = page
    found, following = [], ""
    target = f"{TRADES}&start={T0}&end={T0 + 23}&limit=5"
    for _ in range(4):
        answer = house.ask(target)
        found += seconds(answer)
        following = answer.json["next"]
        target = answer.headers["link"].removeprefix("<").partition(">")[0]
        assert f"cursor={following}" in target
    last = house.ask(target)
    assert found + seconds(last) == list(range(T0, T0 + 23))
    assert last.json["next"] is None
    assert "link" not in last.headers


def test_who_tells_only_a_part_gives_way(house: House) -> None:
    """The next provider has the whole range; the answer says who it was."""
    house.first.kept_s = 1800
    query = f"&start={T0}&end={T0 + 3000}&limit=5000"
    body = house.ask(TRADES + query).json
    assert (body["provider"], body["substituted"], body["gaps"]) == ("spare", True, [])
    assert len(body["data"]) == 3000
    bound = house.ask(f"{TRADES}{query}&provider=paper").json
    assert bound["data"][0]["ts"] == T0 + 1800
    assert bound["gaps"] == [{"start": T0, "end": T0 + 1800}]
    assert bound["provider"] == "paper"


def test_what_nobody_keeps_is_refused_with_a_reason(house: House) -> None:
    """Nothing is invented for last week."""
    house.first.kept_s = house.second.kept_s = 60
    answer = house.ask(f"{TRADES}&start={T0}&end={T0 + 60}")
    assert answer.status == 422
    assert "keeps no trades of that range" in answer.json["detail"]
    assert len(house.first.asks) == len(house.second.asks) == 1


def test_no_trades_in_a_range_are_no_data(house: House) -> None:
    """The provider has answered for it: nobody traded."""
    house.first.silent = range(T0, T0 + 100)
    answer = house.ask(f"{TRADES}&start={T0 + 10}&end={T0 + 20}")
    assert answer.status == 404
    assert "paper has no trades of BTC-USDT there" in answer.json["detail"]


def test_a_silent_hour_is_crossed_back_in_time(house: House) -> None:
    """The last ten are the last ten, however long ago they were traded."""
    house.first.silent = range(T0, int(NOW))
    assert seconds(house.ask(f"{TRADES}&limit=10")) == list(range(T0 - 10, T0))


def test_the_next_provider_steps_in(house: House) -> None:
    """A provider that is down gives way; bound to it, the answer is 503 with its reason."""
    house.first.fault = ProviderUnavailable("paper burns.", provider="paper")
    body = house.ask(f"{TRADES}&limit=2").json
    assert (body["provider"], body["substituted"]) == ("spare", True)
    bound = house.ask(f"{TRADES}&limit=2&provider=paper")
    assert bound.status == 503
    assert [each["provider"] for each in bound.json["attempts"]] == ["paper"]


def test_what_is_stored_is_served_when_all_are_down(house: House) -> None:
    """Whole ranges as ever, others as stale with their gaps."""
    house.ask(f"{TRADES}&start={T0}&end={T0 + 30}")
    house.first.fault = house.second.fault = ProviderUnavailable("It burns.")
    held = house.ask(f"{TRADES}&start={T0}&end={T0 + 30}").json
    assert (held["cached"], held["stale"]) == (True, False)
    part = house.ask(f"{TRADES}&start={T0}&end={T0 + 60}").json
    assert (part["stale"], part["gaps"]) == (True, [{"start": T0 + 30, "end": T0 + 60}])
    assert len(part["data"]) == 30


def test_quotes_say_whose_clock_they_have(house: House) -> None:
    """The top of the book now; an empty side is null."""
    body = house.ask(f"{QUOTES}&limit=1").json
    assert body["data"] == [
        {
            "ts": int(NOW),
            "ts_ns": int(NOW) * NS,
            "bid_price": None,
            "bid_size": None,
            "ask_price": 100.5,
            "ask_size": 2.0,
            "ts_source": "receipt",
            "received_ns": int(NOW) * NS,
        }
    ]
    assert body["gaps"] == []


def test_quotes_are_collected(house: House) -> None:
    """Each look at the present is kept; between them something may be missing."""
    house.ask(QUOTES)
    house.clock.advance(30.0)
    body = house.ask(f"{QUOTES}&limit=3").json
    assert [row["ts"] for row in body["data"]] == [int(NOW), int(NOW) + 30]
    assert body["gaps"] == [{"start": int(NOW), "end": int(NOW) + 30}]
    asked = house.ask(f"{QUOTES}&start={int(NOW) - 9}").json
    assert asked["gaps"] == [{"start": int(NOW) - 9, "end": int(NOW) + 30}]


def test_quotes_of_the_past_are_not_invented(house: House) -> None:
    """Who tells only the present is no source for yesterday."""
    answer = house.ask(f"{QUOTES}&start={T0 - 86_400}&end={T0}")
    assert answer.status == 422
    assert "The past is not told" in answer.json["detail"]


@pytest.mark.parametrize(
    ("query", "status", "word"),
    [
        ("&limit=0", 400, "limit"),
        ("&limit=5001", 400, "limit"),
        ("&limit=1e2", 400, "limit"),
        ("&start=1732696400000", 400, "start"),
        ("&start=-1", 400, "start"),
        ("&cursor=x", 400, "cursor"),
        ("&cursor=t1-9223372036854775807-0", 400, "cursor"),
        ("&interval=1m", 400, "interval"),
        ("&symbol=ETHUSDT", 400, "symbol"),
        ("&provider=nobody", 400, "provider"),
        (f"&start={T0}&end={T0}", 404, "empty"),
        (f"&start={int(NOW) + 5}", 404, "future"),
        ("&end=0", 404, "1970"),
    ],
)
@pytest.mark.parametrize("target", [TRADES, QUOTES])
def test_parameters_are_read_strictly(
    house: House, target: str, query: str, status: int, word: str
) -> None:
    """Nothing is clamped or ignored, and no provider is asked."""
    answer = house.ask(target + query)
    assert answer.status == status
    assert word in str(answer.json)
    assert house.first.asks == []


def test_an_unknown_instrument(house: House) -> None:
    """404, as everywhere."""
    for path in ("trades", "quotes"):
        answer = house.ask(f"/api/v1/data/{path}?symbol=NOPEUSDT")
        assert answer.status == 404, answer.body
        assert answer.json["type"].endswith("unknown-instrument")


def test_a_kind_of_asset_without_trades(house: House) -> None:
    """Nobody here offers the trades of a stock."""
    answer = house.ask("/api/v1/data/trades?symbol=AAPL")
    assert answer.status == 404


def test_many_ask_once(house: House) -> None:
    """Identical requests share one question."""

    async def crowd() -> list[Answer]:
        return await asyncio.gather(*(house.asked(f"{TRADES}&limit=5") for _ in range(20)))

    answers = house.run(crowd())
    assert {answer.status for answer in answers} == {200}
    assert len({answer.body for answer in answers}) == 1
    assert len(house.first.asks) == 1
