"""What becomes of a call that is over: health, pauses, metrics and one line of the log."""

from contextlib import suppress

from msgspec import Struct

from adapters_out.provider_kit.faults import KeyRefused
from adapters_out.provider_kit.redaction import Redactor
from adapters_out.provider_kit.sent import Sent
from domain.circuit import Outcome
from domain.errors import (
    Banned,
    BudgetUnavailable,
    DeadlineExceeded,
    MarketDataError,
    ProviderError,
    QuotaExhausted,
    RateLimited,
)
from ports.clock import Clock
from ports.health_board import HealthBoard
from ports.pacing import Pacer
from ports.telemetry import Telemetry

# A provider that has kept us waiting this long when the caller's time is up is at fault itself.
PATIENCE_S = 1.0


class Surroundings(Struct, frozen=True):
    """What the machinery of every provider stands on."""

    pacer: Pacer
    health: HealthBoard
    clock: Clock
    telemetry: Telemetry


class CallEnds:
    """Settles the calls of one provider."""

    def __init__(self, provider: str, redactor: Redactor, around: Surroundings) -> None:
        """Take the collaborators."""
        self._provider = provider
        self._redactor = redactor
        self._around = around
        self.key_mark = redactor.mark

    async def settle(
        self, sent: Sent, error: MarketDataError | None, *, counts: bool = True
    ) -> None:
        """Count the end of a call: health, freeze, telemetry.

        ``counts`` is False for a call that goes on and will be settled once more.
        """
        if sent.kept:
            return
        name, around = self._provider, self._around
        if isinstance(error, RateLimited | QuotaExhausted) and error.retry_at is not None:
            with suppress(BudgetUnavailable):  # the pacer owes it and grants nothing until paid
                banned = isinstance(error, Banned)
                await around.pacer.freeze(name, error.retry_at, banned=banned)
        if sent.probe or not isinstance(error, RateLimited):
            outcome = Outcome(
                ok=not self._is_fault(sent, error),
                latency_s=sent.seconds,
                at=around.clock.now(),
                probe=sent.probe,
                silent=sent.silent,
                accepted=error is None,
                refused_key=self.key_mark if isinstance(error, KeyRefused) else "",
            )
            await self._record(sent, outcome)
        self.log(sent, error, counts=counts)

    def cleaned(self, error: ProviderError) -> ProviderError:
        """The same error without keys in its sentence and without a history."""
        message = self._redactor.clean(error.message)
        return type(error)(message, provider=self._provider, retry_at=error.retry_at)

    def log(self, sent: Sent, error: MarketDataError | None, *, counts: bool) -> None:
        """Tell people, and the metrics if it ``counts``."""
        name, outcome = self._provider, error.code if error else "ok"
        if counts:
            self._around.telemetry.provider_called(name, sent.endpoint, outcome, sent.seconds)
        asked = "&".join(f"{key}={value}" for key, value in sent.call.params.items())
        self._around.telemetry.event(
            "provider_call",
            provider=name,
            endpoint=sent.endpoint,
            outcome=outcome,
            call=self._redactor.clean(f"{sent.call.method} {sent.call.path}?{asked}"),
            status=sent.reply.status,
            bytes=sent.size,
            seconds=round(sent.seconds, 4),
            probe=sent.probe,
            request_id=sent.request_id,
            reason=self._redactor.clean(error.message) if error else "",
        )

    async def _record(self, sent: Sent, outcome: Outcome) -> None:
        after = await self._around.health.record(self._provider, outcome)
        if after.state is not sent.seen.state:
            self._around.telemetry.circuit_changed(self._provider, after.state.value)

    def _is_fault(self, sent: Sent, error: MarketDataError | None) -> bool:
        if isinstance(error, DeadlineExceeded):
            return sent.seconds >= PATIENCE_S
        return error is not None and error.hurts_health
