"""Polygon's aggregates: what is asked, what is read, whose day it is."""

import json
import math
from pathlib import Path

import httpx
import pytest

from adapters_out.provider_kit.calls import Call, Question, Reply, most_bytes
from adapters_out.provider_kit.cells import Unreadable
from adapters_out.provider_kit.faults import UNREADABLE
from adapters_out.provider_kit.kit_provider import ProviderSettings
from adapters_out.providers.polygon import PROVIDER
from domain.coverage import GapReason
from domain.errors import MalformedPayload, NotListed
from domain.instrument import Instrument
from domain.interval import Interval
from domain.provider import BarsAsk, BarsPage
from domain.secret import Secret
from domain.timerange import TimeRange
from tests.adapters_out.provider_kit.scripted import Bench, Script, in_virtual_time, ok
from tests.providers.reading import LATER, date, dates, page_of

AAPL = Instrument.stock("AAPL")
BTC = Instrument.pair("BTC", "USD")
DAY = 86_400
assert PROVIDER.bars is not None
BARS = PROVIDER.bars
PAID = ProviderSettings(api_key=Secret("key-of-ours"), rpm=0)


def days(first: str, end: str, interval: Interval = Interval.D1) -> BarsAsk:
    """A question for days of Apple."""
    return BarsAsk(AAPL, interval, TimeRange(date(first), date(end)))


def page(body: bytes, ask: BarsAsk, now: float = LATER) -> BarsPage:
    """What a body says."""
    return page_of(PROVIDER, body, ask, now)


def body_of(*rows: dict[str, object], **more: object) -> bytes:
    """An answer."""
    head = {"ticker": "AAPL", "resultsCount": len(rows), "status": "OK"}
    return json.dumps(head | {"results": rows} | more).encode()


def row(ts: float, **change: object) -> dict[str, object]:
    """An aggregate that opens at ``ts`` seconds."""
    return {"t": int(ts) * 1000, "o": 2, "h": 4.5, "l": 1, "c": 3.25, "v": 10} | change


@pytest.mark.recordings
def test_recorded_days_are_read_right(recordings: Path) -> None:
    """A holiday first, volumes with exponents, midnight in New York as the day of the date."""
    body = (recordings / "polygon" / "aggs_range__1.json").read_bytes()
    found = page(body, days("2023-01-01", "2023-01-11"))
    opened = ["2023-01-03", "2023-01-04", "2023-01-05", "2023-01-06", "2023-01-09", "2023-01-10"]
    assert dates(found.series) == opened
    bar = next(iter(found.series))
    assert (bar.open, bar.high, bar.low, bar.close) == (130.28, 130.9, 124.17, 125.07)
    assert (bar.volume, bar.vwap, bar.trades) == (112117471.0, 125.725, 1021065)
    assert found.covers == TimeRange(date("2023-01-01"), date("2023-01-11"))
    assert found.rejected == ()


@pytest.mark.recordings
def test_recorded_days_around_the_change_of_clocks(recordings: Path) -> None:
    """The first and the fourth of April 2005, before and after the Sunday in between."""
    body = (recordings / "polygon" / "aggs_range__2.json").read_bytes()
    found = page(body, days("2005-04-01", "2005-04-05"))
    assert dates(found.series) == ["2005-04-01", "2005-04-04"]
    assert found.series.close.tolist() == [1.4604, 1.4675]


@pytest.mark.recordings
def test_the_recorded_page_names_the_next_one(recordings: Path) -> None:
    """It answers for what lies before its last bar only."""
    body = (recordings / "polygon" / "aggs_range_page__1.json").read_bytes()
    ask = days("2020-01-01", "2020-01-11")
    found = page(body, ask)
    assert dates(found.series) == ["2020-01-02", "2020-01-03"]
    assert found.covers == TimeRange(date("2020-01-01"), date("2020-01-04"))
    more = BARS.read(Reply(200, body), ask).more
    assert more is not None
    assert more.path.startswith("https://api.massive.com/v2/aggs/ticker/AAPL/range/1/day/15781")


