"""Memory of the HTTP channel: whatever is sent, and by however many at once."""

import asyncio
import gc
import gzip
import hashlib
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, contextmanager

import httpx
import pytest
from msgspec.structs import replace

from adapters_out.memory.clock import LoopClock
from adapters_out.provider_kit.body_room import BodyRoom
from adapters_out.provider_kit.calls import MIB, Call
from adapters_out.provider_kit.http import HttpChannel
from domain.errors import CallRefused, MalformedPayload, ProviderUnavailable
from tests.adapters_out.provider_kit.scripted import (
    POLICY,
    SOME,
    Bench,
    Script,
    in_virtual_time,
    ok,
)

CHUNK = bytes(64 * 1024)


class Spring(httpx.AsyncByteStream):
    """So many bytes in chunks, each after a pause; ``sent`` tells how many were taken."""

    def __init__(self, size: int, pause_s: float = 0.01, fill: bytes = CHUNK) -> None:
        self._size = size
        self._pause_s = pause_s
        self._fill = fill
        self.sent = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while self.sent < self._size:
            await asyncio.sleep(self._pause_s)  # noqa: TID251 - the provider's own time
            chunk = self._fill[: self._size - self.sent]
            self.sent += len(chunk)
            yield b"%s" % chunk  # bytes of its own, as from a socket


class Flood(httpx.AsyncBaseTransport):
    """Answers every call with a spring; gzip if the fill was packed."""

    def __init__(self, size: int, *, fill: bytes = CHUNK, **headers: str) -> None:
        self._size = size
        self._fill = fill
        self._headers = {name.replace("_", "-"): text for name, text in headers.items()}
        self.springs: list[Spring] = []

    async def handle_async_request(self, _: httpx.Request) -> httpx.Response:
        self.springs.append(Spring(self._size, fill=self._fill))
        return httpx.Response(200, headers=self._headers, stream=self.springs[-1])


@contextmanager
def traced() -> Iterator[None]:
    """Count what is allocated."""
    gc.collect()
    tracemalloc.start()
    try:
        yield
    finally:
        tracemalloc.stop()


def channel(
    transport: httpx.AsyncBaseTransport, room: BodyRoom, name: str = "some", limit: int = 16 * MIB
) -> HttpChannel:
    """A channel of that provider; they share the room."""
    provider, policy = replace(SOME, name=name), replace(POLICY, max_body_bytes=limit)
    return HttpChannel(provider, policy, provider.base_url, None, LoopClock(), transport, room)


def test_an_announced_excess_is_not_read() -> None:
    """A Content-Length beyond the cap is reason enough; one of nonsense is ignored."""

    async def run(announced: str) -> Flood:
        flood = Flood(100, content_length=announced)
        some = channel(flood, BodyRoom(), limit=1000)
        try:
            await some.send(Call("/x"), 60.0)
        finally:
            await some.close()
            assert flood.springs[0].sent == (100 if announced == "x" else 0)
        return flood

    in_virtual_time(run("x"))
    for announced in ("1001", "9" * 5000):
        with pytest.raises(MalformedPayload, match="more than 1000 bytes"):
            in_virtual_time(run(announced))


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "packed"])
def test_sixty_floods_at_once_take_little_memory(packed: bool) -> None:  # a case
    """Of twelve providers, each with more than its cap of 16 MiB: that is 960 MiB, unbounded."""
    fill, size, coding = CHUNK, 20 * MIB, {"content_encoding": "identity"}
    if packed:
        fill = gzip.compress(bytes(size))
        size, coding = len(fill), {"content_encoding": "gzip"}

    async def run() -> int:
        room = BodyRoom()
        async with AsyncExitStack() as stack:
            channels = [channel(Flood(size, fill=fill, **coding), room, f"p{n}") for n in range(12)]
            for each in channels:
                stack.push_async_callback(each.close)
            calls = (each.send(Call("/x"), 600.0) for each in channels for _ in range(5))
            with traced():
                ends = await asyncio.gather(*calls, return_exceptions=True)
                peak = tracemalloc.get_traced_memory()[1]
            assert all(isinstance(end, MalformedPayload) for end in ends), ends
            assert room.taken == 0
            return peak

    assert in_virtual_time(run()) < 60 * MIB


