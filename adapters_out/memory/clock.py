"""Clocks that tests turn by hand, chance without luck, ids that count."""

import asyncio
import selectors
from collections.abc import Callable

from ports.clock import Chance, Clock, Ids


class ManualClock(Clock):
    """Stands still until told; sleeping moves it on at once."""

    def __init__(self, now: float = 1_700_000_000.0) -> None:
        """Start at ``now`` (Unix s)."""
        self._now = now
        self.slept: list[float] = []

    def now(self) -> float:
        """Where the hands are."""
        return self._now

    def monotonic(self) -> float:
        """The same hands."""
        return self._now

    async def sleep(self, seconds: float) -> None:
        """Remember the wish, jump there, let the other tasks run."""
        self.slept.append(seconds)
        self._now += max(0.0, seconds)
        await asyncio.sleep(0)  # noqa: TID251  # this is a clock

    def advance(self, seconds: float) -> None:
        """Turn the hands."""
        self._now += seconds


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """An event loop whose time jumps to the next timer whenever nothing else is to be done.

    ``asyncio.timeout``, ``sleep`` and ``call_later`` keep their order and cost no real time.
    Only for code without sockets or threads.
    """

    def __init__(self) -> None:
        """Start at second zero."""
        self._virtual = 0.0
        super().__init__(_JumpingSelector(self._jump))

    def time(self) -> float:
        """Seconds since the loop was made."""
        return self._virtual

    def _jump(self, seconds: float) -> None:
        self._virtual += seconds


class _JumpingSelector(selectors.DefaultSelector):
    def __init__(self, jump: Callable[[float], None]) -> None:
        super().__init__()
        self._on_idle = jump

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready: list[tuple[selectors.SelectorKey, int]] = super().select(0)
        if not ready and timeout is None:
            message = "Every task waits and no timer is set: the test would hang for ever."
            raise RuntimeError(message)
        if not ready and timeout is not None and timeout > 0:
            self._on_idle(timeout)
        return ready


class LoopClock(Clock):
    """The running loop's time as wall time: virtual on a :class:`VirtualTimeLoop`."""

    def __init__(self, epoch: float = 1_700_000_000.0) -> None:
        """Let the loop's second zero be ``epoch`` (Unix s)."""
        self._epoch = epoch

    def now(self) -> float:
        """Unix seconds."""
        return self._epoch + self.monotonic()

    def monotonic(self) -> float:
        """The loop's own seconds."""
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        """Wait in the loop's time."""
        await asyncio.sleep(max(0.0, seconds))  # noqa: TID251  # this is a clock


class FixedChance(Chance):
    """Always the same point between the bounds: 0 is the lower, 1 the upper."""

    def __init__(self, point: float = 0.5) -> None:
        """Choose the point, 0..1."""
        self._point = point

    def uniform(self, low: float, high: float) -> float:
        """The chosen point between the two."""
        return low + (high - low) * self._point


class CountingIds(Ids):
    """``id-000001`` and so on."""

    def __init__(self) -> None:
        """Start at one."""
        self._count = 0

    def new(self) -> str:
        """The next one."""
        self._count += 1
        return f"id-{self._count:06d}"
