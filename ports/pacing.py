"""The request budget that all processes share."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Protocol

from domain.budget import BudgetState, BudgetView, Grant
from domain.provider import Priority, ProviderPolicy

__all__ = ["BudgetBook", "BudgetRecord", "BudgetView", "Grant", "Pacer"]


class BudgetBook(Protocol):
    """The atomic account behind a pacer: one shared state per provider.

    Arithmetic as in :mod:`domain.pacing`, on the clock of whoever keeps the state (Redis,
    PostgreSQL, memory). Every method raises ``BudgetUnavailable`` when the state is out of reach.
    """

    @abstractmethod
    async def take(
        self, provider: str, policy: ProviderPolicy, weight: float, priority: Priority
    ) -> Grant:
        """Account for one call that is sent now, or say how long to wait."""

    @abstractmethod
    async def freeze(self, provider: str, until: float, *, banned: bool) -> None:
        """Grant nothing before ``until`` (Unix s); a later freeze is never shortened."""

    @abstractmethod
    async def correct(
        self, provider: str, policy: ProviderPolicy, window_s: int, used: float
    ) -> None:
        """Raise our usage of one window to what the provider reported."""

    @abstractmethod
    async def views(self, policies: Mapping[str, ProviderPolicy]) -> Mapping[str, BudgetView]:
        """The states of these providers now, in one round trip."""

    @abstractmethod
    async def check(self) -> None:
        """Return if the shared state can be asked."""


class BudgetRecord(Protocol):
    """What an account must not forget when a fast book loses its state: the durable copy.

    Every method raises ``BudgetUnavailable`` when the record is out of reach.
    """

    @abstractmethod
    async def recall(self, provider: str) -> BudgetState:
        """The account as far as it was written down (an unused one if it never was)."""

    @abstractmethod
    async def spend(self, provider: str, policy: ProviderPolicy, weight: float) -> None:
        """Write down a weight that another book has granted."""

    @abstractmethod
    async def freeze(self, provider: str, until: float, *, banned: bool) -> None:
        """As in :class:`BudgetBook`; on disk when this returns."""

    @abstractmethod
    async def correct(
        self, provider: str, policy: ProviderPolicy, window_s: int, used: float
    ) -> None:
        """As in :class:`BudgetBook`."""


class Pacer(Protocol):
    """Grants the sending of one call at a time, for *now*, over all processes.

    It fails closed: when the shared state cannot be reached nothing is granted.
    """

    @abstractmethod
    async def acquire(
        self,
        provider: str,
        policy: ProviderPolicy,
        weight: float,
        priority: Priority,
        deadline: float | None,
    ) -> None:
        """Wait until a call of this weight may leave; the caller sends at once.

        ``deadline`` is in ``Clock.monotonic`` seconds.

        Raises:
            RateLimited, Banned: the budget is frozen beyond the deadline.
            QuotaExhausted: a calendar or day window is used up beyond the deadline.
            DeadlineExceeded: no slot before the deadline.
            BudgetUnavailable: the shared state cannot be asked.
        """

    @abstractmethod
    async def freeze(self, provider: str, until: float, *, banned: bool) -> None:
        """Send nothing before ``until`` (Unix s); durable when this returns; never shortens."""

    @abstractmethod
    async def correct(
        self, provider: str, policy: ProviderPolicy, window_s: int, used: float
    ) -> None:
        """Take over a usage that the provider itself reported, if it is higher than ours."""

    @abstractmethod
    async def views(self, policies: Mapping[str, ProviderPolicy]) -> Mapping[str, BudgetView]:
        """The states of these providers; never fails the request that shows or weighs them."""

    @abstractmethod
    async def check(self) -> None:
        """Return if the shared state can be asked, else raise ``BudgetUnavailable``."""
