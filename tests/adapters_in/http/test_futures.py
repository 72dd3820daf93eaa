"""The futures API over the real provider and the simulator."""

import json
import re

import pytest

from adapters_in.simulator.faults import Fault, FaultKind
from tests.adapters_in.http.futures_house import NOW, FuturesHouse
from tests.runner import Run

DAY = 86_400
NS = 10**9


@pytest.fixture
def pit(run: Run) -> FuturesHouse:
    """A service that has never been asked."""
    return FuturesHouse(run)


@pytest.mark.parametrize(
    ("target", "endpoint"),
    [
        ("contracts", "contracts"),
        ("contracts/ESZ5", "contract"),
        ("products", "products"),
        ("products/ES", "product"),
        ("products/ES/schedules", "product_schedules"),
        ("schedules", "schedules"),
        ("aggs/ESZ5", "aggs"),
        ("market-status", "market_status"),
        ("exchanges", "exchanges"),
        ("snapshot", "snapshot"),
    ],
)
def test_every_route_answers_in_the_same_envelope(
    pit: FuturesHouse, target: str, endpoint: str
) -> None:
    """Provider, kind, rows, what was asked, and where it goes on."""
    answer = pit.ask(target)
    assert answer.status == 200, answer.body
    found = answer.json
    assert {"provider", "endpoint_type", "data", "request", "next"} <= found.keys()
    assert (found["provider"], found["endpoint_type"]) == ("massive_futures", endpoint)
    assert found["data"]
    assert (found["cached"], found["stale"]) == (False, False)


def test_contracts_are_those_of_the_newest_day(pit: FuturesHouse) -> None:
    """Each once, although the list has a row for every day since 2018, and with our name."""
    found = pit.data("contracts?product_code=ES")
    assert [row["ticker"] for row in found] == ["ESZ5", "ESZ6", "ESH7"]
    assert [row["instrument"] for row in found] == ["ESZ2025", "ESZ2026", "ESH2027"]
    assert {row["date"] for row in found} == {"2025-11-18"}
    assert found[0]["last_trade_date"] == "2025-12-19"
    assert all("limit=1000" in call for call in pit.calls())


def test_a_snapshot_is_of_a_contract_a_product_or_all(pit: FuturesHouse) -> None:
    """Under either name of the contract; of an unknown one there is none."""
    (ours,), (theirs,) = pit.data("snapshot?ticker=ESZ2025"), pit.data("snapshot?ticker=esz5")
    assert ours == theirs
    assert (ours["ticker"], ours["product_code"], ours["settlement_date"]) == (
        *("ESZ5", "ES"),
        "2025-12-19",
    )
    assert ours["bid_price"] < ours["ask_price"]
    assert abs(ours["ts_ns"] - NOW * NS) < 2 * NS
    assert ours["ts"] == ours["ts_ns"] // NS
    assert ours["open_interest"] is None
    found = pit.data("snapshot?product_code=ES")
    assert {row["product_code"] for row in found} == {"ES"}
    assert len(found) < len(pit.data("snapshot?limit=1000"))
    assert pit.data("snapshot?ticker=ZZZZ9") == []


def test_one_contract_is_found_by_either_name(pit: FuturesHouse) -> None:
    """The exchange's ticker and ours; an unknown one is 404."""
    (ours,), (theirs,) = pit.data("contracts/ESZ2025"), pit.data("contracts/esz5")
    assert ours == theirs
    assert ours["ticker"] == "ESZ5"
    (far,) = pit.data("contracts/NQZ0")
    assert far["instrument"] == "NQZ2030"
    assert pit.ask("contracts/NQZ2020").status == 404
    assert pit.ask("contracts/ZZZZ9").status == 404
    spread = pit.ask("contracts/NQH7-NQM7")
    assert spread.status == 404
    assert "NQH7-NQM7" in spread.json["detail"]


def test_a_list_of_the_past_is_asked_for_by_its_day(pit: FuturesHouse) -> None:
    """As it was then."""
    found = pit.data("contracts?product_code=ES&as_of=2025-06-02")
    assert [row["ticker"] for row in found] == ["ESZ5"]
    assert found[0]["date"] == "2025-06-02"
    assert "date=2025-06-02" in pit.calls()[0]


def test_an_order_that_mixes_days_is_given_of_one_day(pit: FuturesHouse) -> None:
    """By ticker the rows of all days of one contract would come first."""
    found = pit.data("contracts?sort=ticker.desc")
    tickers = [row["ticker"] for row in found]
    assert tickers == sorted(tickers, reverse=True)
    assert len(tickers) == len(set(tickers)) > 4


