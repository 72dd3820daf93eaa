"""The simulator on its port: many connections, the log, corrections, the clock."""

import asyncio
from collections.abc import Awaitable, Callable

import httpx
import pytest

from adapters_in.simulator.server import SimulatorServer
from adapters_out.system.clock import SystemClock
from tests.runner import Run

PRICE = "/api/v3/ticker/price?symbol=BTCUSDT"
BARS = "/api/v3/klines?symbol=BTCUSDT&interval=1h&startTime=1700000000000&limit=5"
Visit = Callable[[SimulatorServer, httpx.AsyncClient], Awaitable[None]]


async def serving(visit: Visit) -> None:
    """Run a visitor beside a fresh simulator."""
    limits = httpx.Limits(max_connections=300, max_keepalive_connections=300)
    async with (
        SimulatorServer("127.0.0.1", 0, SystemClock(), seed=3) as sim,
        httpx.AsyncClient(timeout=20, limits=limits) as client,
    ):
        await visit(sim, client)


def test_two_hundred_connections_kept_alive(run: Run) -> None:
    """200 callers on 200 connections, five calls each, all answered rightly."""

    async def visit(sim: SimulatorServer, client: httpx.AsyncClient) -> None:
        calls = f"GET /binance{BARS} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
        host, _, port = sim.url.removeprefix("http://").rpartition(":")
        everybody = asyncio.Barrier(200)

        async def call() -> set[bytes]:
            reader, writer = await asyncio.open_connection(host, int(port))
            await everybody.wait()
            bodies = set()
            for _ in range(5):
                writer.write(calls)
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                length = int(head.partition(b"content-length: ")[2].split(b"\r\n")[0])
                bodies.add(await reader.readexactly(length))
            writer.close()
            await writer.wait_closed()
            return bodies

        bodies = await asyncio.gather(*(call() for _ in range(200)))
        assert len(set().union(*bodies)) == 1
        log = (await client.get(f"{sim.url}/_control/log")).json()["arrivals"]
        assert len(log) == 1000
        assert len({arrival["port"] for arrival in log}) == 200

    run(serving(visit))


def test_every_arrival_is_logged(run: Run) -> None:
    """Provider, path, query, status, weight, times and port of each call, in order."""

    async def visit(sim: SimulatorServer, client: httpx.AsyncClient) -> None:
        await client.get(sim.base_url("binance") + PRICE)
        await client.get(sim.base_url("kraken") + "/0/public/Time")
        await client.get(sim.base_url("binance") + "/api/v3/klines")
        whole = (await client.get(f"{sim.url}/_control/log")).json()
        first, second, third = whole["arrivals"]
        assert whole["dropped"] == 0
        assert (first["provider"], first["path"]) == ("binance", "/api/v3/ticker/price")
        assert (first["query"], first["status"], first["weight"]) == ("symbol=BTCUSDT", 200, 2)
        assert (second["provider"], third["status"]) == ("kraken", 400)
        assert first["at"] <= second["at"] <= third["at"]
        assert first["port"] > 0
        only = await client.get(f"{sim.url}/_control/log?provider=kraken&limit=1")
        assert only.json()["arrivals"] == [second]
        later = await client.get(f"{sim.url}/_control/log?after={second['at']}")
        assert later.json()["arrivals"] == [third]
        await client.delete(f"{sim.url}/_control/log")
        assert (await client.get(f"{sim.url}/_control/log")).json()["arrivals"] == []

    run(serving(visit))


def test_a_provider_changes_its_mind(run: Run) -> None:
    """A corrected bar is served with its new values until the correction is taken back."""

    async def visit(sim: SimulatorServer, client: httpx.AsyncClient) -> None:
        url = sim.base_url("binance") + BARS
        before = (await client.get(url)).json()
        ts = before[2][0] // 1000
        correction = {"provider": "binance", "symbol": "BTC/USDT", "interval": "1h", "ts": ts}
        values = {"close": 12345.5, "volume": 77.0}
        told = await client.post(
            f"{sim.url}/_control/corrections", json=correction | {"fields": values}
        )
        assert told.json() == {"instrument": "BTC-USDT", "interval": "1h", "ts": ts}
        after = (await client.get(url)).json()
        assert (after[2][4], after[2][5]) == ("12345.50000000", "77.00000000")
        assert float(after[2][7]) / 77 == pytest.approx(float(before[2][7]) / float(before[2][5]))
        assert after[:2] + after[3:] == before[:2] + before[3:]
        gone = correction | {"removed": True}
        await client.post(f"{sim.url}/_control/corrections", json=gone)
        assert ts * 1000 not in [row[0] for row in (await client.get(url)).json()]
        await client.delete(f"{sim.url}/_control/corrections")
        assert (await client.get(url)).json() == before

    run(serving(visit))


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "faults", {"kind": "gremlins"}),
        ("POST", "faults", {"kind": "hang", "provider": "nobody"}),
        ("POST", "faults", {"kind": "hang", "surprise": 1}),
        ("POST", "corrections", {"provider": "nobody", "symbol": "X", "interval": "1h", "ts": 0}),
        (
            "POST",
            "corrections",
            {"provider": "binance", "symbol": "ZZZ", "interval": "1h", "ts": 0},
        ),
        (
            "POST",
            "corrections",
            {"provider": "binance", "symbol": "BTCUSDT", "interval": "7h", "ts": 0},
        ),
        (
            "POST",
            "corrections",
            {
                "provider": "binance",
                "symbol": "BTCUSDT",
                "interval": "1h",
                "ts": 0,
                "fields": {"mood": 1},
            },
        ),
        ("POST", "clock", {"now": "late"}),
    ],
)
def test_a_wrong_order_is_refused(
    run: Run, method: str, path: str, body: dict[str, object]
) -> None:
    """The control API says in one sentence what it does not understand."""

    async def visit(sim: SimulatorServer, client: httpx.AsyncClient) -> None:
        reply = await client.request(method, f"{sim.url}/_control/{path}", json=body)
        assert reply.status_code == 400
        assert reply.json()["error"]

    run(serving(visit))


