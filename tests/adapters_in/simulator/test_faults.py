"""Every fault, at every provider, as a caller sees it."""

import asyncio
import contextlib
import gzip
import json
import math
import zlib
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest

from adapters_in.simulator.faults import Fault, FaultBoard, FaultKind
from adapters_in.simulator.ratelimit import RateLimit
from adapters_in.simulator.server import SimulatorServer
from adapters_in.simulator.wire import Request
from adapters_out.system.clock import SystemClock

PATHS = {
    "binance": "/api/v3/klines?symbol=BTCUSDT&interval=1m&limit=20",
    "kraken": "/0/public/OHLC?pair=XBTUSDT&interval=1",
    "coinbase": "/products/BTC-USDT/candles?granularity=60",
    "kucoin": "/api/v1/market/candles?symbol=BTC-USDT&type=1min",
    "polygon": "/v2/aggs/ticker/X:BTCUSDT/range/1/minute/0/4000000000000?limit=20&sort=desc"
    "&apiKey=x",
    "eodhd": "/intraday/BTC-USDT.CC?interval=1h&fmt=json&api_token=x",
    "coinmarketcap": "/v2/cryptocurrency/ohlcv/historical?id=1&time_period=hourly&count=100",
    "coingecko": "/coins/bitcoin/ohlc?vs_currency=usd&days=1",
    "alpha_vantage": "/query?function=TIME_SERIES_INTRADAY&symbol=IBM&interval=30min&apikey=x"
    "&datatype=csv&outputsize=full",
    "massive_futures": "/futures/v1/aggs/ESZ6?resolution=1min&limit=20&apiKey=x",
    "yahoo": "/v8/finance/chart/BTC-USD?interval=1m",
}
PRICES = {
    "binance": "/api/v3/ticker/price?symbol=BTCUSDT",
    "kraken": "/0/public/Ticker?pair=XBTUSDT",
    "coinbase": "/products/BTC-USDT/ticker",
    "kucoin": "/api/v1/market/orderbook/level1?symbol=BTC-USDT",
    "polygon": "/v1/last/crypto/BTC/USDT?apiKey=x",
    "eodhd": "/real-time/BTC-USDT.CC?fmt=json&api_token=x",
    "coinmarketcap": "/v3/cryptocurrency/quotes/latest?id=1",
    "coingecko": "/simple/price?ids=bitcoin&vs_currencies=usd",
    "alpha_vantage": "/query?function=GLOBAL_QUOTE&symbol=IBM&apikey=x",
    "massive_futures": "/futures/v1/snapshot?ticker=ESZ6&apiKey=x",
    "yahoo": "/v8/finance/chart/BTC-USD?interval=1d&range=1d",
}
TIMES = {
    "binance": "/api/v3/time",
    "kraken": "/0/public/Time",
    "coinbase": "/time",
    "kucoin": "/api/v1/timestamp",
    "polygon": "/v1/marketstatus/now?apiKey=x",
    "eodhd": "/internal-user?api_token=x",
    "coinmarketcap": "/v1/key/info",
    "coingecko": "/ping",
    "alpha_vantage": "/query?function=MARKET_STATUS&apikey=x",
    "massive_futures": "/futures/v1/exchanges?apiKey=x",
    "yahoo": "/v8/finance/chart/SPY?interval=1d&range=1d",
}
IN_MS = {"binance", "polygon", "coingecko"}
# prices are no texts
IN_NUMBERS = {"polygon", "eodhd", "coinmarketcap", "coingecko", "massive_futures", "yahoo"}
KEYS = {"x-cmc_pro_api_key": "demo-key", "user-agent": "Mozilla/5.0"}
pytestmark = pytest.mark.parametrize("provider", sorted(PATHS))


@contextlib.asynccontextmanager
async def visited(provider: str) -> AsyncIterator[tuple[httpx.AsyncClient, SimulatorServer]]:
    """A client and a simulator on loopback."""
    async with (
        SimulatorServer("127.0.0.1", 0, SystemClock(), seed=3) as sim,
        httpx.AsyncClient(base_url=sim.base_url(provider), timeout=5, headers=KEYS) as client,
    ):
        yield client, sim


def got(provider: str, *faults: dict[str, Any], path: str | None = None) -> httpx.Response:
    """The reply while these faults are set."""

    async def visit() -> httpx.Response:
        async with visited(provider) as (client, sim):
            set_up = await client.post(f"{sim.url}/_control/faults", json=list(faults))
            assert set_up.status_code == 200, set_up.text
            return await client.get(path or PATHS[provider])

    return asyncio.run(visit())


