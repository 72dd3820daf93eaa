"""Close circuits again without waiting for a caller to try."""

import asyncio

from domain.circuit import CircuitState, allows
from domain.errors import DeadlineExceeded, ProviderError
from domain.provider import Priority
from ports.clock import Clock
from ports.health_board import HealthBoard
from ports.market_data import CallContext, MarketDataProvider, ProviderCatalogue
from ports.telemetry import Telemetry

PERIOD_S = 2.0


class WatchHealth:
    """Probe every circuit that is not closed with the provider's cheapest call.

    The provider kit claims the one probe and records its outcome; here is only the initiative,
    so that a circuit closes within 30 s of the provider's recovery without traffic. Providers
    are watched independently: one that hangs delays no other. What is seen goes into the metrics,
    also of circuits that another process has opened or closed.
    """

    def __init__(
        self,
        catalogue: ProviderCatalogue,
        health: HealthBoard,
        telemetry: Telemetry,
        clock: Clock,
    ) -> None:
        """Take the collaborators."""
        self._catalogue = catalogue
        self._health = health
        self._telemetry = telemetry
        self._clock = clock

    async def __call__(self) -> int:
        """Probe once around; how many circuits were probed successfully."""
        probes = (self._probe(provider) for provider in self._catalogue.all().values())
        return sum(await asyncio.gather(*probes))

    async def forever(self) -> None:
        """Look at each provider every two seconds until cancelled."""
        async with asyncio.TaskGroup() as watches:
            for provider in self._catalogue.all().values():
                watches.create_task(self._watch(provider))

    async def _watch(self, provider: MarketDataProvider) -> None:
        while True:
            await self._clock.sleep(PERIOD_S)
            await self._probe(provider)

    async def _probe(self, provider: MarketDataProvider) -> bool:
        """Whether there was a probe to send and it succeeded."""
        health = await self._health.view(provider.name)
        self._telemetry.circuit_seen(provider.name, health.state.value)
        if health.state is CircuitState.CLOSED or not allows(health, self._clock.now()):
            return False
        deadline = self._clock.monotonic() + provider.policy.timeout_s
        try:
            await provider.ping(CallContext(deadline, Priority.HEALING, "health-probe"))
        except (ProviderError, DeadlineExceeded):
            return False
        return True
