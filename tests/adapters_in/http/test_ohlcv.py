"""The main route: what an answer holds, in every layout, and when it may be kept."""

import json

import msgspec
import pytest

from adapters_in.http.bodies_bars import Bars
from adapters_in.http.hot_answers import HOT_AFTER
from domain.errors import ProviderUnavailable
from tests.adapters_in.http.house import NOW, House
from tests.runner import Run

BTC = "/api/v1/data/ohlcv?symbol=BTCUSDT&interval=1m"
LAST = int(NOW) // 60 * 60 - 60
KEYS = [
    *("symbol", "instrument", "interval", "provider", "cached", "stale", "age_s", "substituted"),
    *("demo", "as_of", "data", "quality", "gaps", "sources", "next"),
]


def test_members_in_order(house: House) -> None:
    """An answer has the members of the public interface, in their order."""
    house.first.quiet = True
    body = house.ask(f"{BTC}&limit=2").json
    assert list(body) == KEYS
    assert list(body["data"][0]) == [
        *("ts", "timestamp", "open", "high", "low", "close", "volume", "final")
    ]
    assert list(body["quality"]) == ["score", "status", "components", "issues"]
    assert body["data"][0]["volume"] is None
    assert body["sources"][0].keys() == {"provider", "start", "end", "fetched_at"}


def test_latest_bars(house: House) -> None:
    """Without a range: the latest closed bars, ascending, both time columns, all final."""
    rows = house.ask(f"{BTC}&limit=3").json["data"]
    assert [row["ts"] for row in rows] == [LAST - 120, LAST - 60, LAST]
    assert all(row["ts"] == row["timestamp"] and row["final"] is True for row in rows)
    assert rows[0]["vwap"] == rows[0]["close"]
    assert rows[0]["trades"] == 42


def test_slash_unescaped(house: House) -> None:
    """BTC/USDT with its slash as it is names the same instrument, echoed as it was spelled."""
    body = house.ask("/api/v1/data/ohlcv?symbol=BTC/USDT&interval=1m&limit=1").json
    assert (body["symbol"], body["instrument"]) == ("BTC/USDT", "BTC-USDT")


@pytest.mark.parametrize(
    "extra", ["", "&shape=columns", "&fill=null", "&fill=previous", "&include_partial=true"]
)
def test_promised_shape(house: House, extra: str) -> None:
    """What is sent is what the documented Struct says, to the last member."""
    house.first.holes = frozenset({LAST - 60})
    answer = house.ask(f"{BTC}&limit=4{extra}")
    promised = msgspec.json.decode(answer.body, type=Bars)
    assert json.loads(msgspec.json.encode(promised)) == answer.json


def test_columns(house: House) -> None:
    """shape=columns is the same table turned."""
    rows = house.ask(f"{BTC}&limit=3").json["data"]
    columns = house.ask(f"{BTC}&limit=3&shape=columns").json["data"]
    assert columns == {name: [row[name] for row in rows] for name in rows[0]}
    assert list(columns)[:2] == ["ts", "timestamp"]


def test_csv(house: House) -> None:
    """CSV has a header, one line per bar, JSON's numbers and nothing for null."""
    house.first.holes = frozenset({LAST - 60})
    answer = house.ask(f"{BTC}&limit=3&format=csv&fill=null")
    lines = answer.body.decode().splitlines()
    assert lines[0] == "ts,timestamp,open,high,low,close,volume,final,vwap,trades,filled"
    assert lines[1].startswith(f"{LAST - 120},{LAST - 120},")
    assert lines[2] == f"{LAST - 60},{LAST - 60},,,,,,true,,,true"
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["x-fks-provider"] == "paper"


def test_ndjson(house: House) -> None:
    """NDJSON is one row per line."""
    rows = house.ask(f"{BTC}&limit=3").json["data"]
    answer = house.ask(f"{BTC}&limit=3&format=ndjson")
    assert [json.loads(line) for line in answer.body.splitlines()] == rows
    assert answer.headers["content-type"] == "application/x-ndjson"


