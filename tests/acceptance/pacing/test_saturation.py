"""Three processes that share one budget, seen from the provider's end of the wire."""

import asyncio
import sys
import time

import pytest

from adapters_out.system.clock import SystemClock
from tests.runner import Run
from tests.servers import tell_redis

RPS = 10
SECONDS = 8.0
PROCESSES = 3


class Provider:
    """Notes when each byte arrives."""

    def __init__(self) -> None:
        self.arrivals: list[float] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Read until the caller hangs up."""
        while data := await reader.read(100):
            self.arrivals += [time.monotonic()] * len(data)
        writer.close()

    def fullest(self, seconds: float) -> int:
        """The most arrivals in any window of that length."""
        times = sorted(self.arrivals)
        return max(sum(start <= t < start + seconds for t in times) for start in times)


async def saturated(redis_url: str, database_url: str, seconds: float) -> Provider:
    """What a provider sees while three processes press as hard as they can."""
    provider = Provider()
    server = await asyncio.start_server(provider.serve, "127.0.0.1")
    port = server.sockets[0].getsockname()[1]
    arguments = (redis_url, database_url, str(RPS), str(seconds), str(port))
    call = (sys.executable, "-m", "tests.acceptance.pacing.caller", *arguments)
    started = [await asyncio.create_subprocess_exec(*call) for _ in range(PROCESSES)]
    assert await asyncio.gather(*(process.wait() for process in started)) == [0] * PROCESSES
    server.close()
    await server.wait_closed()
    return provider


@pytest.mark.slow
@pytest.mark.parametrize("edition", ["redis", "postgres"])
def test_no_second_sees_more_than_the_cap_and_little_is_wasted(
    edition: str, database_url: str, request: pytest.FixtureRequest, run: Run
) -> None:
    """At ten a second no window of one second has more, and more than 85 % is used."""
    redis_url = request.getfixturevalue("redis_url") if edition == "redis" else ""
    provider = run(saturated(redis_url, database_url, SECONDS))
    assert provider.fullest(1.0) <= RPS
    span = max(provider.arrivals) - min(provider.arrivals)
    assert (len(provider.arrivals) - 1) / span > 0.85 * RPS
    assert span > SECONDS * 0.8


@pytest.mark.slow
def test_the_cap_holds_while_redis_forgets(redis_url: str, database_url: str, run: Run) -> None:
    """A Redis that is emptied again and again costs calls, never one too many."""
    port = int(redis_url.rpartition(":")[2].partition("/")[0])

    async def forget() -> None:
        for _ in range(4):
            await SystemClock().sleep(1.7)
            assert tell_redis(port, b"FLUSHALL").startswith(b"+OK")

    async def scene() -> Provider:
        provider, _ = await asyncio.gather(saturated(redis_url, database_url, 7), forget())
        return provider

    provider = run(scene())
    assert provider.fullest(1.0) <= RPS
    assert len(provider.arrivals) > RPS
