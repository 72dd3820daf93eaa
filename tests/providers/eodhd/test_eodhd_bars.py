"""EODHD's days and minutes: what is asked, what is read, what a plan cuts off."""

import json
import math
from pathlib import Path

import httpx
import numpy as np
import pytest

from adapters_out.provider_kit.calls import Call, Reply, most_bytes
from adapters_out.provider_kit.faults import UNREADABLE
from adapters_out.provider_kit.kit_provider import ProviderSettings
from adapters_out.providers.eodhd import PROVIDER
from domain.coverage import GapReason
from domain.errors import MalformedPayload, RangeUnavailable
from domain.instrument import Instrument
from domain.interval import Interval
from domain.provider import BarsAsk, BarsPage
from domain.secret import Secret
from domain.timerange import TimeRange
from tests.adapters_out.provider_kit.scripted import Bench, Script, in_virtual_time, ok
from tests.providers.reading import LATER, date, dates, page_of

MCD = Instrument.stock("MCD")
BTC = Instrument.pair("BTC", "USD")
DAY = 86_400
assert PROVIDER.bars is not None
BARS = PROVIDER.bars
KEYED = ProviderSettings(api_key=Secret("key-of-ours"))


def days(first: str, end: str, interval: Interval = Interval.D1) -> BarsAsk:
    """A question for days of a stock."""
    return BarsAsk(MCD, interval, TimeRange(date(first), date(end)))


def page(body: bytes, ask: BarsAsk, now: float = LATER) -> BarsPage:
    """What a body says."""
    return page_of(PROVIDER, body, ask, now)


def row(day: str, **change: object) -> dict[str, object]:
    """A day."""
    prices = {"open": 2, "high": 4.5, "low": 1, "close": 3.25, "adjusted_close": 3, "volume": 10}
    return {"date": day, **prices} | change


def minute(ts: int, **change: object) -> dict[str, object]:
    """A minute."""
    prices = {"open": 2, "high": 4.5, "low": 1, "close": 3.25, "volume": 10}
    return {"timestamp": ts, "gmtoffset": 0, "datetime": "x", **prices} | change


def body_of(*rows: dict[str, object]) -> bytes:
    """An answer."""
    return json.dumps(rows).encode()


@pytest.mark.recordings
@pytest.mark.parametrize("name", ["eod__1.json", "eod_gbond__1.json"])
def test_recorded_days_are_read_right(recordings: Path, name: str) -> None:
    """Raw prices by the date of the session; a bond has volume 0, which is no average of 0."""
    body = (recordings / "eodhd" / name).read_bytes()
    found = page(body, days("2023-01-01", "2023-01-11"))
    sent = json.loads(body)
    assert dates(found.series) == [one["date"] for one in sent]
    for bar, one in zip(found.series, sent, strict=True):
        assert (bar.open, bar.high, bar.low) == (one["open"], one["high"], one["low"])
        assert (bar.close, bar.volume, bar.vwap) == (one["close"], one["volume"], None)
    assert found.covers == TimeRange(date("2023-01-01"), date("2023-01-11"))
    assert found.rejected == ()


@pytest.mark.recordings
def test_recorded_minutes_are_read_right(recordings: Path) -> None:
    """Six minutes of 2019 in UTC."""
    body = (recordings / "eodhd" / "intraday__1.json").read_bytes()
    ask = BarsAsk(Instrument.stock("AAPL"), Interval.M1, TimeRange(1564752900, 1564753260))
    found = page(body, ask)
    sent = json.loads(body)
    assert found.series.ts.tolist() == [one["timestamp"] for one in sent]
    assert found.series.close.tolist() == [one["close"] for one in sent]
    assert found.series.volume.tolist() == [one["volume"] for one in sent]
    assert found.covers == ask.range


@pytest.mark.recordings
def test_a_recorded_warning_says_where_the_plan_ends(recordings: Path) -> None:
    """Before the first row nothing was answered, behind it everything."""
    body = (recordings / "eodhd" / "eod_free_warning__1.json").read_bytes()
    found = page(body, days("2020-01-01", "2025-04-24"))
    assert dates(found.series) == ["2025-04-22", "2025-04-23"]
    assert found.covers == TimeRange(date("2025-04-22"), date("2025-04-24"))
    assert found.rejected == ()


@pytest.mark.recordings
@pytest.mark.parametrize("name", ["eod__2.csv", "eod_bulk_last_day__2.csv"])
def test_recorded_tables_of_text_are_no_answer(recordings: Path, name: str) -> None:
    """JSON was asked for: a CSV is unreadable, never empty."""
    body = (recordings / "eodhd" / name).read_bytes()
    with pytest.raises(UNREADABLE):
        BARS.read(Reply(200, body), days("2023-01-01", "2023-01-11"))


