"""Kraken: what is asked, what is read, and what its complaints mean."""

import json
import math
from pathlib import Path

import pytest

from adapters_out.provider_kit.calls import Call, Reply
from adapters_out.provider_kit.faults import UNREADABLE
from adapters_out.providers.kraken import PROVIDER
from domain.errors import (
    MalformedPayload,
    RangeUnavailable,
)
from domain.instrument import Instrument
from domain.interval import Interval
from domain.provider import BarsAsk, BarsPage
from domain.timerange import TimeRange
from tests.adapters_out.provider_kit.scripted import Bench, Script, in_virtual_time, ok
from tests.providers.expected import as_rows, expected_rows
from tests.providers.reading import endpoints_of, page_of

BTC = Instrument.pair("BTC", "USDT")
NOW = 1_700_000_040.0
T0 = 1_699_999_980
BARS, PRICE, LISTINGS = endpoints_of(PROVIDER)


def page(body: bytes, interval: Interval, span: TimeRange, now: float) -> BarsPage:
    """What a body says about a range."""
    ask = BarsAsk(BTC, interval, span)
    return page_of(PROVIDER, body, ask, now)


def candle(ts: int, vwap: str = "2.5", volume: str = "4.00000000", count: int = 3) -> list[object]:
    """A row as the format page describes it, flat at 2.5."""
    return [ts, "2.5", "2.5", "2.5", "2.5", vwap, volume, count]


def answer(*rows: list[object], last: int) -> str:
    """A body under Kraken's own name of the pair."""
    return json.dumps({"error": [], "result": {"XXBTZUSD": rows, "last": last}})


@pytest.mark.recordings
@pytest.mark.parametrize(
    ("name", "interval", "key"),
    [
        ("OHLC__2", Interval.M1, "rows"),
        ("OHLC__5", Interval.M1, "rows"),
    ],
)
def test_recorded_minutes_are_read_right(
    recordings: Path, name: str, interval: Interval, key: str
) -> None:
    """All rows but the last, which is forming by Kraken's own word."""
    folder = recordings / "kraken"
    expected = expected_rows(folder / f"{name}.expected.json", key)
    start, end = int(expected[0][0]) // 1000, int(expected[-1][0]) // 1000 + interval.seconds
    body = (folder / f"{name}.json").read_bytes()
    found = page(body, interval, TimeRange(start, end), now=end + 1.0)
    assert as_rows(found.series) == expected[:-1]
    assert found.covers == TimeRange(start, end - interval.seconds)
    assert found.forming is not None
    assert found.forming.ts == end - interval.seconds
    assert found.rejected == ()


@pytest.mark.recordings
def test_quiet_minutes_have_no_average_price(recordings: Path) -> None:
    """216 recorded minutes without a trade: a flat bar, volume 0, vwap not sent."""
    body = (recordings / "kraken/OHLC__2.json").read_bytes()
    found = page(body, Interval.M1, TimeRange(1762777020, 1762820160), now=1762820224.0)
    quiet = found.series.volume == 0
    assert math.isnan(found.series.vwap[quiet].max())
    assert (found.series.trades[quiet] == 0).all()
    assert (found.series.vwap[~quiet] > 0).all()
    assert quiet.sum() > 200


@pytest.mark.recordings
def test_the_recorded_hour_was_forming(recordings: Path) -> None:
    """Captured at 11:33: the bar of 11:00 is not final, neither by `last` nor by the clock."""
    folder = recordings / "kraken"
    expected = expected_rows(folder / "OHLC__1.expected.json", "rows_ms")
    body = (folder / "OHLC__1.json").read_bytes()
    span = TimeRange(1716526800, 1716552000)
    found = page(body, Interval.H1, span, now=1716550404.0)
    assert as_rows(found.series)[: len(expected)] == expected
    assert (len(found.series), found.covers.end) == (6, 1716548400)
    assert found.forming is not None
    assert found.forming.ts == 1716548400


