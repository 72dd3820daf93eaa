"""One piece of work for many callers who want the same."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class SingleFlight(Generic[T]):
    """Runs one task per key at a time; everybody who asks meanwhile shares its outcome.

    The task belongs to nobody: a caller who is cancelled, the first one included, leaves the
    others alone. When the last caller has gone the task is cancelled too; work begun with
    :meth:`start` runs to its end.
    """

    def __init__(self) -> None:
        """Start with nothing in the air."""
        self._flights: dict[str, asyncio.Task[T]] = {}
        self._waiting: dict[str, int] = {}

    async def join(self, key: str, work: Callable[[], Awaitable[T]]) -> tuple[T, bool]:
        """The outcome of ``work`` under ``key``, and whether this call began it."""
        task = self._flights.get(key)
        leads = task is None
        if task is None:
            task = asyncio.ensure_future(_run(work))
            self._flights[key] = task
            task.add_done_callback(lambda done: self._land(key, done))
        self._waiting[key] = self._waiting.get(key, 0) + 1
        try:
            return await asyncio.shield(task), leads
        finally:
            self._leave(key, task)

    def start(self, key: str, work: Callable[[], Awaitable[T]]) -> bool:
        """Begin work that nobody waits for; False when it is in the air already."""
        if key in self._flights:
            return False
        task = asyncio.ensure_future(_run(work))
        self._flights[key] = task
        self._waiting[key] = 1
        task.add_done_callback(lambda done: self._land(key, done))
        return True

    async def drain(self) -> None:
        """Wait for everything in the air, whatever its outcome."""
        await asyncio.gather(*self._flights.values(), return_exceptions=True)

    def _land(self, key: str, task: asyncio.Task[T]) -> None:
        if self._flights.get(key) is task:
            del self._flights[key]
            self._waiting.pop(key, None)
        if not task.cancelled():
            task.exception()  # seen by the callers; a flight without callers must not complain

    def _leave(self, key: str, task: asyncio.Task[T]) -> None:
        if self._flights.get(key) is not task:
            return
        self._waiting[key] -= 1
        if self._waiting[key] == 0 and not task.done():
            del self._flights[key]
            del self._waiting[key]
            task.cancel()


async def _run(work: Callable[[], Awaitable[T]]) -> T:
    return await work()