@pytest.mark.recordings
@pytest.mark.parametrize("name", ["prev__1.json", "grouped_daily__1.json"])
def test_recorded_days_that_are_stamped_at_their_end(recordings: Path, name: str) -> None:
    """Previous and grouped days carry 16:00 in New York, and the ticker in each row."""
    body = (recordings / "polygon" / name).read_bytes()
    for sent in json.loads(body)["results"]:
        opened = int(sent["t"]) // 1000 // DAY * DAY  # both hours are of the same day of UTC
        ask = BarsAsk(Instrument.stock(sent["T"]), Interval.D1, TimeRange(opened, opened + DAY))
        found = page(body, ask)
        (bar,) = found.series
        assert (bar.ts, bar.open, bar.close) == (opened, sent["o"], sent["c"])
        assert (bar.high, bar.low, bar.volume) == (sent["h"], sent["l"], sent["v"])
        assert found.rejected == ()


def test_minutes_are_asked_raw_in_milliseconds() -> None:
    """The end is inclusive: one less."""
    call = BARS.ask(BarsAsk(AAPL, Interval.M5, TimeRange(1_700_000_100, 1_700_000_700)))
    path = "/v2/aggs/ticker/AAPL/range/5/minute/1700000100000/1700000699999"
    params: dict[str, str | int] = {"adjusted": "false", "sort": "asc", "limit": 50_000}
    assert call == Call(path, params, max_bytes=most_bytes(2))


@pytest.mark.parametrize(
    ("interval", "first", "end", "path"),
    [
        (Interval.D1, "2023-01-03", "2023-01-06", "1/day/2023-01-03/2023-01-05"),
        (Interval.MO1, "2023-01-01", "2023-03-01", "1/month/2023-01-01/2023-02-28"),
    ],
)
def test_days_and_longer_are_asked_by_date(
    interval: Interval, first: str, end: str, path: str
) -> None:
    """By the calendar of New York, both ends inclusive."""
    call = BARS.ask(days(first, end, interval))
    assert isinstance(call, Call)
    assert call.path == f"/v2/aggs/ticker/AAPL/range/{path}"


@pytest.mark.parametrize(
    ("instrument", "ticker"),
    [
        (Instrument.stock("BRK.B"), "BRK.B"),
        (Instrument.stock("KIM.PL"), "KIMpL"),
        (BTC, "X:BTCUSD"),
    ],
)
def test_how_it_spells(instrument: Instrument, ticker: str) -> None:
    """Share classes with a dot, preferred shares with a small p, coins behind X:."""
    call = BARS.ask(BarsAsk(instrument, Interval.H1, TimeRange(3600, 7200)))
    assert isinstance(call, Call)
    assert f"/ticker/{ticker}/range/1/hour/" in call.path


@pytest.mark.parametrize("name", ["ZJJXC8ZE-JE.R", "203JVRXR_M.ZTXY", "VOD:L", "A/B", "Ä"])
def test_what_cannot_be_a_ticker_is_not_listed(name: str) -> None:
    """Nobody is asked: in a path it would name another path."""
    for instrument in (Instrument.stock(name), Instrument.pair(name, "USD")):
        with pytest.raises(NotListed, match="does not list"):
            BARS.ask(BarsAsk(instrument, Interval.H1, TimeRange(3600, 7200)))


def test_months_and_the_days_of_coins() -> None:
    """Months open on the first in New York; days of coins at midnight UTC."""
    months = days("2023-01-01", "2023-09-01", Interval.MO1)
    rows = (row(date("2023-01-01") + 5 * 3600), row(date("2023-08-01") + 4 * 3600))
    assert dates(page(body_of(*rows), months).series) == ["2023-01-01", "2023-08-01"]
    ask = BarsAsk(BTC, Interval.D1, TimeRange(date("2023-07-01"), date("2023-07-03")))
    body = body_of(row(date("2023-07-01")), row(date("2023-07-02")), ticker="X:BTCUSD")
    assert dates(page(body, ask).series) == ["2023-07-01", "2023-07-02"]