def test_days_are_asked_by_date() -> None:
    """Both ends inclusive; JSON must be asked for, and no more than so many rows is read."""
    asked = {
        interval: BARS.ask(days("2023-01-02", end, interval))
        for interval, end in ((Interval.D1, "2023-01-06"), (Interval.W1, "2023-01-16"))
    }
    params: dict[str, str | int] = {"period": "d", "order": "a", "fmt": "json"}
    params |= {"from": "2023-01-02", "to": "2023-01-05"}
    weeks = params | {"period": "w", "to": "2023-01-15"}
    assert asked[Interval.D1] == Call("/eod/MCD.US", params, max_bytes=most_bytes(4))
    assert asked[Interval.W1] == Call("/eod/MCD.US", weeks, max_bytes=most_bytes(2))


def test_minutes_are_asked_in_seconds_and_cost_five() -> None:
    """The end is inclusive: one less."""
    call = BARS.ask(BarsAsk(BTC, Interval.H1, TimeRange(3600, 10_800)))
    params: dict[str, str | int] = {"interval": "1h", "fmt": "json", "from": 3600, "to": 10_799}
    assert call == Call("/intraday/BTC-USD.CC", params, weight=5, max_bytes=most_bytes(2))


@pytest.mark.parametrize(
    ("ticker", "symbol"), [("AAPL", "AAPL.US"), ("BRK.B", "BRK-B.US"), ("BF.A", "BF-A.US")]
)
def test_how_it_spells(ticker: str, symbol: str) -> None:
    """A hyphen for the share class, the exchange behind the dot."""
    ask = BarsAsk(Instrument.stock(ticker), Interval.D1, TimeRange(0, DAY))
    call = BARS.ask(ask)
    assert isinstance(call, Call)
    assert call.path == f"/eod/{symbol}"


@pytest.mark.parametrize(
    ("interval", "longest"), [(Interval.M1, 120), (Interval.M5, 600), (Interval.H1, 7200)]
)
@pytest.mark.parametrize("forming", [False, True])
def test_no_stretch_is_longer_than_allowed(
    interval: Interval, longest: int, *, forming: bool
) -> None:
    """Windows of so many days; days need none. The running bar has a place."""
    ask = BarsAsk(MCD, interval, TimeRange(0, 20_000 * DAY), forming=forming)
    span = BARS.page(ask)
    assert span == TimeRange(0, longest * DAY - forming * interval.seconds)
    short = BarsAsk(MCD, interval, TimeRange(0, DAY))
    assert BARS.page(short) == short.range
    everything = BarsAsk(MCD, Interval.D1, TimeRange(0, 20_000 * DAY))
    assert BARS.page(everything) == everything.range


def test_a_year_of_minutes_is_walked_in_windows() -> None:
    """Four questions, without a hole between them."""
    start = date("2022-01-01")
    span = TimeRange(start, start + 365 * DAY)
    script = Script(ok("[]"))

    async def run() -> list[BarsPage]:
        bench = Bench(script, PROVIDER, KEYED, now=LATER)
        return await bench.pages(BarsAsk(BTC, Interval.M1, span))

    pages = in_virtual_time(run())
    asked = [(int(r.url.params["from"]), int(r.url.params["to"])) for r in script.requests]
    assert len(asked) == 4
    assert [first for first, _ in asked[1:]] == [last + 1 for _, last in asked[:-1]]
    assert (pages[0].covers.start, pages[-1].covers.end) == (span.start, span.end)


def test_weeks_and_months_are_told_by_a_day_in_them() -> None:
    """Whichever it is: the first session, or the last."""
    weeks = days("2023-01-02", "2023-01-16", Interval.W1)
    found = page(body_of(row("2023-01-03"), row("2023-01-13")), weeks)
    assert dates(found.series) == ["2023-01-02", "2023-01-09"]
    months = days("2023-01-01", "2023-03-01", Interval.MO1)
    found = page(body_of(row("2023-01-31"), row("2023-02-01")), months)
    assert dates(found.series) == ["2023-01-01", "2023-02-01"]


def test_rows_in_which_nobody_traded_become_gaps() -> None:
    """Nulls are left out; a volume that is null is absent; numbers may be texts."""
    nothing = dict.fromkeys(("open", "high", "low", "close", "volume"))
    rows = (minute(60), minute(120, **nothing), minute(180, volume=None, open="2", extra=1))
    found = page(body_of(*rows), BarsAsk(BTC, Interval.M1, TimeRange(60, 240)))
    assert found.series.ts.tolist() == [60, 180]
    assert (found.covers, found.rejected) == (TimeRange(60, 240), ())
    assert math.isnan(found.series.volume[1])
    assert PROVIDER.capabilities.holes is GapReason.NO_TRADES


@pytest.mark.parametrize(
    "bad", [{"close": None}, {"close": "NA"}, {"date": "0000-00-00"}, {"date": None}, {"low": 9}]
)
def test_a_row_that_is_no_bar_costs_itself(bad: dict[str, object]) -> None:
    """It is set aside with a reason."""
    found = page(
        body_of(row("2023-01-03", **bad), row("2023-01-04")), days("2023-01-03", "2023-01-05")
    )
    assert dates(found.series) == ["2023-01-04"]
    assert len(found.rejected) == 1


