"""The health of a provider as a value: its circuit, how it opens, is probed and closes.

Closed lets calls through. Five faults in a row, more than half of the last twenty calls (at
least ten), or one silence open it: nothing is sent for a cool-down of 2 s. Then exactly one
probe, over all processes, is let through (half-open): success closes the circuit and forgets the
past, a fault doubles the cool-down, up to 15 s. A prober that dies loses its claim after a short
lease.

A key that the provider refused is remembered beside the circuit, under a mark that tells it from
other keys: with it nothing is sent for 15 s. Then somebody tries: an answer that carries data ends
it, another refusal doubles the rest, up to ten minutes.
"""

from collections.abc import Iterable
from enum import Enum

from msgspec import Struct
from msgspec.structs import replace

FAULTS_IN_ROW = 5
RECENT = 20
RECENT_MIN = 10
FAULT_SHARE = 0.5
COOLDOWN_S = 2.0
COOLDOWN_MAX_S = 15.0
WRITE_EVERY_S = 1.0  # how often a board writes down that all is well
PROBE_LEASE_S = 12.0  # with the longest cool-down less than 30 s
KEY_REST_S = 15.0  # some providers refuse good keys for a moment
KEY_REST_MAX_S = 600.0  # a wrong one does not become right by being sent again
_SLOW_S = 10.0  # a median of this costs all that slowness can cost
_SLOW_POINTS = 30.0


