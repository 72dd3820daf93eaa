"""Counting calls as a provider does."""

from msgspec import Struct


class Refusal(Struct, frozen=True):
    """A call too many: come back after ``retry_after_s``; ``banned`` if warnings were ignored."""

    banned: bool
    retry_after_s: float


class RateLimit:
    """At most ``limit`` weight in each window of ``window_s`` seconds of the clock.

    Refused calls are warned; after ``patience`` further ones within a window comes a ban of
    ``ban_s`` seconds, which every call during it prolongs.
    """

    def __init__(self, limit: float, window_s: float, patience: int, ban_s: float) -> None:
        """Nothing counted yet."""
        self._limit, self._window_s = limit, window_s
        self._patience, self._ban_s = patience, ban_s
        self._window = -1
        self._used = 0.0
        self._warned = 0
        self._banned_until = 0.0

    def judge(self, weight: float, now: float) -> Refusal | None:
        """Count one call at ``now`` (monotonic s)."""
        if now < self._banned_until:
            self._banned_until = now + self._ban_s
            return Refusal(banned=True, retry_after_s=self._ban_s)
        window = int(now // self._window_s)
        if window != self._window:
            self._window, self._used, self._warned = window, 0.0, 0
        self._used += weight
        if self._used <= self._limit:
            return None
        self._warned += 1
        if self._warned > self._patience:
            self._banned_until = now + self._ban_s
            return Refusal(banned=True, retry_after_s=self._ban_s)
        return Refusal(banned=False, retry_after_s=(window + 1) * self._window_s - now)
