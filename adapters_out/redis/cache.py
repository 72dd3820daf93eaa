"""A cache that processes share in Redis."""

from redis.asyncio import Redis

from adapters_out.redis.client import FAULTS, PREFIX, answer, fetch
from adapters_out.redis.outage import Outage
from ports.cache import Cache
from ports.clock import Clock

_TTL_MAX_S = 86_400.0


class RedisCache(Cache):
    """Values up to ``max_value_bytes``, kept for a day at most; empty when out of reach."""

    def __init__(self, client: Redis, clock: Clock, max_value_bytes: int = 4 * 1024 * 1024) -> None:
        self._client = client
        self._max_value_bytes = max_value_bytes
        self._outage = Outage(clock)

    async def get(self, key: str) -> bytes | None:
        if self._outage.is_on:
            return None
        try:
            return await fetch(self._client, _key(key))
        except FAULTS:
            self._outage.begin()
            return None

    async def put(self, key: str, value: bytes, ttl_s: float) -> None:
        if ttl_s <= 0 or len(value) > self._max_value_bytes:
            await self.drop(key)
            return
        if self._outage.is_on:
            return
        ttl_ms = max(1, int(min(ttl_s, _TTL_MAX_S) * 1000))
        try:
            await answer(self._client.set(_key(key), value, px=ttl_ms))
        except FAULTS:
            self._outage.begin()

    async def drop(self, key: str) -> None:
        if self._outage.is_on:
            return
        try:
            await answer(self._client.delete(_key(key)))
        except FAULTS:
            self._outage.begin()


def _key(key: str) -> str:
    return f"{PREFIX}cache:{key}"
