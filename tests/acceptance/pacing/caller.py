"""One process of the saturation test: asks the pacer and at once writes a byte to a socket.

Arguments: the URL of Redis (empty: do without), that of PostgreSQL, calls per second, seconds to
run, and the port of the provider that counts arrivals.
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
from adapters_out.redis.layered_budget_book import LayeredBudgetBook
from adapters_out.redis.outage import Outage
from adapters_out.system.clock import SystemClock
from domain.errors import DeadlineExceeded
from domain.provider import Priority, ProviderPolicy
from ports.pacing import BudgetBook

CALLERS = 8


@asynccontextmanager
async def opened(redis_url: str, database_url: str) -> AsyncIterator[BudgetBook]:
    """The book that all processes share."""
    async with PostgresPool(database_url, max_size=2) as pool:
        record = PostgresBudgetBook(pool)
        if not redis_url:
            yield record
            return
        async with open_client(redis_url) as client:
            clock = SystemClock()
            yield LayeredBudgetBook(RedisBudgetBook(client, Outage(clock)), record, clock)


async def saturate(urls: tuple[str, str], rps: float, seconds: float, port: int) -> None:
    """Eight callers that never stop asking until the time is up."""
    clock, policy = SystemClock(), ProviderPolicy(rps=rps)
    _, provider = await asyncio.open_connection("127.0.0.1", port)
    async with opened(*urls) as book:
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
    redis_url, database_url, rps, seconds, port = sys.argv[1:]
    asyncio.run(saturate((redis_url, database_url), float(rps), float(seconds), int(port)))
