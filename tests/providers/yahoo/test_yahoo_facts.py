"""Yahoo beside bars: prices, actions, names, complaints and patience."""

import json
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from adapters_out.provider_kit.calls import Call, Reply
from adapters_out.provider_kit.cells import Unreadable
from adapters_out.provider_kit.faults import UNREADABLE, find_fault
from adapters_out.providers.yahoo import PROVIDER
from domain.actions import ActionKind, CorporateAction, in_order
from domain.errors import (
    CallRefused,
    MalformedPayload,
    NotListed,
    ProviderError,
    ProviderUnavailable,
    RateLimited,
)
from domain.instrument import Instrument
from tests.adapters_out.provider_kit.scripted import Bench, Script, in_virtual_time, ok

AAPL = Instrument.stock("AAPL")
NOW = 1_740_000_000.0
assert PROVIDER.price is not None
assert PROVIDER.actions is not None
PRICE, ACTIONS = PROVIDER.price, PROVIDER.actions


def at(text: str) -> int:
    """Unix seconds of a moment in UTC."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def recorded(folder: Path, name: str, status: int = 200) -> Reply:
    """A recording as it came back."""
    return Reply(status, (folder / "yahoo" / name).read_bytes(), {}, NOW, NOW)


def error(reply: Reply) -> ProviderError | None:
    """What a reply means."""
    return find_fault("yahoo", reply, PROVIDER.faults, PROVIDER.policy)


@pytest.mark.recordings
@pytest.mark.parametrize(
    ("name", "price", "ts"),
    [
        ("chart_1d__1.json", 244.87, 1739998801),
        ("chart_1d_crypto__1.json", 97208.17, 1740051840),
        ("chart_1d_gbp__1.json", 3.053, 1740051143),
        ("quote__1.json", 244.6, 1739566800),
        ("quote_future__1.json", 2910.3, 1739789091),
    ],
)
def test_recorded_prices_are_read(recordings: Path, name: str, price: float, ts: int) -> None:
    """Of charts, which are what is asked for, and of quotes; pence are pounds."""
    found = PRICE.read(recorded(recordings, name), AAPL)
    assert (found.price, found.ts) == (price, ts)


@pytest.mark.recordings
def test_no_price_is_not_a_price_of_nothing(recordings: Path) -> None:
    """A delisted symbol is unknown; one without a price has none, and nobody is blamed for it."""
    with pytest.raises(NotListed):
        PRICE.read(recorded(recordings, "quote_empty__1.json"), AAPL)
    with pytest.raises(CallRefused, match="no price of AAPL") as refused:
        PRICE.read(recorded(recordings, "quote_partial__1.json"), AAPL)
    assert not refused.value.hurts_health
    with pytest.raises(Unreadable):
        PRICE.read(recorded(recordings, "quote_summary_404__1.json"), AAPL)
    with pytest.raises(UNREADABLE):
        PRICE.read(recorded(recordings, "quote__1.json"), Instrument.stock("MSFT"))


def test_a_price_is_asked_for_without_a_crumb() -> None:
    """The chart of today: one call, no cookie."""
    call = PRICE.ask(AAPL)
    assert isinstance(call, Call)
    assert (call.path, call.params) == (
        "/v8/finance/chart/AAPL",
        {"interval": "1d", "range": "1d"},
    )


@pytest.mark.recordings
def test_recorded_actions_are_read(recordings: Path) -> None:
    """Apple's split of 2020, and a dividend after it."""
    found = ACTIONS.read(recorded(recordings, "chart_1d_events__1.json"), AAPL).actions
    split = CorporateAction(at("2020-08-31"), ActionKind.SPLIT, ratio=4.0)
    paid = CorporateAction(at("2020-11-06"), ActionKind.DIVIDEND, amount=0.205, currency="USD")
    assert in_order(found) == (split, paid)


