"""CoinGecko: what is asked, and what is read."""

import json
import math
from pathlib import Path

import pytest

from adapters_out.provider_kit.calls import Call, Question, Reply
from adapters_out.provider_kit.cells import Unreadable
from adapters_out.provider_kit.faults import UNREADABLE
from adapters_out.provider_kit.judge import Verdict
from adapters_out.provider_kit.provider import LastPrice, Usage
from adapters_out.provider_kit.settings import ProviderSettings
from adapters_out.providers.coingecko import PROVIDER
from domain.errors import CallRefused, NotListed
from domain.instrument import Instrument
from domain.interval import Interval
from domain.provider import BarsAsk, BarsPage, Basis
from domain.secret import Secret
from domain.timerange import TimeRange
from tests.adapters_out.provider_kit.scripted import Bench, Script, in_virtual_time, ok
from tests.providers.reading import endpoints_of, page_of, verdict_of

BTC = Instrument.pair("BTC", "USD")
KAS = Instrument.pair("KAS", "USD")
H4 = 4 * 3600
T0 = 1_700_006_400  # a multiple of four hours
DAY = 86_400
BARS, PRICE, LISTINGS = endpoints_of(PROVIDER)


def verdict(body: bytes, ask: BarsAsk, now: float = 2e9) -> Verdict:
    """What a body says about a range."""
    return verdict_of(PROVIDER, body, ask, now)


def page(
    body: bytes, start: int, end: int, now: float = 2e9, interval: Interval = Interval.H4
) -> BarsPage:
    """The page of a verdict that has one."""
    return page_of(PROVIDER, body, BarsAsk(BTC, interval, TimeRange(start, end)), now)


def candles(*closes: int) -> bytes:
    """Candles that end then: open 2, high 4.5, low 1, close 3.25."""
    return json.dumps([[ts * 1000, 2, 4.5, 1.0, 3.25] for ts in closes]).encode()


def looked_up(question: Question, reply: object) -> tuple[Call, Call]:
    """The look-up of a question, and the call that follows from its reply."""
    assert not isinstance(question, Call)
    look_up = next(question)
    with pytest.raises(StopIteration) as end:
        question.send(Reply(200, json.dumps(reply).encode()))
    return look_up, end.value.value


