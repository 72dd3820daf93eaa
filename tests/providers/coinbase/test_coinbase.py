"""Coinbase Exchange: what is asked, what is read, and what its complaints mean."""

import json
import math
from datetime import datetime
from pathlib import Path

import pytest

from adapters_out.provider_kit.calls import Call, Reply
from adapters_out.provider_kit.cells import Unreadable
from adapters_out.provider_kit.faults import UNREADABLE, KeyRefused
from adapters_out.providers.coinbase import PROVIDER
from domain.coverage import GapReason
from domain.errors import (
    AccessDenied,
    Banned,
    CallRefused,
    MalformedPayload,
    NotListed,
    ProviderError,
    ProviderUnavailable,
    RateLimited,
)
from domain.instrument import Instrument
from domain.interval import Interval
from domain.provider import BarsAsk, BarsPage
from domain.timerange import TimeRange
from ports.market_data import CallContext
from tests.adapters_out.provider_kit.scripted import Bench, Script, in_virtual_time, ok
from tests.providers.expected import as_rows, expected_rows
from tests.providers.reading import endpoints_of, error_of, page_of

BTC = Instrument.pair("BTC", "USD")
NOW = 1_700_000_040.0
T0 = 1_699_999_980
BARS, PRICE, LISTINGS = endpoints_of(PROVIDER)


def page(body: bytes, start: int, end: int, now: float = 2e9) -> BarsPage:
    """What a body says about minutes."""
    ask = BarsAsk(BTC, Interval.M1, TimeRange(start, end))
    return page_of(PROVIDER, body, ask, now)


def candle(ts: int, volume: object = 4.25) -> list[object]:
    """A row as the format page describes it: low 1, high 4, open 2, close 3."""
    return [ts, 1, 4.5, 2, 3.25, volume]


def body_of(*rows: object) -> bytes:
    """A compact body."""
    return json.dumps(rows, separators=(",", ":")).encode()


def error(status: int, body: str, **headers: str) -> ProviderError | None:
    """What a reply means."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return error_of(PROVIDER, status, body, named)


def seconds_of(text: str) -> int:
    """Unix seconds of an ISO moment in UTC."""
    return int(datetime.fromisoformat(text).timestamp())


@pytest.mark.recordings
def test_recorded_minutes_are_read_right(recordings: Path) -> None:
    """Ten minutes of 2018, newest first, low before high: as somebody else's parser has them."""
    folder = recordings / "coinbase"
    expected = expected_rows(folder / "candles__2.expected.json", "rows")
    start, end = int(expected[0][0]) // 1000, int(expected[-1][0]) // 1000 + 60
    found = page((folder / "candles__2.json").read_bytes(), start, end)
    assert as_rows(found.series) == expected
    assert (found.covers, found.rejected) == (TimeRange(start, end), ())


