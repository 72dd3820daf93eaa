"""A bulkhead: one slow provider holds up a bounded number of calls, the urgent ones least."""

import asyncio
import heapq
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count

from domain.errors import CallRefused, DeadlineExceeded
from domain.provider import Priority


class Bulkhead:
    """At most ``slots`` calls at once, at most ``waiting`` in line, urgent ones first.

    Calls that nobody waits for may not take the last quarter of the slots.
    """

    def __init__(self, name: str, slots: int, waiting: int) -> None:
        """All slots free."""
        self._name = name
        self._slots = slots
        self._patient = max(1, slots - max(1, slots // 4))
        self._waiting = waiting
        self._busy = 0
        self._numbers = count()
        self._line: list[tuple[int, int, asyncio.Future[None]]] = []

    @asynccontextmanager
    async def slot(self, priority: Priority, seconds: float | None) -> AsyncIterator[None]:
        """Hold a slot; wait for it at most so many seconds.

        Raises:
            CallRefused: too many calls wait already.
            DeadlineExceeded: no slot in time.
        """
        try:
            async with asyncio.timeout(seconds):
                await self._enter(priority)
        except TimeoutError:
            message = f"All connections to {self._name} were busy until the deadline."
            raise DeadlineExceeded(message) from None
        try:
            yield
        finally:
            self._busy -= 1
            self._admit()

    async def _enter(self, priority: Priority) -> None:
        if not self._line and self._fits(priority):
            self._busy += 1
            return
        if sum(not place.done() for _, _, place in self._line) >= self._waiting:
            message = f"Too many calls to {self._name} wait already: ask again later."
            raise CallRefused(message, provider=self._name)
        place = asyncio.get_running_loop().create_future()
        heapq.heappush(self._line, (int(priority), next(self._numbers), place))
        self._admit()
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():  # admitted and cancelled at once
                self._busy -= 1
            place.cancel()
            self._admit()
            raise

    def _fits(self, priority: Priority) -> bool:
        limit = self._slots if priority is Priority.INTERACTIVE else self._patient
        return self._busy < limit

    def _admit(self) -> None:
        """Let in whoever is first in line, as long as there is room."""
        while self._line:
            priority, _, place = self._line[0]
            if not place.done() and not self._fits(Priority(priority)):
                return
            heapq.heappop(self._line)
            if not place.done():
                self._busy += 1
                place.set_result(None)
