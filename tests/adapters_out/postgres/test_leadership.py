"""Leadership by advisory lock, on a real PostgreSQL."""

import asyncio

from adapters_out.postgres.leadership import PostgresLeadership
from adapters_out.postgres.pool import PostgresPool
from adapters_out.system.clock import SystemClock
from tests.runner import Run


def test_only_one_of_two_leads(run: Run, database_url: str) -> None:
    """Of two processes exactly one leads, and it goes on leading."""

    async def scene() -> list[bool]:
        async with PostgresPool(database_url) as one, PostgresPool(database_url) as other:
            first, second = PostgresLeadership(one), PostgresLeadership(other)
            seen = [await each.is_leader("clockwork") for each in (first, second, first, second)]
            await first.resign()
            await second.resign()
            return seen

    assert run(scene()) == [True, False, True, False]


def test_the_other_takes_over_when_the_leader_goes(run: Run, database_url: str) -> None:
    """A leader that resigns, or whose connection is cut, is followed by the other."""

    async def scene() -> list[bool]:
        async with PostgresPool(database_url) as one, PostgresPool(database_url) as other:
            first, second = PostgresLeadership(one), PostgresLeadership(other)
            seen = [await first.is_leader("clockwork")]
            async with other.connection() as connection:
                await connection.execute(
                    "SELECT pg_terminate_backend(pid, 5000) FROM pg_locks "
                    "WHERE locktype = 'advisory' AND pid <> pg_backend_pid()"
                )
            seen.append(await second.is_leader("clockwork"))
            seen.append(await first.is_leader("clockwork"))  # notices that it was cut off
            seen.append(await first.is_leader("clockwork"))
            await second.resign()
            await _nobody_leads(one)
            seen.append(await first.is_leader("clockwork"))
            await first.resign()
            return seen

    assert run(scene()) == [True, True, False, False, True]


async def _nobody_leads(pool: PostgresPool) -> None:
    """The server ends a connection that was closed in its own time, and the lock with it."""
    held = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' LIMIT 1"
    async with asyncio.timeout(5), pool.connection() as connection:
        while await (await connection.execute(held)).fetchone():
            await SystemClock().sleep(0.01)