def test_demo_is_said_everywhere(run: Run) -> None:
    """Synthetic bars carry the label in every format."""
    house = House(run, demo=True)
    assert house.ask(f"{BTC}&limit=1").json["demo"] is True
    assert json.loads(house.ask(f"{BTC}&limit=1&format=ndjson").body)["demo"] is True
    table = house.ask(f"{BTC}&limit=1&format=csv")
    assert table.body.decode().splitlines()[0].endswith(",demo")
    assert table.headers["x-fks-demo"] == "true"
    assert house.ask("/api/v1/data/price?symbol=BTCUSDT").json["demo"] is True
    assert house.ask("/info").json["demo"] is True
    assert "synthetic" in house.ask("/").body.decode()


@pytest.mark.parametrize(("fill", "shown"), [("null", None), ("previous", "close")])
def test_fill(house: House, fill: str, shown: str | None) -> None:
    """Missing bars become rows that say so; without fill there is none, and the gap is named."""
    house.first.holes = frozenset({LAST - 120, LAST - 180})
    plain = house.ask(f"{BTC}&limit=5").json
    assert [row["ts"] for row in plain["data"]] == [LAST - 240, LAST - 60, LAST]
    assert plain["gaps"] == [{"start": LAST - 180, "end": LAST - 60, "reason": "provider_outage"}]
    rows = house.ask(f"{BTC}&limit=5&fill={fill}").json["data"]
    assert [row.get("filled", False) for row in rows] == [False, True, True, False, False]
    before = rows[0][shown] if shown else None
    for row in rows[1:3]:
        assert [row[name] for name in ("open", "high", "low", "close")] == [before] * 4
        assert row["volume"] is None


def test_nothing_before_to_repeat(house: House) -> None:
    """A hole at the very start has no previous close: null, not an invention."""
    house.first.holes = frozenset({LAST - 60})
    rows = house.ask(f"{BTC}&limit=2&fill=previous").json["data"]
    assert (rows[0]["close"], rows[0]["filled"]) == (None, True)


def test_years_before_the_first_bar_are_not_filled(house: House) -> None:
    """They are one gap; rows begin with the first bar."""
    start = LAST - 20_000 * 60
    house.first.holes = frozenset(range(start, LAST - 60, 60)) | {LAST - 60}
    body = house.ask(f"{BTC}&start={start}&limit=5&fill=null").json
    assert [row["ts"] for row in body["data"]] == [LAST]
    assert body["gaps"] == [{"start": start, "end": LAST, "reason": "not_listed"}]


def test_forming_bar(house: House) -> None:
    """include_partial adds the running bar, marked as not final, and it is not kept."""
    answer = house.ask(f"{BTC}&limit=2&include_partial=true")
    assert [row["final"] for row in answer.json["data"]] == [True, True, False]
    assert answer.json["data"][-1] | {"vwap": 0, "trades": 0} == {
        "ts": LAST + 60,
        "timestamp": LAST + 60,
        "open": 1.5,
        "high": 2.0,
        "low": 1.0,
        "close": 1.75,
        "volume": 9.0,
        "final": False,
        "vwap": 0,
        "trades": 0,
    }
    assert answer.headers["cache-control"] == "no-cache"


def test_pages(house: House) -> None:
    """Following next (or the Link) walks the range once, without overlap; a cursor beats start."""
    start = LAST - 540
    target = f"{BTC}&start={start}&limit=4"
    seen: list[int] = []
    for _ in range(3):
        answer = house.ask(target)
        seen += [row["ts"] for row in answer.json["data"]]
        if answer.json["next"] is None:
            assert "link" not in answer.headers
            break
        address, _, relation = answer.headers["link"].partition("; ")
        assert relation == 'rel="next"'
        assert address.endswith(f"&cursor={answer.json['next']}>")
        target = address.strip("<>")
    assert seen == list(range(start, LAST + 60, 60))
    both = house.ask(f"{BTC}&start=0&limit=4&cursor={_cursor(house, start)}")
    assert both.json["data"][0]["ts"] == start + 240


