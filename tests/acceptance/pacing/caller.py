"""One process of the saturation test: asks the pacer and at once writes a byte to a socket.

Arguments: ``redis`` or ``postgres``, the URL, calls per second, seconds to run, and the port of
the provider that counts arrivals.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from adapters_out.memory.telemetry import RecordingTelemetry
from adapters_out.postgres.budget_book import PostgresBudgetBook
from adapters_out.postgres.pool import PostgresPool
from adapters_out.provider_kit.pacer import SharedPacer
from adapters_out.redis.budget_book import RedisBudgetBook
from adapters_out.redis.client import open_client
from adapters_out.system.clock import SystemClock
from domain.errors import DeadlineExceeded
from domain.provider import Priority, ProviderPolicy
from ports.pacing import BudgetBook

CALLERS = 8


@asynccontextmanager
async def opened(kind: str, url: str) -> AsyncIterator[BudgetBook]:
    """The book that all processes share."""
    if kind == "redis":
        async with open_client(url) as client:
            yield RedisBudgetBook(client)
    else:
        async with PostgresPool(url, max_size=2) as pool:
            yield PostgresBudgetBook(pool)


async def saturate(kind: str, url: str, rps: float, seconds: float, port: int) -> None:
    """Eight callers that never stop asking until the time is up."""
    clock, policy = SystemClock(), ProviderPolicy(rps=rps)
    _, provider = await asyncio.open_connection("127.0.0.1", port)
    async with opened(kind, url) as book:
        pacer = SharedPacer(book, clock, RecordingTelemetry())
        end = clock.monotonic() + seconds

        async def caller(priority: Priority) -> None:
            while True:
                try:
                    await pacer.acquire("kraken", policy, 1.0, priority, end)
                except DeadlineExceeded:
                    return
                provider.write(b"x")
                await provider.drain()

        await asyncio.gather(*(caller(Priority(k % len(Priority))) for k in range(CALLERS)))
    provider.close()
    await provider.wait_closed()


if __name__ == "__main__":
    kind, url, rps, seconds, port = sys.argv[1:]
    asyncio.run(saturate(kind, url, float(rps), float(seconds), int(port)))
