"""One call from permission to verdict: circuit, bulkhead, budget, exchange, classification."""

import asyncio

from msgspec.structs import replace

from adapters_out.provider_kit.allowance import Allowance
from adapters_out.provider_kit.bulkhead import Bulkhead
from adapters_out.provider_kit.call_ends import PATIENCE_S, CallEnds, Surroundings
from adapters_out.provider_kit.calls import Call
from adapters_out.provider_kit.faults import NO_FAULTS, KeyRefused, find_fault
from adapters_out.provider_kit.http import HttpChannel
from adapters_out.provider_kit.origins import Origins
from adapters_out.provider_kit.patience import (
    LEAST_S,
    Patience,
    Silent,
    Stalled,
    longest_usual_s,
    patience_s,
)
from adapters_out.provider_kit.provider import Provider
from adapters_out.provider_kit.redaction import Redactor
from adapters_out.provider_kit.sent import Sent
from domain.circuit import CircuitState, ProviderHealth, allows
from domain.errors import (
    DeadlineExceeded,
    MarketDataError,
    ProviderError,
    ProviderUnavailable,
)
from domain.provider import Priority, ProviderPolicy
from ports.market_data import CallContext

_WAITING = 256
# We are done this long before the caller's deadline, so that a fault is still counted by then.
_MARGIN_S = 0.05


