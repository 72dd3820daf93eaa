"""Three processes that share one budget, seen from the provider's end of the wire."""

import asyncio
import sys
import time

import pytest

from tests.runner import Run

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


async def saturated(kind: str, url: str) -> Provider:
    """What a provider sees while three processes press as hard as they can."""
    provider = Provider()
    server = await asyncio.start_server(provider.serve, "127.0.0.1")
    port = server.sockets[0].getsockname()[1]
    call = ("-m", "tests.acceptance.pacing.caller", kind, url, str(RPS), str(SECONDS), str(port))
    started = [
        await asyncio.create_subprocess_exec(sys.executable, *call) for _ in range(PROCESSES)
    ]
    assert await asyncio.gather(*(process.wait() for process in started)) == [0] * PROCESSES
    server.close()
    await server.wait_closed()
    return provider


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["redis", "postgres"])
def test_no_second_sees_more_than_the_cap_and_little_is_wasted(
    kind: str, request: pytest.FixtureRequest, run: Run
) -> None:
    """At ten a second no window of one second has more, and more than 85 % is used."""
    url = request.getfixturevalue("redis_url" if kind == "redis" else "database_url")
    provider = run(saturated(kind, url))
    assert provider.fullest(1.0) <= RPS
    span = max(provider.arrivals) - min(provider.arrivals)
    assert (len(provider.arrivals) - 1) / span > 0.85 * RPS
    assert span > SECONDS * 0.8
