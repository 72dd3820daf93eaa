"""Work that is left to itself when its time is up."""

import asyncio
from collections.abc import Awaitable
from typing import Any, TypeVar

T = TypeVar("T")
_LAG_SHARE = 0.2  # of the time that is allowed


def deadline_of(arrived: float, now: float, allowed_s: float) -> float:
    """When to have an answer to what came at ``arrived`` and is begun ``now``.

    What it took to begin it will take to send the answer too: a process that has more to do than
    it can is as late at the end as at the start. At most a fifth of the time is kept back for that.
    """
    lag = max(0.0, now - arrived)
    return arrived + allowed_s - min(lag, _LAG_SHARE * allowed_s)


class Deadlines:
    """Waits for work as long as it may, and not for what it does when it is cancelled.

    Work that is broken off may have to say so elsewhere: the query of a database is cancelled
    over a connection of its own, which takes long when everything does. The caller must not wait
    for that.
    """

    def __init__(self) -> None:
        """Nothing is left to itself yet."""
        self._left: set[asyncio.Future[Any]] = set()

    async def keep(self, work: Awaitable[T], seconds: float) -> T:
        """The outcome of ``work``, cancelled after so many seconds.

        Raises:
            TimeoutError: there was none in time.
        """
        task = asyncio.ensure_future(work)
        try:
            done, _ = await asyncio.wait((task,), timeout=seconds)
        except asyncio.CancelledError:
            self._leave(task)
            raise
        if done:
            return task.result()
        self._leave(task)
        raise TimeoutError

    def _leave(self, task: asyncio.Future[Any]) -> None:
        task.cancel()
        self._left.add(task)
        task.add_done_callback(self._forget)

    def _forget(self, task: asyncio.Future[Any]) -> None:
        self._left.discard(task)
        if not task.cancelled():
            task.exception()  # seen: nobody is left to be told