def test_dividends_are_told_as_they_were_paid() -> None:
    """It divides them by later splits: 0.205 before 4:1 was 0.82, and before 7:1 more."""
    date = {"a": at("2014-05-08 13:30"), "b": at("2020-08-07 13:30"), "c": at("2021-02-05 14:30")}
    splits = {
        "1": {"date": at("2014-06-09 13:30"), "numerator": 7, "denominator": 1},
        "2": {"date": at("2020-08-31 13:30"), "numerator": 4, "denominator": 1},
    }
    amounts = {"a": 0.1175, "b": 0.205, "c": 0.205}
    dividends = {k: {"amount": amounts[k], "date": date[k]} for k in date}
    meta = {"exchangeTimezoneName": "America/New_York", "currency": "USD"}
    result = {
        "meta": meta,
        "indicators": {"quote": [{}]},
        "events": {"dividends": dividends, "splits": splits},
    }
    body = json.dumps({"chart": {"result": [result], "error": None}}).encode()
    found = ACTIONS.read(Reply(200, body), AAPL).actions
    paid = [a.amount for a in in_order(found) if a.kind is ActionKind.DIVIDEND]
    assert paid == [3.29, 0.82, 0.205]
    assert [a.ratio for a in in_order(found) if a.kind is ActionKind.SPLIT] == [7.0, 4.0]


def test_all_actions_are_asked_for_at_once() -> None:
    """From 1970 on."""
    (call,) = ACTIONS.questions(AAPL)
    assert isinstance(call, Call)
    assert (call.params["events"], call.params["period1"]) == ("div,splits", 0)


@pytest.mark.recordings
def test_an_empty_range_is_no_error(recordings: Path) -> None:
    """Though it comes with status 400; another 400 is one."""
    assert error(recorded(recordings, "error_400_no_range__1.json", 400)) is None
    other = b'{"chart":{"result":null,"error":{"code":"Bad Request","description":"No."}}}'
    assert error(Reply(400, other)) is not None


@pytest.mark.recordings
def test_too_many_requests_are_a_matter_of_a_quarter_of_an_hour(recordings: Path) -> None:
    """It names no time, and holds it against the address."""
    found = error(recorded(recordings, "error_429__1.txt", 429))
    assert found is not None
    assert found.retry_at == NOW + 900
    assert PROVIDER.policy.rps == 0.5


@pytest.mark.recordings
@pytest.mark.parametrize("name", ["quote_307", "consent_302", "submit_302", "copyconsent_302"])
def test_the_way_to_a_consent_is_not_followed(recordings: Path, name: str) -> None:
    """Recorded redirects to a page that asks people: none of them is data, or sets us going."""
    place = 1 + ["quote_307", "consent_302", "submit_302", "copyconsent_302"].index(name)
    path = recordings / f"yahoo/crumb_flow_{place}_{name}.record.json"
    told = json.loads(path.read_text())["response"]
    headers = {k: v for k, v in told["headers"].items() if isinstance(v, str)}
    reply = Reply(told["status"], told.get("bodyText", "").encode(), headers, NOW, NOW)
    assert type(error(reply)) in {ProviderUnavailable, MalformedPayload}


@pytest.mark.recordings
def test_a_crumb_is_no_answer(recordings: Path) -> None:
    """It is a word; nothing that we ask for is answered with one."""
    path = recordings / "yahoo/crumb_flow_5_getcrumb_200.record.json"
    told = json.loads(path.read_text())["response"]
    with pytest.raises(UNREADABLE):
        PRICE.read(Reply(200, told["bodyText"].encode()), AAPL)


def test_a_page_for_people_is_no_chart() -> None:
    """Consent, or "will be right back", with status 200."""
    page = Reply(200, b"<!doctype html><title>Yahoo</title>", {"content-type": "text/html"})
    assert type(error(page)) is MalformedPayload


def test_a_limit_is_kept_for_as_long_as_it_lasts() -> None:
    """After 429 nothing is sent for a quarter of an hour, then it goes on."""
    body = '{"chart":{"result":[{"meta":{"regularMarketPrice":2.5},"indicators":{"quote":[{}]}}]}}'
    limit = httpx.Response(429, content=b"Edge: Too Many Requests")
    script = Script(limit, ok(body))

    async def run() -> float:
        bench = Bench(script, PROVIDER)
        for _ in range(2):
            with pytest.raises(RateLimited):
                await bench.kit.price(AAPL, bench.within(5.0))
        assert len(script.requests) == 1
        await bench.clock.sleep(901.0)
        return (await bench.kit.price(AAPL, bench.within(5.0))).price

    assert in_virtual_time(run()) == 2.5
