"""The health of providers as one process sees it."""

from collections.abc import Mapping, Sequence

from domain.circuit import Outcome, ProviderHealth, after, claim_probe
from ports.clock import Clock
from ports.health_board import HealthBoard


class MemoryHealthBoard(HealthBoard):
    """Healths in a dictionary; cool-downs pass on the process's wall clock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._healths: dict[str, ProviderHealth] = {}

    async def view(self, provider: str) -> ProviderHealth:
        return self._healths.get(provider, ProviderHealth())

    async def views(self, providers: Sequence[str]) -> Mapping[str, ProviderHealth]:
        return {name: self._healths.get(name, ProviderHealth()) for name in providers}

    async def record(self, provider: str, outcome: Outcome) -> ProviderHealth:
        health = after(await self.view(provider), outcome)
        self._healths[provider] = health
        return health

    async def claim_probe(self, provider: str) -> bool:
        health, claimed = claim_probe(await self.view(provider), self._clock.now())
        self._healths[provider] = health
        return claimed