def bars(provider: str, reply: httpx.Response) -> list[list[Any]]:
    """The rows of a reply as [ts, open, high, low, close, volume], in their order.

    The newest first are turned round, so that all read alike.
    """
    if provider == "alpha_vantage":
        return [_line(text) for text in reversed(reply.text.splitlines()[1:]) if text.strip()]
    return _ROWS[provider](reply.json())


def _charted(content: Any) -> list[list[Any]]:  # noqa: ANN401 - JSON
    """Parallel columns as rows."""
    (chart,) = content["chart"]["result"]
    (quote,) = chart["indicators"]["quote"]
    names = ("open", "high", "low", "close", "volume")
    return [list(row) for row in zip(chart["timestamp"], *(quote[n] for n in names), strict=True)]


_EODHD = ("timestamp", "open", "high", "low", "close", "volume")
_NAMES = _EODHD[1:]


def _period(row: dict[str, Any]) -> list[Any]:
    prices = row["quote"]["USD"]
    ts = int(datetime.fromisoformat(row["time_open"]).timestamp())
    return [ts, *(prices[name] for name in _NAMES)]


_ROWS: dict[str, Callable[[Any], list[list[Any]]]] = {
    "yahoo": _charted,
    "binance": lambda c: [row[:6] for row in c],
    "kraken": lambda c: [[*row[:5], row[6]] for row in c["result"]["XBTUSDT"]],
    "polygon": lambda c: [[row[key] for key in "tohlcv"] for row in reversed(c["results"])],
    "eodhd": lambda c: [[row[name] for name in _EODHD] for row in c],
    "coingecko": lambda c: [[*row, None] for row in c],
    "coinmarketcap": lambda c: [_period(row) for row in c["data"]["quotes"]],
    "massive_futures": lambda c: [
        [row["window_start"] // 10**9, *(row[name] for name in _NAMES)]
        for row in reversed(c["results"])
    ],
    "coinbase": lambda c: [[t, o, h, low, c, v] for t, low, h, o, c, v in reversed(c)],
    "kucoin": lambda c: [
        [int(t), o, h, low, c, v] for t, o, c, h, low, v, _ in reversed(c["data"])
    ],
}


def _line(text: str) -> list[Any]:
    """A row of CSV; its local time is taken for UTC."""
    stamp, *cells = text.split(",")
    ts = int(datetime.fromisoformat(stamp).replace(tzinfo=UTC).timestamp())
    return [ts, *(None if cell == "null" else cell for cell in cells)]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 418, 429, 451, 500, 502, 503, 520])
def test_status_with_the_providers_own_body(provider: str, status: int) -> None:
    """The status comes as set, with Retry-After, and with JSON or a page as the provider has it."""
    reply = got(provider, {"kind": "status", "status": status, "retry_after_s": 7})
    assert reply.status_code == status
    assert reply.headers["retry-after"] == "7"
    assert reply.headers["x-fks-simulator"] == "1"
    if "json" in reply.headers["content-type"]:
        known = {"finance", "chart", "code", "msg", "error", "message", "status", "request_id"}
        assert set(reply.json()) <= known
    elif provider == "yahoo" and status == 429:
        assert reply.text == "Edge: Too Many Requests"
    elif provider != "eodhd" or status >= 500:  # its own errors are plain texts
        assert reply.text.startswith("<!DOCTYPE html>")
    else:
        assert reply.text[0].isupper()


def test_an_error_code_by_choice(provider: str) -> None:
    """A status fault may name one of the provider's own error codes."""
    codes = {
        "binance": "-1008",
        "kraken": "EService:Busy",
        "kucoin": "400302",
        "alpha_vantage": "day",
        "yahoo": "Not Found",
        "coinmarketcap": "1006",
        "coingecko": "10005",
    }
    code = codes.get(provider, "Unsupported granularity")
    reply = got(provider, {"kind": "status", "status": 200, "code": code})
    assert code in reply.text


def test_a_delay(provider: str) -> None:
    """The answer is right but late."""
    reply = got(provider, {"kind": "delay", "seconds": 0.3})
    assert reply.elapsed.total_seconds() >= 0.3
    assert bars(provider, reply)


