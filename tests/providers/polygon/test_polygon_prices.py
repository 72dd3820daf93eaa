"""Polygon's prices, and what its complaints mean."""

import json
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from adapters_out.provider_kit.calls import Call, Reply
from adapters_out.provider_kit.faults import UNREADABLE
from adapters_out.provider_kit.kit_provider import ProviderSettings
from adapters_out.providers.polygon import PROVIDER
from adapters_out.providers.polygon.prices import LAST_TRADE, PREVIOUS_CLOSE, SNAPSHOT
from domain.errors import (
    CallRefused,
    NotEntitled,
    NotListed,
    ProviderError,
    ProviderUnavailable,
    RangeUnavailable,
    RateLimited,
)
from domain.instrument import Instrument
from domain.secret import Secret
from ports.market_data import CallContext
from tests.adapters_out.provider_kit.scripted import Bench, Script, in_virtual_time, ok
from tests.providers.reading import error_of

AAPL = Instrument.stock("AAPL")
BTC = Instrument.pair("BTC", "USD")
NOW = 1_700_000_040.0
PAID = ProviderSettings(api_key=Secret("key-of-ours"), rpm=0)
REFUSED = '{"status":"NOT_AUTHORIZED","request_id":"x","message":"You are not entitled to this."}'
TOO_OLD = '{"status":"NOT_AUTHORIZED","message":"Your plan doesn\'t include this data timeframe."}'
TOO_MANY = '{"status":"ERROR","error":"You\'ve exceeded the maximum requests per minute"}'


def error(status: int, body: str) -> ProviderError | None:
    """What a reply means."""
    return error_of(PROVIDER, status, body, now=NOW)


def recorded(recordings: Path, name: str) -> Reply:
    """A recording as a reply."""
    return Reply(200, (recordings / "polygon" / name).read_bytes(), {}, NOW, NOW)


@pytest.mark.recordings
def test_recorded_prices_are_read_right(recordings: Path) -> None:
    """The last trade; the last trade of a snapshot; the close of the day before, at 16:00."""
    last = LAST_TRADE.read(recorded(recordings, "last_trade__1.json"), AAPL)
    sent = json.loads((recordings / "polygon" / "last_trade__1.json").read_text())["results"]
    assert (last.price, last.ts) == (sent["p"], sent["t"] // 10**9)
    shot = SNAPSHOT.read(recorded(recordings, "snapshot_ticker__1.json"), AAPL)
    assert (shot.price, shot.ts) == (159.99, 1_651_251_948)
    any_of = SNAPSHOT.read(recorded(recordings, "universal_snapshot__1.json"), AAPL)
    assert (any_of.price, any_of.ts) == (0.05, 1_675_280_958)
    before = PREVIOUS_CLOSE.read(recorded(recordings, "prev__1.json"), AAPL)
    four_pm = datetime(2022, 4, 26, 20, tzinfo=UTC).timestamp()
    assert (before.price, before.ts) == (156.8, four_pm)


@pytest.mark.recordings
def test_recorded_rows_may_be_errors(recordings: Path) -> None:
    """Under status 200, one by one; who is not mentioned, or has no price, is not answered for."""
    universal = recorded(recordings, "universal_snapshot__1.json")
    with pytest.raises(NotListed):
        SNAPSHOT.read(universal, Instrument.stock("TSLAAPL"))
    indices = recorded(recordings, "snapshot_indices__1.json")
    for ticker in ("APX", "SPX"):  # it is APx
        with pytest.raises(UNREADABLE):
            SNAPSHOT.read(indices, Instrument.stock(ticker))
    upper = indices.body.replace(b"APx", b"APX").replace(b"APy", b"APY")
    with pytest.raises(NotListed):
        SNAPSHOT.read(Reply(200, upper), Instrument.stock("APX"))
    with pytest.raises(NotEntitled):
        SNAPSHOT.read(Reply(200, upper), Instrument.stock("APY"))


@pytest.mark.recordings
@pytest.mark.parametrize("name", ["market_status_now__1.json", "exchanges__1.json"])
def test_recorded_tables_complain_of_nothing(recordings: Path, name: str) -> None:
    """The status of the market has no envelope at all: it serves as a sign of life."""
    assert error(200, (recordings / "polygon" / name).read_text()) is None


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (404, '{"status":"NOT_FOUND","message":"Ticker not found."}', NotListed),
        (429, TOO_MANY, RateLimited),
        (400, '{"status":"ERROR","error":"Could not parse the time parameter"}', CallRefused),
        (200, '{"status":"ERROR","error":"broken"}', CallRefused),
        (500, '{"status":"ERROR","error":"broken"}', ProviderUnavailable),
        (502, "<html>bad gateway</html>", ProviderUnavailable),
        (403, TOO_OLD, RangeUnavailable),
    ],
)
def test_its_statuses_mean_errors_of_the_tree(
    status: int, body: str, expected: type[ProviderError]
) -> None:
    """Its sentence is in ``error`` or in ``message``."""
    assert type(error(status, body)) is expected


