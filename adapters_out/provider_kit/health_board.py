"""The health of providers as all processes see it, over whatever keeps it."""

from collections.abc import Mapping, Sequence

import msgspec

from domain.circuit import Outcome, ProviderHealth, Unwritten, claim_probe, replay
from ports.clock import Clock
from ports.health_board import HealthBoard, HealthLedger


class SharedHealthBoard(HealthBoard):
    """Successes that change nothing are written once a second, everything else at once."""

    def __init__(self, ledger: HealthLedger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock
        self._unwritten: dict[str, Unwritten] = {}

    async def view(self, provider: str) -> ProviderHealth:
        return (await self.views((provider,)))[provider]

    async def views(self, providers: Sequence[str]) -> Mapping[str, ProviderHealth]:
        return await self._ledger.read(providers)

    async def record(self, provider: str, outcome: Outcome) -> ProviderHealth:
        news = self._unwritten.get(provider, Unwritten()).plus(outcome)
        if news.can_wait(outcome.at):
            self._unwritten[provider] = news
            return replay(news.seen, news.outcomes)
        self._unwritten[provider] = Unwritten(news.seen, (), outcome.at)
        health = await self._ledger.change(provider, lambda h: replay(h, news.outcomes))
        last = self._unwritten[provider]
        self._unwritten[provider] = msgspec.structs.replace(last, seen=health)
        return health

    async def claim_probe(self, provider: str) -> bool:
        claimed = [True]

        def claim(health: ProviderHealth) -> ProviderHealth:
            health, claimed[0] = claim_probe(health, self._clock.now())
            return health

        await self._ledger.change(provider, claim)
        return claimed[0]
