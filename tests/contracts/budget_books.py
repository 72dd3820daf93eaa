"""Every kind of budget book over one injected clock, for the suites that treat them alike."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext

import pytest

from adapters_out.memory.budget_book import MemoryBudgetBook
from adapters_out.memory.clock import ManualClock
from adapters_out.postgres.budget_book import PostgresBudgetBook
from adapters_out.postgres.pool import PostgresPool
from adapters_out.redis.budget_book import RedisBudgetBook
from adapters_out.redis.client import open_client
from adapters_out.redis.layered_budget_book import LayeredBudgetBook
from adapters_out.redis.outage import Outage
from ports.pacing import BudgetBook

KINDS = ("memory", "postgres", "redis", "layered")


def two_books(
    kind: str, clock: ManualClock, request: pytest.FixtureRequest
) -> AbstractAsyncContextManager[tuple[BudgetBook, BudgetBook]]:
    """Two books on one state, as two processes hold them."""
    if kind == "memory":  # one process: the same book twice
        book = MemoryBudgetBook(clock)
        return nullcontext((book, book))
    if kind == "postgres":
        return _postgres(request.getfixturevalue("database_url"), clock)
    return _redis(request.getfixturevalue("redis_url"), clock, layered=kind == "layered")


@asynccontextmanager
async def _postgres(url: str, clock: ManualClock) -> AsyncIterator[tuple[BudgetBook, BudgetBook]]:
    async with PostgresPool(url, max_size=2) as pool:
        yield PostgresBudgetBook(pool, clock), PostgresBudgetBook(pool, clock)


@asynccontextmanager
async def _redis(
    url: str, clock: ManualClock, *, layered: bool
) -> AsyncIterator[tuple[BudgetBook, BudgetBook]]:
    client, record = open_client(url), MemoryBudgetBook(clock)
    one, other = (RedisBudgetBook(client, Outage(clock), clock) for _ in range(2))
    try:
        if layered:
            yield (
                LayeredBudgetBook(one, record, clock),
                LayeredBudgetBook(other, record, clock),
            )
        else:
            yield one, other
    finally:
        await client.aclose()
