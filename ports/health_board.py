"""The health of providers, shared by all processes."""

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from domain.circuit import Outcome, ProviderHealth


class HealthBoard(Protocol):
    """Circuits and recent outcomes. Losing it must never stop an answer."""

    @abstractmethod
    async def view(self, provider: str) -> ProviderHealth:
        """The health as all processes see it (a healthy default if it cannot be read)."""

    @abstractmethod
    async def views(self, providers: Sequence[str]) -> Mapping[str, ProviderHealth]:
        """:meth:`view` of many in one round trip, under their names."""

    @abstractmethod
    async def record(self, provider: str, outcome: Outcome) -> ProviderHealth:
        """Add one outcome and return the health after it."""

    @abstractmethod
    async def claim_probe(self, provider: str) -> bool:
        """Whether the caller may send the one probe of a circuit whose cool-down has passed."""


class HealthLedger(Protocol):
    """Where processes keep the healths that they share.

    A ledger that cannot be reached tells healthy defaults and forgets what it is told.
    """

    @abstractmethod
    async def read(self, providers: Sequence[str]) -> Mapping[str, ProviderHealth]:
        """The healths of these providers under their names, in one round trip."""

    @abstractmethod
    async def change(
        self, provider: str, step: Callable[[ProviderHealth], ProviderHealth]
    ) -> ProviderHealth:
        """Apply a step that may run more than once, as if nobody else wrote; what it gave."""
