"""Leadership by advisory lock: the database forgets a leader when its connection ends."""

import hashlib
from contextlib import AsyncExitStack

import psycopg

from adapters_out.postgres.pool import Connection, PostgresPool
from domain.errors import StoreUnavailable
from ports.leadership import Leadership


class PostgresLeadership(Leadership):
    """One connection of its own holds the lock of each role for as long as it lives."""

    def __init__(self, pool: PostgresPool) -> None:
        """Take the pool whose database decides."""
        self._pool = pool
        self._stack = AsyncExitStack()
        self._connection: Connection | None = None
        self._led: set[str] = set()

    async def is_leader(self, role: str) -> bool:
        """One round trip; a lost connection is a lost leadership, tried for again at once."""
        try:
            connection = await self._connected()
            if role in self._led:
                await connection.execute("SELECT 1")
                return True
            found = await connection.execute("SELECT pg_try_advisory_lock(%s)", (_number(role),))
            row = await found.fetchone()
        except (psycopg.Error, StoreUnavailable):
            await self.resign()
            return False
        if row is not None and row[0]:
            self._led.add(role)
        return role in self._led

    async def resign(self) -> None:
        """Close the connection, and every lock with it."""
        self._connection = None
        self._led.clear()
        stack, self._stack = self._stack, AsyncExitStack()
        try:
            await stack.aclose()
        except (psycopg.Error, StoreUnavailable):
            return  # it was gone already

    async def _connected(self) -> Connection:
        if self._connection is None:
            self._connection = await self._stack.enter_async_context(self._pool.dedicated())
        return self._connection


def _number(role: str) -> int:
    """A key for the lock that only this role of this service has."""
    digest = hashlib.sha256(f"fks_data:leader:{role}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)
