"""The clockwork that keeps broker and ledger together."""

from collections.abc import Awaitable, Callable

from domain.errors import MarketDataError
from ports.clock import Clock
from ports.telemetry import Telemetry

EVERY_S = 3.0


class JobWatch:
    """Calls the reconciler every few seconds, whatever state the store is in."""

    def __init__(
        self,
        reconcile: Callable[[], Awaitable[int]],
        clock: Clock,
        telemetry: Telemetry,
        *,
        every_s: float = EVERY_S,
    ) -> None:
        """Take the use case by its call."""
        self._reconcile = reconcile
        self._clock = clock
        self._telemetry = telemetry
        self._every_s = every_s

    async def run(self) -> None:
        """Until cancelled; the first pass is at once."""
        while True:
            await self.once()
            await self._clock.sleep(self._every_s)

    async def once(self) -> None:
        """One pass; a store that is away is no reason to stop."""
        try:
            await self._reconcile()
        except MarketDataError as fault:
            self._telemetry.event("jobs_not_reconciled", reason=fault.message)
