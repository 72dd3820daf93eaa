"""EODHD's quotes, actions, lists and complaints, and what a day of calls costs."""

import json
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from adapters_out.provider_kit.calls import MIB, Call, Reply
from adapters_out.provider_kit.faults import UNREADABLE, KeyRefused, find_fault
from adapters_out.provider_kit.kit_provider import ProviderSettings
from adapters_out.provider_kit.provider import Usage
from adapters_out.providers.eodhd import PROVIDER
from domain.actions import ActionKind, CorporateAction
from domain.errors import (
    Banned,
    CallRefused,
    MalformedPayload,
    NotEntitled,
    NotListed,
    ProviderError,
    ProviderUnavailable,
    QuotaExhausted,
    RateLimited,
)
from domain.instrument import Instrument
from domain.interval import Interval
from domain.provider import BarsAsk, Window
from domain.secret import Secret
from domain.timerange import TimeRange
from ports.market_data import CallContext
from tests.adapters_out.provider_kit.scripted import Bench, Script, in_virtual_time, ok
from tests.providers.reading import error_of

AAPL = Instrument.stock("AAPL")
BTC = Instrument.pair("BTC", "USD")
NOW = 1_700_000_040.0  # 22:14 UTC
MIDNIGHT = 1_700_006_400.0
HTML = {"content-type": "text/html; charset=UTF-8"}
assert PROVIDER.price is not None
assert PROVIDER.listings is not None
assert PROVIDER.actions is not None
PRICE, LISTINGS, ACTIONS = PROVIDER.price, PROVIDER.listings, PROVIDER.actions


