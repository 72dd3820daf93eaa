"""Several ways to the same answer, the best first: the plan decides which of them are open."""

from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Generic, TypeVar

from domain.errors import NotEntitled
from ports.clock import Clock

W = TypeVar("W")
T = TypeVar("T")

AGAIN_S = 3600.0  # a plan may be upgraded


class Entitled(Generic[W]):
    """Ways in order of preference; what the plan refused is not tried again for a while."""

    def __init__(self, ways: Sequence[W], clock: Clock, again_s: float = AGAIN_S) -> None:
        """Nothing has been refused yet."""
        self._again_s = again_s
        self._ways = tuple(ways)
        self._clock = clock
        self._refused: dict[tuple[Hashable, int], float] = {}

    def __len__(self) -> int:
        """How many ways there are."""
        return len(self._ways)

    async def first(self, kind: Hashable, ask: Callable[[W], Awaitable[T]]) -> T:
        """The answer by the first way that the plan includes; the last is always tried.

        ``kind`` of question: a plan may include one kind and not the other.

        Raises:
            NotEntitled: it includes none.
        """
        *better, last = self._ways
        for place, way in enumerate(better):
            now = self._clock.monotonic()
            if self._refused.get((kind, place), 0.0) > now:
                continue
            try:
                return await ask(way)
            except NotEntitled:
                self._refused[kind, place] = now + self._again_s
        return await ask(last)