@pytest.mark.recordings
def test_the_recorded_price_and_list_are_read(recordings: Path) -> None:
    """A price with the second of its trade; products with base, quote and whether they trade."""
    folder = recordings / "coinbase"
    last = PRICE.read(Reply(200, (folder / "ticker__1.json").read_bytes()), BTC)
    expected = json.loads((folder / "ticker__1.expected.json").read_text())
    assert (last.price, last.ts) == (expected["last"], expected["timestamp"] // 1000)
    part = LISTINGS.read(Reply(200, (folder / "products__1.json").read_bytes()))
    listed = {x.symbol: (x.instrument.id, x.active) for x in part.listings}
    assert (len(listed), listed["BTC-USD"]) == (10, ("BTC-USD", True))
    assert part.more is None


@pytest.mark.recordings
@pytest.mark.parametrize("name", ["advanced_candles__1.json", "advanced_ticker__1.json"])
def test_the_other_coinbase_is_another_provider(recordings: Path, name: str) -> None:
    """Bodies of Advanced Trade have other names: unreadable, neither empty nor a price."""
    reply = Reply(200, (recordings / "coinbase" / name).read_bytes())
    with pytest.raises(UNREADABLE):
        BARS.read(reply, BarsAsk(BTC, Interval.H1, TimeRange(3600, 7200)))
    with pytest.raises(UNREADABLE):
        PRICE.read(reply, BTC)


def test_bars_are_asked_with_inclusive_ends_in_iso() -> None:
    """The end is the open of the last bar that is wanted."""
    span = TimeRange(1_517_443_200, 1_517_443_200 + 3 * 21_600)
    call = BARS.ask(BarsAsk(BTC, Interval.H6, span))
    params: dict[str, str | int] = {
        "granularity": 21_600,
        "start": "2018-02-01T00:00:00Z",
        "end": "2018-02-01T12:00:00Z",
    }
    assert call == Call("/products/BTC-USD/candles", params)
    assert PRICE.ask(BTC) == Call("/products/BTC-USD/ticker")


def test_what_it_offers() -> None:
    """Six granularities; a hole is a quiet minute."""
    lengths = [interval.seconds for interval in PROVIDER.capabilities.intervals]
    assert lengths == [60, 300, 900, 3600, 21_600, 86_400]
    assert PROVIDER.capabilities.holes is GapReason.NO_TRADES


@pytest.mark.parametrize("forming", [False, True])
def test_it_is_never_asked_for_more_than_300(forming: bool) -> None:
    """From the first open to the last there are at most 299 steps, the running bar included."""
    span = TimeRange(T0 - 700 * 60, T0)
    script = Script(ok("[]"))

    async def run() -> None:
        bench = Bench(script, PROVIDER, now=float(T0 + 5))
        await bench.pages(BarsAsk(BTC, Interval.M1, span, forming=forming))

    in_virtual_time(run())
    asked = [r.url.params for r in script.requests]
    steps = [(seconds_of(params["end"]) - seconds_of(params["start"])) // 60 for params in asked]
    assert len(steps) == 3
    assert max(steps) <= 299
    assert seconds_of(asked[-1]["end"]) == (T0 if forming else T0 - 60)


def test_quiet_minutes_are_left_out_and_answered_for() -> None:
    """Two bars in ten minutes: the page covers all ten."""
    found = page(body_of(candle(T0 + 420), candle(T0)), T0, T0 + 600)
    assert found.series.ts.tolist() == [T0, T0 + 420]
    assert found.covers == TimeRange(T0, T0 + 600)
    bar = next(iter(found.series))
    assert (bar.open, bar.high, bar.low, bar.close, bar.volume) == (2.0, 4.5, 1.0, 3.25, 4.25)
    assert (bar.vwap, bar.trades) == (None, None)


def test_the_running_minute_is_not_final() -> None:
    """No flag says so: the clock does, to the second."""
    body = body_of(candle(T0), candle(T0 - 60))
    early, late = (page(body, T0 - 60, T0 + 60, now=T0 + s) for s in (59.9, 60.0))
    assert early.series.ts.tolist() == [T0 - 60]
    assert early.covers == TimeRange(T0 - 60, T0)
    assert early.forming is not None
    assert early.forming.ts == T0
    assert late.series.ts.tolist() == [T0 - 60, T0]


def test_rows_before_the_start_are_only_more_than_was_asked() -> None:
    """Coinbase says that some may precede it; they are not set aside as faulty."""
    found = page(body_of(candle(T0), candle(T0 - 60), candle(T0 - 120)), T0, T0 + 60)
    assert (found.series.ts.tolist(), found.rejected) == ([T0], ())
    quiet = page(body_of(candle(T0 - 120)), T0, T0 + 60)
    assert (len(quiet.series), quiet.covers) == (0, TimeRange(T0, T0 + 60))


def test_rows_after_the_end_are_no_answer() -> None:
    """A server that did not look at the range has not said that the range is empty."""
    with pytest.raises(Unreadable, match="after the end"):
        page(body_of(candle(T0 + 6000), candle(T0)), T0, T0 + 60)


def test_numbers_may_be_strings_and_further_cells_do_not_matter() -> None:
    """Advanced Trade writes strings; a seventh cell may appear any day."""
    row = [str(T0), "1", "4.5", "2", "3.25", "4.25", "new"]
    assert page(body_of(row), T0, T0 + 60).series == page(body_of(candle(T0)), T0, T0 + 60).series


def test_a_volume_that_is_not_sent_is_absent() -> None:
    """It is not 0."""
    found = page(body_of(candle(T0, volume=None)), T0, T0 + 60)
    assert math.isnan(found.series.volume[0])
    assert next(iter(found.series)).volume is None


def test_a_row_with_a_missing_price_is_set_aside() -> None:
    """It costs itself only."""
    short, null = [T0, 1, 4.5, 2], [T0 + 60, 1, 4.5, None, 3.25, 4]
    found = page(body_of(candle(T0 + 120), null, short), T0, T0 + 180)
    assert found.series.ts.tolist() == [T0 + 120]
    assert len(found.rejected) == 2


@pytest.mark.parametrize(
    ("body", "price", "ts"),
    [
        ('{"price":"73367.8","time":"2024-03-13T11:10:41.270099Z","new":1}', 73367.8, 1710328241),
        ('{"price":73367.8,"time":"2024-03-13T11:10:41Z"}', 73367.8, 1710328241),
        ('{"price":"73367.8"}', 73367.8, None),
    ],
)
def test_a_price_in_either_spelling(body: str, price: float, ts: int | None) -> None:
    """String or number; a time that is not sent is absent."""
    last = PRICE.read(Reply(200, body.encode()), BTC)
    assert (last.price, last.ts) == (price, ts)


@pytest.mark.parametrize(
    "body",
    [
        "{}",
        "[]",
        "null",
        '{"price":null}',
        '{"price":"NaN"}',
        '{"price":"1","time":"soon"}',
        '{"price":"1","time":"2024-03-13T11:10:41"}',
    ],
)
def test_what_is_no_price_is_refused(body: str) -> None:
    """Another shape, no number, or a time of no known place."""
    with pytest.raises(UNREADABLE):
        PRICE.read(Reply(200, body.encode()), BTC)


@pytest.mark.parametrize("body", ["{}", "null", '{"candles":[]}', "", "[[1,2"])
def test_another_shape_is_never_an_empty_answer(body: str) -> None:
    """Bars and lists refuse it."""
    with pytest.raises(UNREADABLE):
        BARS.read(Reply(200, body.encode()), BarsAsk(BTC, Interval.M1, TimeRange(T0, T0 + 60)))
    with pytest.raises(UNREADABLE):
        LISTINGS.read(Reply(200, body.encode()))


def test_what_does_not_trade_is_listed_as_such() -> None:
    """Offline, delisted, or switched off."""
    status: list[dict[str, object]]
    status = [{"status": "delisted"}, {"trading_disabled": True}, {"status": "offline"}, {}]
    product = {"base_currency": "BTC", "quote_currency": "USD", "status": "online"}
    products = [{"id": f"P{k}", **product, **change} for k, change in enumerate(status)]
    part = LISTINGS.read(Reply(200, json.dumps(products).encode()))
    assert [x.active for x in part.listings] == [False, False, False, True]


@pytest.mark.parametrize(
    ("status", "sentence", "expected"),
    [
        (404, "NotFound", NotListed),
        (400, "Unsupported granularity", CallRefused),
        (400, "granularity too small for the requested time range.", CallRefused),
        (400, "User-Agent header is required.", CallRefused),
        (404, "Route not found", CallRefused),
        (401, "Unauthorized", KeyRefused),
        (403, "Forbidden", AccessDenied),
        (429, "Public rate limit exceeded", RateLimited),
        (500, "Internal server error", ProviderUnavailable),
        (503, "Service Unavailable", ProviderUnavailable),
        (200, "something is wrong", CallRefused),
    ],
)
def test_its_sentences_mean_errors_of_the_tree(
    status: int, sentence: str, expected: type[ProviderError]
) -> None:
    """The status decides; a sentence with status 200 is an error as well."""
    assert type(error(status, json.dumps({"message": sentence}))) is expected


def test_its_edge_bans_and_its_limit_names_no_time() -> None:
    """A page with 403 is the firewall; without Retry-After the policy's pause counts."""
    page_of_the_edge = error(403, "<html>blocked</html>", content_type="text/html")
    assert type(page_of_the_edge) is Banned
    said = '{"message":"Public rate limit exceeded"}'
    mute, told = error(429, said), error(429, said, retry_after="3")
    assert mute is not None
    assert told is not None
    assert (mute.retry_at, told.retry_at) == (NOW + PROVIDER.policy.freeze_s, NOW + 3)


def test_a_cold_question_is_one_call_that_says_who_asks() -> None:
    """Without a User-Agent Coinbase refuses."""
    script = Script(ok(body_of(*(candle(T0 - 60 * k) for k in range(1, 6)))))

    async def run() -> int:
        bench = Bench(script, PROVIDER, now=NOW)
        pages = await bench.pages(BarsAsk(BTC, Interval.M1, TimeRange(T0 - 300, T0)))
        return sum(len(p.series) for p in pages)

    assert in_virtual_time(run()) == 5
    (request,) = script.requests
    assert request.url.host == "api.exchange.coinbase.com"
    assert request.headers["user-agent"]


def test_half_a_body_is_malformed() -> None:
    """It is asked again, then said."""

    async def run() -> None:
        bench = Bench(Script(ok(body_of(candle(T0))[:-3])), PROVIDER)
        await bench.kit.price(BTC, CallContext())

    with pytest.raises(MalformedPayload):
        in_virtual_time(run())