def test_a_day_is_final_when_it_is_over_in_new_york() -> None:
    """Trading goes on after 00:00 UTC in winter: 05:00 UTC is when nothing can be added."""
    ask = days("2023-01-03", "2023-01-05")
    body = body_of(row(date("2023-01-03") + 5 * 3600), row(date("2023-01-04") + 5 * 3600))
    early = page(body, ask, now=date("2023-01-05") + 5 * 3600 - 1.0)
    late = page(body, ask, now=date("2023-01-05") + 5 * 3600)
    assert dates(early.series) == ["2023-01-03"]
    assert (early.covers.end, early.published) == (date("2023-01-05"), date("2023-01-04"))
    assert dates(late.series) == ["2023-01-03", "2023-01-04"]


def test_a_delayed_plan_does_not_speak_of_the_last_quarter_of_an_hour() -> None:
    """What is missing there may come yet, and what is there may still change."""
    now = 1_700_000_040.0
    ask = BarsAsk(AAPL, Interval.M1, TimeRange(1_699_996_440, 1_700_000_040))
    rows = (row(1_699_996_440), row(1_700_000_040 - 900))
    prompt = page(body_of(*rows), ask, now)
    delayed = page(body_of(*rows, status="DELAYED"), ask, now)
    assert (len(prompt.series), prompt.published) == (2, 1_700_000_040)
    assert (len(delayed.series), delayed.published) == (1, 1_700_000_040 - 900)
    assert delayed.covers == prompt.covers == ask.range


def test_averages_and_counts_may_be_missing() -> None:
    """Old data and indices have none; strings are numbers too; unknown keys do not matter."""
    body = body_of(row(1_700_000_040, o="2", otc=True, new=[1]))
    ask = BarsAsk(AAPL, Interval.M1, TimeRange(1_700_000_040, 1_700_000_100))
    (bar,) = page(body, ask).series
    assert (bar.open, bar.vwap, bar.trades, bar.volume) == (2.0, None, None, 10.0)
    absent = {k: v for k, v in row(1_700_000_040).items() if k != "v"}
    assert math.isnan(page(body_of(absent), ask).series.volume[0])


def test_a_missing_price_costs_its_row() -> None:
    """It is set aside, never 0."""
    ask = BarsAsk(AAPL, Interval.M1, TimeRange(1_700_000_040, 1_700_000_160))
    found = page(body_of(row(1_700_000_040, c=None), row(1_700_000_100)), ask)
    assert found.series.ts.tolist() == [1_700_000_100]
    assert len(found.rejected) == 1


EMPTY = '{"ticker":"AAPL","queryCount":0,"resultsCount":0,"adjusted":false,"status":"DELAYED"}'
SPAN = BarsAsk(AAPL, Interval.M1, TimeRange(1_699_999_800, 1_700_000_040))


def asked(*replies: httpx.Response) -> tuple[list[BarsPage], list[httpx.Request]]:
    """What comes of a question, and what was sent."""
    script = Script(*replies)

    async def run() -> list[BarsPage]:
        return await Bench(script, PROVIDER, PAID, now=1_700_100_000.0).pages(SPAN)

    return in_virtual_time(run()), script.requests


def test_an_empty_range_of_a_known_ticker_is_an_honest_answer() -> None:
    """No results at all: its details tell that there is such a ticker."""
    pages, requests = asked(ok(EMPTY), ok('{"results":{"ticker":"AAPL"},"status":"OK"}'))
    assert [(len(p.series), p.covers) for p in pages] == [(0, SPAN.range)]
    assert [r.url.path for r in requests][1] == "/v3/reference/tickers/AAPL"