class Sender:
    """Sends calls of one provider, one try each."""

    def __init__(
        self,
        provider: Provider,
        allowance: Allowance,
        channel: HttpChannel,
        origins: Origins,
        redactor: Redactor,
        around: Surroundings,
    ) -> None:
        """Open nothing yet."""
        self._provider = provider
        self._allowance = allowance
        self._channel = channel
        self._origins = origins
        self._around = around
        self.ends = CallEnds(provider.name, redactor, around)
        self._bulkhead = Bulkhead(provider.name, allowance.policy.concurrency, _WAITING)
        self._patience = Patience(provider.name, around.clock)

    @property
    def policy(self) -> ProviderPolicy:
        """How the provider is to be treated now."""
        return self._allowance.policy

    async def send(self, call: Call, endpoint: str, context: CallContext) -> Sent:
        """One try; the reply carries data. The caller settles it when it has been read.

        Raises:
            ProviderError, DeadlineExceeded: classified, redacted and settled; a rate limit or
                ban has frozen the budget by then.
        """
        seen = await self.permitted()
        self._refuse_if_stalled(context)
        left = self._left(context)
        async with self._bulkhead.slot(context.priority, left):
            self._refuse_if_stalled(context)
            await self._allowance.acquire(call, context)
            self._refuse_if_stalled(context)
            probe = await self._probes(seen)
            sent = Sent(call, endpoint, context.request_id, seen, probe)
            sent.priority = context.priority
            error = await self._exchange(sent, context)
        if isinstance(error, Stalled):
            await self._settle_stalled(sent, error)
            raise error
        await self._allowance.report(sent.reply)
        if error is None:
            return sent
        sent.let_go()
        if isinstance(error, ProviderError):
            error = self.ends.cleaned(error)
        await self.ends.settle(sent, error)
        raise error

    async def permitted(self) -> ProviderHealth:
        """The health of the provider if its circuit lets a call through, and our key.

        Raises:
            ProviderUnavailable: it does not.
            KeyRefused: the provider has refused the key lately.
        """
        health, now = await self._around.health.view(self._provider.name), self._around.clock.now()
        if not allows(health, now):
            raise self._open(health)
        if health.rests(self.ends.key_mark, now):
            message = f"{self._provider.name} has refused our API key: check it, or set another."
            raise KeyRefused(message, provider=self._provider.name)
        return health

    async def is_permitted(self) -> bool:
        """Whether the circuit lets a call through."""
        health = await self._around.health.view(self._provider.name)
        return allows(health, self._around.clock.now())

    async def _exchange(self, sent: Sent, context: CallContext) -> MarketDataError | None:
        """What goes wrong, if anything, for as long as the caller waits.

        A probe that somebody waits for is one that has been silent lately.
        """
        longest = self._longest(sent, context)
        tries = sent.probe and context.priority is Priority.INTERACTIVE
        if not context.standby and not tries:
            return await self._answered(sent, longest, context)
        # A scout tells of silence, even if its sender had less time than that takes.
        enough = min(self._allowance.policy.timeout_s, max(PATIENCE_S, patience_s(sent.seen)))
        work = self._answered(sent, max(longest, enough))

        async def ended(task: asyncio.Task[MarketDataError | None]) -> None:
            await self._allowance.report(sent.reply)
            sent.let_go()
            error = task.result()
            if isinstance(error, ProviderError):
                error = self.ends.cleaned(error)
            await self.ends.settle(sent, error)

        try:
            return await self._patience.wait(work, sent.seen, longest, ended)
        except Stalled as stalled:
            return stalled

    async def _settle_stalled(self, sent: Sent, error: Stalled) -> None:
        """A call that goes on as a scout is counted when it ends."""
        if error.is_plain:
            silent = replace(sent, silent=True)  # the scout knows nothing of it
            await self.ends.settle(silent, error, counts=not error.is_followed)
        else:
            self.ends.log(sent, error, counts=not error.is_followed)

    def _longest(self, sent: Sent, context: CallContext) -> float:
        """For how many seconds the caller waits for this call."""
        left, longest = self._left(context), self._allowance.policy.timeout_s
        if left is not None:
            longest = min(longest, left)
        if context.silence_s is not None:
            longest = min(longest, max(context.silence_s, LEAST_S, longest_usual_s(sent.seen)))
        return longest

    async def _answered(
        self, sent: Sent, allowed: float, context: CallContext | None = None
    ) -> MarketDataError | None:
        """Fill in the reply; what goes wrong, if anything. A scout has no ``context``."""
        clock, origin = self._around.clock, self._origins.current
        began = clock.monotonic()
        error: ProviderError | None
        try:
            sent.answered(await self._channel.send(sent.call, allowed, origin, sent.priority))
        except TimeoutError:
            sent.silent = not self._patience.has_heard(began)  # it may answer others
            return self._unanswered(sent, allowed, context, origin)
        except ProviderError as fault:
            error = fault.with_traceback(None)  # which would hold on to this frame, and it to that
        else:
            faults = NO_FAULTS if sent.call.any_status else self._provider.faults
            error = find_fault(self._provider.name, sent.reply, faults, self._allowance.policy)
        finally:
            sent.seconds = clock.monotonic() - began
        self._patience.heard()
        return error and self._origins.after(origin, sent.reply, error)

    def _unanswered(
        self, sent: Sent, allowed: float, context: CallContext | None, origin: str
    ) -> MarketDataError:
        """Nothing came: that is silence, unless a call had all its time, which may be repeated."""
        name, deadline = self._provider.name, None if context is None else context.deadline
        if context is not None and allowed >= self._allowance.policy.timeout_s:
            sent.silent = False
            error = ProviderUnavailable(f"{name} did not answer within {allowed:g} s.")
            return self._origins.after(origin, sent.reply, error)
        sent.silent = sent.silent and allowed >= max(PATIENCE_S, patience_s(sent.seen))
        if sent.silent:
            self._origins.leave(origin)
        if deadline is not None and self._around.clock.monotonic() >= deadline - 2 * _MARGIN_S:
            return DeadlineExceeded(f"{name} did not answer before the deadline.")
        return Silent(f"{name} did not answer within {allowed:.3g} s.")

    def _refuse_if_stalled(self, context: CallContext) -> None:
        """Raise :class:`Stalled` if a call waits in vain already and others could answer."""
        if context.standby:
            self._patience.refuse_if_stalled()

    async def _probes(self, seen: ProviderHealth) -> bool:
        """Whether this call is the probe of an open circuit."""
        if seen.state is CircuitState.CLOSED:
            return False
        if await self._around.health.claim_probe(self._provider.name):
            return True
        raise self._open(await self._around.health.view(self._provider.name))

    def _left(self, context: CallContext) -> float | None:
        if context.deadline is None:
            return None
        left = context.deadline - self._around.clock.monotonic() - _MARGIN_S
        if left <= 0:
            raise DeadlineExceeded(f"The deadline passed before {self._provider.name} was asked.")
        return left

    def _open(self, health: ProviderHealth) -> ProviderUnavailable:
        name = self._provider.name
        return ProviderUnavailable(
            f"{name} has failed repeatedly: it is given a rest before the next try.",
            provider=name,
            retry_at=health.retry_at or health.probe_until,
        )