def test_the_pages_of_a_list_are_disjoint_and_whole(pit: FuturesHouse) -> None:
    """`next` leads through them, as does the link."""
    whole = pit.data("contracts?limit=1000")
    rows, target = [], "contracts?limit=3"
    for _ in range(9):
        answer = pit.ask(target)
        rows += answer.json["data"]
        if answer.json["next"] is None:
            assert "link" not in answer.headers
            break
        target = f"contracts?limit=3&cursor={answer.json['next']}"
        assert answer.headers["link"] == f'</api/v1/futures/{target}>; rel="next"'
    assert [row["ticker"] for row in rows] == [row["ticker"] for row in whole]


def test_events_come_once(pit: FuturesHouse) -> None:
    """The provider repeats them for spreads."""
    found = pit.data("products/ES/schedules?session_end_date=2025-11-18")
    assert [row["event"] for row in found] == ["pre_open", "open", "close"]
    assert {row["product_code"] for row in found} == {"ES"}
    assert found[2]["ts"] == 1763499600


def test_a_product_has_its_multiplier(pit: FuturesHouse) -> None:
    """By its code in any case; an unknown one is 404."""
    (found,) = pit.data("products/es")
    assert (found["product_code"], found["unit_of_measure_qty"]) == ("ES", 50)
    assert pit.ask("products/NOPE").status == 404


def test_what_is_fresh_is_not_asked_for_again(pit: FuturesHouse) -> None:
    """The same question is answered from the store; another one is asked."""
    pit.ask("contracts?product_code=ES")
    again = pit.ask("contracts?product_code=ES")
    assert (again.json["cached"], len(pit.calls())) == (True, 1)
    pit.ask("contracts?product_code=GC")
    assert len(pit.calls()) == 2
    pit.clock.advance(7 * 3600)
    assert pit.ask("contracts?product_code=ES").json["cached"] is False


def test_what_is_stored_is_served_while_the_provider_is_down(pit: FuturesHouse) -> None:
    """Marked stale, with its age; what was never asked is 503 with a reason."""
    pit.ask("exchanges")
    pit.clock.advance(2 * DAY)
    pit.trouble(503)
    found = pit.ask("exchanges").json
    assert (found["stale"], found["cached"]) == (True, True)
    assert found["age_s"] >= 2 * DAY
    assert len(found["data"]) == 4
    refused = pit.ask("products")
    assert refused.status == 503
    assert refused.json["attempts"][0]["provider"] == "massive_futures"


@pytest.mark.parametrize("status", [401, 403, 429, 500])
@pytest.mark.parametrize("target", ["products", "aggs/ESZ5", "aggs/ESZ5?resolution=10min"])
def test_a_refusal_by_the_provider_is_our_503(pit: FuturesHouse, status: int, target: str) -> None:
    """With its reason, whatever was asked."""
    pit.trouble(status)
    refused = pit.ask(target)
    assert refused.status == 503
    (attempt,) = refused.json["attempts"]
    assert attempt["provider"] == "massive_futures"
    assert "a-key-of-ours" not in refused.body.decode()


@pytest.mark.parametrize("target", ["contracts", "contracts/ESZ5", "exchanges"])
def test_without_a_key_the_missing_one_is_named(run: Run, target: str) -> None:
    """503, and nothing is sent."""
    pit = FuturesHouse(run, key=None)
    refused = pit.ask(target)
    assert refused.status == 503
    assert "MASSIVE_API_KEY" in refused.json["detail"]
    assert pit.calls() == []


@pytest.mark.parametrize(
    "target",
    [
        "contracts?limit=0",
        "contracts?limit=1001",
        "contracts?limit=3&limit=4",
        "contracts?nope=1",
        "contracts?type=other",
        "contracts?active=perhaps",
        "contracts?as_of=yesterday",
        "contracts?as_of=2025-02-30",
        "contracts?first_trade_date=1",
        "contracts?sort=price.asc",
        "contracts?cursor=b1-3",
        "contracts?cursor=f1-9999999999999999999",
        "contracts?cursor=f1-4110000000000000000",
        "contracts/ESZ5?limit=1",
        "products?sector=%00",
        "schedules?session_end_date=2025",
        "market-status?limit=a",
        "exchanges?limit=1000",
        "aggs/ESZ5?limit=50001",
        "aggs/ESZ5?resolution=many",
        "aggs/ESZ5?window_start=nan",
        "aggs/ESZ5?window_start_gte=1763474430000",
        "aggs/ESZ5?sort=window_start",
        "aggs/ESZ5?sort=timestamp.desc",
    ],
)
def test_what_cannot_be_meant_is_refused(pit: FuturesHouse, target: str) -> None:
    """400 with a hint; nothing is clamped, nobody is asked."""
    refused = pit.ask(target)
    assert refused.status == 400, refused.body
    assert refused.headers["content-type"] == "application/problem+json"
    assert pit.calls() == []