def test_a_hang_ends_when_the_caller_gives_up(provider: str) -> None:
    """No byte ever comes, and the simulator forgets the connection afterwards."""

    async def visit() -> None:
        async with visited(provider) as (client, sim):
            await client.post(f"{sim.url}/_control/faults", json={"kind": "hang", "count": 1})
            with pytest.raises(httpx.ReadTimeout):
                await client.get(PATHS[provider], timeout=0.2)
            assert (await client.get(PATHS[provider])).status_code == 200

    asyncio.run(visit())


def test_a_drip_never_times_out_per_read(provider: str) -> None:
    """Bytes keep coming, each in time, the whole far too late."""

    async def visit() -> None:
        async with visited(provider) as (client, sim):
            fault = {"kind": "drip", "bytes_per_s": 50}
            await client.post(f"{sim.url}/_control/faults", json=fault)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.6):
                    await client.get(PATHS[provider], timeout=0.5)

    asyncio.run(visit())


async def raw(sim: SimulatorServer, path: str) -> tuple[bytes, bool]:
    """What a plain socket reads until the end, and whether the end was a reset."""
    host, _, port = sim.url.removeprefix("http://").rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    lines = (f"GET {path} HTTP/1.1", "Host: x", "User-Agent: Mozilla/5.0", "Connection: close")
    writer.write("".join(f"{line}\r\n" for line in (*lines, "")).encode())
    data, reset = b"", False
    try:
        while piece := await reader.read(65_536):
            data += piece
    except ConnectionResetError:
        reset = True
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()
    return data, reset


@pytest.mark.parametrize(("kind", "is_reset"), [("reset", True), ("half_body", False)])
def test_the_body_breaks_off(provider: str, kind: str, *, is_reset: bool) -> None:
    """Half of the promised bytes, then a reset or a goodbye."""

    async def visit() -> None:
        async with visited(provider) as (client, sim):
            await client.post(f"{sim.url}/_control/faults", json={"kind": kind})
            data, reset = await raw(sim, f"/{provider}{PATHS[provider]}")
            assert reset is is_reset
            head, _, body = data.partition(b"\r\n\r\n")
            promised = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
            assert len(body) == promised // 2
            with pytest.raises(httpx.TransportError):
                await client.get(PATHS[provider])

    asyncio.run(visit())


def test_a_wrong_length(provider: str) -> None:
    """More bytes come than Content-Length says; a client that believes it reads half a text."""

    async def visit() -> None:
        async with visited(provider) as (client, sim):
            await client.post(f"{sim.url}/_control/faults", json={"kind": "wrong_length"})
            data, _ = await raw(sim, f"/{provider}{PATHS[provider]}")
            head, _, body = data.partition(b"\r\n\r\n")
            promised = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
            assert len(body) > promised
            assert provider == "alpha_vantage" or json.loads(body)

    asyncio.run(visit())


def test_a_page_instead_of_data(provider: str) -> None:
    """Status 200 and HTML."""
    reply = got(provider, {"kind": "html"})
    assert (reply.status_code, reply.headers["content-type"][:9]) == (200, "text/html")
    assert "<html>" in reply.text


def test_an_empty_body(provider: str) -> None:
    """Status 200 and nothing."""
    assert got(provider, {"kind": "empty_body"}).content == b""


def test_text_that_breaks_off(provider: str) -> None:
    """A complete response whose JSON is not."""
    with pytest.raises(json.JSONDecodeError):
        got(provider, {"kind": "truncated_json"}).json()


def test_a_wrong_content_type(provider: str) -> None:
    """The right text under the wrong label."""
    reply = got(provider, {"kind": "wrong_content_type"})
    assert reply.headers["content-type"] == "application/octet-stream"
    assert bars(provider, reply)


def test_deep_nesting(provider: str) -> None:
    """JSON that no recursive parser survives."""
    reply = got(provider, {"kind": "deep_nesting"})
    assert reply.content == b"[" * 100_000 + b"]" * 100_000


def test_a_huge_body(provider: str) -> None:
    """The right answer followed by megabytes of blanks."""
    reply = got(provider, {"kind": "huge_body", "mib": 5})
    assert len(reply.content) > 5 * 1024 * 1024
    assert bars(provider, reply)


def test_a_bomb(provider: str) -> None:
    """A body of under a megabyte that inflates to 300, with a right checksum."""

    async def visit() -> bytes:
        async with visited(provider) as (client, sim):
            await client.post(f"{sim.url}/_control/faults", json={"kind": "gzip_bomb"})
            async with client.stream("GET", PATHS[provider]) as reply:
                assert reply.headers["content-encoding"] == "gzip"
                return b"".join([piece async for piece in reply.aiter_raw()])

    packed = asyncio.run(visit())
    assert len(packed) < 1_000_000
    unpacker = zlib.decompressobj(31)
    size = 0
    while packed and not unpacker.eof:
        size += len(unpacker.decompress(packed, 1 << 22))
        packed = unpacker.unconsumed_tail
    assert (size, unpacker.eof) == (300 * 1024 * 1024, True)


