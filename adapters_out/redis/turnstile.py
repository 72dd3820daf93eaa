"""A turnstile in Redis."""

from redis.asyncio import Redis

from adapters_out.redis.client import FAULTS, PREFIX, answer
from adapters_out.redis.outage import Outage
from ports.cache import Turnstile
from ports.clock import Clock, Ids

# Only the holder may give the key back: the lease may have ended and be somebody else's now.
_LEAVE = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end"


class RedisTurnstile(Turnstile):
    """Leases as keys that expire; lets everybody pass when it cannot be reached."""

    def __init__(self, client: Redis, clock: Clock, ids: Ids) -> None:
        self._client = client
        self._ids = ids
        self._outage = Outage(clock)
        self._leave = client.register_script(_LEAVE)

    async def enter(self, key: str, lease_s: float) -> str | None:
        token = self._ids.new()
        if self._outage.is_on:
            return token
        lease_ms = max(1, int(lease_s * 1000))
        try:
            taken = await answer(self._client.set(_key(key), token, nx=True, px=lease_ms))
        except FAULTS:
            self._outage.begin()
            return token
        return token if taken else None

    async def leave(self, key: str, token: str) -> None:
        if self._outage.is_on:
            return
        try:
            await answer(self._leave(keys=[_key(key)], args=[token]))
        except FAULTS:
            self._outage.begin()  # the lease ends by itself


def _key(key: str) -> str:
    return f"{PREFIX}turnstile:{key}"
