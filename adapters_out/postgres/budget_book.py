"""The request budget in PostgreSQL: for processes that share no Redis, and the durable record."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import TypeVar

import msgspec
from msgspec import Struct

from adapters_out.postgres.pool import Connection, PostgresPool
from domain import pacing
from domain.budget import BudgetState, BudgetView, Grant, view
from domain.errors import BudgetUnavailable, CallRefused, MarketDataError
from domain.provider import Priority, ProviderPolicy
from ports.clock import Clock
from ports.pacing import BudgetBook, BudgetRecord

# A grant is for sending now: one that took longer from the clock's reading to its commit is
# computed again. No lock is held meanwhile, so a process that hangs blocks nobody.
_FRESH_S = 0.05
_TRIES = 100

_READ = """
SELECT p.budget::text, p.version, extract(epoch FROM clock_timestamp())::float8
FROM (VALUES (%s::text)) AS wanted (provider) LEFT JOIN provider_state p USING (provider)
"""
_READ_MANY = """
SELECT provider, p.budget::text, extract(epoch FROM clock_timestamp())::float8
FROM unnest(%s::text[]) AS wanted (provider) LEFT JOIN provider_state p USING (provider)
"""
_WRITE = """
INSERT INTO provider_state AS p (provider, budget)
SELECT %(provider)s, %(budget)s::jsonb WHERE clock_timestamp() <= to_timestamp(%(until)s)
ON CONFLICT (provider) DO UPDATE
SET budget = excluded.budget, version = p.version + 1, changed_at = clock_timestamp()
WHERE p.version = %(version)s AND clock_timestamp() <= to_timestamp(%(until)s)
RETURNING set_config('synchronous_commit',
    CASE WHEN %(durable)s THEN current_setting('synchronous_commit') ELSE 'off' END, true)
"""
T = TypeVar("T")
_Step = Callable[[BudgetState, float], tuple[BudgetState, Grant]]


class PostgresBudgetBook(BudgetBook, BudgetRecord):
    """One row per provider, changed by compare-and-set, on the database's clock.

    What only paces is committed without waiting for the disk; a freeze is on it when
    :meth:`freeze` returns. A ``clock`` replaces the database's in tests.
    """

    def __init__(self, pool: PostgresPool, clock: Clock | None = None) -> None:
        self._pool = pool
        self._clock = clock

    async def take(
        self, provider: str, policy: ProviderPolicy, weight: float, priority: Priority
    ) -> Grant:
        return await self._change(
            provider, lambda s, now: pacing.take(s, policy, weight, priority, now)
        )

    async def freeze(self, provider: str, until: float, *, banned: bool) -> None:
        await self._change(
            provider,
            lambda s, now: (pacing.freeze(s, until, banned=banned, now=now), Grant(False)),
            durable=True,
        )

    async def correct(
        self, provider: str, policy: ProviderPolicy, window_s: int, used: float
    ) -> None:
        await self._change(
            provider, lambda s, now: (pacing.correct(s, policy, window_s, used, now), Grant(False))
        )

    async def spend(self, provider: str, policy: ProviderPolicy, weight: float) -> None:
        await self._change(
            provider, lambda s, now: (pacing.spend(s, policy, weight, now), Grant(True))
        )

    async def views(self, policies: Mapping[str, ProviderPolicy]) -> Mapping[str, BudgetView]:
        rows = await self._within("", lambda c: _look_at_many(c, policies))
        return {
            name: view(rows[name].state, policy, self._now(rows[name]))
            for name, policy in policies.items()
        }

    async def check(self) -> None:
        await self._within("", lambda c: _look(c, ""))

    async def recall(self, provider: str) -> BudgetState:
        return (await self._within(provider, lambda c: _look(c, provider))).state

    def _now(self, row: "_Row") -> float:
        return self._clock.now() if self._clock else row.now

    async def _change(self, provider: str, step: _Step, *, durable: bool = False) -> Grant:
        async def once(connection: Connection) -> Grant | None:
            row = await _look(connection, provider)
            state, grant = step(row.state, self._now(row))
            if state == row.state or await _swap(connection, provider, row, state, durable=durable):
                return grant
            return None

        for _ in range(_TRIES):
            grant = await self._within(provider, once)
            if grant is not None:
                return grant
        raise _unavailable(provider)

    async def _within(self, provider: str, work: Callable[[Connection], Awaitable[T]]) -> T:
        try:
            return await self._pool.within(work)
        except CallRefused:
            raise
        except MarketDataError as error:
            raise _unavailable(provider) from error


class _Row(Struct, frozen=True):
    state: BudgetState
    version: int
    now: float


async def _look(connection: Connection, provider: str) -> _Row:
    found = await (await connection.execute(_READ, (provider,))).fetchone()
    budget, version, now = found or (None, None, 0.0)
    return _Row(_state(budget), version or 0, now)


async def _look_at_many(connection: Connection, providers: Iterable[str]) -> dict[str, _Row]:
    found = await connection.execute(_READ_MANY, (list(providers),))
    return {name: _Row(_state(budget), 0, now) for name, budget, now in await found.fetchall()}


def _state(budget: str | None) -> BudgetState:
    return msgspec.json.decode(budget, type=BudgetState) if budget else BudgetState()


async def _swap(
    connection: Connection, provider: str, row: _Row, state: BudgetState, *, durable: bool
) -> bool:
    """Write if nobody has written since the row was read."""
    values = {
        "provider": provider,
        "budget": msgspec.json.encode(state).decode(),
        "version": row.version,
        "until": row.now + _FRESH_S,
        "durable": durable,
    }
    return await (await connection.execute(_WRITE, values)).fetchone() is not None


def _unavailable(provider: str) -> BudgetUnavailable:
    return BudgetUnavailable(
        "The shared request budget cannot be asked, so nothing is sent: check that PostgreSQL "
        "is running and that DATABASE_URL names it.",
        provider=provider,
    )
