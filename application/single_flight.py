"""One piece of work for many callers who want the same."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from domain.errors import DeadlineExceeded

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
        leads = key not in self._flights
        task = self._begin(key, work) if leads else self._flights[key]
        self._waiting[key] += 1
        try:
            await asyncio.wait((task,))  # unlike awaiting the task, never cancels it
            return task.result(), leads
        finally:
            self._leave(key, task)

    async def join_within(
        self, key: str, work: Callable[[], Awaitable[T]], time_left: Callable[[], float | None]
    ) -> tuple[T, bool]:
        """As :meth:`join`, for at most ``time_left()`` seconds (None: for ever).

        A follower whose leader ran out of time starts over while its own time is not up.

        Raises:
            DeadlineExceeded: the time is up.
        """
        while True:
            began: list[bool] = []

            def lead(began: list[bool] = began) -> Awaitable[T]:
                began.append(True)
                return work()

            left = time_left()
            try:
                async with asyncio.timeout(None if left is None else max(0.0, left)):
                    return await self.join(key, lead)
            except TimeoutError:
                raise DeadlineExceeded("The answer did not come in time.") from None
            except DeadlineExceeded:
                if began or (left is not None and left <= 0):
                    raise

    def start(self, key: str, work: Callable[[], Awaitable[T]]) -> bool:
        """Begin work that nobody waits for; False when it is in the air already."""
        if key in self._flights:
            return False
        self._begin(key, work)
        self._waiting[key] += 1
        return True

    async def drain(self) -> None:
        """Wait for everything in the air and what that sets off, whatever its outcome."""
        while self._flights:
            await asyncio.wait(tuple(self._flights.values()))

    def _begin(self, key: str, work: Callable[[], Awaitable[T]]) -> asyncio.Task[T]:
        task = asyncio.ensure_future(_run(work))
        self._flights[key] = task
        self._waiting[key] = 0
        task.add_done_callback(lambda done: self._land(key, done))
        return task

    def _land(self, key: str, task: asyncio.Task[T]) -> None:
        if self._flights.get(key) is task:
            del self._flights[key]
            del self._waiting[key]
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