def test_an_empty_range_of_an_unknown_ticker_is_none() -> None:
    """The same empty answer, and then nobody of that name."""
    unknown = '{"status":"NOT_FOUND","request_id":"x","message":"Ticker not found."}'
    with pytest.raises(NotListed):
        asked(ok(EMPTY), httpx.Response(404, text=unknown))


def test_pages_are_followed_on_our_origin() -> None:
    """Whatever name of the provider the link has; the key is added anew, in the header."""
    link = "https://api.polygon.io:443/v2/aggs/ticker/AAPL/range/1/minute/1699999860000/1?cursor=x"
    first = body_of(row(1_699_999_800), next_url=link)
    pages, requests = asked(ok(first), ok(body_of(row(1_699_999_860))))
    assert [p.series.ts.tolist() for p in pages] == [[1_699_999_800], [1_699_999_860]]
    assert {r.url.host for r in requests} == {"api.massive.com"}
    assert {r.headers["authorization"] for r in requests} == {"Bearer key-of-ours"}
    assert all("key-of-ours" not in str(r.url) for r in requests)
    assert requests[1].url.params["cursor"] == "x"


def test_a_foreign_next_page_is_refused() -> None:
    """The key would go there."""
    with pytest.raises(MalformedPayload):
        asked(ok(body_of(row(1_699_999_800), next_url="https://polygon.example/v2")))


def test_an_empty_page_may_have_a_following_one() -> None:
    """It answers for nothing, and the walk goes on."""
    link = "https://api.massive.com/v2/next?cursor=y"
    pages, requests = asked(
        ok(body_of(next_url=link)), ok(body_of(row(1_699_999_980))), ok(body_of())
    )
    assert [p.series.ts.tolist() for p in pages] == [[1_699_999_980]]
    assert pages[0].covers == SPAN.range
    assert len(requests) == 2


@pytest.mark.parametrize(
    "body",
    [
        "{}",
        "[]",
        "null",
        '{"status":"OK"}',
        '{"status":"OK","resultsCount":3}',
        '{"results":[1]}',
        '{"results":"none"}',
        '{"results":[],"ticker":"aapl","resultsCount":0}',
        '{"results":{"ticker":"MSFT"}}',
    ],
)
def test_another_shape_is_never_an_empty_answer(body: str) -> None:
    """Nor is an answer about another ticker; upper and lower case differ."""
    with pytest.raises(UNREADABLE):
        BARS.read(Reply(200, body.encode()), SPAN)


def test_the_wrong_ticker_is_named() -> None:
    """In the reason."""
    with pytest.raises(Unreadable, match="MSFT"):
        BARS.read(Reply(200, body_of(row(1_699_999_800), ticker="MSFT")), SPAN)


def test_what_it_offers() -> None:
    """No weeks and no bars of two or four hours, which would open at other times than ours."""
    lengths = [interval.seconds for interval in PROVIDER.capabilities.intervals]
    assert lengths == [60, 180, 300, 900, 1800, 3600, DAY, 30 * DAY]
    assert PROVIDER.capabilities.holes is GapReason.NO_TRADES


def test_the_free_plan_is_five_calls_a_minute() -> None:
    """The sixth waits for the next minute; FKS_POLYGON_RPM=0 takes the window away."""

    async def run(settings: ProviderSettings) -> float:
        bench = Bench(Script(ok(body_of(row(1_699_999_800)))), PROVIDER, settings)
        began = bench.clock.monotonic()
        for _ in range(6):
            await bench.pages(SPAN)
        return bench.clock.monotonic() - began

    free = ProviderSettings(api_key=Secret("key-of-ours"))
    assert in_virtual_time(run(free)) >= 55.0
    assert in_virtual_time(run(PAID)) < 5.0


def test_every_question_is_one_call() -> None:
    """A cold answer costs one."""
    question: Question = BARS.ask(SPAN)
    assert isinstance(question, Call)
    _, requests = asked(ok(body_of(row(1_699_999_800))))
    assert len(requests) == 1