def test_its_limit_is_waited_out_for_a_minute() -> None:
    """It names no time; seconds would be useless against five a minute."""
    found = error(429, TOO_MANY)
    assert found is not None
    assert found.retry_at == NOW + 60
    assert error(200, '{"status":"DELAYED","results":[]}') is None


def test_a_plan_without_trades_gets_the_close_of_the_day_before() -> None:
    """Three ways; one that the plan refuses is not tried again for an hour."""
    closed = '{"resultsCount":1,"results":[{"T":"AAPL","c":156.8,"t":1651003200000}]}'
    script = Script(httpx.Response(403, text=REFUSED), ok(REFUSED), ok(closed))

    async def run() -> list[tuple[float, int]]:
        bench = Bench(script, PROVIDER, PAID, now=NOW)
        prices = [await bench.kit.price(AAPL, CallContext()) for _ in range(3)]
        return [(p.price, p.ts) for p in prices]

    assert in_virtual_time(run()) == [(156.8, 1_651_003_200)] * 3
    assert [r.url.path for r in script.requests] == [
        "/v2/last/trade/AAPL",
        "/v2/snapshot/locale/us/markets/stocks/tickers/AAPL",
        *["/v2/aggs/ticker/AAPL/prev"] * 3,
    ]


def test_prices_of_coins() -> None:
    """Another path, another shape, milliseconds."""
    assert LAST_TRADE.ask(BTC) == Call("/v1/last/crypto/BTC/USD")
    assert SNAPSHOT.ask(BTC) == Call("/v3/snapshot", {"ticker.any_of": "X:BTCUSD"})
    assert PREVIOUS_CLOSE.ask(BTC) == Call("/v2/aggs/ticker/X:BTCUSD/prev", {"adjusted": "false"})
    body = b'{"last":{"price":"16835.42","timestamp":1605560885027,"size":1},"status":"success"}'
    last = LAST_TRADE.read(Reply(200, body), BTC)
    assert (last.price, last.ts) == (16835.42, 1_605_560_885)
    minute = {"close": 412.05, "last_updated": 1675280958783136800}
    shot = {"results": [{"ticker": "X:BTCUSD", "last_minute": minute}]}
    found = SNAPSHOT.read(Reply(200, json.dumps(shot).encode()), BTC)
    assert (found.price, found.ts) == (412.05, 1_675_280_958)


def test_a_snapshot_without_a_trade() -> None:
    """The close of the newest minute; all zeros before the open are no price."""
    minute = {"ticker": "AAPL", "min": {"c": 160.3, "t": 1684428600000}}
    found = SNAPSHOT.read(Reply(200, json.dumps({"ticker": minute}).encode()), AAPL)
    assert (found.price, found.ts) == (160.3, 1_684_428_600)
    empty = {"ticker": "AAPL", "min": {"c": 0, "t": 0}, "day": {"c": 0}}
    with pytest.raises(NotEntitled):
        SNAPSHOT.read(Reply(200, json.dumps({"ticker": empty}).encode()), AAPL)


@pytest.mark.parametrize(
    "body",
    [
        "{}",
        "[]",
        '{"results":{}}',
        '{"results":{"p":null}}',
        '{"results":{"p":"NaN"}}',
        '{"results":{"T":"MSFT","p":1}}',
        '{"last":{}}',
    ],
)
def test_what_is_no_price_is_refused(body: str) -> None:
    """By each of the three."""
    for way in (LAST_TRADE, SNAPSHOT, PREVIOUS_CLOSE):
        with pytest.raises(UNREADABLE):
            way.read(Reply(200, body.encode()), AAPL)


def test_no_previous_day_is_no_such_ticker() -> None:
    """It answers 200 for any ticker."""
    with pytest.raises(NotListed):
        PREVIOUS_CLOSE.read(Reply(200, b'{"resultsCount":0,"status":"OK"}'), AAPL)
