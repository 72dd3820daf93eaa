"""Binance: what is asked, what is read, and what its complaints mean."""

import json
from pathlib import Path

import httpx
import pytest

from adapters_out.provider_kit.calls import Call, Reply
from adapters_out.provider_kit.cells import Unreadable
from adapters_out.provider_kit.faults import KeyRefused
from adapters_out.provider_kit.judge import Verdict
from adapters_out.provider_kit.provider import Usage
from adapters_out.providers.binance import PROVIDER
from domain.errors import (
    AccessDenied,
    Banned,
    CallRefused,
    NotListed,
    ProviderError,
    ProviderUnavailable,
    RateLimited,
)
from domain.instrument import Instrument
from domain.interval import Interval
from domain.provider import BarsAsk, BarsPage, Window
from domain.timerange import TimeRange
from ports.market_data import CallContext
from tests.adapters_out.provider_kit.scripted import Bench, Script, in_virtual_time, ok
from tests.providers.expected import as_rows, expected_rows
from tests.providers.reading import endpoints_of, error_of, page_of, verdict_of

BTC = Instrument.pair("BTC", "USDT")
NOW = 1_700_000_040.0
T0 = 1_699_999_980
BARS, PRICE, LISTINGS = endpoints_of(PROVIDER)


def verdict(body: bytes, ask: BarsAsk, now: float = 2e9) -> Verdict:
    """What a body says about a range."""
    return verdict_of(PROVIDER, body, ask, now)


def page(body: bytes, interval: Interval, start: int, end: int, now: float = 2e9) -> BarsPage:
    """The page of a verdict that has one."""
    return page_of(PROVIDER, body, BarsAsk(BTC, interval, TimeRange(start, end)), now)


def kline(open_ms: int, *, scale: int = 1) -> list[object]:
    """A row as the format page describes it, flat at 2.5; ``scale`` 1000 makes microseconds."""
    close = (open_ms + 60_000) * scale - 1
    prices = ["2.50000000"] * 4
    return [open_ms * scale, *prices, "4.00000000", close, "10.0", 3, "1.0", "2.5", "0"]


def error(status: int, code: int | None = None, msg: str = "", **headers: str) -> ProviderError:
    """What a reply with such a body means."""
    body = json.dumps({"code": code, "msg": msg} if code is not None else {})
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    found = error_of(PROVIDER, status, body, named)
    assert found is not None
    return found


@pytest.mark.recordings
def test_recorded_minutes_are_read_right(recordings: Path) -> None:
    """Ten minutes of 2021; the last was still forming and is not in the series."""
    folder = recordings / "binance"
    expected = expected_rows(folder / "klines__1.expected.json", "rows")
    start, forming = int(expected[0][0]) // 1000, int(expected[-1][0]) // 1000
    body = (folder / "klines__1.json").read_bytes()
    found = page(body, Interval.M1, start, forming + 60, now=forming + 3.0)
    assert as_rows(found.series) == expected[:-1]
    assert found.forming is not None
    assert (found.forming.ts, found.forming.trades) == (forming, 7)
    assert found.covers == TimeRange(start, forming)
    assert found.series.trades[0] == 617


@pytest.mark.recordings
def test_the_recorded_week_keeps_its_wick(recordings: Path) -> None:
    """A high of fifty times the open is possible: quality flags it, nobody drops it."""
    folder = recordings / "binance"
    (expected,) = expected_rows(folder / "klines__3.expected.json", "rows")
    start = int(expected[0]) // 1000
    body = (folder / "klines__3.json").read_bytes()
    assert as_rows(page(body, Interval.W1, start, start + 604_800).series) == [expected]


@pytest.mark.recordings
def test_the_recorded_empty_answer_is_empty(recordings: Path) -> None:
    """No rows: the whole range is known to be empty."""
    found = page((recordings / "binance/klines__4.json").read_bytes(), Interval.M1, T0, T0 + 600)
    assert (len(found.series), found.covers) == (0, TimeRange(T0, T0 + 600))