@pytest.mark.recordings
def test_a_recorded_hole_stays_a_hole(recordings: Path) -> None:
    """Rows were cut out of this one: 44 hours without a bar, which the page covers."""
    folder = recordings / "kraken"
    expected = expected_rows(folder / "OHLC__3.expected.json", "ccxt_parsed")
    body = (folder / "OHLC__3.json").read_bytes()
    span = TimeRange(1706626800, 1706799600)
    found = page(body, Interval.H1, span, now=1706800000.0)
    assert as_rows(found.series)[1:4] == expected
    assert (len(found.series), found.covers) == (5, span)


@pytest.mark.recordings
def test_recorded_prices_and_pairs_are_read(recordings: Path) -> None:
    """Tickers of 2025 and of 2014; pairs with their own and our names."""
    folder = recordings / "kraken"
    new, old = (
        PRICE.read(Reply(200, (folder / name).read_bytes()), BTC)
        for name in ("Ticker__2.json", "Ticker__3.json")
    )
    assert (new.price, old.price, new.ts) == (105899.4, 560.87711, None)
    part = LISTINGS.read(Reply(200, (folder / "AssetPairs__2.json").read_bytes()))
    (pair,) = part.listings
    assert (pair.symbol, pair.instrument, pair.active) == ("XBTUSDT", BTC, True)


@pytest.mark.parametrize(
    ("pair", "spelled"),
    [
        (BTC, "XBTUSDT"),
        (Instrument.pair("DOGE", "USD"), "XDGUSD"),
        (Instrument.pair("ETH", "BTC"), "ETHXBT"),
        (Instrument.pair("SOL", "EUR"), "SOLEUR"),
    ],
)
def test_pairs_are_spelled_its_way(pair: Instrument, spelled: str) -> None:
    """XBT and XDG, without any look-up."""
    call = BARS.ask(BarsAsk(pair, Interval.H4, TimeRange(14_400, 28_800)))
    params: dict[str, str | int] = {"pair": spelled, "interval": 240, "since": 0}
    assert call == Call("/0/public/OHLC", params)
    assert PRICE.ask(pair) == Call("/0/public/Ticker", {"pair": spelled})


def test_weeks_are_not_offered() -> None:
    """They open on Thursday, ours on Monday; days are the same."""
    offered = set(PROVIDER.capabilities.intervals)
    assert Interval.D1 in offered
    assert not {Interval.W1, Interval.MO1, Interval.H12} & offered
    assert PROVIDER.capabilities.history_bars == 720


def test_a_row_after_last_is_forming_whatever_the_clock_says() -> None:
    """Its interval is over by our clock, but Kraken has not committed it."""
    rows = [candle(T0 - 120), candle(T0 - 60), candle(T0)]
    body = answer(*rows, last=T0 - 120).encode()
    found = page(body, Interval.M1, TimeRange(T0 - 120, T0 + 60), now=T0 + 300.0)
    assert found.series.ts.tolist() == [T0 - 120]
    assert found.covers == TimeRange(T0 - 120, T0 - 60)
    assert found.forming is not None
    assert found.forming.ts == T0


@pytest.mark.parametrize(
    "body",
    [
        '{"error":[],"result":{"XXBTZUSD":ROWS,"last":LAST}}',
        '{"error":[],"result":{"last":LAST,"XXBTZUSD":ROWS}}',
        '{"error": [], "result": {"XXBTZUSD": ROWS, "last": LAST}}',
        '{"result":{"XBT/USD":ROWS,"last":LAST},"error":[]}',
        '{"error":["WGeneral:Slow"],"result":{"XXBTZUSD":ROWS,"last":LAST}}',
    ],
)
def test_however_it_is_wrapped_it_is_the_same_page(body: str) -> None:
    """Order of the names, blanks and warnings do not change what the rows say."""
    rows = [candle(T0 - 60), candle(T0), candle(T0 + 60)]
    text = json.dumps(rows, separators=(",", ":"))
    wrapped = body.replace("ROWS", text).replace("LAST", str(T0))
    found = page(wrapped.encode(), Interval.M1, TimeRange(T0 - 60, T0 + 120), now=NOW + 600)
    assert found.series.ts.tolist() == [T0 - 60, T0]
    assert found.forming is not None
    assert found.forming.ts == T0 + 60


