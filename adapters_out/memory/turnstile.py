"""A turnstile inside one process."""

from ports.cache import Turnstile
from ports.clock import Clock, Ids


class MemoryTurnstile(Turnstile):
    """Leases in a dictionary; a holder that never leaves loses its lease in time."""

    def __init__(self, clock: Clock, ids: Ids) -> None:
        self._clock = clock
        self._ids = ids
        self._leases: dict[str, tuple[str, float]] = {}

    async def enter(self, key: str, lease_s: float) -> str | None:
        now = self._clock.monotonic()
        self._leases = {k: lease for k, lease in self._leases.items() if lease[1] > now}
        if key in self._leases:
            return None
        token = self._ids.new()
        self._leases[key] = (token, now + lease_s)
        return token

    async def leave(self, key: str, token: str) -> None:
        if self._leases.get(key, ("", 0.0))[0] == token:
            del self._leases[key]
