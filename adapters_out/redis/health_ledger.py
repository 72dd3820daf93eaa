"""The health of providers in Redis."""

from collections.abc import Callable, Mapping, Sequence

import msgspec
from redis.asyncio import Redis

from adapters_out.redis.client import FAULTS, PREFIX, answer, fetch
from adapters_out.redis.outage import Outage
from adapters_out.redis.swap import Swap
from domain.circuit import ProviderHealth
from ports.clock import Clock
from ports.health_board import HealthLedger

_TRIES = 50
_TTL_S = 86_400.0  # a provider that nobody asks for a day starts afresh
_Step = Callable[[ProviderHealth], ProviderHealth]


class RedisHealthLedger(HealthLedger):
    """One key per provider, changed by compare-and-set."""

    def __init__(self, client: Redis, clock: Clock) -> None:
        self._client = client
        self._outage = Outage(clock)
        self._swap = Swap(client)

    async def read(self, providers: Sequence[str]) -> Mapping[str, ProviderHealth]:
        healthy = dict.fromkeys(providers, ProviderHealth())
        if self._outage.is_on:
            return healthy
        try:
            async with self._client.pipeline(transaction=False) as pipeline:
                for name in providers:
                    pipeline.get(_key(name))
                found = await answer(pipeline.execute())
        except FAULTS:
            self._outage.begin()
            return healthy
        return {name: _health(packed) for name, packed in zip(providers, found, strict=True)}

    async def change(self, provider: str, step: _Step) -> ProviderHealth:
        if self._outage.is_on:
            return ProviderHealth()
        try:
            for _ in range(_TRIES):
                health = await self._once(_key(provider), step)
                if health is not None:
                    return health
        except FAULTS:
            self._outage.begin()
        return ProviderHealth()

    async def _once(self, key: str, step: _Step) -> ProviderHealth | None:
        packed = await fetch(self._client, key) or b""
        health = _health(packed)
        changed = step(health)
        if changed == health:
            return health
        news = msgspec.msgpack.encode(changed)
        return changed if await self._swap(key, packed, news, _TTL_S) else None


def _key(provider: str) -> str:
    """One key per provider; the digit changes with the layout."""
    return f"{PREFIX}health:1:{{{provider}}}"


def _health(packed: bytes | None) -> ProviderHealth:
    return msgspec.msgpack.decode(packed, type=ProviderHealth) if packed else ProviderHealth()