def test_faults_are_shown_and_lifted(run: Run) -> None:
    """The board shows what is set and how often it struck; faults go one by one or together."""

    async def visit(sim: SimulatorServer, client: httpx.AsyncClient) -> None:
        board = f"{sim.url}/_control/faults"
        faults = [
            {"kind": "empty_body", "provider": "binance"},
            {"kind": "html", "provider": "kraken"},
        ]
        ids = (await client.post(board, json=faults)).json()["ids"]
        await client.get(sim.base_url("binance") + PRICE)
        shown = (await client.get(board)).json()["faults"]
        assert [(f["id"], f["struck"]) for f in shown] == [(ids[0], 1), (ids[1], 0)]
        assert (await client.delete(f"{board}?id={ids[0]}")).json() == {"lifted": 1}
        assert (await client.get(sim.base_url("binance") + PRICE)).json()["symbol"] == "BTCUSDT"
        assert (await client.delete(f"{board}?provider=binance")).json() == {"lifted": 0}
        assert (await client.delete(board)).json() == {"lifted": 1}

    run(serving(visit))


def test_the_clock_can_be_turned(run: Run) -> None:
    """The synthetic world lives at the time it is told."""

    async def visit(sim: SimulatorServer, client: httpx.AsyncClient) -> None:
        await client.post(f"{sim.url}/_control/clock", json={"now": 1_700_000_000})
        time = (await client.get(sim.base_url("binance") + "/api/v3/time")).json()["serverTime"]
        assert 0 <= time / 1000 - 1_700_000_000 < 5
        await client.post(f"{sim.url}/_control/clock", json={"offset_s": 0})
        assert (await client.get(f"{sim.url}/_control/clock")).json()["offset_s"] == 0

    run(serving(visit))


def test_everything_says_that_it_is_synthetic(run: Run) -> None:
    """The welcome page and every answer, errors included."""

    async def visit(sim: SimulatorServer, client: httpx.AsyncClient) -> None:
        welcome = await client.get(sim.url)
        assert "SYNTHETIC" in welcome.text
        assert "/binance" in welcome.text
        for path in ("/", "/nowhere", "/binance/nowhere", "/kraken/0/public/Time"):
            reply = await client.get(sim.url + path)
            assert reply.headers["x-fks-simulator"] == "1"
        with pytest.raises(LookupError):
            sim.base_url("nobody")

    run(serving(visit))


@pytest.mark.parametrize(
    "sent",
    [
        b"nonsense\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: many\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n",
    ],
)
def test_what_is_no_request_is_answered_with_400(run: Run, sent: bytes) -> None:
    """Malformed requests end their connection and nothing else."""

    async def visit(sim: SimulatorServer, client: httpx.AsyncClient) -> None:
        host, _, port = sim.url.removeprefix("http://").rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(sent)
        answer = await reader.read()
        writer.close()
        assert answer.startswith(b"HTTP/1.1 400 ")
        assert (await client.get(sim.base_url("binance") + PRICE)).status_code == 200

    run(serving(visit))


def test_head_has_no_body_and_pipelined_calls_are_answered_in_turn(run: Run) -> None:
    """Two calls in one packet: the lengths say where the first answer ends."""

    async def visit(sim: SimulatorServer, client: httpx.AsyncClient) -> None:
        assert (await client.head(sim.base_url("binance") + PRICE)).content == b""
        host, _, port = sim.url.removeprefix("http://").rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        call = b"GET /binance/api/v3/ping HTTP/1.1\r\nHost: x\r\n"
        writer.write(call + b"\r\n" + call + b"Connection: close\r\n\r\n")
        answers = await reader.read()
        writer.close()
        assert answers.count(b"HTTP/1.1 200 OK") == 2
        assert answers.count(b"\r\n\r\n{}") == 2

    run(serving(visit))


def test_leaving_ends_hanging_connections(run: Run) -> None:
    """Closing the simulator does not wait for a call that hangs."""

    async def visit(sim: SimulatorServer, client: httpx.AsyncClient) -> None:
        await client.post(f"{sim.url}/_control/faults", json={"kind": "hang"})
        reader, writer = await asyncio.open_connection("127.0.0.1", int(sim.url.rpartition(":")[2]))
        writer.write(b"GET /binance/api/v3/ping HTTP/1.1\r\n\r\n")
        await writer.drain()
        waiting.append((reader, writer))

    async def timed() -> None:
        async with asyncio.timeout(5):
            await serving(visit)
        for reader, writer in waiting:
            assert await reader.read() == b""
            writer.close()

    waiting: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
    run(timed())