class CircuitState(Enum):
    """Closed lets calls through, open refuses them, half-open lets one probe through."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class Outcome(Struct, frozen=True):
    """One call's end: ``ok`` is False only for faults that hurt health; ``latency_s`` its length.

    ``probe`` marks the call that was sent to test an open circuit, ``silent`` one that got no
    answer at all in a time in which there always is one. ``accepted``: it was answered with data;
    ``refused_key`` is the mark of the key that the provider did not accept.
    """

    ok: bool
    latency_s: float
    at: float
    probe: bool = False
    silent: bool = False
    accepted: bool = False
    refused_key: str = ""


class ProviderHealth(Struct, frozen=True):
    """A circuit and the recent past of one provider (times in Unix s).

    ``recent`` and ``latencies_s`` (of successes) hold the last twenty, newest last.
    """

    state: CircuitState = CircuitState.CLOSED
    failures_in_row: int = 0
    recent: tuple[bool, ...] = ()
    latencies_s: tuple[float, ...] = ()
    opened_at: float | None = None
    retry_at: float | None = None
    cooldown_s: float = 0.0
    probe_until: float | None = None
    faulted_at: float | None = None  # the last fault
    refused_key: str = ""
    refused_at: float = 0.0
    refusals: int = 0  # of that key, one after the other

    def refuses(self, key: str) -> bool:
        """Whether the provider last said that it does not accept the key of that mark."""
        return key != "" and self.refused_key == key

    def rests(self, key: str, now: float) -> bool:
        """Whether the key is not to be sent (a clock that was set back prolongs nothing)."""
        return self.refuses(key) and 0.0 <= now - self.refused_at < self.key_rest_s

    @property
    def key_rest_s(self) -> float:
        """For how long after the last refusal."""
        return min(KEY_REST_MAX_S, KEY_REST_S * 2.0 ** min(self.refusals - 1, 10))

    @property
    def error_rate(self) -> float:
        """The share of faults among the recent calls, 0..1."""
        return self.recent.count(False) / len(self.recent) if self.recent else 0.0

    @property
    def latency_p50_ms(self) -> float | None:
        """The median length of the recent successes in milliseconds; None before the first."""
        if not self.latencies_s:
            return None
        return sorted(self.latencies_s)[len(self.latencies_s) // 2] * 1000.0

    @property
    def score(self) -> float:
        """0..100 for ranking: errors cost all of it, slowness at most thirty points.

        An open circuit scores 0, a half-open one at most 20.
        """
        if self.state is CircuitState.OPEN:
            return 0.0
        slowness = min(1.0, (self.latency_p50_ms or 0.0) / (_SLOW_S * 1000.0))
        score = max(0.0, 100.0 * (1.0 - self.error_rate) - _SLOW_POINTS * slowness)
        return score if self.state is CircuitState.CLOSED else min(20.0, score)


def allows(health: ProviderHealth, now: float) -> bool:
    """Whether a call may be sent: the circuit is closed, or its one probe is there to claim."""
    return health.state is CircuitState.CLOSED or _probe_is_free(health, now)


def claim_probe(health: ProviderHealth, now: float) -> tuple[ProviderHealth, bool]:
    """Take the one probe of a circuit whose cool-down has passed; False if there is none."""
    if not _probe_is_free(health, now):
        return health, False
    return replace(health, state=CircuitState.HALF_OPEN, probe_until=now + PROBE_LEASE_S), True


def after(health: ProviderHealth, outcome: Outcome) -> ProviderHealth:
    """The health after one more outcome.

    While the circuit is not closed only probes count: what else comes back was sent before.
    """
    return _keyed(_circuit_after(health, outcome), health, outcome)


def _keyed(after_it: ProviderHealth, health: ProviderHealth, outcome: Outcome) -> ProviderHealth:
    """With what the outcome says of the key; calls that were sent together are one refusal."""
    key, at, count = health.refused_key, health.refused_at, health.refusals
    if outcome.accepted:
        key, at, count = "", 0.0, 0
    elif outcome.refused_key and not health.rests(outcome.refused_key, outcome.at):
        same = health.refuses(outcome.refused_key)
        key, at, count = outcome.refused_key, outcome.at, count + 1 if same else 1
    return replace(after_it, refused_key=key, refused_at=at, refusals=count)


def _circuit_after(health: ProviderHealth, outcome: Outcome) -> ProviderHealth:
    if health.state is CircuitState.CLOSED:
        noted = _noted(health, outcome)
        is_open = outcome.silent or _is_sick(noted)
        return _opened(noted, outcome.at, COOLDOWN_S) if is_open else noted
    if not outcome.probe:
        return health
    if outcome.ok:
        return _noted(ProviderHealth(latencies_s=health.latencies_s), outcome)
    if health.state is CircuitState.OPEN:  # a probe so late that its circuit opened anew
        return health
    doubled = min(COOLDOWN_MAX_S, 2.0 * health.cooldown_s)
    return _opened(_noted(health, outcome), outcome.at, doubled)


def replay(health: ProviderHealth, outcomes: Iterable[Outcome]) -> ProviderHealth:
    """The health after several outcomes."""
    for outcome in outcomes:
        health = after(health, outcome)
    return health


class Unwritten(Struct, frozen=True):
    """What one process knows and has not yet written to a shared board.

    ``seen`` is the shared health as written or read last, at ``written_at`` (Unix s).
    """

    seen: ProviderHealth = ProviderHealth()
    outcomes: tuple[Outcome, ...] = ()
    written_at: float = 0.0

    def plus(self, outcome: Outcome) -> "Unwritten":
        """One outcome more."""
        return replace(self, outcomes=(*self.outcomes, outcome))

    def can_wait(self, now: float) -> bool:
        """Whether nobody misses these outcomes yet: successes that change no circuit."""
        dull = all(e.ok and not e.probe and not e.refused_key for e in self.outcomes)
        well = self.seen.state is CircuitState.CLOSED and self.seen.failures_in_row == 0
        well = well and not self.seen.refused_key
        return dull and well and 0.0 <= now - self.written_at < WRITE_EVERY_S


def _probe_is_free(health: ProviderHealth, now: float) -> bool:
    """Whether the cool-down has passed and nobody holds the probe.

    Neither lasts longer than it can: a clock that was set back must not keep a circuit open.
    """
    if health.state is CircuitState.CLOSED:
        return False
    if health.state is CircuitState.OPEN:
        retry_at = health.retry_at or 0.0
        return not now < retry_at <= now + COOLDOWN_MAX_S
    return not now < (health.probe_until or 0.0) <= now + PROBE_LEASE_S


def _is_sick(health: ProviderHealth) -> bool:
    enough = len(health.recent) >= RECENT_MIN
    return health.failures_in_row >= FAULTS_IN_ROW or (enough and health.error_rate > FAULT_SHARE)


def _noted(health: ProviderHealth, outcome: Outcome) -> ProviderHealth:
    latencies = (*health.latencies_s, outcome.latency_s) if outcome.ok else health.latencies_s
    return replace(
        health,
        failures_in_row=0 if outcome.ok else health.failures_in_row + 1,
        recent=(*health.recent, outcome.ok)[-RECENT:],
        latencies_s=latencies[-RECENT:],
        faulted_at=health.faulted_at if outcome.ok else outcome.at,
    )


def _opened(health: ProviderHealth, at: float, cooldown_s: float) -> ProviderHealth:
    return replace(
        health,
        state=CircuitState.OPEN,
        opened_at=at,
        retry_at=at + cooldown_s,
        cooldown_s=cooldown_s,
        probe_until=None,
    )
