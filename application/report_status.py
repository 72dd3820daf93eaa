"""Tell whether the service can do its work."""

import asyncio
from collections.abc import Awaitable, Callable

from msgspec import Struct

from domain.errors import MarketDataError
from ports.bar_store import BarStore
from ports.clock import Clock
from ports.market_data import ProviderCatalogue
from ports.pacing import Pacer

CHECK_S = 2.0


class PartStatus(Struct, frozen=True):
    """One part of the service: ``detail`` says in a sentence what is wrong with it."""

    name: str
    ok: bool
    detail: str = ""


class Readiness(Struct, frozen=True):
    """Whether traffic should come here."""

    parts: tuple[PartStatus, ...]
    draining: bool = False

    @property
    def ready(self) -> bool:
        """Whether everything works and nobody is shutting down."""
        return not self.draining and all(part.ok for part in self.parts)


class ReportStatus:
    """Check the store and the shared budgets for real, for at most 2 s each."""

    def __init__(
        self, store: BarStore, catalogue: ProviderCatalogue, pacer: Pacer, clock: Clock
    ) -> None:
        """Take the collaborators."""
        self._store = store
        self._catalogue = catalogue
        self._pacer = pacer
        self._clock = clock
        self._started_at = clock.now()
        self._draining = False

    @property
    def started_at(self) -> float:
        """When this process came up (Unix s)."""
        return self._started_at

    @property
    def draining(self) -> bool:
        """Whether the service is shutting down."""
        return self._draining

    def drain(self) -> None:
        """Turn readiness off for good: the process is about to end."""
        self._draining = True

    async def __call__(self) -> Readiness:
        """The truth now; never raises."""
        parts = await asyncio.gather(
            _checked("store", self._store.check), _checked("budgets", self._pacer.check)
        )
        return Readiness(tuple(parts), self._draining)


async def _checked(name: str, check: Callable[[], Awaitable[None]]) -> PartStatus:
    try:
        async with asyncio.timeout(CHECK_S):
            await check()
    except MarketDataError as error:
        return PartStatus(name, ok=False, detail=error.message)
    except TimeoutError:
        return PartStatus(name, ok=False, detail=f"The {name} did not answer within 2 s.")
    return PartStatus(name, ok=True)
