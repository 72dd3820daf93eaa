"""KuCoin: what is asked, and what is read."""

import json
import math
from pathlib import Path

import pytest

from adapters_out.provider_kit.calls import Call, Reply
from adapters_out.provider_kit.faults import UNREADABLE
from adapters_out.provider_kit.judge import Verdict
from adapters_out.providers.kucoin import PROVIDER
from domain.coverage import GapReason
from domain.errors import NotListed
from domain.instrument import Instrument
from domain.interval import Interval
from domain.provider import BarsAsk, BarsPage
from domain.timerange import TimeRange
from tests.adapters_out.provider_kit.scripted import Bench, Script, in_virtual_time, ok
from tests.providers.expected import as_rows, expected_rows
from tests.providers.reading import endpoints_of, page_of, verdict_of

BTC = Instrument.pair("BTC", "USDT")
NOW = 1_700_000_040.0
T0 = 1_699_999_980
BARS, PRICE, LISTINGS = endpoints_of(PROVIDER)


def verdict(body: bytes, ask: BarsAsk, now: float = 2e9) -> Verdict:
    """What a body says about a range."""
    return verdict_of(PROVIDER, body, ask, now)


def page(
    body: bytes, start: int, end: int, now: float = 2e9, interval: Interval = Interval.M1
) -> BarsPage:
    """The page of a verdict that has one."""
    return page_of(PROVIDER, body, BarsAsk(BTC, interval, TimeRange(start, end)), now)


def candle(ts: int, volume: object = "4.25") -> list[object]:
    """A row as the format page describes it: open 2, close 3.25, high 4.5, low 1."""
    return [str(ts), "2", "3.25", "4.5", "1", volume, "10.0"]


def answer(data: object) -> bytes:
    """A body with the code of success and a key that nobody knows."""
    return json.dumps({"code": "200000", "new": 1, "data": data}, separators=(",", ":")).encode()


@pytest.mark.recordings
@pytest.mark.parametrize(
    ("name", "interval"), [("candles__3", Interval.M1), ("ua_kline__1", Interval.H1)]
)
def test_recorded_bars_are_read_right(recordings: Path, name: str, interval: Interval) -> None:
    """Open, close, high, low, newest first, in the old envelope and in the new one."""
    folder = recordings / "kucoin"
    expected = expected_rows(folder / f"{name}.expected.json", "rows")
    start = int(expected[0][0]) // 1000
    end = int(expected[-1][0]) // 1000 + interval.seconds
    body = (folder / f"{name}.json").read_bytes()
    found = page(body, interval.floor(start), end, interval=interval)
    assert as_rows(found.series) == expected
    assert found.rejected == ()


@pytest.mark.recordings
def test_the_recorded_price_and_list_are_read(recordings: Path) -> None:
    """A price with its second; a pair with its own name and ours."""
    folder = recordings / "kucoin"
    last = PRICE.read(Reply(200, (folder / "ticker_level1__1.json").read_bytes()), BTC)
    expected = json.loads((folder / "ticker_level1__1.expected.json").read_text())
    assert (last.price, last.ts) == (expected["ticker"]["last"], 1729172965)
    (pair,) = LISTINGS.read(Reply(200, (folder / "symbols__1.json").read_bytes())).listings
    assert (pair.symbol, pair.instrument, pair.active) == ("BTC-USDT", BTC, True)


@pytest.mark.parametrize(
    ("interval", "spelled"),
    [
        (Interval.M1, "1min"),
        (Interval.M30, "30min"),
        (Interval.H1, "1hour"),
        (Interval.H12, "12hour"),
        (Interval.D1, "1day"),
    ],
)
def test_bars_are_asked_in_seconds_and_its_spelling(interval: Interval, spelled: str) -> None:
    """The last second before the end: right whether the end is inclusive or not."""
    start = interval.ceil(T0)
    end = interval.shift(start, 2)
    call = BARS.ask(BarsAsk(BTC, interval, TimeRange(start, end)))
    params: dict[str, str | int] = {"symbol": "BTC-USDT", "type": spelled}
    times: dict[str, str | int] = {"startAt": start, "endAt": end - 1}
    assert call == Call("/api/v1/market/candles", params | times, weight=3)


def test_what_it_offers() -> None:
    """No weeks, which open on Thursday, and no months; a hole is a quiet minute."""
    assert set(Interval) - set(PROVIDER.capabilities.intervals) == {Interval.W1, Interval.MO1}
    assert PROVIDER.capabilities.holes is GapReason.NO_TRADES
    assert BARS.page(BarsAsk(BTC, Interval.M1, TimeRange(0, 6 * 10**5))).end == 1500 * 60


def test_quiet_minutes_are_left_out_and_answered_for() -> None:
    """Two bars in ten minutes: the page covers all ten."""
    found = page(answer([candle(T0 + 420), candle(T0)]), T0, T0 + 600)
    assert found.series.ts.tolist() == [T0, T0 + 420]
    assert found.covers == TimeRange(T0, T0 + 600)
    bar = next(iter(found.series))
    assert (bar.open, bar.high, bar.low, bar.close, bar.volume) == (2.0, 4.5, 1.0, 3.25, 4.25)
    assert (bar.vwap, bar.trades) == (None, None)


def test_an_empty_answer_is_an_answer() -> None:
    """Nobody traded, and that is all."""
    found = page(answer([]), T0, T0 + 600)
    assert (len(found.series), found.covers) == (0, TimeRange(T0, T0 + 600))


