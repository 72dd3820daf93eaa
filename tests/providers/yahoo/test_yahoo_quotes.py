"""Yahoo's bid and ask: the cookie, the crumb, and what is read."""

import json
from collections.abc import Sequence
from pathlib import Path

import httpx
import pytest

from adapters_out.provider_kit.calls import Call, Reply
from adapters_out.provider_kit.faults import UNREADABLE
from adapters_out.provider_kit.kit_provider import ProviderSettings
from adapters_out.providers.yahoo import PROVIDER
from domain.errors import AccessDenied, CallRefused, NotListed, ProviderError, RateLimited
from domain.instrument import Instrument
from domain.ticks import Quote, Stamp, TicksAsk
from ports.market_data import CallContext
from tests.adapters_out.provider_kit.scripted import Bench, Script, Step, in_virtual_time, ok

AAPL = Instrument.stock("AAPL")
COOKIE = "A3=d=AQABBKvc&S=AQAAAtFJa---Ioh8"
BOOK = '{"quoteResponse":{"result":[{"symbol":"AAPL","bid":244.44,"ask":253.37,"bidSize":2}]}}'
INVALID = {"finance": {"result": None, "error": {"code": "Unauthorized", "description": "No"}}}
assert PROVIDER.quotes is not None
QUOTES = PROVIDER.quotes


def ask(instrument: Instrument = AAPL) -> TicksAsk:
    """A question for the quote of now."""
    return TicksAsk(instrument=instrument, limit=1)


def read(body: bytes | str, instrument: Instrument = AAPL) -> Quote:
    """The quote in a body that came at 1.5 s past."""
    content = body.encode() if isinstance(body, str) else body
    (quote,) = QUOTES.read(Reply(200, content, received_at=1.5), ask(instrument)).ticks
    assert isinstance(quote, Quote)
    return quote


def cookie() -> httpx.Response:
    """404, a page for people, and a cookie."""
    life = "Expires=Mon, 16 Feb 2026 12:40:12 GMT; Domain=.yahoo.com; Path=/; Secure"
    headers = [("content-type", "text/html"), ("set-cookie", f"{COOKIE}; {life}")]
    headers += [("set-cookie", "A1S=d=AQABB; Domain=.yahoo.com"), ("set-cookie", "GUC=x; Path=/")]
    return httpx.Response(404, headers=headers, content=b"<html>not here</html>")


def crumb(word: str = "haT3oykhHqZ") -> httpx.Response:
    """A word."""
    return httpx.Response(200, headers={"content-type": "text/plain"}, content=word.encode())


def asked(*steps: Step, times: int = 1, base_url: str | None = None) -> Sequence[httpx.Request]:
    """The requests that so many questions made."""
    script = Script(*steps)

    async def run() -> None:
        bench = Bench(script, PROVIDER, ProviderSettings(base_url=base_url, rps=1000.0))
        for _ in range(times):
            await bench.kit.quotes(ask(), CallContext())

    in_virtual_time(run())
    return script.requests


def test_a_quote_takes_a_cookie_and_a_crumb() -> None:
    """The cookie of another host, whatever its status, and the word that belongs to it."""
    requests = asked(cookie(), crumb(), ok(BOOK))
    assert [str(request.url) for request in requests] == [
        "https://fc.yahoo.com/",
        "https://query2.finance.yahoo.com/v1/test/getcrumb",
        "https://query2.finance.yahoo.com/v7/finance/quote?symbols=AAPL&crumb=haT3oykhHqZ",
    ]
    sent = [request.headers.get("cookie") for request in requests]
    assert sent == [None, f"{COOKIE}; A1S=d=AQABB", f"{COOKIE}; A1S=d=AQABB"]
    assert all("Mozilla" in request.headers["user-agent"] for request in requests)


def test_cookie_and_crumb_are_kept() -> None:
    """The second quote is one call."""
    requests = asked(cookie(), crumb(), ok(BOOK), ok(BOOK), times=2)
    assert [r.url.path for r in requests][2:] == ["/v7/finance/quote"] * 2


def test_charts_take_no_cookie_along() -> None:
    """Who has one for quotes sends it with quotes only."""
    script = Script(cookie(), crumb(), ok(BOOK), ok('{"chart":{"result":[{"meta":{}}]}}'))

    async def run() -> None:
        bench = Bench(script, PROVIDER, ProviderSettings(rps=1000.0))
        await bench.kit.quotes(ask(), CallContext())
        with pytest.raises(ProviderError):
            await bench.kit.price(AAPL, CallContext())

    in_virtual_time(run())
    assert "/v8/" in script.requests[3].url.path
    assert "cookie" not in script.requests[3].headers