def test_the_days_of_a_free_plan_end_a_year_back() -> None:
    """A lone warning: the range is not kept, which is no emptiness."""
    script = Script(
        ok('[{"warning":"Data is limited by one year as you have free subscription."}]')
    )

    async def run() -> list[BarsPage]:
        bench = Bench(script, PROVIDER, KEYED, now=float(date("2023-06-01")))
        return await bench.pages(days("2020-01-01", "2020-02-01"))

    with pytest.raises(RangeUnavailable):
        in_virtual_time(run())


def test_the_last_day_of_a_stock_may_come_yet() -> None:
    """It is published hours after the close: what is missing there is no day without trades."""
    now = float(date("2023-01-05") + 600)  # Thursday
    ask = days("2023-01-03", "2023-01-05")
    waiting = page(body_of(row("2023-01-03")), ask, now)
    there = page(body_of(row("2023-01-03"), row("2023-01-04")), ask, now)
    assert waiting.covers == there.covers == ask.range
    assert (waiting.published, there.published) == (date("2023-01-04"), date("2023-01-05"))
    hours = BarsAsk(MCD, Interval.H1, ask.range)
    afternoon = minute(date("2023-01-03") + 15 * 3600)
    assert page(body_of(afternoon), hours, now).published == date("2023-01-04")
    coin = BarsAsk(BTC, Interval.H1, ask.range)
    assert page(body_of(), coin, now).published is None


def test_nothing_comes_on_a_weekend() -> None:
    """After Friday the next is Monday, but for the last hour of New York's Friday in winter."""
    sunday = float(date("2023-01-08") + 43_200)
    ask = days("2023-01-05", "2023-01-08")
    told = page(body_of(row("2023-01-05"), row("2023-01-06")), ask, sunday)
    assert told.published == date("2023-01-09")
    saturday = float(date("2023-01-07") + 7200)
    hours = BarsAsk(MCD, Interval.H1, TimeRange(date("2023-01-06"), date("2023-01-07") + 7200))
    for last, expected in ((23, date("2023-01-07")), (24, date("2023-01-09"))):
        body = body_of(minute(date("2023-01-06") + last * 3600))
        assert page(body, hours, saturday).published == expected


@pytest.mark.parametrize("body", ["{}", "null", '"x"', "[1]", "[[1]]", '{"data":[]}', "12.5"])
def test_another_shape_is_never_an_empty_answer(body: str) -> None:
    """Days and minutes refuse it; an empty list is an honest answer."""
    for ask in (days("2023-01-03", "2023-01-05"), BarsAsk(BTC, Interval.M1, TimeRange(60, 120))):
        with pytest.raises(UNREADABLE):
            BARS.read(Reply(200, body.encode()), ask)
    assert len(page(b"[]", days("2023-01-03", "2023-01-05")).series) == 0


def test_the_key_goes_into_the_address_and_nowhere_else() -> None:
    """The one way that it knows; a sentence about a failure does not repeat it."""
    script = Script(httpx.Response(200, text="no JSON: api_token=key-of-ours"))

    async def run() -> None:
        bench = Bench(script, PROVIDER, KEYED, now=LATER)
        await bench.pages(days("2023-01-03", "2023-01-05"))

    with pytest.raises(MalformedPayload) as failed:
        in_virtual_time(run())
    (first, *_) = script.requests
    assert first.url.params["api_token"] == "key-of-ours"
    assert "authorization" not in first.headers
    assert "key-of-ours" not in str(failed.value)


@pytest.mark.parametrize("interval", [Interval.D1, Interval.W1, Interval.MO1])
def test_days_that_look_alike_are_read_as_one_by_one(interval: Interval) -> None:
    """At once or, with blanks between the cells, row by row."""
    rows = [row("2026-03-02"), row("2026-05-13", close=3.5)]
    spaced, compact = body_of(*rows), json.dumps(rows, separators=(",", ":")).encode()
    ask = days("2026-03-01", "2026-06-01", interval)
    read, same = (BARS.read(Reply(200, body), ask) for body in (spaced, compact))
    for ours, theirs in zip(read.columns(), same.columns(), strict=True):
        assert np.array_equal(ours, theirs, equal_nan=True)


@pytest.mark.parametrize("day", ["2026-02-30", "2026-5-1", "NaT", "today", ""])
def test_a_day_that_is_none_costs_its_row(day: str) -> None:
    """The others are read."""
    body = json.dumps([row("2026-03-02"), row(day)], separators=(",", ":")).encode()
    sheet = BARS.read(Reply(200, body), days("2026-03-01", "2026-03-10"))
    assert list(sheet.unread) == [1]
