"""The health of providers in PostgreSQL: for processes that share no Redis."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

import msgspec

from adapters_out.postgres.pool import Connection, PostgresPool
from domain.circuit import ProviderHealth
from domain.errors import MarketDataError
from ports.health_board import HealthLedger

_TRIES = 50
_READ = "SELECT health::text, version FROM provider_health WHERE provider = %s"
_READ_MANY = "SELECT provider, health::text FROM provider_health WHERE provider = ANY(%s)"
_WRITE = """
INSERT INTO provider_health AS p (provider, health) VALUES (%s, %s::jsonb)
ON CONFLICT (provider) DO UPDATE
SET health = excluded.health, version = p.version + 1, changed_at = clock_timestamp()
WHERE p.version = %s
RETURNING version
"""
_Step = Callable[[ProviderHealth], ProviderHealth]


class PostgresHealthLedger(HealthLedger):
    """One row per provider, changed by compare-and-set."""

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool

    async def read(self, providers: Sequence[str]) -> Mapping[str, ProviderHealth]:
        known = dict.fromkeys(providers, ProviderHealth())
        with suppress(MarketDataError):
            known |= await self._pool.within(lambda c: _look_at_many(c, providers))
        return known

    async def change(self, provider: str, step: _Step) -> ProviderHealth:
        async def once(connection: Connection) -> ProviderHealth | None:
            health, version = await _look(connection, provider)
            changed = step(health)
            if changed == health:
                return health
            text = msgspec.json.encode(changed).decode()
            written = await connection.execute(_WRITE, (provider, text, version))
            return changed if await written.fetchone() else None

        try:
            for _ in range(_TRIES):
                health = await self._pool.within(once)
                if health is not None:
                    return health
        except MarketDataError:
            pass
        return ProviderHealth()


async def _look(connection: Connection, provider: str) -> tuple[ProviderHealth, int]:
    found = await (await connection.execute(_READ, (provider,))).fetchone()
    if found is None:
        return ProviderHealth(), 0
    return msgspec.json.decode(found[0], type=ProviderHealth), found[1]


async def _look_at_many(
    connection: Connection, providers: Sequence[str]
) -> dict[str, ProviderHealth]:
    found = await (await connection.execute(_READ_MANY, (list(providers),))).fetchall()
    return {name: msgspec.json.decode(text, type=ProviderHealth) for name, text in found}