def _cursor(house: House, start: int) -> str:
    cursor: str = house.ask(f"{BTC}&start={start}&limit=4").json["next"]
    return cursor


def test_as_of_is_pure(house: House) -> None:
    """An answer as of a moment is the same bytes whatever was corrected since."""
    asked = f"{BTC}&start={LAST - 120}&end={LAST + 60}"
    before = house.ask(asked).json["data"]
    house.clock.advance(10.5)
    then = f"{asked}&as_of={int(NOW) + 10}"
    first = house.ask(then)
    house.first.shift = 7.0
    house.clock.advance(30)
    corrected = house.ask(f"{asked}&use_cache=false").json["data"]
    second = house.ask(then)
    assert second.body == first.body
    assert second.headers["etag"] == first.headers["etag"]
    assert first.json["data"] == before != corrected
    assert [first.json[name] for name in ("cached", "stale", "age_s")] == [None, None, None]
    assert first.json["as_of"] == int(NOW) + 10


def test_as_of_fractions(house: House) -> None:
    """as_of takes fractions of a second, and what it echoes can be asked again."""
    house.ask(f"{BTC}&limit=2")
    house.clock.advance(10)
    iso = house.ask(f"{BTC}&limit=2&as_of=2024-11-27T09:33:25.250001Z")
    assert iso.json["as_of"] == 1_732_700_005.250001
    again = house.ask(f"{BTC}&limit=2&as_of={iso.json['as_of']}")
    assert again.body == iso.body
    finer = house.ask(f"{BTC}&limit=2&as_of=1732700005.2500019")
    assert finer.json["as_of"] == iso.json["as_of"]


def test_as_of_before_anything(house: House) -> None:
    """Before the first bar was learned nothing was known: 404."""
    house.ask(f"{BTC}&limit=2")
    answer = house.ask(f"{BTC}&start={LAST - 60}&as_of={int(NOW) - 3600}")
    assert (answer.status, answer.json["type"]) == (404, "urn:fks-data:problem:no-data")


def test_asked_again(house: House) -> None:
    """Later answers are cached, tell their age live, have the same tag; a crowd's from memory."""
    first = house.ask(f"{BTC}&limit=5")
    house.clock.advance(1)
    assert (first.json["cached"], first.json["age_s"]) == (False, 0)
    for _ in range(HOT_AFTER):
        later = house.ask(f"{BTC}&limit=5")
        assert (later.json["cached"], later.json["age_s"]) == (True, 1)
        assert later.json["data"] == first.json["data"]
        assert later.headers["etag"] == first.headers["etag"]
    assert house.first.asked == 1
    assert house.telemetry.named("cache_asked")[-1] == {"layer": "memory", "hit": True}


def test_memory_forgets(house: House) -> None:
    """After two seconds, or when a bar closes, the route is walked again."""
    for _ in range(HOT_AFTER + 1):
        house.ask(f"{BTC}&limit=5")
    assert house.telemetry.named("cache_asked")[-1]["layer"] == "memory"
    house.clock.advance(2.1)
    house.ask(f"{BTC}&limit=5")
    assert house.telemetry.named("cache_asked")[-1]["layer"] != "memory"
    house.clock.advance(60 - (house.clock.now() % 60) - 0.5)
    house.ask(f"{BTC}&limit=5")
    house.clock.advance(1)
    assert house.ask(f"{BTC}&limit=5").json["data"][-1]["ts"] == LAST + 60


def test_use_cache_false(house: House) -> None:
    """use_cache=false asks the provider every time."""
    for count in (1, 2, 3):
        answer = house.ask(f"{BTC}&limit=5&use_cache=false")
        assert (house.first.asked, answer.json["cached"]) == (count, False)
        assert answer.headers["cache-control"] == "no-cache"