def test_a_small_bomb_is_plain_gzip(provider: str) -> None:
    """The repeated block is a valid member for a strict reader."""
    packed = got(provider, {"kind": "gzip_bomb", "mib": 3}).content
    assert packed == b" " * 3 * 1024 * 1024
    assert gzip.decompress(gzip.compress(packed)) == packed


@pytest.mark.parametrize("kind", ["nan", "infinity", "null"])
def test_values_that_are_no_numbers(provider: str, kind: str) -> None:
    """As many closes as asked are NaN, Infinity or null; the other rows are untouched."""
    rows = bars(provider, got(provider, {"kind": kind, "rows": 3}))
    closes = [math.nan if row[4] is None else float(row[4]) for row in rows]
    assert sum(not math.isfinite(close) for close in closes) == 3
    assert sum(row[4] is None for row in rows) == (3 if kind == "null" else 0)


@pytest.mark.parametrize("kind", ["nan", "infinity", "null"])
def test_a_price_that_is_no_number(provider: str, kind: str) -> None:
    """The ticker is struck by the same faults."""
    text = got(provider, {"kind": kind}, path=PRICES[provider]).text
    token = {"nan": "NaN", "infinity": "Infinity", "null": "null"}[kind]
    is_text = kind != "null" and provider not in IN_NUMBERS
    assert (f'"{token}"' if is_text else token) in text
    assert "987654321" not in text


def test_duplicates_and_disorder(provider: str) -> None:
    """Rows twice; rows in no order."""
    twice = [row[0] for row in bars(provider, got(provider, {"kind": "duplicates", "rows": 2}))]
    assert twice == sorted(twice)
    assert len(twice) - len(set(twice)) == 2
    mixed = [row[0] for row in bars(provider, got(provider, {"kind": "disorder"}))]
    assert mixed not in (sorted(mixed), sorted(mixed, reverse=True))
    assert len(set(mixed)) == len(mixed)


def test_rows_that_no_bar_can_be(provider: str) -> None:
    """Misaligned times, high below low, negative volume."""
    unit = 1000 if provider in IN_MS else 1
    late = bars(provider, got(provider, {"kind": "misaligned"}))
    assert sum(row[0] % (60 * unit) != 0 for row in late) == 1
    low = bars(provider, got(provider, {"kind": "impossible", "rows": 2}))
    assert sum(float(row[2]) < float(row[3]) for row in low) == 2
    negative = bars(provider, got(provider, {"kind": "negative_volume"}))
    volumes = [float(row[5]) for row in negative if row[5] is not None]
    assert sum(volume < 0 for volume in volumes) == (provider != "coingecko")


def test_implausible_and_missing_rows(provider: str) -> None:
    """A tenfold wick; a hole."""
    far = bars(provider, got(provider, {"kind": "outlier"}))
    prices = sorted(float(row[4]) for row in far)
    assert prices[-1] > 5 * prices[-2]
    times = [row[0] for row in bars(provider, got(provider, {"kind": "missing", "rows": 2}))]
    steps = {b - a for a, b in pairwise(times)}
    assert len(steps) > 1


def test_a_redirect(provider: str) -> None:
    """To another host, with the status that was set."""
    reply = got(provider, {"kind": "redirect", "status": 307, "location": "http://evil.test/x"})
    assert (reply.status_code, reply.headers["location"]) == (307, "http://evil.test/x")


def test_a_provider_that_ignores_paging(provider: str) -> None:
    """Whatever page is asked for, the same rows come."""
    page = {
        "binance": "&startTime=1700000000000",
        "kraken": "&since=4000000000",
        "coinbase": "&start=2023-11-14T22:00:00Z&end=2023-11-14T23:00:00Z",
        "kucoin": "&startAt=1700000000&endAt=1700003600",
        "polygon": "&cursor=bGltaXQ9MjA",
        "eodhd": "&from=1700000000&to=1700003600",
        "alpha_vantage": "&month=2023-11",
        "yahoo": "&period1=1700000000&period2=1700003600",
        "coinmarketcap": "&time_start=2023-11-14T22:00:00Z&time_end=2023-11-14T23:00:00Z",
        "coingecko": "&page=9",
        "massive_futures": "&cursor=W1sicmVzb2x1dGlvbiIsIjFob3VyIl0sWyJsaW1pdCIsIjUiXV0=",
    }[provider]
    plain = bars(provider, got(provider))
    ignored = got(provider, {"kind": "ignored_paging"}, path=PATHS[provider] + page)
    assert len(bars(provider, ignored)) == len(plain)
    assert bars(provider, ignored)[-2][0] >= plain[-3][0]


