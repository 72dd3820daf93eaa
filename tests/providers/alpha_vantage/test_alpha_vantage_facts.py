"""Alpha Vantage beside bars: prices, actions, names, indicators, complaints and the allowance."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters_out.provider_kit.calls import Call, Reply
from adapters_out.provider_kit.cells import Unreadable
from adapters_out.provider_kit.faults import UNREADABLE, KeyRefused, find_fault
from adapters_out.provider_kit.kit_provider import ProviderSettings
from adapters_out.providers.alpha_vantage import PROVIDER
from adapters_out.providers.alpha_vantage.tables import read_indicator
from domain.actions import ActionKind, CorporateAction, in_order
from domain.errors import (
    AccessDenied,
    CallRefused,
    MarketDataError,
    NotEntitled,
    NotListed,
    ProviderError,
    ProviderUnavailable,
    QuotaExhausted,
    RateLimited,
)
from domain.instrument import Instrument
from domain.interval import Interval
from domain.provider import Window
from domain.secret import Secret
from ports.market_data import CallContext
from tests.adapters_out.provider_kit.scripted import Bench, Script, in_virtual_time, ok

IBM, BTC = Instrument.stock("IBM"), Instrument.pair("BTC", "USD")
DAY = 86_400
KEY = "ABCDEFGH12345678"
assert PROVIDER.price is not None
assert PROVIDER.actions is not None
PRICE, ACTIONS = PROVIDER.price, PROVIDER.actions


def at(text: str) -> int:
    """Unix seconds of a moment in UTC."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def recorded(folder: Path, name: str, now: str = "2026-05-17 18:00") -> Reply:
    """A recording as it came back at some moment."""
    body = (folder / "alpha_vantage" / name).read_bytes()
    return Reply(200, body, {}, at(now), at(now))


def error(reply: Reply) -> ProviderError | None:
    """What a reply means."""
    return find_fault("alpha_vantage", reply, PROVIDER.faults, PROVIDER.policy)


@pytest.mark.recordings
def test_recorded_prices_are_read(recordings: Path) -> None:
    """A quote has no time, only a day: it is the price of its close, or of now before that."""
    old = PRICE.read(recorded(recordings, "global_quote__2.json"), IBM)
    assert (old.price, old.ts) == (112.13, at("2018-10-05 20:00"))
    table = PRICE.read(recorded(recordings, "global_quote__1.csv"), IBM)
    assert (table.price, table.ts) == (219.3, at("2026-05-15 20:00"))
    live = PRICE.read(recorded(recordings, "global_quote__1.csv", "2026-05-15 17:00"), IBM)
    assert live.ts == at("2026-05-15 17:00")
    rate = PRICE.read(recorded(recordings, "exchange_rate__1.json"), BTC)
    assert (rate.price, rate.ts) == (158.73166867, at("2026-05-17 17:12:44"))


def test_prices_are_asked_for_by_class() -> None:
    """A stock's quote, a coin's rate; share classes are spelled as ours."""
    brk = Instrument.stock("BRK.B")
    assert PRICE.ask(brk) == Call("/query", {"function": "GLOBAL_QUOTE", "symbol": "BRK.B"})
    pair = {"from_currency": "BTC", "to_currency": "USD"}
    assert PRICE.ask(BTC) == Call("/query", {"function": "CURRENCY_EXCHANGE_RATE", **pair})


def test_nothing_told_means_not_listed() -> None:
    """With status 200; a quote without a price is unreadable, not free of charge."""
    with pytest.raises(NotListed):
        PRICE.read(Reply(200, b'{"Global Quote":{}}'), IBM)
    assert type(error(Reply(200, b"{}"))) is NotListed
    assert type(error(Reply(500, b"{}"))) is ProviderUnavailable
    for price in ('"None"', '"-"', "null", '"NaN"'):
        told = f'{{"Global Quote":{{"05. price":{price},"07. latest trading day":"2026-05-15"}}}}'
        with pytest.raises(UNREADABLE):
            PRICE.read(Reply(200, told.encode()), IBM)


@pytest.mark.recordings
def test_recorded_dividends_are_read(recordings: Path) -> None:
    """Two quarters of Microsoft, as they were paid, and no split."""
    found = ACTIONS.read(recorded(recordings, "daily_adjusted__2.json"), IBM).actions
    days = [at("2018-05-16"), at("2018-08-15")]
    expected = [CorporateAction(d, ActionKind.DIVIDEND, amount=0.42, currency="USD") for d in days]
    assert in_order(found) == tuple(expected)


def test_splits_are_read_from_csv() -> None:
    """Apple in 2020; a stock abroad is paid in a currency that nobody tells."""
    body = (
        b"timestamp,open,high,low,close,adjusted_close,volume,dividend_amount,split_coefficient\r\n"
        b"2020-08-31,127.58,131,126,129.04,126.0,225702700,0.0000,4.0\r\n"
        b"2020-08-07,452.82,454.7,441.17,444.45,108.6,49511403,0.8200,1.0\r\n"
    )
    split = CorporateAction(at("2020-08-31"), ActionKind.SPLIT, ratio=4.0)
    paid = CorporateAction(at("2020-08-07"), ActionKind.DIVIDEND, amount=0.82, currency="USD")
    assert ACTIONS.read(Reply(200, body), Instrument.stock("AAPL")).actions == [split, paid]
    abroad = ACTIONS.read(Reply(200, body), Instrument.stock("TSCO.LON")).actions
    assert [a.currency for a in abroad] == ["", ""]
    (call,) = ACTIONS.questions(IBM)
    assert isinstance(call, Call)
    assert call.params["function"] == "TIME_SERIES_DAILY_ADJUSTED"