def test_an_invalid_crumb_is_fetched_anew_once() -> None:
    """So is its cookie; a second refusal is the answer."""
    invalid = httpx.Response(401, json=INVALID)
    paths = [r.url.path for r in asked(cookie(), crumb(), invalid, cookie(), crumb(), ok(BOOK))]
    assert paths == ["/", "/v1/test/getcrumb", "/v7/finance/quote"] * 2
    with pytest.raises(AccessDenied):
        asked(cookie(), crumb(), invalid, cookie(), crumb(), httpx.Response(401, json=INVALID))


@pytest.mark.parametrize(
    ("word", "means"),
    [
        ("Too Many Requests", RateLimited),
        ("Edge: Too Many Requests", RateLimited),
        ("", ProviderError),
        ('{"finance":{}}', AccessDenied),
    ],
)
def test_a_complaint_is_no_crumb(word: str, means: type[ProviderError]) -> None:
    """It is never kept in the place of one."""
    with pytest.raises(means):
        asked(cookie(), crumb(word))


def test_without_a_cookie_there_is_no_quote() -> None:
    """Where people must agree first, nobody here does it for them."""
    redirect = httpx.Response(307, headers={"location": "https://guce.yahoo.com/consent"})
    with pytest.raises(AccessDenied, match="consent"):
        asked(redirect)


def test_a_host_of_the_operator_is_asked_for_all_of_it() -> None:
    """Nothing leaves for the real one."""
    requests = asked(cookie(), crumb(), ok(BOOK), base_url="http://127.0.0.1:9/yahoo")
    assert [str(r.url.copy_with(query=None)) for r in requests] == [
        "http://127.0.0.1:9/yahoo/",
        "http://127.0.0.1:9/yahoo/v1/test/getcrumb",
        "http://127.0.0.1:9/yahoo/v7/finance/quote",
    ]


@pytest.mark.recordings
@pytest.mark.parametrize(("symbol", "bid", "offer"), [("AAPL", 244.44, 253.37)])
def test_the_recorded_book_is_read(recordings: Path, symbol: str, bid: float, offer: float) -> None:
    """Of two, the one that was asked for; its time is that of the last trade, so ours counts."""
    body = (recordings / "yahoo/quote__1.json").read_bytes()
    assert read(body, Instrument.stock(symbol)) == Quote(
        ts_ns=1_500_000_000, stamp=Stamp.RECEIPT, bid_price=bid, ask_price=offer
    )
    assert read(body, Instrument.stock("BABA")).ask_price == 124.97


@pytest.mark.recordings
def test_the_recorded_crumb_is_one(recordings: Path) -> None:
    """And the cookies that came before it are those that it was asked with."""
    folder = recordings / "yahoo"
    told = json.loads((folder / "crumb_flow_5_getcrumb_200.record.json").read_text())
    before = json.loads((folder / "crumb_flow_4_copyconsent_302.record.json").read_text())
    question = QUOTES.ask(ask())
    assert not isinstance(question, Call)
    next(question)
    cookies = {"set-cookie": ", ".join(before["response"]["headers"]["set-cookie"])}
    second = question.send(Reply(404, b"", cookies))
    sent = told["request"]["headers"]["cookie"].split("; ")
    assert set(second.headers["cookie"].split("; ")) <= set(sent)
    with pytest.raises(StopIteration) as end:
        question.send(Reply(200, told["response"]["bodyText"].encode()))
    assert end.value.value.params["crumb"] == told["response"]["bodyText"]


@pytest.mark.recordings
def test_a_recorded_nothing_is_not_listed(recordings: Path) -> None:
    """An unknown symbol is silently left out; a fund has no book."""
    with pytest.raises(NotListed):
        read((recordings / "yahoo/quote_empty__1.json").read_bytes())
    with pytest.raises(CallRefused, match="at the moment"):
        read((recordings / "yahoo/quote_partial__1.json").read_bytes(), Instrument.stock("ADH"))


def test_pence_are_pounds_and_an_empty_side_is_absent() -> None:
    """0 is nobody's price."""
    row = {"symbol": "OCDO.L", "currency": "GBp", "bid": 305.3, "ask": 0}
    body = json.dumps({"quoteResponse": {"result": [row]}})
    quote = read(body, Instrument.stock("OCDO.L"))
    assert (quote.bid_price, quote.ask_price, quote.bid_size) == (3.053, None, None)


@pytest.mark.parametrize("body", ["{}", "[]", "null", '{"quoteResponse":{"result":null}}', ""])
def test_another_shape_is_never_an_empty_answer(body: str) -> None:
    """It is unreadable."""
    with pytest.raises(UNREADABLE):
        read(body)
