"""The health of providers in PostgreSQL: for processes that share no Redis."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

import msgspec

from adapters_out.postgres.pool import Connection, PostgresPool
from domain.circuit import Outcome, ProviderHealth, Unwritten, claim_probe, replay
from domain.errors import MarketDataError
from ports.clock import Clock
from ports.health_board import HealthBoard

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


class PostgresHealthBoard(HealthBoard):
    """One row per provider, changed by compare-and-set.

    Successes that change nothing are written once a second, everything else at once. A board
    that cannot be reached answers as if everything were well.
    """

    def __init__(self, pool: PostgresPool, clock: Clock) -> None:
        self._pool = pool
        self._clock = clock
        self._unwritten: dict[str, Unwritten] = {}

    async def view(self, provider: str) -> ProviderHealth:
        try:
            health, _ = await self._pool.within(lambda c: _look(c, provider))
        except MarketDataError:
            return ProviderHealth()
        return health

    async def views(self, providers: Sequence[str]) -> Mapping[str, ProviderHealth]:
        known = dict.fromkeys(providers, ProviderHealth())
        with suppress(MarketDataError):
            known |= await self._pool.within(lambda c: _look_at_many(c, providers))
        return known

    async def record(self, provider: str, outcome: Outcome) -> ProviderHealth:
        news = self._unwritten.get(provider, Unwritten()).plus(outcome)
        if news.can_wait(outcome.at):
            self._unwritten[provider] = news
            return replay(news.seen, news.outcomes)
        self._unwritten[provider] = Unwritten(news.seen, (), outcome.at)
        health = await self._change(provider, lambda h: replay(h, news.outcomes))
        last = self._unwritten[provider]
        self._unwritten[provider] = msgspec.structs.replace(last, seen=health)
        return health

    async def claim_probe(self, provider: str) -> bool:
        claimed = [True]

        def claim(health: ProviderHealth) -> ProviderHealth:
            health, claimed[0] = claim_probe(health, self._clock.now())
            return health

        await self._change(provider, claim)
        return claimed[0]

    async def _change(self, provider: str, step: _Step) -> ProviderHealth:
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