@pytest.mark.recordings
def test_recorded_indicators_belong_to_bars(recordings: Path) -> None:
    """Weeks dated on Friday belong to Monday's bar, quarters of an hour tell New York time."""
    rsi = read_indicator(recorded(recordings, "rsi__1.csv").body, Interval.W1)
    assert len(rsi) == 1374
    assert rsi[at("2026-05-11")] == 37.7164
    assert rsi[at("2026-03-30")] == 32.4207  # Good Friday: dated on Thursday
    sma = read_indicator(recorded(recordings, "sma__1.json").body, Interval.M15)
    assert (len(sma), sma[at("2017-12-20 19:00")]) == (237, 85.244)


@pytest.mark.parametrize(
    "body", [b"time,RSI\r\nyesterday,1\r\n", b"time,A,B\r\n2026-05-15,1,2\r\n"]
)
def test_an_indicator_has_one_value_per_time(body: bytes) -> None:
    """Anything else is refused."""
    with pytest.raises(Unreadable):
        read_indicator(body, Interval.D1)


@pytest.mark.recordings
@pytest.mark.parametrize(
    ("name", "expected", "pause"),
    [
        ("error_200_error_message__1.json", NotListed, None),
        ("error_200_error_message__3.json", KeyRefused, None),
        ("error_200_information__1.json", RateLimited, 2.0),
        ("error_200_information__2.json", NotEntitled, None),
        ("error_200_information__4.json", QuotaExhausted, 10 * 3600.0),
        ("error_200_note__1.json", RateLimited, 60.0),
        ("realtime_bulk_quotes__1.json", NotEntitled, None),
    ],
)
def test_recorded_refusals_mean_what_they_say(
    recordings: Path, name: str, expected: type[ProviderError], pause: float | None
) -> None:
    """All with status 200; a day's calls are back at midnight in New York; samples are no data."""
    reply = recorded(recordings, name)
    found = error(reply)
    assert type(found) is expected
    assert found.retry_at == (None if pause is None else reply.received_at + pause)


@pytest.mark.recordings
def test_a_status_of_markets_is_no_complaint(recordings: Path) -> None:
    """It is what the circuit is probed with."""
    assert error(recorded(recordings, "market_status__1.json")) is None
    assert PROVIDER.ping.params["function"] == "MARKET_STATUS"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"Information": "The **demo** API key is for demo purposes only."}, KeyRefused),
        ({"Error Message": "Something new."}, CallRefused),
        ({"Information": "Something new."}, CallRefused),
    ],
)
def test_other_words_are_no_data_either(
    said: dict[str, str], expected: type[ProviderError]
) -> None:
    """A sentence that nobody has heard before is still a refusal."""
    assert type(error(Reply(200, json.dumps(said).encode()))) is expected


def keyed() -> ProviderSettings:
    """With a key."""
    return ProviderSettings(api_key=Secret(KEY))


def test_the_key_that_it_spells_out_goes_nowhere() -> None:
    """Neither into the error nor into the log."""
    text = f"We have detected your API key as {KEY} and our standard API rate limit is 25 per day."
    script = Script(ok(json.dumps({"Information": text})))

    async def run() -> str:
        bench = Bench(script, PROVIDER, keyed())
        with pytest.raises(QuotaExhausted) as caught:
            await bench.kit.price(IBM, bench.within(5.0))
        return f"{caught.value!r} {bench.telemetry.__dict__}"

    shown = in_virtual_time(run())
    assert dict(script.requests[0].url.params)["apikey"] == KEY
    assert KEY not in shown
    assert "***" in shown


def test_without_a_key_nothing_is_sent() -> None:
    """It would cost nothing and bring nothing."""
    script = Script(ok())

    async def run() -> None:
        bench = Bench(script, PROVIDER)
        with pytest.raises(AccessDenied, match="API key"):
            await bench.kit.price(IBM, bench.within(5.0))

    in_virtual_time(run())
    assert script.requests == []


QUOTE = '{"Global Quote":{"05. price":"2.5","07. latest trading day":"2023-11-14"}}'


def test_a_day_has_25_calls() -> None:
    """The 26th is not sent, and the error says when there will be another."""
    script = Script(ok(QUOTE))

    async def run() -> tuple[float, MarketDataError]:
        bench = Bench(script, PROVIDER, keyed())
        began = bench.clock.now()
        for _ in range(25):
            assert (await bench.kit.price(IBM, CallContext())).price == 2.5
        assert bench.clock.now() - began > 24.0  # one a second
        with pytest.raises(QuotaExhausted) as caught:
            await bench.kit.price(IBM, bench.within(30.0))
        return began, caught.value

    began, refusal = in_virtual_time(run())
    assert isinstance(refusal, QuotaExhausted)
    assert len(script.requests) == 25
    assert refusal.retry_at is not None
    assert began + DAY <= refusal.retry_at <= began + DAY * 1.05
    assert PROVIDER.policy.windows == (Window(25, DAY),)


def test_who_pays_has_no_such_limit() -> None:
    """FKS_ALPHA_VANTAGE_RPD=0."""
    script = Script(ok(QUOTE))

    async def run() -> None:
        settings = ProviderSettings(api_key=Secret(KEY), rpd=0.0)
        bench = Bench(script, PROVIDER, settings)
        for _ in range(30):
            await bench.kit.price(IBM, CallContext())

    in_virtual_time(run())
    assert len(script.requests) == 30
