"""Close circuits again without waiting for a caller to try."""

from domain.circuit import CircuitState
from domain.errors import DeadlineExceeded, ProviderError
from domain.provider import Priority
from ports.clock import Clock
from ports.health_board import HealthBoard
from ports.market_data import CallContext, ProviderCatalogue

PERIOD_S = 2.0


class WatchHealth:
    """Probe every circuit that is not closed with the provider's cheapest call.

    The provider kit claims the one probe and records its outcome; here is only the initiative,
    so that a circuit closes within 30 s of the provider's recovery without traffic.
    """

    def __init__(self, catalogue: ProviderCatalogue, health: HealthBoard, clock: Clock) -> None:
        """Take the collaborators."""
        self._catalogue = catalogue
        self._health = health
        self._clock = clock

    async def __call__(self) -> int:
        """Probe once around; how many circuits were probed successfully."""
        closed = 0
        for name, provider in self._catalogue.all().items():
            health = await self._health.view(name)
            due = health.retry_at is None or health.retry_at <= self._clock.now()
            if health.state is CircuitState.CLOSED or not due:
                continue
            deadline = self._clock.monotonic() + provider.policy.timeout_s
            try:
                await provider.ping(CallContext(deadline, Priority.HEALING, "health-probe"))
            except (ProviderError, DeadlineExceeded):
                continue
            closed += 1
        return closed

    async def forever(self) -> None:
        """Go around every two seconds until cancelled."""
        while True:
            await self._clock.sleep(PERIOD_S)
            await self()