def test_rate_limiting_as_the_provider_does(provider: str) -> None:
    """Within the limit, then refused with a time to come back, then banned for going on."""

    async def visit() -> list[httpx.Response]:
        async with visited(provider) as (client, sim):
            path = PRICES[provider]  # some ask for the time without a cost
            place, _, asked = path.partition("?")
            request = Request(place, tuple(parse_qsl(asked)))
            weight = sim.simulator.dialects[provider].weigh(request)
            limit = {"kind": "rate_limit", "limit": 4 * weight, "window_s": 3600, "patience": 2}
            await client.post(f"{sim.url}/_control/faults", json=limit | {"ban_s": 8})
            return [await client.get(path) for _ in range(8)]

    replies = asyncio.run(visit())
    assert [r.headers.get("retry-after") for r in replies[:4]] == [None] * 4
    assert all(int(r.headers["retry-after"]) > 0 for r in replies[4:])
    assert replies[7].headers["retry-after"] == "8"
    _check_refusals(provider, replies)


def _check_refusals(provider: str, replies: list[httpx.Response]) -> None:
    """Four answers, then refusals in the provider's own words."""
    if provider == "binance":
        assert [r.status_code for r in replies] == [200] * 4 + [429] * 2 + [418] * 2
        assert "banned until" in replies[7].json()["msg"]
    elif provider == "kraken":
        errors = [r.json()["error"] for r in replies]
        assert errors[4] == ["EGeneral:Too many requests"]
        assert errors[7] == ["EGeneral:Temporary lockout"]
    elif provider == "alpha_vantage":
        assert [r.status_code for r in replies] == [200] * 8
        assert "spreading out" in replies[4].json()["Information"]
    else:
        assert [r.status_code for r in replies] == [200] * 4 + [429] * 4
    if provider == "kucoin":
        assert replies[7].json()["code"] == "429000"
        assert replies[7].headers["gw-ratelimit-remaining"] == "0"
        assert replies[7].headers["gw-ratelimit-reset"] == "8000"


def test_a_ban_is_prolonged_by_calling(provider: str) -> None:
    """Only silence ends a ban."""
    assert provider
    rate = RateLimit(1, 10, 0, 5)
    assert rate.judge(1, 0) is None
    assert [rate.judge(1, at) is not None for at in (1, 4, 8, 12, 16.9)] == [True] * 5
    assert rate.judge(1, 22) is None


def test_a_fault_strikes_when_it_should(provider: str) -> None:
    """By provider and path, as often as told, for as long as told, with its probability."""
    board = FaultBoard(seed=5)
    board.add(Fault(FaultKind.HANG, provider=provider, path="/api", count=2), 100.0)
    board.add(Fault(FaultKind.DELAY, after_s=10, for_s=5), 100.0)
    board.add(Fault(FaultKind.DRIP, probability=0.3), 100.0)
    others = {f.kind for _ in range(9) for f in board.strike("someone", "/api/x", 100.0)}
    assert others == {FaultKind.DRIP}
    struck = [{f.kind for f in board.strike(provider, "/api/x", 101.0)} for _ in range(400)]
    assert sum(FaultKind.HANG in kinds for kinds in struck) == 2
    assert 0.2 < sum(FaultKind.DRIP in kinds for kinds in struck) / 400 < 0.4
    times = {at: board.strike(provider, "/other", at) for at in (109.9, 110.0, 114.9, 115.0)}
    assert [any(f.kind is FaultKind.DELAY for f in times[at]) for at in times] == [
        False,
        True,
        True,
        False,
    ]
    assert board.clear() == 3


def test_faults_add_up(provider: str) -> None:
    """Several faults strike the same call; one lifted, the other stays."""
    slow = {"kind": "delay", "seconds": 0.2}
    reply = got(provider, slow, {"kind": "status", "status": 503})
    assert reply.status_code == 503
    assert reply.elapsed.total_seconds() >= 0.2
