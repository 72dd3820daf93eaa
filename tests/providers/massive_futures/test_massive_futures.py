"""Massive futures: what is asked, what is read, and what its complaints mean."""

import json
from pathlib import Path

import numpy as np
import pytest

from adapters_out.provider_kit.calls import Call, Reply
from adapters_out.provider_kit.cells import Unreadable
from adapters_out.provider_kit.faults import KeyRefused
from adapters_out.provider_kit.settings import ProviderSettings
from adapters_out.providers.massive_futures import PROVIDER, massive_futures
from domain.errors import (
    AccessDenied,
    CallRefused,
    MarketDataError,
    NotEntitled,
    NotListed,
    RateLimited,
    ValueRefused,
)
from domain.instrument import Instrument
from domain.interval import Interval
from domain.provider import BarsAsk, BarsPage
from domain.secret import Secret
from domain.session_facts import day_text
from domain.ticks import Quote, TicksAsk, Trade
from domain.timerange import TimeRange
from ports.market_data import CallContext
from tests.adapters_out.provider_kit.scripted import Bench, Script, in_virtual_time, ok
from tests.providers.reading import page_of

ES = Instrument.future("ES", "Z", 2025)
GC = Instrument.future("GC", "J", 2025)
DAY = 86_400
FEB_4 = 1_738_627_200  # 2025-02-04 00:00 UTC
NS = 10**9
KEY = ProviderSettings(api_key=Secret("k"))
assert PROVIDER.bars is not None
assert PROVIDER.price is not None
assert PROVIDER.listings is not None
assert PROVIDER.trades is not None
assert PROVIDER.quotes is not None
BARS, PRICE, LISTINGS = PROVIDER.bars, PROVIDER.price, PROVIDER.listings
TRADES, QUOTES = PROVIDER.trades, PROVIDER.quotes


def page(
    body: bytes, instrument: Instrument, interval: Interval, span: TimeRange, now: float = 2e9
) -> BarsPage:
    """What a body says about a range."""
    return page_of(PROVIDER, body, BarsAsk(instrument, interval, span), now)


def aggregate(ts: int, **values: object) -> dict[str, object]:
    """A row as the format page describes it, flat at 2.5."""
    flat = dict.fromkeys(("open", "high", "low", "close"), 2.5)
    rest = {"volume": 4, "transactions": 3, "dollar_volume": 10.0, "ticker": "ESZ5"}
    return {"window_start": ts * NS, "session_end_date": "2025-02-04", **flat, **rest, **values}


def answer(*rows: object, **envelope: object) -> bytes:
    """A body."""
    return json.dumps({"status": "OK", "request_id": 1, "results": rows, **envelope}).encode()


@pytest.mark.recordings
@pytest.mark.parametrize("name", ["aggs__1.json", "aggs__2.json"])
def test_recorded_sessions_are_stamped_with_their_day(recordings: Path, name: str) -> None:
    """The older sample begins a session at its own midnight, the newer one at that before."""
    body = (recordings / "massive_futures" / name).read_bytes()
    span = TimeRange(FEB_4, FEB_4 + 2 * DAY)
    found = page(body, GC, Interval.D1, span)
    rows = json.loads(body)["results"]
    assert found.series.ts.tolist() == [FEB_4, FEB_4 + DAY]
    for column in ("open", "high", "low", "close", "volume"):
        assert getattr(found.series, column).tolist() == [row[column] for row in rows]
    assert found.series.trades.tolist() == [row["transactions"] for row in rows]
    assert np.isnan(found.series.vwap).all()
    assert found.facts is not None
    assert found.facts.settlement_price.tolist() == [2875.8, 2893.0]
    assert found.facts.dollar_volume.tolist() == [row["dollar_volume"] for row in rows]
    assert [day_text(d) for d in found.facts.session_day] == ["2025-02-04", "2025-02-05"]
    assert (found.rejected, found.covers) == ((), span)