def test_large_answers_that_are_right_come_in_all_the_same() -> None:
    """One after the other, if they are larger together than the room."""

    async def run() -> None:
        room = BodyRoom()
        async with AsyncExitStack() as stack:
            channels = [channel(Flood(12 * MIB), room, f"p{n}") for n in range(6)]
            for each in channels:
                stack.push_async_callback(each.close)
            sizes = [
                len((await task).body)
                for task in asyncio.as_completed([c.send(Call("/x"), 600.0) for c in channels])
            ]
            assert sizes == 6 * [12 * MIB]
            assert room.taken == 0

    in_virtual_time(run())


def test_to_find_no_room_in_time_is_not_the_provider_s_fault() -> None:
    """The call is refused as one of ours; a small answer comes in meanwhile."""

    async def run() -> None:
        room = BodyRoom(shared=MIB)
        async with AsyncExitStack() as stack:
            flood, small = Flood(16 * MIB), Script(ok())
            first, second = channel(flood, room, "one"), channel(flood, room, "two")
            third = channel(small, room, "three")
            for each in (first, second, third):
                stack.push_async_callback(each.close)
            slow = asyncio.create_task(first.send(Call("/x"), 600.0))
            await asyncio.sleep(0.5)  # noqa: TID251 - until it has taken everything
            with pytest.raises(CallRefused, match="two: ask again later") as caught:
                await second.send(Call("/x"), 1.0)
            assert not caught.value.hurts_health
            assert (await third.send(Call("/x"), 1.0)).status == 200
            assert len((await slow).body) == 16 * MIB

    in_virtual_time(run())


def test_a_refused_body_is_gone_although_somebody_keeps_the_error() -> None:
    """Errors are collected as reasons: they must not hold on to what was read."""

    async def run() -> None:
        some = channel(Flood(20 * MIB), BodyRoom())
        try:
            with traced():
                (error,) = await asyncio.gather(
                    some.send(Call("/x"), 600.0), return_exceptions=True
                )
                gc.disable()
                kept = tracemalloc.get_traced_memory()[0]
        finally:
            gc.enable()
            await some.close()
        assert isinstance(error, MalformedPayload)
        assert kept < MIB

    in_virtual_time(run())


class Unreadable(httpx.AsyncBaseTransport):
    """A page of 8 MiB, and what it says is no list."""

    async def handle_async_request(self, _: httpx.Request) -> httpx.Response:
        return httpx.Response(
            200,
            headers={"content-type": "application/json"},
            stream=Spring(8 * MIB, fill=b"x" * len(CHUNK)),
        )


def test_an_unreadable_body_is_gone_when_its_error_leaves() -> None:
    """Neither the error nor a circle of references keeps the body, the tries before included."""

    async def run() -> None:
        bench = Bench(Unreadable())
        try:
            gc.collect()
            gc.disable()
            with traced():
                (error,) = await asyncio.gather(bench.price(), return_exceptions=True)
                kept, peak = tracemalloc.get_traced_memory()
        finally:
            gc.enable()
            await bench.kit.close()
        assert isinstance(error, ProviderUnavailable)
        assert kept < MIB
        assert peak < 20 * MIB

    in_virtual_time(run())


@pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, 65_537, 131_072, 400_000])
@pytest.mark.parametrize("cut", [1_000, 65_536])
def test_packed_bodies_arrive_as_they_were(size: int, cut: int) -> None:
    """Whatever their length and wherever they are cut on the way, with or without a rest."""
    noise = hashlib.shake_128(b"noise").digest(size)
    for body in (bytes(size), noise):
        for rest in (b"", b"and more"):
            packed = gzip.compress(body) + rest
            fill = [packed[at : at + cut] for at in range(0, len(packed), cut)]

            async def pieces(chunks: list[bytes] = fill) -> AsyncIterator[bytes]:
                for chunk in chunks:
                    yield chunk

            answer = httpx.Response(200, headers={"content-encoding": "gzip"}, content=pieces())

            async def run(answer: httpx.Response = answer) -> bytes:
                some = channel(Script(answer), BodyRoom(), limit=MIB)
                try:
                    return (await some.send(Call("/x"), 60.0)).body
                finally:
                    await some.close()

            assert in_virtual_time(run()) == body