def test_a_length_that_nobody_has_is_not_offered(pit: FuturesHouse) -> None:
    """60 minutes are an hour."""
    refused = pit.ask("aggs/ESZ5?resolution=60min")
    assert (refused.status, pit.calls()) == (422, [])


@pytest.mark.parametrize("resolution", ["9month", "7session", "99year"])
def test_a_length_that_the_provider_refuses_is_not_offered(
    pit: FuturesHouse, resolution: str
) -> None:
    """It alone knows which counts of a unit there are; asking again would not help."""
    refused = pit.ask(f"aggs/ESZ5?resolution={resolution}")
    assert refused.status == 422
    assert refused.json["type"].endswith(":unsupported-interval")
    assert refused.json["parameter"] == "resolution"
    assert f"no aggregates of {resolution}" in refused.json["detail"]


def test_aggregates_are_newest_first_and_those_of_the_bars(pit: FuturesHouse) -> None:
    """The same numbers as on the main route, with what futures have besides; stored together."""
    rows = pit.data("aggs/ESZ5?limit=5")
    assert [row["ts"] for row in rows] == sorted((row["ts"] for row in rows), reverse=True)
    bars = pit.ask("/api/v1/data/ohlcv?symbol=ESZ2025&interval=1m&limit=5").json
    assert bars["provider"] == "massive_futures"
    for row, bar in zip(reversed(rows), bars["data"], strict=True):
        assert {k: row[k] for k in ("ts", "open", "high", "low", "close", "volume")} == {
            k: bar[k] for k in ("ts", "open", "high", "low", "close", "volume")
        }
    first = rows[0]
    assert first["ts_ns"] == first["ts"] * NS
    assert first["ticker"] == "ESZ5"
    assert first["session_end_date"] == "2025-11-18"
    assert isinstance(first["volume"], int)
    assert first["transactions"] > 0
    assert first["dollar_volume"] > 0
    assert first["settlement_price"] is None
    assert len(pit.calls()) == 1


def test_sessions_are_stamped_with_their_date_and_have_a_settlement(pit: FuturesHouse) -> None:
    """00:00 UTC of the session's date, whatever the provider stamps."""
    query = "resolution=1session&window_start_gte=2025-11-10&window_start_lte=2025-11-13"
    rows = pit.data(f"aggs/ESZ5?{query}&sort=window_start.asc")
    days = ["2025-11-10", "2025-11-11", "2025-11-12", "2025-11-13"]
    assert [row["session_end_date"] for row in rows] == days
    assert [row["ts"] % DAY for row in rows] == [0, 0, 0, 0]
    assert all(row["settlement_price"] == row["close"] for row in rows)
    again = pit.ask(f"aggs/ESZ5?{query}&sort=window_start.asc").json
    assert (again["cached"], again["data"]) == (True, rows)
    assert len(pit.calls()) == 1


def test_aggregates_go_on_either_way(pit: FuturesHouse) -> None:
    """Page by page without a hole or a repetition, from the end or from the start."""
    span = "resolution=1hour&window_start_gte=2025-11-12&window_start_lt=2025-11-13"
    whole = [row["ts"] for row in pit.data(f"aggs/ESZ5?{span}&limit=100")]
    assert len(whole) == 23
    for order, expected in (("desc", whole), ("asc", whole[::-1])):
        target = f"aggs/ESZ5?{span}&limit=10&sort=window_start.{order}"
        assert walked(pit, target) == expected
        assert walked(pit, target.replace("limit=10", "limit=1")) == expected