def test_validators(house: House) -> None:
    """If-None-Match is answered 304 on both ways through, without a body."""
    first = house.ask(f"{BTC}&limit=5")
    tag = first.headers["etag"]
    for advance in (0, 3):
        house.clock.advance(advance)
        for wanted in (tag, f'"other", {tag}', "*", tag.removeprefix("W/")):
            answer = house.ask(f"{BTC}&limit=5", headers={"If-None-Match": wanted})
            assert (answer.status, answer.body) == (304, b"")
            assert answer.headers["etag"] == tag
            assert "max-age" in answer.headers["cache-control"]
    assert house.ask(f"{BTC}&limit=5", headers={"If-None-Match": '"other"'}).status == 200


def test_cache_control(house: House) -> None:
    """An answer may be kept until the next bar closes."""
    left = 120 - int(NOW) % 60 - 60
    for _ in range(2):
        assert house.ask(f"{BTC}&limit=5").headers["cache-control"] == f"max-age={left}"


def test_head(house: House) -> None:
    """HEAD has the headers of GET and no body, fresh and from memory."""
    fresh, kept = house.ask(f"{BTC}&limit=5", "HEAD"), house.ask(f"{BTC}&limit=5", "HEAD")
    whole = house.ask(f"{BTC}&limit=5")
    assert (fresh.status, fresh.body, kept.status, kept.body) == (200, b"", 200, b"")
    assert kept.headers["content-length"] == str(len(whole.body))
    assert kept.headers["etag"] == fresh.headers["etag"] == whole.headers["etag"]


def test_stale(house: House) -> None:
    """What is stored is served when everybody is down: stale, its gaps named, not to be kept."""
    house.ask(f"{BTC}&limit=5")
    house.clock.advance(600)
    for exchange in (house.first, house.second):
        exchange.fault = ProviderUnavailable("It is down.", provider=exchange.name)
    for _ in range(2):
        answer = house.ask(f"{BTC}&limit=12")
        assert (answer.status, answer.json["stale"]) == (200, True)
        assert answer.json["gaps"]
        assert answer.headers["cache-control"] == "no-store"


def test_substituted(house: House) -> None:
    """When the first choice is down another answers, and the answer says so."""
    house.first.fault = ProviderUnavailable("It is down.", provider="paper")
    body = house.ask(f"{BTC}&limit=5").json
    assert (body["provider"], body["substituted"]) == ("spare", True)


def test_named_provider_or_nobody(house: House) -> None:
    """provider= means that provider: when it is down there is no answer."""
    house.first.fault = ProviderUnavailable("It is down.", provider="paper")
    answer = house.ask(f"{BTC}&limit=5&provider=paper")
    assert answer.status == 503
    assert [attempt["provider"] for attempt in answer.json["attempts"]] == ["paper"]
    assert answer.headers["retry-after"] == str(answer.json["retry_after_s"])


def test_price(house: House) -> None:
    """The price route tells the price, its time and where it came from."""
    body = house.ask("/api/v1/data/price?symbol=BTC/USDT&provider=paper&use_cache=True").json
    assert body == {
        "symbol": "BTC/USDT",
        "instrument": "BTC-USDT",
        "price": 64123.45,
        "timestamp": int(NOW),
        "provider": "paper",
        "cached": False,
        "stale": False,
        "age_s": 0,
        "substituted": False,
        "demo": False,
    }


def test_a_correction_is_not_hidden_by_memory(house: House) -> None:
    """Once use_cache=false has learned a correction, the next plain answer shows it at once."""
    before = house.ask(f"{BTC}&limit=3").json["data"]
    house.first.shift = 5.0
    house.ask(f"{BTC}&limit=3&use_cache=false")
    after = house.ask(f"{BTC}&limit=3").json
    assert after["cached"] is True
    assert [row["close"] for row in after["data"]] == [row["close"] + 5.0 for row in before]


