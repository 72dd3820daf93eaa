"""A turnstile in PostgreSQL: for processes that share no Redis."""

from datetime import timedelta

from adapters_out.postgres.pool import Connection, PostgresPool
from domain.errors import MarketDataError
from ports.cache import Turnstile
from ports.clock import Ids

_ENTER = """
INSERT INTO turnstile AS t (key, token, lease_until)
VALUES (%(key)s, %(token)s, clock_timestamp() + %(lease)s)
ON CONFLICT (key) DO UPDATE SET token = excluded.token, lease_until = excluded.lease_until
WHERE t.lease_until <= clock_timestamp() OR t.token = excluded.token
RETURNING token
"""
# Whoever leaves sweeps up after those who died long ago.
_LEAVE = """
DELETE FROM turnstile
WHERE (key = %(key)s AND token = %(token)s)
   OR lease_until < clock_timestamp() - interval '10 minutes'
"""


class PostgresTurnstile(Turnstile):
    """Lease rows on the database's clock; lets everybody pass when it cannot be reached."""

    def __init__(self, pool: PostgresPool, ids: Ids) -> None:
        self._pool = pool
        self._ids = ids

    async def enter(self, key: str, lease_s: float) -> str | None:
        token = self._ids.new()
        values = {"key": key, "token": token, "lease": timedelta(seconds=lease_s)}

        async def insert(connection: Connection) -> bool:
            return await (await connection.execute(_ENTER, values)).fetchone() is not None

        try:
            return token if await self._pool.within(insert) else None
        except MarketDataError:
            return token

    async def leave(self, key: str, token: str) -> None:
        async def delete(connection: Connection) -> None:
            await connection.execute(_LEAVE, {"key": key, "token": token})

        try:
            await self._pool.within(delete)
        except MarketDataError:
            return  # the lease ends by itself
