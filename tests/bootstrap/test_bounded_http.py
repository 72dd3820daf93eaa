"""The HTTP protocol over real sockets: heads are bounded, refusals are problems."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from adapters_in.http.asgi import Receive, Scope, Send
from adapters_out.system.clock import SystemClock
from bootstrap import bounded_http
from bootstrap.bounded_http import MOST_HEAD
from bootstrap.server import GracefulServer
from tests.runner import Run


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with the path and how long the body was."""
    length, more = 0, True
    while more:
        message = await receive()
        length, more = length + len(message.get("body", b"")), message.get("more_body", False)
    body = f"{scope['path']} {length}\n".encode()
    fields = [(b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": fields})
    await send({"type": "http.response.body", "body": body})


@asynccontextmanager
async def served() -> AsyncIterator[int]:
    """The port of a server."""
    listener = socket.create_server(("127.0.0.1", 0))
    ready = asyncio.Event()
    server = GracefulServer(
        echo,  # type: ignore[arg-type]  # the same protocol, spelled loosely
        clock=SystemClock(),
        grace_s=1.0,
        drain_delay_s=0.0,
        on_drain=lambda: None,
        on_refuse=lambda: None,
        on_second=lambda: None,
        on_ready=ready.set,
    )
    with listener:
        task = asyncio.create_task(server.serve(sockets=[listener]))
        await ready.wait()
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            await task


async def talk(port: int, *pieces: bytes) -> bytes:
    """Send piece by piece; everything that comes back until the server hangs up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    received = b""
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await SystemClock().sleep(0.02)
        received = await reader.read()
    except ConnectionError:
        pass  # it hung up while there was still something to send
    finally:
        writer.close()
    return received


def problem(answer: bytes) -> dict[str, Any]:
    """The body of a refusal."""
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"content-type: application/problem+json" in head
    found: dict[str, Any] = json.loads(body)
    return found


def scene(run: Run, *pieces: bytes) -> bytes:
    """One connection to a server of its own."""

    async def play() -> bytes:
        async with served() as port:
            return await talk(port, *pieces)

    return run(play())


START = b"GET /a HTTP/1.1\r\nHost: x\r\n"
LAST = b"GET /z HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


def test_a_head_without_end_is_refused(run: Run) -> None:
    """More than 96 KiB of headers are a 431, long before they are whole."""
    answer = scene(run, START, *(b"X-A: " + b"a" * 30_000 + b"\r\n" for _ in range(4)))
    assert problem(answer)["status"] == 431


def test_a_long_head_is_read(run: Run) -> None:
    """What is below the bound is an ordinary request, in however many pieces it comes."""
    fields = [b"X-A: " + b"a" * 20_000 + b"\r\n"] * 4
    assert scene(run, START, *fields, b"Connection: close\r\n\r\n").endswith(b"/a 0\n")


def test_bodies_and_pipelines_do_not_count(run: Run) -> None:
    """Many requests on one connection and a long body are no long head."""
    body = b"b" * (2 * MOST_HEAD)
    post = b"POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body)
    many = (START + b"\r\n") * 3000
    answer = scene(run, many, many, post + body, START + b"\r\n", LAST)
    assert answer.count(b"/a 0\n") == 6001
    assert answer.count(b"/b %d\n" % len(body)) == 1
    assert answer.endswith(b"/z 0\n")


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x00\xff\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\n\r\n",
        b"FOO\r\n\r\n",
    ],
)
def test_what_is_no_http_is_a_problem(run: Run, garbage: bytes) -> None:
    """400 with a hint, as everywhere else."""
    found = problem(scene(run, garbage))
    assert (found["status"], "hint" in found) == (400, True)


@pytest.mark.parametrize("pieces", [(), (START,), (START + b"\r\n", START)])
def test_who_does_not_finish_a_head_is_left(
    run: Run, monkeypatch: pytest.MonkeyPatch, pieces: tuple[bytes, ...]
) -> None:
    """A connection on which a head is never whole is closed."""
    monkeypatch.setattr(bounded_http, "HEAD_S", 0.2)

    async def play() -> bytes:
        async with served() as port, asyncio.timeout(5):
            return await talk(port, *pieces)

    assert run(play()).count(b"200 OK") == max(0, len(pieces) - 1)