@pytest.mark.parametrize("fill", ["none", "null", "previous"])
@pytest.mark.parametrize("silent", [1, 4, 5, 8, 30])
def test_a_walk_ends_well_where_nothing_was_traded_any_more(
    house: House, silent: int, fill: str
) -> None:
    """Whoever is told of a next page gets it, though it may be empty; from memory as well."""
    house.first.holes = frozenset(LAST - 60 * n for n in range(silent))
    start = LAST - 60 * 39
    for _ in range(2):
        target = f"{BTC}&start={start}&limit=4&fill={fill}"
        seen: list[int] = []
        while target:
            answer = house.ask(target)
            assert answer.status == 200, answer.body
            body = answer.json
            seen += [row["ts"] for row in body["data"] if "filled" not in row]
            assert body["age_s"] < 5
            assert bool(body["next"]) == ("link" in answer.headers)
            target = answer.headers.get("link", "").partition(">")[0].removeprefix("<")
        assert seen == list(range(start, LAST - 60 * (silent - 1), 60))
    empty = house.ask(f"{BTC}&start={LAST - 60 * (silent - 1)}&limit=4")
    assert (empty.status, empty.json["type"][-7:]) == (404, "no-data")


def test_a_walk_as_of_a_moment_ends_as_it_did_then(house: House) -> None:
    """The same pages, the empty one included."""
    house.first.holes = frozenset({LAST, LAST - 60})
    start = LAST - 60 * 7
    target = f"{BTC}&start={start}&limit=3"
    cursor = house.ask(f"{target}&cursor={house.ask(target).json['next']}").json["next"]
    last = house.ask(f"{target}&cursor={cursor}").json
    house.clock.advance(2)
    then = house.ask(f"{target}&cursor={cursor}&as_of={int(NOW) + 1}").json
    assert (last["data"], last["next"]) == (then["data"], then["next"]) == ([], None)


def test_why_a_range_holds_no_bar(house: House) -> None:
    """Too narrow for one to open in it, or too new for one to have closed: then and now."""
    old, new = LAST - 600, LAST + 60
    for span, words in (
        (f"start={old + 7}&end={old + 50}", "No 1m bar opens in that range: widen it."),
        (f"start={new}&end={new + 60}", "No 1m bar of that range has closed yet."),
        (f"start={old}&end={old + 60}&as_of={old - 9}", "has closed by then."),
    ):
        answer = house.ask(f"{BTC}&{span}")
        assert answer.status == 404
        assert answer.json["detail"].endswith(words)


@pytest.mark.parametrize("form", ["csv", "ndjson"])
def test_what_has_no_envelope_says_in_headers_what_one_would_say(house: House, form: str) -> None:
    """Who answered and whether it was the first choice, and what bars were rolled up from."""
    target = "/api/v1/data/ohlcv?symbol=BTCUSDT&interval=3m&limit=2"
    answer = house.ask(f"{target}&format={form}")
    body = house.ask(target).json
    said = {k.removeprefix("x-fks-"): v for k, v in answer.headers.items() if k[:6] == "x-fks-"}
    assert said == {
        "provider": body["provider"],
        "stale": "false",
        "substituted": "false",
        "demo": "false",
        "rolled-up-from": body["rolled_up_from"],
    }
    house.clock.advance(2)
    then = house.ask(f"{target}&format={form}&as_of={int(NOW) + 1}")
    assert "x-fks-stale" not in then.headers
    house.first.fault = ProviderUnavailable("No.", provider="paper")
    other = house.ask(f"/api/v1/data/ohlcv?symbol=ETHUSDT&limit=2&format={form}")
    assert (other.headers["x-fks-provider"], other.headers["x-fks-substituted"]) == (
        "spare",
        "true",
    )
