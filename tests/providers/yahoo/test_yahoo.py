"""Yahoo's charts: what is asked, and what is read."""

import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from adapters_out.provider_kit.calls import Call, Reply
from adapters_out.provider_kit.cells import Unreadable
from adapters_out.provider_kit.faults import UNREADABLE
from adapters_out.providers.yahoo import PROVIDER
from domain.errors import NotListed, RangeUnavailable
from domain.instrument import Instrument
from domain.interval import Interval
from domain.provider import BarsAsk, BarsPage
from domain.timerange import TimeRange
from tests.adapters_out.provider_kit.scripted import Bench, Script, in_virtual_time, ok
from tests.providers.reading import page_of

AAPL, BTC = Instrument.stock("AAPL"), Instrument.pair("BTC", "USD")
DAY = 86_400
assert PROVIDER.bars is not None
BARS = PROVIDER.bars


def at(text: str) -> int:
    """Unix seconds of a moment in UTC."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def page(body: bytes, ask: BarsAsk, now: float) -> BarsPage:
    """What a body says about a range."""
    return page_of(PROVIDER, body, ask, now)


def recorded(folder: Path, name: str, start: str, end: str, instrument: Instrument) -> BarsPage:
    """A recorded chart of days, read in 2025."""
    body = (folder / "yahoo" / name).read_bytes()
    ask = BarsAsk(instrument, Interval.D1, TimeRange(at(start), at(end)))
    found = page(body, ask, at("2025-02-20"))
    assert found.rejected == ()
    return found


def chart(ts: list[int], close: list[object], volume: object = None, **meta: object) -> bytes:
    """A chart whose rows are flat."""
    columns = dict.fromkeys(("open", "high", "low", "close"), close)
    quote = columns | {"volume": [100] * len(ts) if volume is None else volume}
    about: Mapping[str, object] = {
        "exchangeTimezoneName": "America/New_York",
        "priceHint": 2,
        "range": "",
        **meta,
    }
    result = {"meta": about, "timestamp": ts, "indicators": {"quote": [quote]}, "unknown": 1}
    return json.dumps({"chart": {"result": [result], "error": None}}).encode()


@pytest.mark.recordings
def test_a_recorded_day_is_stamped_with_its_date(recordings: Path) -> None:
    """It opened at 14:30 UTC; its prices are quarters of those that were paid."""
    found = recorded(recordings, "chart_1d__1.json", "2020-01-01", "2020-01-03", AAPL)
    bar = found.series.bar(0)
    assert len(found.series) == 1
    assert (bar.ts, bar.volume) == (at("2020-01-02"), 135480400.0)
    assert (bar.open, bar.high, bar.low, bar.close) == (74.06, 75.15, 73.7975, 75.0875)
    assert PROVIDER.capabilities.adjusted == "splits"


@pytest.mark.recordings
def test_recorded_days_across_a_change_of_clocks(recordings: Path) -> None:
    """49 days of autumn: 13:30 UTC until October, 14:30 in November."""
    found = recorded(recordings, "chart_1d_events__1.json", "2020-08-31", "2020-11-07", AAPL)
    assert len(found.series) == 49
    assert (found.series.ts % DAY == 0).all()
    assert (int(found.series.ts[0]), int(found.series.ts[-1])) == (
        at("2020-08-31"),
        at("2020-11-06"),
    )
    assert found.series.close[:3].tolist() == [129.04, 134.18, 131.4]
    assert found.series.high[1] == 134.8


@pytest.mark.recordings
def test_a_recorded_coin_has_no_volume(recordings: Path) -> None:
    """What is sent is dollars; the day after the range comes too and is no fault."""
    found = recorded(recordings, "chart_1d_crypto__1.json", "2020-01-01", "2020-01-03", BTC)
    assert found.series.ts.tolist() == [at("2020-01-01"), at("2020-01-02")]
    assert np.isnan(found.series.volume).all()
    assert found.series.close.tolist() == [7200.1743, 6985.47]


@pytest.mark.recordings
def test_recorded_pence_are_pounds(recordings: Path) -> None:
    """GBp: 1259.5 is 12.595."""
    ocado = Instrument.stock("OCDO.L")
    found = recorded(recordings, "chart_1d_gbp__1.json", "2020-01-01", "2020-01-03", ocado)
    bar = found.series.bar(0)
    assert (bar.ts, bar.open, bar.high, bar.low, bar.close) == (
        at("2020-01-02"),
        12.795,
        12.8657,
        12.58,
        12.595,
    )


@pytest.mark.recordings
def test_a_recorded_future_has_the_date_of_new_york(recordings: Path) -> None:
    """Stamped at midnight there."""
    gold = Instrument.stock("GC=F")
    found = recorded(recordings, "chart_1d_future__1.json", "2020-01-01", "2020-01-03", gold)
    assert found.series.ts.tolist() == [at("2020-01-02")]
    assert found.series.open.tolist() == [1518.1]


@pytest.mark.recordings
def test_a_recorded_row_of_nulls_is_a_gap(recordings: Path) -> None:
    """Dropped, not zero and not set aside; the volume of a fund is a zero that was sent."""
    body = (recordings / "yahoo/chart_1d_null__2.json").read_bytes()
    ask = BarsAsk(
        Instrument.stock("FBIIX"), Interval.D1, TimeRange(at("2022-02-22"), at("2022-03-01"))
    )
    found = page(body, ask, at("2022-03-02"))
    assert found.series.ts.tolist() == [at(f"2022-02-{day}") for day in (23, 24, 25)]
    assert found.series.close.tolist() == [9.69, 9.71, 9.69]
    assert found.series.volume.tolist() == [0.0, 0.0, 0.0]
    assert (found.rejected, found.covers) == ((), ask.range)


@pytest.mark.recordings
def test_a_recorded_weekend_is_an_empty_range(recordings: Path) -> None:
    """No times at all, and quotes without columns."""
    body = (recordings / "yahoo/chart_1m_empty__1.json").read_bytes()
    ask = BarsAsk(AAPL, Interval.M1, TimeRange(at("2025-02-01"), at("2025-02-02")))
    found = page(body, ask, at("2025-02-20"))
    assert (len(found.series), found.covers) == (0, ask.range)


def test_nothing_in_the_range_is_no_failure() -> None:
    """Status 400 and a sentence: before the first day there was nothing."""
    text = "Data doesn't exist for startDate = 0, endDate = 86400"
    trouble = {"code": "Bad Request", "description": text}
    body = json.dumps({"chart": {"result": None, "error": trouble}}).encode()
    ask = BarsAsk(AAPL, Interval.D1, TimeRange(0, 10 * DAY))
    assert page(body, ask, at("2025-02-20")).covers == ask.range


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        (34.45000076293945, 34.45),
        (0.09977699816226959, 0.099777),
        (75.0875015258789, 75.0875),
        (244.87, 244.87),
        (0.123456789012, 0.123456789012),
        (113.48999786376953, 113.49),
    ],
)
def test_single_precision_is_no_precision(sent: float, meant: float) -> None:
    """The noise goes, digits that mean something stay; a double is left as it is."""
    ask = BarsAsk(AAPL, Interval.M1, TimeRange(at("2025-02-18"), at("2025-02-19")))
    body = chart([at("2025-02-18 15:00")], [sent])
    assert page(body, ask, at("2025-02-20")).series.close.tolist() == [meant]


@pytest.mark.parametrize(
    ("zone", "stamp", "date"),
    [
        ("Australia/Sydney", "2025-02-17 23:00", "2025-02-18"),
        ("Asia/Tokyo", "2025-02-18 00:00", "2025-02-18"),
        ("Europe/Berlin", "2025-02-18 08:00", "2025-02-18"),
        ("America/New_York", "2025-02-18 14:30", "2025-02-18"),
        ("America/New_York", "2025-07-18 13:30", "2025-07-18"),
        ("Pacific/Auckland", "2025-02-17 21:00", "2025-02-18"),
    ],
)
def test_a_day_is_the_date_where_it_is_traded(zone: str, stamp: str, date: str) -> None:
    """Whatever UTC says; and it is asked for early enough."""
    span = TimeRange(at(date), at(date) + DAY)
    ask = BarsAsk(AAPL, Interval.D1, span)
    body = chart([at(stamp)], [1.5], exchangeTimezoneName=zone)
    assert page(body, ask, at("2025-08-20")).series.ts.tolist() == [at(date)]
    call = BARS.ask(ask)
    assert isinstance(call, Call)
    assert int(call.params["period1"]) <= at(stamp) <= int(call.params["period2"])


def test_weeks_and_months_open_on_their_first_day() -> None:
    """Weeks after a holiday or stamped on Sunday too."""
    weeks = [at("2025-02-03 05:00"), at("2025-02-09 14:00"), at("2025-02-18 14:30")]
    ask = BarsAsk(AAPL, Interval.W1, TimeRange(at("2025-02-03"), at("2025-02-24")))
    found = page(chart(weeks, [1.5, 2.5, 3.5]), ask, at("2025-03-20"))
    assert found.series.ts.tolist() == [at("2025-02-03"), at("2025-02-10"), at("2025-02-17")]
    months = [at("2025-01-01 05:00"), at("2025-02-01 05:00")]
    ask = BarsAsk(AAPL, Interval.MO1, TimeRange(at("2025-01-01"), at("2025-03-01")))
    found = page(chart(months, [1.5, 2.5]), ask, at("2025-03-20"))
    assert found.series.ts.tolist() == [at("2025-01-01"), at("2025-02-01")]


NOW = at("2025-02-18 15:30") + 37


def test_the_live_row_is_forming() -> None:
    """It stands off the grid at the time of the last trade."""
    ask = BarsAsk(AAPL, Interval.M1, TimeRange(at("2025-02-18 15:28"), at("2025-02-18 15:31")))
    ts = [at("2025-02-18 15:28"), at("2025-02-18 15:29"), NOW]
    found = page(chart(ts, [1.5, 2.5, 3.5], regularMarketTime=NOW), ask, float(NOW))
    assert found.series.close.tolist() == [1.5, 2.5]
    assert found.forming is not None
    assert (found.forming.ts, found.forming.close) == (at("2025-02-18 15:30"), 3.5)
    assert found.rejected == ()


def test_a_live_row_beside_its_bar_is_left_out() -> None:
    """The bar of that minute is there already."""
    ask = BarsAsk(AAPL, Interval.M1, TimeRange(at("2025-02-18 15:29"), at("2025-02-18 15:31")))
    ts = [at("2025-02-18 15:29"), at("2025-02-18 15:30"), NOW]
    found = page(chart(ts, [1.5, 2.5, 3.5], regularMarketTime=NOW), ask, float(NOW))
    assert (found.series.close.tolist(), found.rejected) == ([1.5], ())
    assert found.forming is not None
    assert found.forming.close == 2.5


def test_the_last_quote_of_a_day_is_no_bar() -> None:
    """At 16:00 sharp, without volume: hours later the minute after the close stays empty."""
    closed = at("2025-02-18 21:00")
    ask = BarsAsk(AAPL, Interval.M1, TimeRange(closed - 120, closed + 3600))
    ts = [closed - 120, closed - 60, closed]
    body = chart(ts, [1.5, 2.5, 2.5], [10, 10, 0], regularMarketTime=closed)
    found = page(body, ask, closed + 7200.0)
    assert found.series.ts.tolist() == ts[:2]
    assert found.covers == ask.range


def test_a_live_day_is_the_whole_day_and_no_longer_live_after_midnight() -> None:
    """While the date lasts it forms; the row of the open beside it gives way."""
    ask = BarsAsk(AAPL, Interval.D1, TimeRange(at("2025-02-14"), at("2025-02-19")))
    ts = [at("2025-02-14 14:30"), at("2025-02-18 14:30"), NOW]
    body = chart(ts, [1.5, 2.5, 3.5], regularMarketTime=NOW)
    today = page(body, ask, float(NOW))
    assert (today.series.close.tolist(), today.rejected) == ([1.5], ())
    assert today.forming is not None
    assert today.forming.close == 3.5
    assert page(body, ask, at("2025-02-19 01:00")).series.close.tolist() == [1.5, 3.5]


def test_a_live_week_is_what_was_and_what_is() -> None:
    """Two rows of one week become one."""
    ask = BarsAsk(AAPL, Interval.W1, TimeRange(at("2025-02-10"), at("2025-02-24")))
    ts = [at("2025-02-10 05:00"), at("2025-02-17 05:00"), NOW]
    body = chart(ts, [1.5, 2.5, 0.5], [1, 20, 3], regularMarketTime=NOW)
    found = page(body, ask, float(NOW))
    assert found.series.close.tolist() == [1.5]
    forming = found.forming
    assert forming is not None
    assert (forming.ts, forming.open, forming.high, forming.low, forming.close) == (
        at("2025-02-17"),
        2.5,
        2.5,
        0.5,
        0.5,
    )
    assert forming.volume == 23


def test_a_null_among_prices_costs_its_row() -> None:
    """It cannot be a bar and is set aside with a reason; a missing volume is not sent."""
    body: dict[str, Any] = json.loads(
        chart([at("2025-02-18 15:00"), at("2025-02-18 15:01")], [1, 2])
    )
    (quote,) = body["chart"]["result"][0]["indicators"]["quote"]
    quote["close"] = [None, 2]
    del quote["volume"]
    ask = BarsAsk(AAPL, Interval.M1, TimeRange(at("2025-02-18"), at("2025-02-19")))
    found = page(json.dumps(body).encode(), ask, at("2025-02-20"))
    assert found.series.ts.tolist() == [at("2025-02-18 15:01")]
    assert math.isnan(found.series.volume[0])
    assert [row.reason for row in found.rejected] == ["close: None is no number"]


@pytest.mark.parametrize(
    ("symbol", "path"),
    [
        (AAPL, "AAPL"),
        (Instrument.stock("BRK.B"), "BRK-B"),
        (Instrument.stock("VOD.L"), "VOD.L"),
        (Instrument.stock("7203.T"), "7203.T"),
        (Instrument.stock("^GSPC"), "%5EGSPC"),
        (Instrument.stock("GC=F"), "GC%3DF"),
        (BTC, "BTC-USD"),
        (Instrument.pair("SUI", "USD"), "SUI20947-USD"),
    ],
)
def test_instruments_are_spelled_its_way(symbol: Instrument, path: str) -> None:
    """In an address, and with the name of a browser, or it answers nothing."""
    call = BARS.ask(BarsAsk(symbol, Interval.M5, TimeRange(3_000, 6_000)))
    assert isinstance(call, Call)
    assert call.path == f"/v8/finance/chart/{path}"
    assert call.headers["user-agent"].startswith("Mozilla/5.0")
    assert call.params == {
        "interval": "5m",
        "period1": 3_000,
        "period2": 5_999,
        "includePrePost": "false",
    }


def test_a_symbol_with_a_slash_is_not_asked_for() -> None:
    """There are none, and a part of an address that is no symbol would answer something else."""
    with pytest.raises(NotListed, match="no slash"):
        BARS.ask(BarsAsk(Instrument.stock("BRK/B"), Interval.M5, TimeRange(3_000, 6_000)))


def test_the_symbol_arrives_as_it_was_meant() -> None:
    """Through the client, whose escapes are not escaped again."""
    script = Script(ok(chart([], [])))

    async def run() -> None:
        ask = BarsAsk(Instrument.stock("^GSPC"), Interval.D1, TimeRange(0, 10 * DAY))
        await Bench(script, PROVIDER, now=at("2025-02-20")).pages(ask)

    in_virtual_time(run())
    (request,) = script.requests
    assert request.url.raw_path.startswith(b"/v8/finance/chart/%5EGSPC?")
    assert request.headers["user-agent"].startswith("Mozilla/5.0")


def test_minutes_come_by_the_week() -> None:
    """No call asks for more than seven days; the pages join."""
    script = Script(ok(chart([], [])))
    end = at("2025-02-20")

    async def run() -> list[BarsPage]:
        bench = Bench(script, PROVIDER, now=end + 30.0)
        return await bench.pages(BarsAsk(AAPL, Interval.M1, TimeRange(end - 28 * DAY, end)))

    pages = in_virtual_time(run())
    spans = [(int(r.url.params["period1"]), int(r.url.params["period2"])) for r in script.requests]
    assert len(spans) == 5
    assert all(b - a < 7 * DAY for a, b in spans)
    assert (pages[0].covers.start, pages[-1].covers.end) == (end - 28 * DAY, end)


def test_it_answers_only_for_what_it_keeps() -> None:
    """Of five weeks of minutes the last thirty days; of last year's nothing, without a call."""
    script = Script(ok(chart([], [])))
    end = at("2025-02-20")

    async def run(start: int, stop: int) -> list[BarsPage]:
        bench = Bench(script, PROVIDER, now=end + 30.0)
        return await bench.pages(BarsAsk(AAPL, Interval.M1, TimeRange(start, stop)))

    pages = in_virtual_time(run(end - 35 * DAY, end))
    assert end - 30 * DAY < pages[0].covers.start <= end - 30 * DAY + 3660
    asked = len(script.requests)
    with pytest.raises(RangeUnavailable, match="30 days"):
        in_virtual_time(run(end - 400 * DAY, end - 399 * DAY))
    assert len(script.requests) == asked


