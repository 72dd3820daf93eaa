"""What a provider grants us, as far as it is known: by its file, the operator, and itself."""

from collections.abc import Sequence
from contextlib import suppress

from msgspec.structs import replace

from adapters_out.provider_kit.calls import Call, Reply
from adapters_out.provider_kit.faults import UNREADABLE
from adapters_out.provider_kit.provider import Provider
from adapters_out.provider_kit.settings import ProviderSettings, fixed_windows, policy_in_force
from domain.errors import BudgetUnavailable
from domain.provider import ProviderPolicy, Window
from ports.market_data import CallContext
from ports.pacing import Pacer


class Allowance:
    """Takes grants by the policy in force, and corrects it by what the provider tells.

    Its own word about the limit of a window is better than what was written down, unless the
    operator has spoken about that window.
    """

    def __init__(self, provider: Provider, settings: ProviderSettings, pacer: Pacer) -> None:
        """Nothing has been told yet."""
        self._provider = provider
        self._pacer = pacer
        self._fixed = fixed_windows(settings)
        self._policy = policy_in_force(provider.policy, settings)

    @property
    def policy(self) -> ProviderPolicy:
        """How the provider is to be treated now."""
        return self._policy

    async def acquire(self, call: Call, context: CallContext) -> None:
        """Wait until the call may leave. Raises like :meth:`ports.pacing.Pacer.acquire`."""
        await self._pacer.acquire(
            self._provider.name, self._policy, call.weight, context.priority, context.deadline
        )

    async def report(self, reply: Reply) -> None:
        """Take in what a reply says about our budget."""
        with suppress(*UNREADABLE):  # what cannot be read tells nothing; reading it will fail
            self._adopt(self._provider.limits(reply))
        for usage in self._provider.usage(reply):
            with suppress(BudgetUnavailable):
                await self._pacer.correct(
                    self._provider.name, self._policy, usage.window_s, usage.used
                )

    def _adopt(self, told: Sequence[Window]) -> None:
        limits = {window.seconds: window.limit for window in told if window.limit > 0}
        windows = tuple(
            replace(own, limit=limits[own.seconds])
            if own.seconds in limits and own.seconds not in self._fixed
            else own
            for own in self._policy.windows
        )
        if windows != self._policy.windows:
            self._policy = replace(self._policy, windows=windows)