@pytest.mark.recordings
def test_recorded_trades_are_read(recordings: Path) -> None:
    """Nanoseconds to the last digit, the venue's number, the session; the next page is named."""
    body = (recordings / "massive_futures/trades__1.json").read_bytes()
    part = TRADES.read(Reply(200, body), TicksAsk(instrument=ES, limit=10))
    first = part.ticks[0]
    assert first == Trade(
        ts_ns=1734472799000509200,
        price=6052.0,
        size=3.0,
        id="12033289",
        session="2024-12-17",
    )
    assert (len(part.ticks), part.more is not None) == (3, True)


@pytest.mark.recordings
def test_the_empty_side_of_a_recorded_quote_has_no_price(recordings: Path) -> None:
    """The first has no ask: neither a price nor a size of 0."""
    body = (recordings / "massive_futures/quotes__1.json").read_bytes()
    part = QUOTES.read(Reply(200, body), TicksAsk(instrument=GC, limit=10))
    assert list(part.ticks) == [
        Quote(ts_ns=1734472800076125400, bid_price=2660.0, bid_size=1.0, session="2024-12-17"),
        Quote(
            ts_ns=1734472770000588000,
            bid_price=2684.7,
            bid_size=1.0,
            ask_price=2686.0,
            ask_size=1.0,
            session="2024-12-17",
        ),
    ]


@pytest.mark.recordings
@pytest.mark.parametrize(
    ("name", "status", "error"),
    [
        ("error_401_unknown_key__1.json", 401, KeyRefused),
        ("error_403_not_authorized__1.json", 403, NotEntitled),
        ("error_403_not_authorized__1.json", 200, NotEntitled),
    ],
)
def test_recorded_refusals_are_understood(
    recordings: Path, name: str, status: int, error: type[MarketDataError]
) -> None:
    """A wrong key, and a plan that does not include this, which may come with status 200."""
    body = (recordings / "massive_futures" / name).read_bytes()
    assert type(_failure(status, body)) is error


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (
            400,
            b'{"status":"ERROR","request_id":"x","error":"unsupported resolution"}',
            ValueRefused,
        ),
        (404, b'{"status":"NOT_FOUND","message":"no such ticker"}', NotListed),
        (404, b"404 page not found", CallRefused),
        (429, b'{"status":"ERROR","error":"You\'ve exceeded the maximum requests"}', RateLimited),
    ],
)
def test_described_refusals_are_understood(
    status: int, body: bytes, error: type[MarketDataError]
) -> None:
    """As the documents word them; what is limited is left alone until the next minute."""
    found = _failure(status, body)
    assert type(found) is error
    if isinstance(found, RateLimited):
        assert found.retry_at is not None


def _failure(status: int, body: bytes) -> MarketDataError:
    async def ask() -> None:
        response = ok(body)
        response.status_code = status
        bench = Bench(Script(response), PROVIDER, KEY)
        await bench.kit.price(ES, bench.within(5))

    with pytest.raises(MarketDataError) as caught:
        in_virtual_time(ask())
    return caught.value


def test_without_a_key_nothing_is_sent_and_the_key_is_named() -> None:
    """The remedy is in the sentence."""

    async def ask() -> Script:
        script = Script(ok())
        bench = Bench(script, PROVIDER, ProviderSettings(key_name="MASSIVE_API_KEY"))
        with pytest.raises(AccessDenied, match="set MASSIVE_API_KEY"):
            await bench.kit.price(ES, bench.within(5))
        return script

    assert in_virtual_time(ask()).requests == []


def test_minutes_are_asked_for_in_nanoseconds_with_a_limit() -> None:
    """Without a limit the default cuts silently."""
    call = BARS.ask(BarsAsk(ES, Interval.M1, TimeRange(FEB_4, FEB_4 + 600)))
    assert isinstance(call, Call)
    assert call.path == "/futures/v1/aggs/ESZ5"
    assert call.params == {
        "resolution": "1min",
        "window_start.gte": FEB_4 * NS,
        "window_start.lt": (FEB_4 + 600) * NS,
        "limit": 10_000,
        "sort": "window_start.asc",
    }


def test_the_version_of_the_api_is_a_setting() -> None:
    """What was called vX has the same paths for bars."""
    old = massive_futures("vX").bars
    assert old is not None
    call = old.ask(BarsAsk(ES, Interval.D1, TimeRange(FEB_4, FEB_4 + DAY)))
    assert isinstance(call, Call)
    assert call.path == "/futures/vX/aggs/ESZ5"