def test_how_far_back_depends_on_the_interval() -> None:
    """Routing knows it, also of what is rolled up from them."""
    can, now = PROVIDER.capabilities, float(at("2025-02-20"))
    assert can.reaches(Interval.M1, int(now) - 29 * DAY, now)
    assert not can.reaches(Interval.M1, int(now) - 31 * DAY, now)
    assert can.reaches(Interval.H1, int(now) - 59 * DAY, now)
    assert not can.reaches(Interval.H1, int(now) - 61 * DAY, now)
    assert can.reaches(Interval.D1, 0, now)


@pytest.mark.parametrize(
    "body",
    [
        chart([at("2025-02-18 15:00")], [1.5], range="1d"),
        chart([at("2021-02-18 15:00")], [1.5]),
    ],
)
def test_the_chart_of_another_range_is_refused(body: bytes) -> None:
    """Of today, or of years ago: nobody may take it for what was asked."""
    ask = BarsAsk(AAPL, Interval.M1, TimeRange(at("2025-02-18"), at("2025-02-19")))
    with pytest.raises(Unreadable):
        BARS.read(Reply(200, body), ask)


@pytest.mark.parametrize(
    "body",
    [
        b'{"chart":{"result":null,"error":null}}',
        b'{"chart":{"result":[],"error":null}}',
        b'{"chart":{}}',
        b'{"finance":{}}',
        b'{"quoteResponse":{"result":[]}}',
        b'{"chart":{"result":[{"meta":{},"timestamp":[1],"indicators":{"quote":[{}]}}]}}',
        b'{"chart":{"result":[{"meta":{},"timestamp":[1],"indicators":{"quote":[]}}]}}',
        b'{"chart":{"result":[{"timestamp":[],"indicators":{"quote":[{}]}}]}}',
        b"[]",
        b"null",
    ],
)
def test_another_shape_is_never_an_empty_answer(body: bytes) -> None:
    """Only a chart without times is."""
    ask = BarsAsk(AAPL, Interval.M1, TimeRange(at("2025-02-18"), at("2025-02-19")))
    with pytest.raises(UNREADABLE):
        BARS.read(Reply(200, body), ask)