def test_the_running_minute_is_not_final() -> None:
    """No flag says so: the clock does, to the second."""
    body = answer([candle(T0), candle(T0 - 60)])
    early, late = (page(body, T0 - 60, T0 + 60, now=T0 + s) for s in (59.9, 60.0))
    assert early.series.ts.tolist() == [T0 - 60]
    assert early.covers == TimeRange(T0 - 60, T0)
    assert early.forming is not None
    assert early.forming.ts == T0
    assert late.series.ts.tolist() == [T0 - 60, T0]


def test_the_newest_rows_are_no_answer_for_last_year() -> None:
    """A server that ignores the range sends the running bar too: that one excuses nothing."""
    body = answer([candle(T0), candle(T0 - 60)])
    old = BarsAsk(BTC, Interval.M1, TimeRange(T0 - 60_000, T0 - 30_000))
    assert verdict(body, old, now=T0 + 30.0).strange


def test_numbers_may_be_numbers_and_further_cells_do_not_matter() -> None:
    """Strings today; an eighth cell may appear any day."""
    row = [T0, 2, 3.25, 4.5, 1, 4.25, 10.0, "new"]
    assert page(answer([row]), T0, T0 + 60).series == page(answer([candle(T0)]), T0, T0 + 60).series


def test_a_volume_that_is_not_sent_is_absent() -> None:
    """It is not 0."""
    found = page(answer([candle(T0, volume=None)]), T0, T0 + 60)
    assert math.isnan(found.series.volume[0])


def test_a_row_with_a_missing_price_is_set_aside() -> None:
    """It costs itself only."""
    short, null = candle(T0)[:4], [*candle(T0 + 60)[:3], None, "1", "4", "9"]
    found = page(answer([candle(T0 + 120), null, short]), T0, T0 + 180)
    assert found.series.ts.tolist() == [T0 + 120]
    assert len(found.rejected) == 2


@pytest.mark.parametrize(
    ("ticker", "price", "ts"),
    [
        ({"price": "67269", "time": 1729172965609, "new": None}, 67269.0, 1729172965),
        ({"price": 67269.5}, 67269.5, None),
    ],
)
def test_a_price_in_either_spelling(
    ticker: dict[str, object], price: float, ts: int | None
) -> None:
    """String or number; a time that is not sent is absent."""
    last = PRICE.read(Reply(200, answer(ticker)), BTC)
    assert (last.price, last.ts) == (price, ts)


def test_no_data_for_a_price_means_not_listed() -> None:
    """The code is that of success: an unknown pair, not a fault of the provider."""
    with pytest.raises(NotListed, match="BTC-USDT"):
        PRICE.read(Reply(200, answer(None)), BTC)


@pytest.mark.parametrize(
    "body",
    [
        '{"code":"200000"}',
        '{"code":"200000","data":5}',
        '{"code":"200000","data":{}}',
        '{"code":"200000","data":{"price":null}}',
        '{"code":200000,"data":[]}',
        '{"data":[]}',
        "[]",
        "null",
        "",
    ],
)
def test_another_shape_is_never_an_empty_answer(body: str) -> None:
    """Bars, price and list refuse it."""
    reply = Reply(200, body.encode())
    ask = BarsAsk(BTC, Interval.M1, TimeRange(T0, T0 + 60))
    with pytest.raises(UNREADABLE):
        BARS.read(reply, ask)
    with pytest.raises(UNREADABLE):
        PRICE.read(reply, BTC)
    with pytest.raises(UNREADABLE):
        LISTINGS.read(reply)


def test_no_data_for_bars_is_no_empty_answer() -> None:
    """For an unknown pair the code says so; nothing at all says nothing."""
    with pytest.raises(UNREADABLE):
        page(answer(None), T0, T0 + 60)


def test_a_renamed_coin_keeps_its_symbol() -> None:
    """BSV is traded as BCHSV, whatever the displayed name; what has no pair is left out."""
    symbols = [
        {"symbol": "BCHSV-USDT", "name": "BSV-USDT", "enableTrading": True},
        {"symbol": "OLD-BTC", "enableTrading": False},
        {"symbol": "INDEX"},
    ]
    part = LISTINGS.read(Reply(200, answer(symbols)))
    listed = [(x.symbol, x.instrument.id, x.active) for x in part.listings]
    assert listed == [("BCHSV-USDT", "BSV-USDT", True), ("OLD-BTC", "OLD-BTC", False)]
    asked = PRICE.ask(Instrument.pair("BSV", "USDT"))
    assert isinstance(asked, Call)
    assert asked.params == {"symbol": "BCHSV-USDT"}


def test_a_long_range_is_asked_in_windows() -> None:
    """Nothing is left to a silent cut: 3,100 minutes are three questions."""
    script = Script(ok(answer([])))
    span = TimeRange(T0 - 3100 * 60, T0)

    async def run() -> list[BarsPage]:
        bench = Bench(script, PROVIDER, now=NOW)
        return await bench.pages(BarsAsk(BTC, Interval.M1, span))

    covers = [p.covers for p in in_virtual_time(run())]
    assert [(c.end - c.start) // 60 for c in covers] == [1500, 1500, 100]
    assert (covers[0].start, covers[-1].end) == (span.start, span.end)
    assert [r.url.host for r in script.requests] == ["api.kucoin.com"] * 3
