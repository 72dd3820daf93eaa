"""The HTTP channel: bounded in time and size, keys only where they belong."""

import asyncio
import gzip
import logging
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import httpx
import pytest
from msgspec.structs import replace

from adapters_out.memory.clock import LoopClock
from adapters_out.provider_kit.calls import Call, Reply
from adapters_out.provider_kit.faults import StaleConnection
from adapters_out.provider_kit.http import HttpChannel, KeyAuth, Transport
from adapters_out.provider_kit.provider import Auth
from domain.errors import CallRefused, MalformedPayload, ProviderUnavailable
from domain.secret import Secret
from tests.adapters_out.provider_kit.scripted import POLICY, SOME, Script, in_virtual_time, ok

KEY = "k3y/with+odd=signs"
HEADER = Auth(header="x-key")
QUERY = Auth(query="apikey")
Conversation = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def exchange(
    transport: Transport,
    call: Call,
    *,
    base_url: str = "https://api.some.example",
    auth: Auth | None = None,
    limit: int = 1000,
    seconds: float = 10.0,
) -> Reply:
    """One exchange over a scripted transport."""

    async def run() -> Reply:
        provider, policy = replace(SOME, auth=auth), replace(POLICY, max_body_bytes=limit)
        secret = Secret(KEY) if auth else None
        channel = HttpChannel(provider, policy, base_url, secret, LoopClock(), transport)
        try:
            return await channel.send(call, seconds)
        finally:
            await channel.close()

    return in_virtual_time(run())


def test_a_call_goes_below_the_base_url() -> None:
    """A path prefix of the base URL stays; parameters and headers are the call's."""
    script = Script(ok())
    call = Call("/v3/x", {"a": 1, "b": "ü &"}, headers={"x-y": "z"})
    exchange(script, call, base_url="http://127.0.0.1:9/some/")
    (request,) = script.requests
    assert str(request.url) == "http://127.0.0.1:9/some/v3/x?a=1&b=%C3%BC+%26"
    assert request.headers["x-y"] == "z"
    assert request.headers["accept-encoding"] == "gzip"


def test_a_reply_is_a_value() -> None:
    """Status, lower-case headers, inflated body and both times."""
    packed = gzip.compress(b'{"a":1}')
    headers = {"X-Used": "7", "content-encoding": "gzip"}
    answer = httpx.Response(201, headers=headers, stream=httpx.ByteStream(packed))
    reply = exchange(Script(answer), Call("/x"))
    assert (reply.status, reply.header("x-used"), reply.body) == (201, "7", b'{"a":1}')
    assert 0 < reply.asked_at <= reply.received_at


@pytest.mark.parametrize("auth", [HEADER, QUERY, replace(HEADER, prefix="Bearer ")])
def test_the_key_is_sent_to_the_configured_origin(auth: Auth) -> None:
    """In the header or parameter that the provider wants, beside the call's own."""
    script = Script(ok())
    exchange(script, Call("/x", {"a": "1"}), auth=auth)
    (request,) = script.requests
    if auth.header:
        assert request.headers["x-key"] == auth.prefix + KEY
        assert KEY not in str(request.url)
    else:
        assert dict(request.url.params) == {"a": "1", "apikey": KEY}


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/x",
        "http://api.some.example/x",
        "https://api.some.example:8443/x",
        "https://api.some.example.evil.example/x",
    ],
)
@pytest.mark.parametrize("auth", [HEADER, QUERY])
def test_the_key_is_sent_nowhere_else(url: str, auth: Auth) -> None:
    """Another host, port or scheme gets the request as it was."""
    signer = KeyAuth(auth, Secret(KEY), httpx.URL("https://api.some.example"))
    request = signer.signed(httpx.Request("GET", url))
    assert "x-key" not in request.headers
    assert str(request.url) == url


def test_a_next_page_elsewhere_is_refused_unasked() -> None:
    """A foreign address in a body leads to no request at all."""
    script = Script(ok())
    with pytest.raises(MalformedPayload, match="foreign address"):
        exchange(script, Call("https://evil.example/x"), auth=QUERY)
    assert script.requests == []


def test_a_redirect_is_not_followed() -> None:
    """It comes back as it is; nothing is sent to its target."""
    script = Script(httpx.Response(302, headers={"location": "https://evil.example/"}), ok())
    assert exchange(script, Call("/x"), auth=HEADER).status == 302
    assert len(script.requests) == 1


@pytest.mark.parametrize("size", [1001, 5_000_000])
def test_a_body_that_is_too_large_is_refused(size: int) -> None:
    """Plain bytes beyond the cap."""
    with pytest.raises(MalformedPayload, match="more than 1000 bytes"):
        exchange(Script(ok(b"x" * size)), Call("/x"))
    assert len(exchange(Script(ok(b"x" * 1000)), Call("/x")).body) == 1000


def test_a_call_may_bring_its_own_cap() -> None:
    """Instrument lists are larger than pages of bars."""
    assert len(exchange(Script(ok(b"x" * 5000)), Call("/x", max_bytes=5000)).body) == 5000