def walked(pit: FuturesHouse, target: str) -> list[int]:
    """The moments on all pages; whoever is told of a next page finds one."""
    found: list[int] = []
    cursor = ""
    while True:
        answer = pit.ask(target + cursor)
        assert answer.status == 200, answer.body
        found += [row["ts_ns"] // NS for row in answer.json["data"]]
        if answer.json["next"] is None:
            return found
        cursor = f"&cursor={answer.json['next']}"


def test_the_first_aggregates_of_all_begin_with_the_contract(pit: FuturesHouse) -> None:
    """Ascending without a bound: from its first day of trading."""
    rows = pit.data("aggs/ESZ6?resolution=1session&sort=window_start.asc&limit=2")
    assert [row["session_end_date"] for row in rows] == ["2025-06-20", "2025-06-23"]


def test_other_lengths_are_answered_as_they_are(pit: FuturesHouse) -> None:
    """Ten minutes are no interval of ours; the answer is kept for a minute."""
    rows = pit.data("aggs/ESZ5?resolution=10min&limit=3")
    assert [row["ts"] % 600 for row in rows] == [0, 0, 0]
    assert rows[0]["ts"] > rows[1]["ts"]
    again = pit.ask("aggs/ESZ5?resolution=10min&limit=3").json
    assert again["cached"] is True
    months = pit.data("aggs/ESZ5?resolution=1month&limit=2")
    assert len(months) == 2


def test_an_unknown_contract_has_no_aggregates(pit: FuturesHouse) -> None:
    """404 for a length of ours and for another."""
    assert pit.ask("aggs/ESZ2019").status == 404
    assert pit.ask("aggs/NOPE?resolution=10min").status == 404


@pytest.mark.parametrize(
    "target",
    [
        "aggs/CLZ6?window_start_gte=2029-07-02",
        "aggs/CLZ6?window_start_gte=2026-11-29",
        "aggs/CLZ6?window_start_lt=704003692&sort=window_start.asc",
        "aggs/ESZ6?window_start_gte=2029-07-02",
        "aggs/ESZ6?window_start_gte=1793000000000000001&window_start_lt=1793000000000000009",
        "/api/v1/data/ohlcv?symbol=CLZ2026&start=2026-11-29",
    ],
)
def test_where_nothing_can_be_there_is_no_data(run: Run, target: str) -> None:
    """In the future, behind the last day of trading or before the first: 404, not 400."""
    pit = FuturesHouse(run, now=1_796_000_000.0)  # 2026-11-30
    refused = pit.ask(target)
    assert refused.status == 404, refused.body
    assert refused.json["type"].endswith(":no-data")


@pytest.mark.parametrize("range_", ["", "&start=2015-11-02", "&start=2015-11-02&end=2015-11-03"])
def test_a_contract_that_nobody_lists_is_unknown(pit: FuturesHouse, range_: str) -> None:
    """No range would help; others of its product are offered from the lists that are held."""
    target = f"/api/v1/data/ohlcv?symbol=ESZ2015&interval=1m{range_}"
    refused = pit.ask(target)
    assert refused.status == 404, refused.body
    assert refused.json["type"].endswith(":unknown-instrument")
    assert refused.json["detail"] == "massive_futures lists no contract ESZ2015."
    assert pit.ask("/api/v1/data/symbols?q=ES").status == 200
    assert "ESZ2025" in pit.ask(target).json["did_you_mean"]


def test_whether_a_contract_is_listed_is_asked_once(pit: FuturesHouse) -> None:
    """And one that is listed stays known, however quiet."""
    for day in (2, 3, 4):
        pit.ask(f"/api/v1/data/ohlcv?symbol=ESZ2015&start=2015-11-0{day}&end=2015-11-0{day + 1}")
    assert len([call for call in pit.calls() if "/contracts" in call]) == 1
    quiet = pit.ask("/api/v1/data/ohlcv?symbol=ESZ2025&start=2021-11-15&end=2021-11-16")
    assert quiet.json["type"].endswith(":no-data")


@pytest.mark.parametrize("status", [404, 500])
def test_who_cannot_tell_makes_no_contract_unknown(pit: FuturesHouse, status: int) -> None:
    """The list is out of reach, the bars are not: there are none, and no more is said."""
    fault = Fault(
        FaultKind("status"), provider="massive_futures", path="/futures/v1/contracts", status=status
    )
    pit.simulator.faults.add(fault, pit.clock.monotonic())
    quiet = pit.ask("/api/v1/data/ohlcv?symbol=ESZ2015&start=2015-11-02&end=2015-11-03")
    assert quiet.json["type"].endswith(":no-data")


def test_the_latest_bars_of_an_expired_contract_are_its_last(run: Run) -> None:
    """A year later, by either name; the price is that of its last trade."""
    pit = FuturesHouse(run, now=NOW + 365 * DAY)
    for symbol in ("ESZ2025", "ESZ5"):
        answer = pit.ask(f"/api/v1/data/ohlcv?symbol={symbol}&interval=1m&limit=50")
        assert answer.status == 200, answer.body
        found = json.loads(answer.body)
        assert found["instrument"] == "ESZ2025"
        assert len(found["data"]) == 50
        assert found["data"][-1]["ts"] == 1766156340  # 2025-12-19 14:59 UTC
        assert found["stale"] is False
    rows = pit.data("aggs/ESZ5?resolution=1session&limit=3")
    assert rows[0]["session_end_date"] == "2025-12-19"
    assert pit.ask("/api/v1/data/price?symbol=ESZ5").status == 200


def test_a_contract_that_ended_before_its_month_is_looked_up(run: Run) -> None:
    """Crude oil of December ends in November: its last bars are found all the same."""
    pit = FuturesHouse(run, now=1_796_000_000.0)  # 2026-11-30
    answer = pit.ask("/api/v1/data/ohlcv?symbol=CLZ2026&interval=1m&limit=20")
    assert answer.status == 200, answer.body
    assert answer.json["data"][-1]["ts"] == 1795186740  # 2026-11-20 14:59 UTC


def test_trades_are_the_newest_first_and_stored(pit: FuturesHouse) -> None:
    """With the venue's nanoseconds and session; asked again they come from the store."""
    span = "timestamp=2025-11-18&limit=40"
    rows = pit.data(f"trades/ESZ5?{span}")
    assert len(rows) == 40
    assert [row["ts_ns"] for row in rows] == sorted((r["ts_ns"] for r in rows), reverse=True)
    assert all(row["ts"] == row["ts_ns"] // NS for row in rows)
    assert {row["ticker"] for row in rows} == {"ESZ5"}
    assert {row["session_end_date"] for row in rows} == {"2025-11-18"}
    assert all(isinstance(row["size"], int) and row["size"] > 0 for row in rows)


def test_trades_of_a_moment_go_on_either_way(pit: FuturesHouse) -> None:
    """The pages of a minute that is over join without a hole, and are asked for once."""
    moment = 1_763_474_280  # 13:58:00
    whole = pit.data(f"trades/ESZ5?timestamp={moment}&limit=1000&sort=timestamp.asc")
    assert whole
    assert {row["ts"] for row in whole} == {moment}
    asked = len(pit.calls())
    again = pit.ask(f"trades/ESZ5?timestamp={moment}&limit=1000&sort=timestamp.asc").json
    assert again["data"] == whole
    assert (again["cached"], len(pit.calls())) == (True, asked)
    for order in ("asc", "desc"):
        target = f"trades/ESZ5?timestamp={moment}&limit=1&sort=timestamp.{order}"
        assert walked(pit, target) == [moment] * len(whole)


@pytest.mark.timeout(15)
@pytest.mark.parametrize("moment", [1_763_474_280 * NS, 4_061_541_393_831_411_894])
def test_a_cursor_skips_no_more_than_there_is(pit: FuturesHouse, moment: int) -> None:
    """Nobody reads a million trades because a made-up cursor says that they were shown."""
    rows = pit.data(f"trades/ESZ5?limit=5&cursor=f1-{moment}-900000")
    assert len(rows) == 5
    assert rows[0]["ts_ns"] <= moment
    asked = [int(limit) for call in pit.calls() for limit in re.findall(r"limit=(\d+)", call)]
    assert sum(asked) < 51_000


def test_trades_of_a_session_are_of_that_session(pit: FuturesHouse) -> None:
    """Whatever the day of their moment."""
    target = "trades/NQZ0?session_end_date=2025-11-17&limit=20"
    rows = pit.data(target)
    assert {row["session_end_date"] for row in rows} == {"2025-11-17"}
    first = pit.data(f"{target}&sort=timestamp.asc")
    assert first[0]["ts_ns"] < rows[-1]["ts_ns"]


def test_the_empty_side_of_a_quote_is_null(pit: FuturesHouse) -> None:
    """Neither 0 nor left out."""
    rows = pit.data("quotes/ESZ5?timestamp=2025-11-18&limit=200")
    assert len(rows) == 200
    empty = [row for row in rows if row["ask_price"] is None]
    assert empty
    assert all(row["ask_size"] is None and row["bid_price"] > 0 for row in empty)
    full = [row for row in rows if row["ask_price"] is not None]
    assert all(row["ask_price"] > row["bid_price"] for row in full)


def test_ticks_that_are_not_there_are_404(pit: FuturesHouse) -> None:
    """Of a weekend, of a spread, of an unknown contract; a plan without them is 503."""
    assert pit.ask("trades/ESZ5?timestamp=2025-11-15").status == 404
    assert pit.ask("trades/NQH7-NQM7").status == 404
    assert pit.ask("quotes/ESZ2019").status == 404
    pit.trouble(403)
    refused = pit.ask("trades/ESZ6")
    assert refused.status == 503
    assert refused.json["attempts"][0]["code"] == "not-entitled"