@pytest.mark.recordings
def test_the_recorded_price_and_list_are_read(recordings: Path) -> None:
    """A price without a time; symbols with base, quote and whether they trade."""
    folder = recordings / "binance"
    last = PRICE.read(Reply(200, (folder / "ticker_price__1.json").read_bytes()), BTC)
    assert (last.price, last.ts) == (60740.0, None)
    part = LISTINGS.read(Reply(200, (folder / "exchangeInfo__2.json").read_bytes()))
    listed = {x.symbol: (x.instrument.id, x.active) for x in part.listings}
    assert listed["BTCUSDT"] == ("BTC-USDT", True)
    assert listed["BCCBTC"] == ("BCC-BTC", False)
    assert part.more is None


@pytest.mark.parametrize(
    ("interval", "spelled"),
    [(Interval.M1, "1m"), (Interval.W1, "1w"), (Interval.MO1, "1M"), (Interval.H12, "12h")],
)
def test_bars_are_asked_in_milliseconds_and_its_spelling(interval: Interval, spelled: str) -> None:
    """Both ends are inclusive on the open time; 1M is a month."""
    start = interval.ceil(T0)
    end = interval.shift(start, 2)
    call = BARS.ask(BarsAsk(BTC, interval, TimeRange(start, end)))
    params: dict[str, str | int] = {"symbol": "BTCUSDT", "interval": spelled, "limit": 1000}
    times: dict[str, str | int] = {"startTime": start * 1000, "endTime": end * 1000 - 1}
    assert call == Call("/api/v3/klines", params | times, weight=2)


def test_every_interval_is_offered() -> None:
    """All thirteen; weeks open on Monday, as ours do."""
    assert set(PROVIDER.capabilities.intervals) == set(Interval)


@pytest.mark.parametrize("scale", [1, 1000])
def test_microseconds_are_recognised(scale: int) -> None:
    """The same bars in milliseconds and in microseconds."""
    body = json.dumps([kline((T0 + 60 * k) * 1000, scale=scale) for k in range(3)])
    for text in (body, body.replace(" ", "")):
        found = page(text.encode(), Interval.M1, T0, T0 + 180)
        assert found.series.ts.tolist() == [T0, T0 + 60, T0 + 120]
        assert found.series.trades.tolist() == [3, 3, 3]


def test_months_are_calendar_months() -> None:
    """February is as good as January."""
    opens = [1_704_067_200, 1_706_745_600, 1_709_251_200]
    body = json.dumps([kline(t * 1000) for t in opens]).encode()
    assert page(body, Interval.MO1, opens[0], 1_711_929_600).series.ts.tolist() == opens


def test_a_bar_is_final_when_it_has_closed() -> None:
    """The row whose close time lies ahead is forming, to the second."""
    body = json.dumps([kline(T0 * 1000)]).encode()
    ask = BarsAsk(BTC, Interval.M1, TimeRange(T0, T0 + 60))
    early, late = verdict(body, ask, T0 + 59.9), verdict(body, ask, T0 + 60.0)
    assert early.page is None
    assert late.page is not None
    assert len(late.page.series) == 1


@pytest.mark.parametrize("body", ['{"symbol":"ETHUSDT","price":"1"}', '[{"price":"1"}]', "{}"])
def test_the_price_of_something_else_is_refused(body: str) -> None:
    """Another symbol, or another shape."""
    with pytest.raises((Unreadable, ValueError)):
        PRICE.read(Reply(200, body.encode()), BTC)


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (400, -1121, NotListed),
        (400, -1120, CallRefused),
        (400, -1100, CallRefused),
        (400, -1003, RateLimited),
        (200, -1003, RateLimited),
        (500, -1000, ProviderUnavailable),
        (400, -1001, ProviderUnavailable),
        (503, -1008, ProviderUnavailable),
        (401, -2014, KeyRefused),
        (451, 0, AccessDenied),
        (502, None, ProviderUnavailable),
    ],
)
def test_its_codes_mean_errors_of_the_tree(
    status: int, code: int | None, expected: type[ProviderError]
) -> None:
    """The code decides, then the status; code 0 is an error too."""
    assert type(error(status, code, "words")) is expected


@pytest.mark.parametrize(
    ("msg", "retry_after", "expected"),
    [
        ("", "8", NOW + 8),
        ("IP banned until 1700000100000.", "", NOW + 60),
        ("IP banned until 1700000100000.", "8", NOW + 60),
        ("IP banned until 1660090423228.", "8", NOW + 8),
        ("IP banned until 1660090423228.", "", NOW + 120),
        ("IP banned until 9999999999999.", "", NOW + 3 * 86_400),
    ],
)
def test_a_ban_ends_at_the_later_of_what_is_said(
    msg: str, retry_after: str, expected: float
) -> None:
    """Header and body may both name a time; asking too early would prolong the ban."""
    found = error(418, -1003, msg, retry_after=retry_after)
    assert type(found) is Banned
    assert found.retry_at == expected


