"""When to send a failed call again: full jitter, a budget, and never past the deadline."""

from adapters_out.provider_kit.faults import ShutOut, StaleConnection
from domain.errors import ProviderError
from domain.provider import ProviderPolicy
from ports.clock import Chance, Clock

_SHARE = 0.2
_FLOOR = 5.0
_PER_S = 0.1


class RetryBudget:
    """Retries stay below a fifth of the calls, so that an outage does not multiply the load.

    A floor of five, one more every ten seconds, lets a quiet service retry at all.
    """

    def __init__(self, clock: Clock) -> None:
        """Start with the floor."""
        self._clock = clock
        self._tokens = _FLOOR
        self._at = clock.monotonic()

    def called(self) -> None:
        """A call was made: a fifth of a retry is earned."""
        self._refill()
        self._tokens = min(_FLOOR * 2, self._tokens + _SHARE)

    def spend(self) -> bool:
        """Take one retry; False when there is none."""
        self._refill()
        if self._tokens < 1.0:
            return False
        self._tokens -= 1.0
        return True

    def _refill(self) -> None:
        now = self._clock.monotonic()
        if self._tokens < _FLOOR:
            self._tokens = min(_FLOOR, self._tokens + (now - self._at) * _PER_S)
        self._at = now


def backoff(policy: ProviderPolicy, attempt: int, chance: Chance) -> float:
    """Seconds before the next try after ``attempt`` (from 0): full jitter.

    Uniform between 0 and the doubling ceiling (Brooker, "Exponential backoff and jitter", AWS
    Architecture Blog 2015).
    """
    ceiling = min(policy.backoff_max_s, policy.backoff_s * 2.0**attempt)
    return chance.uniform(0.0, ceiling)


class Retries:
    """Decides about retries for one provider."""

    def __init__(self, policy: ProviderPolicy, clock: Clock, chance: Chance) -> None:
        """Start with a full budget."""
        self._policy = policy
        self._clock = clock
        self._chance = chance
        self.budget = RetryBudget(clock)

    def pause(self, error: ProviderError, attempt: int, deadline: float | None) -> float | None:
        """Seconds to wait before trying again after the ``attempt``-th failure (from 0).

        None: give up. A provider that names a time is not asked before it, and not at all if
        that is further away than any back-off would be.
        """
        if isinstance(error, ShutOut) or (isinstance(error, StaleConnection) and attempt == 0):
            return 0.0
        if not error.retry or attempt + 1 >= self._policy.attempts:
            return None
        pause = backoff(self._policy, attempt, self._chance)
        if error.retry_at is not None:
            pause = max(pause, error.retry_at - self._clock.now())
        late = deadline is not None and self._clock.monotonic() + pause >= deadline
        if late or pause > self._policy.backoff_max_s or not self.budget.spend():
            return None
        return pause