@pytest.mark.parametrize("rest", [',"last":x}}', "}}", ',"ZUSD":[[1]],"last":7}}', ""])
def test_a_body_that_is_cut_or_mixed_up_is_no_page(rest: str) -> None:
    """Neither two pairs nor a broken end are guessed at."""
    body = f'{{"error":[],"result":{{"XXBTZUSD":[{json.dumps(candle(T0))}]{rest}'
    ask = BarsAsk(BTC, Interval.M1, TimeRange(T0, T0 + 60))
    with pytest.raises(UNREADABLE):
        BARS.read(Reply(200, body.encode()), ask)


def test_a_row_before_last_is_forming_if_its_minute_runs() -> None:
    """Kraken's clock is ahead: ours decides as well."""
    body = answer(candle(T0 - 60), candle(T0), last=T0).encode()
    found = page(body, Interval.M1, TimeRange(T0 - 60, T0 + 60), now=T0 + 59.0)
    assert found.series.ts.tolist() == [T0 - 60]


def test_rows_after_the_range_are_only_more_than_was_asked() -> None:
    """The end of a range cannot be said, so nothing is rejected."""
    rows = [candle(T0 + 60 * k) for k in range(5)]
    body = answer(*rows, last=T0 + 180).encode()
    found = page(body, Interval.M1, TimeRange(T0, T0 + 120), now=T0 + 250.0)
    assert (len(found.series), found.rejected) == (2, ())
    assert found.covers == TimeRange(T0, T0 + 120)


def whole_history() -> str:
    """720 committed bars and the forming one."""
    first = T0 - 719 * 60
    return answer(*(candle(first + 60 * k) for k in range(721)), last=T0)


def test_it_answers_only_for_what_it_keeps() -> None:
    """Asked for twenty hours it covers the last twelve."""
    first = T0 - 719 * 60
    script = Script(ok(whole_history()))

    async def run() -> list[BarsPage]:
        bench = Bench(script, PROVIDER, now=T0 + 90.0)
        return await bench.pages(BarsAsk(BTC, Interval.M1, TimeRange(T0 - 72_000, T0 + 60)))

    (found,) = in_virtual_time(run())
    assert found.covers == TimeRange(first, T0 + 60)
    assert len(found.series) == 720
    assert len(script.requests) == 1


def test_what_is_too_old_for_it_is_said() -> None:
    """A day of last year is not an empty answer."""

    async def run() -> None:
        bench = Bench(Script(ok(whole_history())), PROVIDER, now=T0 + 90.0)
        span = TimeRange(T0 - 40_000_020, T0 - 39_900_000)
        await bench.pages(BarsAsk(BTC, Interval.M1, span))

    with pytest.raises(RangeUnavailable, match="keeps no 1m bars"):
        in_virtual_time(run())


def test_a_dark_pool_is_not_listed() -> None:
    """A pair without a public name has no base and quote to tell apart."""
    pairs = {"XXBTZUSD": {"altname": "XBTUSD", "wsname": "XBT/USD", "status": "cancel_only"}}
    pairs |= {"XXBTZUSD.d": {"altname": "XBTUSD.d"}}
    body = json.dumps({"error": [], "result": pairs}).encode()
    (listing,) = LISTINGS.read(Reply(200, body)).listings
    assert (listing.symbol, listing.instrument.id, listing.active) == ("XBTUSD", "BTC-USD", False)


def test_half_a_body_is_malformed() -> None:
    """It is asked again, then said."""

    async def run() -> None:
        bench = Bench(Script(ok(whole_history()[:500])), PROVIDER)
        await bench.pages(BarsAsk(BTC, Interval.M1, TimeRange(T0 - 600, T0)))

    with pytest.raises(MalformedPayload):
        in_virtual_time(run())