def test_a_session_after_a_long_weekend_is_found() -> None:
    """Its window began four days before its date; the one before it was not asked for."""
    ask = BarsAsk(ES, Interval.D1, TimeRange(FEB_4, FEB_4 + DAY))
    call = BARS.ask(ask)
    assert isinstance(call, Call)
    begun = FEB_4 - 4 * DAY
    assert int(call.params["window_start.gte"]) <= begun * NS
    rows = (aggregate(begun - DAY, session_end_date="2025-01-31"), aggregate(begun))
    found = page(answer(*rows), ES, Interval.D1, ask.range)
    assert found.series.ts.tolist() == [FEB_4]
    assert found.rejected == ()


@pytest.mark.parametrize("begun", [FEB_4 - 3 * DAY, FEB_4 - 2 * DAY, FEB_4 - DAY])
def test_a_week_belongs_to_its_monday(begun: int) -> None:
    """Whether its window is said to begin on Saturday, Sunday or Monday (2025-02-03)."""
    monday = FEB_4 - DAY
    found = page(answer(aggregate(begun)), ES, Interval.W1, TimeRange(monday, monday + 7 * DAY))
    assert found.series.ts.tolist() == [monday]


def test_a_minute_without_trades_is_answered_for() -> None:
    """It has no row, and the page covers it."""
    span = TimeRange(FEB_4, FEB_4 + 180)
    found = page(answer(aggregate(FEB_4), aggregate(FEB_4 + 120)), ES, Interval.M1, span)
    assert (len(found.series), found.covers) == (2, span)


def test_prices_may_be_texts_and_negative_and_the_rest_absent() -> None:
    """Crude oil was, on 2020-04-20."""
    row = aggregate(FEB_4, open="-37.63", high="-13.1", low="-40.32", close=-37.63)
    del row["volume"], row["transactions"], row["dollar_volume"]
    found = page(answer(row), ES, Interval.M1, TimeRange(FEB_4, FEB_4 + 60))
    bar = found.series.bar(0)
    assert (bar.open, bar.high, bar.low, bar.close) == (-37.63, -13.1, -40.32, -37.63)
    assert (bar.volume, bar.trades) == (None, None)
    assert found.facts is not None
    assert np.isnan(found.facts.dollar_volume[0])


def test_a_row_without_a_price_is_set_aside() -> None:
    """A missing price is never 0; a bare NaN spoils its own row only."""
    rows = (aggregate(FEB_4, open=None), aggregate(FEB_4 + 60), aggregate(FEB_4 + 120, low=9e99))
    body = answer(*rows).replace(b"9e+99", b"NaN")
    found = page(body, ES, Interval.M1, TimeRange(FEB_4, FEB_4 + 180))
    assert found.series.ts.tolist() == [FEB_4 + 60]
    assert [row.ts for row in found.rejected] == [FEB_4, FEB_4 + 120]


def test_rows_of_another_time_are_no_answer() -> None:
    """A server that ignores the range must not be taken at its word that there is nothing."""
    ask = BarsAsk(ES, Interval.M1, TimeRange(FEB_4, FEB_4 + 60))
    with pytest.raises(Unreadable):
        BARS.read(Reply(200, answer(aggregate(FEB_4 - DAY))), ask)


def test_the_newest_bars_of_a_delayed_plan_are_not_said_to_be_absent() -> None:
    """What is later than the last row or a quarter of an hour ago is not answered for."""
    body, now = answer(aggregate(FEB_4), status="DELAYED"), FEB_4 + 1800.0
    found = page(body, ES, Interval.M1, TimeRange(FEB_4, FEB_4 + 1800), now)
    assert found.covers == TimeRange(FEB_4, FEB_4 + 900)
    late = answer(aggregate(FEB_4 + 1200), status="DELAYED")
    found = page(late, ES, Interval.M1, TimeRange(FEB_4, FEB_4 + 1800), now)
    assert found.covers == TimeRange(FEB_4, FEB_4 + 1260)


