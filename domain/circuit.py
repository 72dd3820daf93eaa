"""The health of a provider as a value; the transitions are written with the health boards."""

from enum import Enum

from msgspec import Struct


class CircuitState(Enum):
    """Closed lets calls through, open refuses them, half-open lets one probe through."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class Outcome(Struct, frozen=True):
    """One call's end: ``ok`` is False only for faults that hurt health; ``latency_s`` its length.

    ``probe`` marks the call that was sent to test an open circuit.
    """

    ok: bool
    latency_s: float
    at: float
    probe: bool = False


class ProviderHealth(Struct, frozen=True):
    """A circuit and the recent past of one provider (times in Unix s)."""

    state: CircuitState = CircuitState.CLOSED
    failures_in_row: int = 0
    recent: tuple[bool, ...] = ()
    latencies_s: tuple[float, ...] = ()
    opened_at: float | None = None
    retry_at: float | None = None
    cooldown_s: float = 0.0
    probe_until: float | None = None
