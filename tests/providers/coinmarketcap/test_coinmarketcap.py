"""CoinMarketCap: what is asked, and what is read, in all three versions of its answers."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from adapters_out.provider_kit.calls import Call, Question, Reply
from adapters_out.provider_kit.faults import UNREADABLE
from adapters_out.provider_kit.judge import Verdict
from adapters_out.provider_kit.provider import LastPrice, Usage
from adapters_out.provider_kit.settings import ProviderSettings
from adapters_out.providers.coinmarketcap import PROVIDER
from domain.errors import NotListed
from domain.instrument import Instrument
from domain.interval import Interval
from domain.provider import BarsAsk, BarsPage, Basis, Window
from domain.secret import Secret
from domain.timerange import TimeRange
from tests.adapters_out.provider_kit.scripted import Bench, Script, in_virtual_time, ok
from tests.providers.reading import endpoints_of, page_of, verdict_of

BTC = Instrument.pair("BTC", "USD")
SOL = Instrument.pair("SOL", "EUR")
DAY, HOUR = 86_400, 3600
T0 = 1_546_387_200  # 2019-01-02
BARS, PRICE, LISTINGS = endpoints_of(PROVIDER)


def body(data: object) -> bytes:
    """A successful envelope of v3, with a key that nobody knows."""
    status = {"error_code": "0", "error_message": "", "credit_count": 1, "new": []}
    return json.dumps({"status": status, "data": data}).encode()


def period(opened: str, *, quote: object = None, **prices: object) -> dict[str, Any]:
    """A row as the documentation shows it: open 2, high 4.5, low 1, close 3.25."""
    found = {"open": 2, "high": 4.5, "low": 1.0, "close": 3.25, "volume": 9e9, "market_cap": 1}
    quotes = {"USD": found | prices} if quote is None else quote
    return {"time_open": opened, "time_close": None, "time_high": "1999", "quote": quotes}


def verdict(content: bytes, ask: BarsAsk, now: float = 2e9) -> Verdict:
    """What a body says about a range."""
    return verdict_of(PROVIDER, content, ask, now)


def page(
    content: bytes, start: int, end: int, now: float = 2e9, interval: Interval = Interval.D1
) -> BarsPage:
    """The page of a verdict that has one."""
    return page_of(PROVIDER, content, BarsAsk(BTC, interval, TimeRange(start, end)), now)


def steps(question: Question, *replies: bytes) -> list[Call]:
    """Every call of a question, the last one included."""
    if isinstance(question, Call):
        return [question]
    look_up = next(question)
    with pytest.raises(StopIteration) as end:
        question.send(Reply(200, replies[0]))
    return [look_up, end.value.value]


def mapped(coin: int, symbol: str, rank: int | None, **more: object) -> dict[str, object]:
    """A coin of the map."""
    return {"id": coin, "symbol": symbol, "slug": f"coin-{coin}", "rank": rank, **more}


MAP = body(
    [
        mapped(99, "SOL", 900),
        mapped(98, "SOL", None),
        mapped(5426, "SOL", 6),
        mapped(97, "SOL", 1, is_active=0),
        mapped(96, "$WIF", 7),
    ]
)


@pytest.mark.recordings
def test_recorded_bars_are_read_right(recordings: Path) -> None:
    """Two days of 2019, by the time of their open; a turnover is no volume."""
    content = (recordings / "coinmarketcap" / "ohlcv_historical__2.json").read_bytes()
    found = page(content, T0, T0 + 2 * DAY)
    assert found.series.ts.tolist() == [T0, T0 + DAY]
    assert found.covers == TimeRange(T0, T0 + 2 * DAY)
    first, second = found.series
    assert (first.open, first.high, first.low, first.close) == (
        *(3849.21640853, 3947.9812729, 3817.40949569, 3943.40933686),
    )
    assert second.close == 3836.74131867
    assert (first.volume, first.vwap, first.trades) == (None, None, None)


@pytest.mark.recordings
def test_the_day_in_progress_is_no_bar(recordings: Path) -> None:
    """Its map by id holds no periods: another call answers with it, and it is never asked."""
    content = (recordings / "coinmarketcap" / "ohlcv_latest__1.json").read_bytes()
    with pytest.raises(UNREADABLE):
        page(content, T0, T0 + DAY)


@pytest.mark.recordings
def test_samples_off_the_grid_are_no_bars(recordings: Path) -> None:
    """The history of quotes has prices only, at 14:04:03 and such times."""
    content = (recordings / "coinmarketcap" / "v1_quotes_historical__1.json").read_bytes()
    with pytest.raises(UNREADABLE):
        page(content, 1_627_048_800, 1_627_052_400, interval=Interval.H1)


@pytest.mark.recordings
@pytest.mark.parametrize(
    ("name", "price", "ts"),
    [
        ("v1_quotes_latest__2", 6602.60701122, 1_533_851_788),
        ("v1_listings_new__1", 9283.92, 1_533_855_212),
        ("v3_listings_latest__1", 63120.95511667226, 1_781_877_720),
    ],
)
def test_recorded_prices_are_read(recordings: Path, name: str, price: float, ts: int) -> None:
    """A map by id with a map of quotes, a list with maps, a list with lists."""
    content = (recordings / "coinmarketcap" / f"{name}.json").read_bytes()
    assert PRICE.read(Reply(200, content), BTC) == LastPrice(price, ts)


@pytest.mark.recordings
def test_the_recorded_map_is_the_list(recordings: Path) -> None:
    """Pairs in dollars; the slug is the name under which they are listed."""
    folder = recordings / "coinmarketcap"
    part = LISTINGS.read(Reply(200, (folder / "map__2.json").read_bytes()))
    assert [(x.symbol, x.instrument.id) for x in part.listings] == [
        ("bitcoin", "BTC-USD"),
        ("binance-coin", "BNB-USD"),
        ("tether", "USDT-USD"),
    ]
    item = json.loads((folder / "map_item__1.json").read_text())
    (only,) = LISTINGS.read(Reply(200, body([item]))).listings
    assert (only.symbol, only.instrument, only.active) == ("bitcoin", BTC, True)


@pytest.mark.parametrize(
    ("interval", "period_name", "spelled"),
    [(Interval.H1, "hourly", "1h"), (Interval.D1, "daily", "daily")],
)
def test_bars_are_asked_by_id_behind_an_exclusive_start(
    interval: Interval, period_name: str, spelled: str
) -> None:
    """A second before either end is right for hours and for dates; a place for the running bar."""
    call = BARS.ask(BarsAsk(BTC, interval, TimeRange(T0, T0 + 250 * interval.seconds)))
    end = {Interval.H1: "2019-01-12T09:59:59Z", Interval.D1: "2019-09-08T23:59:59Z"}[interval]
    assert call == Call(
        "/v2/cryptocurrency/ohlcv/historical",
        {
            "id": 1,
            "time_period": period_name,
            "interval": spelled,
            "time_start": "2019-01-01T23:59:59Z",
            "time_end": end,
            "count": 251,
            "convert": "USD",
        },
        weight=3,
    )


def test_what_it_offers() -> None:
    """Hours and days; everything else would be a sample of them."""
    assert set(PROVIDER.capabilities.intervals) == {Interval.H1, Interval.D1}
    assert PROVIDER.capabilities.basis is Basis.AGGREGATE
    assert BARS.page(BarsAsk(BTC, Interval.H1, TimeRange(0, 10**8))).end == 500 * HOUR
    assert [(w.limit, w.seconds) for w in PROVIDER.policy.windows] == [
        (30, 60),
        (15_000, 31 * DAY),
    ]


def test_an_unfamiliar_coin_is_looked_up_by_rank() -> None:
    """Of several with one ticker the best ranked active one is meant; the map is kept for a day."""
    look_up, call = steps(PRICE.ask(SOL), MAP)
    assert (look_up.path, look_up.params["sort"]) == ("/v1/cryptocurrency/map", "cmc_rank")
    assert look_up.keep_s == DAY
    assert call == Call("/v3/cryptocurrency/quotes/latest", {"id": 5426, "convert": "EUR"})
    bars = steps(BARS.ask(BarsAsk(SOL, Interval.D1, TimeRange(T0, T0 + DAY))), MAP)[-1]
    assert (bars.params["id"], bars.params["convert"]) == (5426, "EUR")


@pytest.mark.parametrize("code", ["NOPE", "WIF", "$WIF"])
def test_a_coin_that_is_not_in_the_map_is_not_listed(code: str) -> None:
    """Nothing else is asked."""
    with pytest.raises(NotListed, match="coinmarketcap does not list"):
        steps(PRICE.ask(Instrument.pair(code, "USD")), MAP)


def test_one_map_serves_every_coin() -> None:
    """It is fetched once, also after a coin that is not in it."""
    price = body([{"id": 5426, "symbol": "SOL", "quote": [{"symbol": "EUR", "price": 8.5}]}])
    script = Script(ok(MAP), ok(price))

    async def run() -> None:
        bench = Bench(script, PROVIDER, ProviderSettings(api_key=Secret("key-1234567")))
        assert (await bench.kit.price(SOL, bench.within(60))).price == 8.5
        with pytest.raises(NotListed):
            await bench.kit.price(Instrument.pair("NOPE", "USD"), bench.within(60))
        assert (await bench.kit.price(SOL, bench.within(60))).price == 8.5

    in_virtual_time(run())
    assert [r.url.path.rpartition("/")[2] for r in script.requests] == ["map", "latest", "latest"]
    assert {r.headers["x-cmc_pro_api_key"] for r in script.requests} == {"key-1234567"}
    assert not any("key-1234567" in str(r.url) for r in script.requests)


@pytest.mark.parametrize(
    "shape",
    [
        lambda series: series,
        lambda series: {"1": series},
        lambda series: {"BTC": [series]},
    ],
    ids=["one", "by id", "by symbol"],
)
@pytest.mark.parametrize("as_list", [False, True])
def test_periods_in_every_shape(shape: Any, *, as_list: bool) -> None:  # noqa: ANN401  # JSON
    """An object, a map, a map of lists; the prices in a map or in a list, numbers or texts."""
    prices = {"symbol": "USD", "open": "2", "high": "4.5", "low": 1, "close": 3.25, "volume": None}
    quote = [{"symbol": "EUR"}, prices] if as_list else {"USD": prices, "new": {}}
    series = {"id": 1, "quotes": [period("2019-01-02T00:00:00.000Z", quote=quote)], "new": 1}
    (bar,) = page(body(shape(series)), T0, T0 + DAY).series
    assert (bar.ts, bar.open, bar.high, bar.low, bar.close) == (T0, 2.0, 4.5, 1.0, 3.25)
    assert bar.volume is None


def test_the_turnover_of_an_hour_is_no_volume() -> None:
    """It is that of the last 24 hours, and in dollars."""
    rows = [period("2019-01-02T00:00:00.000Z"), period("2019-01-02T01:00:00.000Z", volume=None)]
    found = page(body({"quotes": rows}), T0, T0 + 2 * HOUR, interval=Interval.H1)
    assert all(math.isnan(volume) for volume in found.series.volume)


@pytest.mark.parametrize("close", [None, "NaN", "1_0", True])
def test_a_period_without_a_price_is_set_aside(close: object) -> None:
    """It costs itself only, and becomes a hole that was answered for."""
    rows = [period("2019-01-02T00:00:00.000Z", close=close), period("2019-01-03T00:00:00.000Z")]
    if close is True:
        rows[0]["time_open"] = "some day"
        rows[0]["quote"]["USD"]["close"] = 3.0
    found = page(body({"quotes": rows}), T0, T0 + 2 * DAY)
    assert found.series.ts.tolist() == [T0 + DAY]
    assert found.covers == TimeRange(T0, T0 + 2 * DAY)
    assert len(found.rejected) == 1


def test_a_bare_nan_costs_its_row_only() -> None:
    """It is no JSON, but one knows what it means."""
    rows = [period("2019-01-02T00:00:00.000Z"), period("2019-01-03T00:00:00.000Z", low=math.nan)]
    found = page(body({"quotes": rows}), T0, T0 + 2 * DAY)
    assert (found.series.ts.tolist(), len(found.rejected)) == ([T0], 1)


def test_a_bar_that_is_late_is_not_missing() -> None:
    """It appears up to ten minutes after its end: until then nothing is said about it."""
    rows = body({"quotes": [period("2019-01-02T00:00:00.000Z")]})
    early = page(rows, T0, T0 + 2 * DAY, now=T0 + 2 * DAY + 599.0)
    late = page(rows, T0, T0 + 2 * DAY, now=T0 + 2 * DAY + 600.0)
    assert (early.covers.end, late.covers.end) == (T0 + DAY, T0 + 2 * DAY)
    there = body({"quotes": [period("2019-01-02T00:00:00.000Z"), period("2019-01-03T00:00:00Z")]})
    assert page(there, T0, T0 + 2 * DAY, now=T0 + 2 * DAY + 1.0).covers.end == T0 + 2 * DAY


def test_the_running_day_is_not_final() -> None:
    """It should not be there; if it is, the clock says so."""
    rows = body({"quotes": [period("2019-01-02T00:00:00.000Z"), period("2019-01-03T00:00:00Z")]})
    found = page(rows, T0, T0 + 2 * DAY, now=T0 + DAY + 3600.0)
    assert found.series.ts.tolist() == [T0]
    assert found.forming is not None
    assert not found.forming.final


def test_an_empty_answer_is_an_answer() -> None:
    """Nothing was quoted then."""
    found = page(body({"id": 1, "quotes": []}), T0, T0 + DAY)
    assert (len(found.series), found.covers) == (0, TimeRange(T0, T0 + DAY))


@pytest.mark.parametrize(
    "data",
    [
        [{"id": 1, "symbol": "BTC", "quote": [{"symbol": "USD", "price": "2.5"}]}],
        {"1": {"id": 1, "symbol": "BTC", "quote": {"USD": {"price": 2.5}}}},
        {"BTC": [{"id": 1, "symbol": "BTC", "cmc_rank": 1, "quote": {"USD": {"price": 2.5}}}]},
    ],
)
def test_a_price_in_every_shape(data: object) -> None:
    """Text or number; without a time that is absent."""
    assert PRICE.read(Reply(200, body(data)), BTC) == LastPrice(2.5, None)


def test_of_several_coins_with_a_ticker_the_best_ranked_counts() -> None:
    """As v2 answers for a symbol."""
    twins = [
        {"id": 9, "symbol": "BTC", "cmc_rank": None, "quote": {"USD": {"price": 1.0}}},
        {"id": 8, "symbol": "BTC", "cmc_rank": 700, "quote": {"USD": {"price": 2.0}}},
        {"id": 1, "symbol": "BTC", "cmc_rank": 1, "quote": {"USD": {"price": 3.0}}},
    ]
    assert PRICE.read(Reply(200, body({"BTC": twins})), BTC).price == 3.0


def test_no_coin_means_not_listed() -> None:
    """With the code of success."""
    for nothing in ("[]", "{}", '{"BTC":[]}'):
        with pytest.raises(NotListed):
            PRICE.read(Reply(200, body(json.loads(nothing))), BTC)


@pytest.mark.parametrize(
    "content",
    [
        b'{"status":{"error_code":0}}',
        body(5),
        body({}),
        body([{"id": 1}]),
        body([{"id": 1, "symbol": "BTC", "quote": {"EUR": {"price": 1}}}]),
        body([{"id": 1, "symbol": "BTC", "quote": {"USD": {"price": None}}}]),
        body({"quotes": [{"time_open": "2019-01-02T00:00:00Z", "quote": {"EUR": {}}}]}),
        b"[]",
        b"null",
        b"",
    ],
)
def test_another_shape_is_never_an_answer(content: bytes) -> None:
    """Bars, price and list refuse it, or say that nothing is listed."""
    reply = Reply(200, content)
    with pytest.raises(UNREADABLE):
        BARS.read(reply, BarsAsk(BTC, Interval.D1, TimeRange(T0, T0 + DAY)))
    with pytest.raises((*UNREADABLE, NotListed)):
        PRICE.read(reply, BTC)
    with pytest.raises(UNREADABLE):
        LISTINGS.read(reply)


def test_what_the_key_has_used_is_reported() -> None:
    """The call about the key tells the credits of the month."""
    told = body({"plan": {}, "usage": {"current_month": {"credits_used": 123, "left": 1}}})
    assert PROVIDER.usage(Reply(200, told)) == (Usage(31 * DAY, 123.0),)
    assert PROVIDER.usage(Reply(200, body({"usage": {"current_month": None}}))) == ()
    assert PROVIDER.usage(Reply(200, body([]))) == ()


def test_the_key_tells_what_its_plan_grants() -> None:
    """By the minute and by the month; without a plan nothing is known."""
    usage = {"current_month": {"credits_used": 7, "credits_left": 3}}
    plan = {"credit_limit_monthly": 450_000, "rate_limit_minute": 60, "new": 1}
    told = {"data": {"plan": plan, "usage": usage}, "status": {"error_code": 0}}
    reply = Reply(200, json.dumps(told).encode())
    assert PROVIDER.limits(reply) == [Window(60, 60), Window(450_000, 31 * 86_400)]
    assert PROVIDER.usage(reply) == (Usage(31 * 86_400, 7.0),)
    bare = {"data": {"usage": usage}, "status": {"error_code": 0}}
    assert PROVIDER.limits(Reply(200, json.dumps(bare).encode())) == []
    assert PROVIDER.limits(Reply(200, b"[]")) == []
