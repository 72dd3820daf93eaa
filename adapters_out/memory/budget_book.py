"""The budget of a single process."""

from collections.abc import Callable, Mapping

from domain import pacing
from domain.budget import BudgetState, BudgetView, Grant, view
from domain.provider import Priority, ProviderPolicy
from ports.clock import Clock
from ports.pacing import BudgetBook, BudgetRecord


class MemoryBudgetBook(BudgetBook, BudgetRecord):
    """Accounts in a dictionary, on the process's wall clock; never out of reach."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._accounts: dict[str, BudgetState] = {}

    async def take(
        self, provider: str, policy: ProviderPolicy, weight: float, priority: Priority
    ) -> Grant:
        state, grant = pacing.take(
            self._state(provider), policy, weight, priority, self._clock.now()
        )
        self._accounts[provider] = state
        return grant

    async def freeze(self, provider: str, until: float, *, banned: bool) -> None:
        self._change(provider, lambda s, now: pacing.freeze(s, until, banned=banned, now=now))

    async def correct(
        self, provider: str, policy: ProviderPolicy, window_s: int, used: float
    ) -> None:
        self._change(provider, lambda s, now: pacing.correct(s, policy, window_s, used, now))

    async def views(self, policies: Mapping[str, ProviderPolicy]) -> Mapping[str, BudgetView]:
        now = self._clock.now()
        return {name: view(self._state(name), policy, now) for name, policy in policies.items()}

    async def check(self) -> None:
        return

    async def recall(self, provider: str) -> BudgetState:
        return self._state(provider)

    async def spend(self, provider: str, policy: ProviderPolicy, weight: float) -> None:
        self._change(provider, lambda s, now: pacing.spend(s, policy, weight, now))

    def _state(self, provider: str) -> BudgetState:
        return self._accounts.get(provider, BudgetState())

    def _change(self, provider: str, step: Callable[[BudgetState, float], BudgetState]) -> None:
        self._accounts[provider] = step(self._state(provider), self._clock.now())
