"""The request budget that all processes share."""

from abc import abstractmethod
from typing import Protocol

from msgspec import Struct

from domain.provider import Priority, ProviderPolicy


class BudgetView(Struct, frozen=True):
    """A provider's budget at a glance; ``used_fraction`` is of the fullest window, 0..1."""

    limit_per_s: float
    used_fraction: float
    frozen_until: float | None = None


class Grant(Struct, frozen=True):
    """The answer of a book: send now, or ask again after ``wait_s``.

    ``frozen_until`` (Unix s) is set when a freeze is the cause, ``banned`` with it;
    ``exhausted`` when a calendar or durable window is used up.
    """

    granted: bool
    wait_s: float = 0.0
    frozen_until: float | None = None
    banned: bool = False
    exhausted: bool = False


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
    async def view(self, provider: str, policy: ProviderPolicy) -> BudgetView:
        """The state now."""


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
    async def view(self, provider: str, policy: ProviderPolicy) -> BudgetView:
        """The state for people; never fails the request that shows it."""