def packed_answer(body: bytes, coding: str = "gzip") -> httpx.Response:
    """A response whose bytes are sent as they are."""
    return httpx.Response(200, headers={"content-encoding": coding}, stream=httpx.ByteStream(body))


def test_a_bomb_does_not_go_off() -> None:
    """300 MiB that travel as 300 kB are given up at the cap, before they are inflated."""
    bomb = gzip.compress(bytes(300 * 1024 * 1024), compresslevel=1)
    tracemalloc.start()
    with pytest.raises(MalformedPayload, match="more than"):
        exchange(Script(packed_answer(bomb)), Call("/x"), limit=4 * 1024 * 1024)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 24 * 1024 * 1024


@pytest.mark.parametrize(
    ("answer", "what"),
    [
        (packed_answer(gzip.compress(b"x" * 500)[:-9]), "middle of its body"),
        (packed_answer(b"this is no gzip"), "cannot be unpacked"),
        (packed_answer(b"xxx", "br"), "not asked for"),
    ],
)
def test_a_body_that_cannot_be_unpacked_is_malformed(answer: httpx.Response, what: str) -> None:
    """Half a gzip stream, none at all, or a coding that nobody asked for."""
    with pytest.raises(MalformedPayload, match=what):
        exchange(Script(answer), Call("/x"))


def test_time_is_bounded_whatever_the_phase() -> None:
    """A provider that hangs costs exactly the time that was given."""
    with pytest.raises(TimeoutError):
        exchange(Script(3600.0, ok()), Call("/x"), seconds=2.0)


class Drip(httpx.AsyncByteStream):
    """A byte every second."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            await asyncio.sleep(1)  # noqa: TID251 - the provider's own time
            yield b"x"


def test_a_drip_does_not_prolong_it() -> None:
    """Each byte in time, but the whole too late: the whole counts."""
    with pytest.raises(TimeoutError):
        exchange(Script(httpx.Response(200, stream=Drip())), Call("/x"), seconds=5.0)


@pytest.mark.parametrize(
    "fault",
    [
        httpx.ConnectError(f"no route to https://x/?apikey={KEY}"),
        httpx.ReadError("reset"),
        httpx.ConnectTimeout("slow"),
        httpx.RemoteProtocolError("illegal header line"),
        httpx.DecodingError("no"),
    ],
)
def test_a_foreign_exception_stays_inside(fault: Exception) -> None:
    """What leaves is ours, has no history and names no address."""
    with pytest.raises(ProviderUnavailable) as caught:
        exchange(Script(fault), Call("/x"), auth=QUERY)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert KEY not in str(caught.value)


def test_a_call_without_an_address_is_our_own_fault() -> None:
    """An impossible path is refused before anything is sent."""
    with pytest.raises(CallRefused):
        exchange(Script(ok()), Call("/x" * 40_000))


def test_httpx_is_silent(caplog: pytest.LogCaptureFixture) -> None:
    """At INFO it would log every address with its key."""
    with caplog.at_level(logging.INFO):
        exchange(Script(ok()), Call("/x"), auth=QUERY)
    assert not [r for r in caplog.records if r.name.startswith(("httpx", "httpcore"))]
    assert logging.getLogger("httpx").level >= logging.WARNING


@asynccontextmanager
async def served(talk: Conversation) -> AsyncIterator[HttpChannel]:
    """A channel to a real socket that talks like that."""
    talks: list[asyncio.Task[None] | None] = []

    async def talked(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talks.append(asyncio.current_task())
        await talk(reader, writer)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    server = await asyncio.start_server(talked, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    channel = HttpChannel(SOME, POLICY, f"http://127.0.0.1:{port}", None, LoopClock())
    try:
        yield channel
    finally:
        await channel.close()
        server.close()
        await asyncio.gather(*(t for t in talks if t is not None))


HEAD = b"HTTP/1.1 200 OK\r\ncontent-length: "


@pytest.mark.parametrize(
    ("sent", "error"),
    [
        (HEAD + b"100\r\n\r\nhalf", MalformedPayload),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nha", MalformedPayload),
        (b"", StaleConnection),
        (b"HTTP/1.1 OK 200\r\n\r\n", ProviderUnavailable),
    ],
)
def test_a_broken_conversation_is_told_apart(sent: bytes, error: type[Exception]) -> None:
    """On a real socket: half a body, nothing at all, another protocol."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(sent)
        await writer.drain()

    async def run() -> None:
        async with served(talk) as channel:
            with pytest.raises(error) as caught:
                await channel.send(Call("/x"), 5.0)
            assert type(caught.value) is error

    asyncio.run(run())


def test_connections_are_kept_and_proxies_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two calls travel on one connection, and no environment variable reroutes them."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    connections = 0

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        while (await reader.readline()).startswith(b"GET"):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(HEAD + b"2\r\n\r\nok")

    async def run() -> list[bytes]:
        async with served(talk) as channel:
            return [(await channel.send(Call("/x"), 5.0)).body for _ in range(2)]

    assert asyncio.run(run()) == [b"ok", b"ok"]
    assert connections == 1