def date(text: str) -> int:
    """00:00 UTC of a date."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def error(status: int, body: str, headers: dict[str, str] | None = None) -> ProviderError | None:
    """What a reply means; texts are labelled as HTML."""
    return error_of(PROVIDER, status, body, HTML | (headers or {}), NOW)


def recorded(recordings: Path, name: str) -> Reply:
    """A recording as a reply."""
    return Reply(200, (recordings / "eodhd" / name).read_bytes(), {}, NOW, NOW)


@pytest.mark.recordings
@pytest.mark.parametrize(("ticker", "price"), [("MCD", 273.01), ("AAPL", 141.86)])
def test_recorded_quotes_are_read_right(recordings: Path, ticker: str, price: float) -> None:
    """A list of two: each by its code, with its time."""
    last = PRICE.read(recorded(recordings, "real_time__1.json"), Instrument.stock(ticker))
    assert (last.price, last.ts) == (price, 1_674_680_400)


@pytest.mark.recordings
def test_recorded_quotes_without_data(recordings: Path) -> None:
    """NA is no price, and whoever has one beside it is read."""
    reply = recorded(recordings, "real_time_na__1.json")
    with pytest.raises(NotListed):
        PRICE.read(reply, Instrument.stock("STOCK"))
    last = PRICE.read(reply, Instrument.stock("AMD"))
    assert (last.price, last.ts) == (456.745, 1_787_603_340)
    with pytest.raises(UNREADABLE):
        PRICE.read(reply, Instrument.stock("RICHTER"))  # it is RICHTER.BUD


def test_a_symbol_with_a_previous_close_is_known_though_it_has_no_price() -> None:
    """NA beside a number: nobody traded, and its bars must not be refused for that."""
    body = b'{"code":"MCD.US","timestamp":"NA","close":"NA","volume":"NA","previousClose":12880}'
    with pytest.raises(CallRefused, match="no price of MCD"):
        PRICE.read(Reply(200, body), Instrument.stock("MCD"))


@pytest.mark.recordings
def test_recorded_actions_are_read_right(recordings: Path) -> None:
    """Four to one; dividends as they were declared."""
    (split,) = ACTIONS.read(recorded(recordings, "splits__1.json"), AAPL).actions
    assert split == CorporateAction(date("2020-08-31"), ActionKind.SPLIT, ratio=4.0)
    found = ACTIONS.read(recorded(recordings, "div__1.json"), Instrument.stock("MCD")).actions
    assert [(a.ex_date, a.amount, a.currency) for a in found] == [
        (date("2022-02-28"), 1.38, "USD"),
        (date("2022-06-03"), 1.38, "USD"),
        (date("2022-08-31"), 1.38, "USD"),
        (date("2022-11-30"), 1.52, "USD"),
    ]
    assert {a.kind for a in found} == {ActionKind.DIVIDEND}


@pytest.mark.recordings
def test_the_recorded_list_is_read(recordings: Path) -> None:
    """Every code with its exchange behind it; then come the coins."""
    sent = json.loads((recordings / "eodhd" / "exchange_symbol_list__1.json").read_text())
    part = LISTINGS.read(recorded(recordings, "exchange_symbol_list__1.json"))
    assert [x.symbol for x in part.listings] == [f"{one['Code']}.US" for one in sent]
    assert part.listings[0].instrument == Instrument.stock("AISI")
    assert part.more == Call("/exchange-symbol-list/CC", {"fmt": "json"}, max_bytes=32 * MIB)


@pytest.mark.recordings
@pytest.mark.parametrize(
    "name",
    [
        "exchange_details__1.json",
        "exchanges_list__1.json",
        "fundamentals_crypto__1.json",
        "search__1.json",
    ],
)
def test_recorded_tables_complain_of_nothing(recordings: Path, name: str) -> None:
    """And are no answer to what we ask."""
    reply = recorded(recordings, name)
    assert find_fault("eodhd", reply, PROVIDER.faults, PROVIDER.policy) is None
    with pytest.raises(UNREADABLE):
        PRICE.read(reply, AAPL)


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (401, "Unauthenticated", KeyRefused),
        (403, "Forbidden. Please contact support@eodhistoricaldata.com", NotEntitled),
        (403, "<html>blocked</html>", Banned),
        (404, "Ticker Not Found.", NotListed),
        (404, "no such page", CallRefused),
        (422, "Only one ticker is allowed in parameter s", CallRefused),
        (422, '{"errors":{"interval":["wrong"]}}', CallRefused),
        (429, "Too many requests", RateLimited),
        (500, "Server Error", ProviderUnavailable),
        (502, "<html>bad gateway</html>", ProviderUnavailable),
        (200, '{"error":"Only EOD data allowed for free users","code":403}', NotEntitled),
        (200, '{"message":"broken"}', CallRefused),
        (200, "<html>we will be back</html>", MalformedPayload),
        (200, "", MalformedPayload),
    ],
)
def test_its_texts_mean_errors_of_the_tree(
    status: int, body: str, expected: type[ProviderError]
) -> None:
    """The status decides, but for objects that are errors under 200."""
    assert type(error(status, body)) is expected


@pytest.mark.parametrize("body", ["[]", '{"code":"AAPL.US","close":1}', "Date,Open\r\n"])
def test_what_is_no_complaint(body: str) -> None:
    """Data, and a table of text, which is for the reader to refuse."""
    assert error(200, body) is None


def test_a_spent_day_lasts_until_midnight() -> None:
    """Of Greenwich; a limited minute as long as it says, or a minute."""
    spent, told = error(402, "x"), error(429, "x", {"retry-after": "7"})
    mute = error(429, "x")
    assert spent is not None
    assert told is not None
    assert mute is not None
    assert (spent.retry_at, told.retry_at, mute.retry_at) == (MIDNIGHT, NOW + 7, NOW + 60)


def test_after_a_spent_day_nothing_is_sent_until_midnight() -> None:
    """Then it is asked again."""
    quote = '{"code":"AAPL.US","close":1.5,"timestamp":1700000000}'
    script = Script(httpx.Response(402, text="You exceeded", headers=HTML), ok(quote))

    async def run() -> float:
        bench = Bench(script, PROVIDER, ProviderSettings(api_key=Secret("key")), now=NOW)
        with pytest.raises(QuotaExhausted):
            await bench.kit.price(AAPL, CallContext())
        with pytest.raises(ProviderError):
            await bench.kit.price(AAPL, bench.within(60))
        assert len(script.requests) == 1
        await bench.clock.sleep(MIDNIGHT - bench.clock.now() + 1)
        return (await bench.kit.price(AAPL, CallContext())).price

    assert in_virtual_time(run()) == 1.5


def test_a_day_is_counted_in_cost() -> None:
    """Of twelve units two stretches of minutes leave two: two prices, and no third."""
    minutes = BarsAsk(BTC, Interval.M1, TimeRange(1_699_999_800, 1_700_000_040))
    price = ok('{"code":"BTC-USD.CC","close":1.5,"timestamp":1700000000}')
    script = Script(ok("[]"), ok("[]"), price)
    settings = ProviderSettings(api_key=Secret("key"), rpd=12)

    async def run() -> None:
        bench = Bench(script, PROVIDER, settings, now=NOW)
        for _ in range(2):
            await bench.pages(minutes)
        for _ in range(2):
            await bench.kit.price(BTC, CallContext())
        with pytest.raises(QuotaExhausted):
            await bench.kit.price(BTC, bench.within(60))
        await bench.clock.sleep(MIDNIGHT - bench.clock.now() + 1)
        await bench.kit.price(BTC, bench.within(60))

    in_virtual_time(run())
    assert len(script.requests) == 5


@pytest.mark.parametrize(
    ("left", "expected"),
    [("999", (Usage(60, 1.0),)), ("1998", (Usage(60, 0.0),)), ("", ()), ("many", ())],
)
def test_what_is_left_of_the_minute(left: str, expected: tuple[Usage, ...]) -> None:
    """Some accounts have two thousand: only what is missing of ours counts."""
    assert PROVIDER.usage(Reply(200, b"[]", {"x-ratelimit-remaining": left})) == expected


@pytest.mark.parametrize(
    ("body", "price", "ts"),
    [
        ('{"code":"AAPL.US","timestamp":1700000000,"close":1.5,"new":[]}', 1.5, 1_700_000_000),
        ('{"code":"AAPL.US","timestamp":"1700000000","close":"1.5"}', 1.5, 1_700_000_000),
        ('[{"code":"AAPL.US","timestamp":"NA","close":1.5}]', 1.5, None),
    ],
)
def test_a_quote_in_either_spelling(body: str, price: float, ts: int | None) -> None:
    """An object or a list, numbers or texts."""
    assert PRICE.ask(AAPL) == Call("/real-time/AAPL.US", {"fmt": "json"})
    last = PRICE.read(Reply(200, body.encode()), AAPL)
    assert (last.price, last.ts) == (price, ts)


@pytest.mark.parametrize(
    "body", ["{}", "[]", "null", '{"code":"MSFT.US","close":1}', '{"code":"AAPL.US"}']
)
def test_what_is_no_price_is_refused(body: str) -> None:
    """Another shape, another symbol, nothing."""
    with pytest.raises(UNREADABLE):
        PRICE.read(Reply(200, body.encode()), AAPL)


def test_actions_are_two_questions() -> None:
    """Coins have neither."""
    found = [q for q in ACTIONS.questions(Instrument.stock("BRK.B")) if isinstance(q, Call)]
    assert [q.path for q in found] == ["/splits/BRK-B.US", "/div/BRK-B.US"]
    assert not ACTIONS.questions(BTC)


@pytest.mark.parametrize(
    "body",
    [
        "{}",
        "null",
        '[{"date":"2020-08-31","split":"4"}]',
        '[{"date":"2020-08-31","split":"0.0/1.0"}]',
        '[{"date":"2020-08-31","value":1.5}]',
        '[{"unadjustedValue":1.5}]',
    ],
)
def test_what_is_no_action_is_refused(body: str) -> None:
    """Factors and amounts are never guessed: an adjusted value is none."""
    with pytest.raises(UNREADABLE):
        ACTIONS.read(Reply(200, body.encode()), AAPL)


def test_names_of_the_lists() -> None:
    """Share classes as ours; what has no name of ours is left out; coins are the last."""
    rows = [{"Code": code, "Exchange": "NYSE"} for code in ("BRK-B", "AAPL", "A-B-C", "x y")]
    stocks = LISTINGS.read(Reply(200, json.dumps(rows).encode()))
    assert {x.symbol: x.instrument.id for x in stocks.listings} == {
        "BRK-B.US": "BRK.B",
        "AAPL.US": "AAPL",
    }
    rows = [{"Code": code, "Exchange": "CC"} for code in ("BTC-USD", "$PAC-USD")]
    coins = LISTINGS.read(Reply(200, json.dumps(rows).encode()))
    assert {x.symbol: x.instrument for x in coins.listings} == {"BTC-USD.CC": BTC}
    assert coins.more is None
    for body in (b"{}", b"null", b'[{"Name":"x"}]'):
        with pytest.raises(UNREADABLE):
            LISTINGS.read(Reply(200, body))


def test_a_larger_account_says_so() -> None:
    """What is used is counted from its own limit."""
    headers = {"x-ratelimit-limit": "2000", "x-ratelimit-remaining": "1990"}
    reply = Reply(200, b"[]", headers)
    assert PROVIDER.limits(reply) == (Window(2000, 60),)
    assert PROVIDER.usage(reply) == (Usage(60, 10.0),)
    assert PROVIDER.limits(Reply(200, b"[]")) == ()