@pytest.mark.recordings
def test_recorded_candles_are_read_right(recordings: Path) -> None:
    """Thirty days of four hours by their open; the last ran when it was recorded."""
    content = (recordings / "coingecko" / "ohlc__2.json").read_bytes()
    rows = json.loads(content)
    first, last = rows[0][0] // 1000 - H4, rows[-1][0] // 1000 - H4
    recorded_at = 1_621_092_840.0  # 2021-05-15 15:34
    found = page(content, first, last + H4, now=recorded_at)
    assert found.series.ts.tolist() == [row[0] // 1000 - H4 for row in rows[:-1]]
    assert found.covers == TimeRange(first, last)
    assert [(b.open, b.high, b.low, b.close) for b in found.series] == [
        tuple(map(float, row[1:])) for row in rows[:-1]
    ]
    assert all(bar.volume is None and bar.vwap is None for bar in found.series)
    assert found.forming is not None
    assert found.forming.ts == last
    assert found.rejected == ()


@pytest.mark.recordings
def test_documented_candles_are_of_half_an_hour(recordings: Path) -> None:
    """They are no bars of four hours."""
    content = (recordings / "coingecko" / "ohlc__3.json").read_bytes()
    start = 1_779_199_200 - 1800
    found = page(content, start, start + 1800, interval=Interval.M30)
    assert [(b.ts, b.open, b.close) for b in found.series] == [(start, 76769.0, 76818.0)]
    with pytest.raises(Unreadable, match="not of 4h"):
        page(content, start, start + H4)


@pytest.mark.recordings
@pytest.mark.parametrize("name", ["market_chart__1", "market_chart__2", "market_chart_range__1"])
@pytest.mark.parametrize("interval", [Interval.M30, Interval.H4])
def test_the_points_of_a_chart_are_no_bars(recordings: Path, name: str, interval: Interval) -> None:
    """They are samples, off the grid, the last of them twice: never bars, whatever is asked."""
    content = (recordings / "coingecko" / f"{name}.json").read_bytes()
    with pytest.raises(UNREADABLE):
        page(content, T0, T0 + 10 * H4, interval=interval)
    with pytest.raises(UNREADABLE):
        PRICE.read(Reply(200, content), BTC)


@pytest.mark.recordings
@pytest.mark.parametrize(
    ("name", "pair", "price", "ts"),
    [
        ("simple_price__3", ("BTC", "USD"), 49357.0, None),
        ("simple_price__4", ("ETH", "BTC"), 0.03950436, None),
        ("simple_price__5", ("BTC", "ETH"), 31.906046, None),
        ("simple_price__5", ("BNB", "ETH"), 0.21387074, None),
        ("simple_price__5", ("DAI", "ETH"), 0.0003068, None),
        ("simple_price__6", ("BTC", "USD"), 76975.0, 1_779_092_258),
    ],
)
def test_recorded_prices_are_read(
    recordings: Path, name: str, pair: tuple[str, str], price: float, ts: int | None
) -> None:
    """The coin that was asked for, in the currency that was asked for."""
    content = (recordings / "coingecko" / f"{name}.json").read_bytes()
    assert PRICE.read(Reply(200, content), Instrument.pair(*pair)) == LastPrice(price, ts)


@pytest.mark.recordings
def test_what_is_silently_left_out_is_not_listed(recordings: Path) -> None:
    """Three coins were asked in three currencies, and one price came."""
    content = (recordings / "coingecko" / "simple_price__3.json").read_bytes()
    for pair in (("ETH", "USD"), ("BTC", "MYR")):
        with pytest.raises(NotListed):
            PRICE.read(Reply(200, content), Instrument.pair(*pair))


@pytest.mark.recordings
def test_recorded_lists_are_read(recordings: Path) -> None:
    """A ticker of several coins is left out unless one knows by heart whom it means."""
    folder = recordings / "coingecko"
    content = (folder / "coins_list__2.json").read_bytes()
    listed = LISTINGS.read(Reply(200, content)).listings
    by_instrument = {each.instrument.id: each.symbol for each in listed}
    assert len(by_instrument) == len(listed) > 4000
    assert (by_instrument["BTC-USD"], by_instrument["UNI-USD"]) == ("bitcoin", "uniswap")
    assert by_instrument["ZOC-USD"] == "01coin"
    everything = json.loads(content)
    assert sum(coin["symbol"] == "uni" for coin in everything) == 4
    several = {c["symbol"] for c in everything if c["symbol"] == "lon"}
    assert len(several) == 1
    for name, ids in (
        ("coins_list__3", ["official-trump", "ondo-finance"]),
        ("coins_list__4", ["0chain", "01coin"]),
    ):
        part = LISTINGS.read(Reply(200, (folder / f"{name}.json").read_bytes()))
        assert [each.symbol for each in part.listings] == ids


def test_a_list_without_codes_or_pairs_of_the_dollar_with_itself() -> None:
    """What is no asset code, or the dollar's own, or has twins, is left out."""
    coins = [
        {"id": "a", "symbol": "usd"},
        {"id": "b", "symbol": "$x"},
        {"id": "c", "symbol": "twin"},
        {"id": "d", "symbol": "TWIN"},
        {"id": "e", "symbol": "btc"},
        {"id": "f", "symbol": "Fine", "new": 1},
    ]
    part = LISTINGS.read(Reply(200, json.dumps(coins).encode()))
    assert [(x.symbol, x.instrument.id) for x in part.listings] == [("f", "FINE-USD")]


@pytest.mark.parametrize(("interval", "days"), [(Interval.M30, 1), (Interval.H4, 30)])
def test_days_decide_how_long_candles_are(interval: Interval, days: int) -> None:
    """One day of half hours, thirty of four hours; never 31, whose candles are of four days."""
    call = BARS.ask(BarsAsk(BTC, interval, TimeRange(T0, T0 + H4)))
    params: dict[str, str | int] = {"vs_currency": "usd", "days": days, "precision": "full"}
    assert call == Call("/coins/bitcoin/ohlc", params)


def test_what_it_offers() -> None:
    """Two intervals and thirty days; an average over venues."""
    assert set(PROVIDER.capabilities.intervals) == {Interval.M30, Interval.H4}
    kept = [(interval, seconds // DAY) for interval, seconds in PROVIDER.capabilities.history_s]
    assert kept == [(Interval.M30, 1), (Interval.H4, 30)]
    assert PROVIDER.capabilities.basis is Basis.AGGREGATE


@pytest.mark.parametrize("quote", ["USDT", "USDC", "DAI", "FDUSD"])
def test_a_stable_coin_is_not_the_dollar(quote: str) -> None:
    """Nothing is sent for such a pair."""
    pair = Instrument.pair("BTC", quote)
    with pytest.raises(NotListed, match=f"coingecko does not list BTC-{quote}"):
        PRICE.ask(pair)
    with pytest.raises(NotListed):
        BARS.ask(BarsAsk(pair, Interval.H4, TimeRange(T0, T0 + H4)))


def test_an_unfamiliar_coin_is_looked_up_by_rank() -> None:
    """Of those with the ticker the best ranked is meant; that is kept for a day."""
    markets = [
        {"id": "kas-two", "symbol": "kas", "market_cap_rank": None},
        {"id": "kaspa", "symbol": "KAS", "market_cap_rank": 40},
        {"id": "kas-three", "symbol": "kas", "market_cap_rank": 4000},
        {"id": "other", "symbol": "kasp", "market_cap_rank": 1},
    ]
    look_up, call = looked_up(PRICE.ask(KAS), markets)
    assert look_up == Call("/coins/markets", {"vs_currency": "usd", "symbols": "kas"}, keep_s=DAY)
    assert (call.path, call.params["ids"]) == ("/simple/price", "kaspa")
    bars = BARS.ask(BarsAsk(KAS, Interval.H4, TimeRange(T0, T0 + H4)))
    assert looked_up(bars, markets)[1].path == "/coins/kaspa/ohlc"


def test_nobody_with_the_ticker_means_not_listed() -> None:
    """The look-up is empty, with the code of success; nothing else is asked."""
    question = PRICE.ask(KAS)
    assert not isinstance(question, Call)
    next(question)
    with pytest.raises(NotListed, match="coingecko does not list KAS"):
        question.send(Reply(200, b"[]"))


def test_a_price_is_asked_with_its_time() -> None:
    """And with all its digits."""
    assert PRICE.ask(BTC) == Call(
        "/simple/price",
        {
            "ids": "bitcoin",
            "vs_currencies": "usd",
            "include_last_updated_at": "true",
            "precision": "full",
        },
    )


@pytest.mark.parametrize(
    ("answer", "price", "ts"),
    [
        ({"bitcoin": {"usd": "1.5e-8", "last_updated_at": 7, "new": None}}, 1.5e-8, 7),
        ({"bitcoin": {"usd": 3, "last_updated_at": None}}, 3.0, None),
    ],
)
def test_a_price_in_either_spelling(
    answer: dict[str, object], price: float, ts: int | None
) -> None:
    """Text or number; a time that is not sent is absent."""
    assert PRICE.read(Reply(200, json.dumps(answer).encode()), BTC) == LastPrice(price, ts)


@pytest.mark.parametrize("body", ["{}", '{"bitcoin":{}}', '{"ethereum":{"usd":1}}'])
def test_nothing_means_not_listed(body: str) -> None:
    """The answer to an unknown id is an empty object, to an unknown currency an empty coin."""
    with pytest.raises(NotListed, match="BTC-USD"):
        PRICE.read(Reply(200, body.encode()), BTC)


def test_a_coin_that_nobody_trades_has_no_price() -> None:
    """It is null, which is no broken answer."""
    with pytest.raises(CallRefused, match="no price of BTC-USD") as refused:
        PRICE.read(Reply(200, b'{"bitcoin":{"usd":null,"last_updated_at":7}}'), BTC)
    assert not refused.value.hurts_health


def test_the_price_of_a_coin_that_was_looked_up_is_the_only_one() -> None:
    """Its id is not known here: two would be one too many."""
    assert PRICE.read(Reply(200, b'{"kaspa":{"usd":0.1}}'), KAS).price == 0.1
    with pytest.raises(Unreadable, match="several"):
        PRICE.read(Reply(200, b'{"kaspa":{"usd":0.1},"kas-two":{"usd":9}}'), KAS)


def test_the_close_that_is_sent_is_not_the_open() -> None:
    """A candle that ends at eight opened at four."""
    found = page(candles(T0 + H4, T0 + 2 * H4, T0 + 3 * H4), T0, T0 + 2 * H4)
    assert found.series.ts.tolist() == [T0, T0 + H4]
    bar = next(iter(found.series))
    assert (bar.open, bar.high, bar.low, bar.close) == (2.0, 4.5, 1.0, 3.25)
    assert (bar.volume, bar.vwap, bar.trades) == (None, None, None)


def test_the_newest_candle_is_never_final() -> None:
    """Answers are kept for half an hour: it ran when they were made, whatever the clock says."""
    body = candles(T0 + H4, T0 + 2 * H4)
    late = page(body, T0, T0 + 2 * H4, now=T0 + 2 * H4 + 900.0)
    assert late.series.ts.tolist() == [T0]
    assert late.covers == TimeRange(T0, T0 + H4)
    assert late.forming is not None
    assert not late.forming.final


def test_what_is_older_than_the_first_candle_is_not_kept() -> None:
    """The page answers from there."""
    found = page(candles(T0 + H4, T0 + 2 * H4, T0 + 3 * H4), T0 - 10 * H4, T0 + 2 * H4)
    assert found.covers == TimeRange(T0, T0 + 2 * H4)
    assert found.rejected == ()


def test_candles_of_four_days_are_no_bars() -> None:
    """Nor are half hours four hours: the length is that of the steps."""
    for step in (4 * DAY, 1800):
        body = candles(*(T0 + k * step for k in range(1, 9)))
        with pytest.raises(Unreadable, match="its candles are not of 4h"):
            page(body, T0, T0 + 2 * H4)


def test_a_hole_does_not_change_the_length() -> None:
    """A candle that is missing is a hole that was answered for."""
    body = candles(*(T0 + k * H4 for k in (1, 2, 4, 5, 6)))
    found = page(body, T0, T0 + 5 * H4)
    assert found.series.ts.tolist() == [T0, T0 + H4, T0 + 3 * H4, T0 + 4 * H4]
    assert found.covers == TimeRange(T0, T0 + 5 * H4)


def test_a_row_with_a_missing_price_is_set_aside() -> None:
    """Null costs its row only; whole numbers are prices too."""
    rows = [
        [(T0 + H4) * 1000, 61942, 61942, 61942, 61942],
        [(T0 + 2 * H4) * 1000, 2, None, 1, 1],
        [(T0 + 3 * H4) * 1000, 2, 2, 1, 1],
    ]
    found = page(json.dumps(rows).encode(), T0, T0 + 2 * H4)
    assert (found.series.close.tolist(), len(found.rejected)) == ([61942.0], 1)


def test_an_empty_answer_is_an_answer() -> None:
    """There are no candles, and that is all."""
    found = page(b"[]", T0, T0 + H4)
    assert (len(found.series), found.covers) == (0, TimeRange(T0, T0 + H4))


@pytest.mark.parametrize("body", ["{", "null", "5", '{"a":1}', '"x"', ""])
def test_another_shape_is_never_an_empty_answer(body: str) -> None:
    """Bars, price and list refuse it."""
    reply = Reply(200, body.encode())
    with pytest.raises(UNREADABLE):
        BARS.read(reply, BarsAsk(BTC, Interval.H4, TimeRange(T0, T0 + H4)))
    with pytest.raises(UNREADABLE):
        PRICE.read(reply, BTC)
    with pytest.raises(UNREADABLE):
        LISTINGS.read(reply)


@pytest.mark.recordings
def test_recorded_calls_of_the_month_are_our_usage(recordings: Path) -> None:
    """The call about the key tells them; other answers tell nothing."""
    folder = recordings / "coingecko"
    key = Reply(200, (folder / "key__1.json").read_bytes())
    assert PROVIDER.usage(key) == (Usage(31 * DAY, 104.0),)
    assert PROVIDER.usage(Reply(200, (folder / "ping__1.json").read_bytes())) == ()
    assert PROVIDER.usage(Reply(200, b'{"current_total_monthly_calls":null}')) == ()


@pytest.mark.parametrize(
    ("plan", "key", "host", "header", "a_minute"),
    [
        (None, "CG-1234567", "api.coingecko.com", "x-cg-demo-api-key", 100),
        ("demo", "CG-1234567", "api.coingecko.com", "x-cg-demo-api-key", 100),
        ("pro", "CG-1234567", "pro-api.coingecko.com", "x-cg-pro-api-key", 300),
        (None, None, "api.coingecko.com", None, 5),
    ],
)
def test_the_kind_of_key_decides_about_host_header_and_rate(
    plan: str | None, key: str | None, host: str, header: str | None, a_minute: int
) -> None:
    """All keys look alike; without any it is slow, but works."""
    provider = PROVIDER.on_plan(plan, has_key=key is not None)
    script = Script(ok('{"bitcoin":{"usd":2.5}}'))

    async def run() -> float:
        settings = ProviderSettings(api_key=Secret(key) if key else None)
        bench = Bench(script, provider, settings)
        return (await bench.kit.price(BTC, bench.within(60))).price

    assert in_virtual_time(run()) == 2.5
    (request,) = script.requests
    assert (request.url.host, request.url.path) == (host, "/api/v3/simple/price")
    sent = {name: value for name, value in request.headers.items() if name.startswith("x-cg")}
    assert sent == ({} if header is None else {header: key})
    assert not math.isnan(provider.policy.windows[0].limit)
    assert [w.limit for w in provider.policy.windows if w.seconds == 60] == [a_minute]


def test_a_look_up_is_asked_once_a_day() -> None:
    """And again for another ticker."""
    markets = ok('[{"id":"kaspa","symbol":"kas","market_cap_rank":40}]')
    script = Script(markets, ok('{"kaspa":{"usd":0.1}}'), ok('{"kaspa":{"usd":0.2}}'))

    async def run() -> list[float]:
        bench = Bench(script, PROVIDER)
        return [(await bench.kit.price(KAS, bench.within(60))).price for _ in range(2)]

    assert in_virtual_time(run()) == [0.1, 0.2]
    assert [r.url.path.rpartition("/")[2] for r in script.requests] == [
        *("markets", "price", "price")
    ]