def test_its_usage_is_reported() -> None:
    """The used weight of the running minute."""
    reply = Reply(200, b"[]", {"x-mbx-used-weight-1m": "1234"})
    assert PROVIDER.usage(reply) == (Usage(60, 1234.0),)
    assert PROVIDER.usage(Reply(200, b"[]")) == ()


def test_it_is_asked_without_a_key() -> None:
    """Market data is public; a cold question costs exactly one call."""
    body = json.dumps([kline((T0 - 60 * k) * 1000) for k in range(5, 0, -1)])
    script = Script(ok(body))

    async def run() -> int:
        bench = Bench(script, PROVIDER, now=NOW)
        pages = await bench.pages(BarsAsk(BTC, Interval.M1, TimeRange(T0 - 300, T0)))
        return sum(len(p.series) for p in pages)

    assert in_virtual_time(run()) == 5
    assert len(script.requests) == 1
    assert script.requests[0].url.host == "api.binance.com"


@pytest.mark.parametrize(
    "refusal",
    [
        httpx.Response(451, json={"code": 0, "msg": "Service unavailable from a restricted area"}),
        httpx.Response(403, headers={"content-type": "text/html"}, content=b"<html></html>"),
    ],
)
def test_a_closed_location_is_served_by_the_host_of_public_data(refusal: httpx.Response) -> None:
    """451 and the firewall hold for api.binance.com: data-api.binance.vision has the same bars."""
    body = json.dumps([kline((T0 - 60 * k) * 1000) for k in range(5, 0, -1)])
    script = Script(refusal, ok(body))

    async def run() -> int:
        bench = Bench(script, PROVIDER, now=NOW)
        pages = await bench.pages(BarsAsk(BTC, Interval.M1, TimeRange(T0 - 300, T0)))
        return sum(len(p.series) for p in pages)

    assert in_virtual_time(run()) == 5
    hosts = [request.url.host for request in script.requests]
    assert hosts == ["api.binance.com", "data-api.binance.vision"]
    assert script.requests[0].url.path == script.requests[1].url.path == "/api/v3/klines"


def test_an_unknown_pair_is_not_listed() -> None:
    """BTC-USD does not exist there: USDT is not USD."""
    body = b'{"code":-1121,"msg":"Invalid symbol."}'

    async def run() -> None:
        bench = Bench(Script(httpx.Response(400, content=body)), PROVIDER)
        await bench.kit.price(Instrument.pair("BTC", "USD"), CallContext())

    with pytest.raises(NotListed, match="Invalid symbol"):
        in_virtual_time(run())


def test_a_symbol_that_cannot_exist_is_not_listed() -> None:
    """Binance would call it illegal characters; nothing is sent for what nobody can list."""
    long = Instrument.pair("A" * 17, "USDT")
    with pytest.raises(NotListed):
        BARS.ask(BarsAsk(long, Interval.M1, TimeRange(T0, T0 + 60)))
    with pytest.raises(NotListed):
        PRICE.ask(long)
    assert isinstance(PRICE.ask(Instrument.pair("A" * 16, "USDT")), Call)


@pytest.mark.recordings
def test_its_limits_are_those_that_its_list_tells(recordings: Path) -> None:
    """1,200 a minute in 2021, of which a fifth stays free; other answers tell nothing."""
    body = (recordings / "binance" / "exchangeInfo__2.json").read_bytes()
    assert PROVIDER.limits(Reply(200, body)) == [Window(960, 60)]
    later = b'{"rateLimits":[{"rateLimitType":"REQUEST_WEIGHT","interval":"MINUTE",'
    later += b'"intervalNum":1,"limit":12000},{"rateLimitType":"RAW_REQUESTS","interval":"MINUTE",'
    later += b'"intervalNum":5,"limit":61000}],"symbols":[]}'
    assert PROVIDER.limits(Reply(200, later)) == [Window(9600, 60)]
    assert PROVIDER.limits(Reply(200, b"[]")) == []
