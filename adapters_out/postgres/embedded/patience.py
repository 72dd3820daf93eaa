"""Waiting with an end: the only module of the launcher that looks at a clock.

The launcher runs in threads and processes that exist before any ``Clock`` does.
"""

from time import monotonic, sleep  # noqa: TID251 - the supervisor has no container and no Clock

STEP_S = 0.01


class Deadline:
    """A moment ``seconds`` from now."""

    __slots__ = ("_end",)

    def __init__(self, seconds: float) -> None:
        self._end = monotonic() + seconds

    def left(self) -> float:
        """Seconds that remain, never negative."""
        return max(0.0, self._end - monotonic())

    def pause(self) -> bool:
        """Sleep one short step; False, at once, when the time is up."""
        left = self.left()
        if left <= 0:
            return False
        sleep(min(STEP_S, left))
        return True