def test_four_pages_are_followed_on_our_origin() -> None:
    """The link names the vendor's host and another version; the key goes to ours only."""

    async def ask() -> tuple[list[BarsPage], list[str], list[str]]:
        link = "https://api.massive.com/futures/vX/aggs/ESZ5?cursor=c{}"
        pages = [ok(answer(aggregate(FEB_4 + 60 * n), next_url=link.format(n))) for n in range(3)]
        script = Script(*pages, ok(answer(aggregate(FEB_4 + 180))))
        settings = ProviderSettings(api_key=Secret("k"), base_url="http://ours/x")
        bench = Bench(script, PROVIDER, settings, now=FEB_4 + DAY)
        found = await bench.pages(BarsAsk(ES, Interval.M1, TimeRange(FEB_4, FEB_4 + 300)))
        urls = [str(request.url) for request in script.requests]
        return found, urls, [r.headers["authorization"] for r in script.requests]

    pages, urls, keys = in_virtual_time(ask())
    assert [page.series.ts.tolist() for page in pages] == [[FEB_4 + 60 * n] for n in range(4)]
    assert urls[1:] == [f"http://ours/x/futures/vX/aggs/ESZ5?cursor=c{n}" for n in range(3)]
    assert keys == ["Bearer k"] * 4


@pytest.mark.parametrize(
    ("snapshot", "price", "ts"),
    [
        ({"last_trade": {"price": 6052.25, "last_updated": FEB_4 * NS + 7}}, 6052.25, FEB_4),
        (
            {
                "last_trade": {},
                "last_minute": {"close": "6051.5", "last_updated": FEB_4 * 1000},
                "details": {"settlement_date": 1734652800000000000},
            },
            6051.5,
            FEB_4,
        ),
    ],
)
def test_the_price_is_that_of_the_last_trade_or_minute(
    snapshot: dict[str, object], price: float, ts: int
) -> None:
    """A plan without trades still has minutes; one time is in ns, the other in ms."""
    last = PRICE.read(Reply(200, answer(snapshot)), ES)
    assert (last.price, last.ts) == (price, ts)


def test_a_contract_that_nobody_has_traded_has_no_price() -> None:
    """Its snapshot has no trade and no minute, which is no broken answer."""
    for untold in ({}, {"last_trade": {"price": None}, "last_minute": {"close": None}}):
        with pytest.raises(CallRefused, match="no price of ESZ") as refused:
            PRICE.read(Reply(200, answer({"ticker": "ESZ4", "session": {}, **untold})), ES)
        assert not refused.value.hurts_health


def test_a_contract_without_a_snapshot_is_not_listed() -> None:
    """An empty list of snapshots."""
    with pytest.raises(NotListed):
        PRICE.read(Reply(200, answer()), ES)


def test_a_negative_price_is_a_price() -> None:
    """Of a contract; the kit refuses it for anything else."""

    async def ask() -> float:
        body = answer({"last_trade": {"price": -37.63, "last_updated": FEB_4 * NS}})
        bench = Bench(Script(ok(body)), PROVIDER, KEY)
        return (await bench.kit.price(ES, CallContext())).price

    assert in_virtual_time(ask()) == -37.63


def test_ticks_are_asked_for_in_nanoseconds() -> None:
    """The newest come first; the limit is sent, for the default is 10."""
    ask = TicksAsk(instrument=ES, limit=500, start_ns=5, end_ns=9)
    call = TRADES.ask(ask)
    assert isinstance(call, Call)
    assert call.path == "/futures/v1/trades/ESZ5"
    newest = {"limit": 500, "sort": "timestamp.desc", "timestamp.gte": 5, "timestamp.lt": 9}
    assert call.params == newest


def test_what_is_told_besides_stays_with_its_bar() -> None:
    """Whatever the order of the rows, and if one is repeated or set aside."""
    rows = [aggregate(FEB_4 + 60 * n, dollar_volume=float(n)) for n in (3, 1, 2, 1, 0)]
    rows.append(aggregate(FEB_4 + 240, high=0.5, dollar_volume=4.0))
    found = page(answer(*rows), ES, Interval.M1, TimeRange(FEB_4, FEB_4 + 300))
    assert len(found.rejected) == 1
    assert found.facts is not None
    assert found.facts.ts.tolist() == found.series.ts.tolist()
    assert found.facts.dollar_volume.tolist() == [0.0, 1.0, 2.0, 3.0]
