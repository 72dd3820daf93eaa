"""How long to wait for a provider that does not answer while others could.

A provider that dies without a word would keep everybody waiting until their time is up. Who has
an alternative waits for 2.5 times what four of five recent answers took, at least half a second.
The first call that is given up stays out as a scout, which keeps nobody waiting: until it ends
nothing else is sent that could be answered elsewhere, and its end tells how the provider is.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from domain.circuit import ProviderHealth
from domain.errors import ProviderUnavailable

T = TypeVar("T")

LEAST_S = 0.5
UNKNOWN_S = 1.0  # before the first answer, which may come over a new connection
_TIMES_USUAL = 2.5
_USUAL = 0.8  # of the recent answers were not slower


class Stalled(ProviderUnavailable):
    """Not waited for, since another provider stands by."""

    retry = False


class Patience:
    """The calls to one provider that have an alternative."""

    def __init__(self, provider: str) -> None:
        """Nobody waits."""
        self._provider = provider
        self._scout: asyncio.Task[None] | None = None

    def refuse_if_stalled(self) -> None:
        """Raise :class:`Stalled` while a scout is out."""
        if self._scout is not None and not self._scout.done():
            raise self._stalled()

    async def wait(
        self,
        work: Coroutine[Any, Any, T],
        usual: ProviderHealth,
        ended: Callable[[bool], Awaitable[None]],
    ) -> T:
        """The outcome of the work, waited for as long as is reasonable.

        ``ended(answered)`` is called when the work of a scout is over.

        Raises:
            Stalled: it takes too long.
        """
        task = asyncio.ensure_future(work)
        task.add_done_callback(_looked_at)
        try:
            await asyncio.wait((task,), timeout=patience_s(usual))
            if task.done():
                return task.result()
            self.refuse_if_stalled()
            self._scout = asyncio.create_task(_follow(task, ended))
        except BaseException:
            task.cancel()
            raise
        raise self._stalled()

    def _stalled(self) -> Stalled:
        message = f"{self._provider} does not answer, and is not waited for while others can."
        return Stalled(message, provider=self._provider)


async def _follow(task: "asyncio.Task[T]", ended: Callable[[bool], Awaitable[None]]) -> None:
    try:
        await asyncio.wait((task,))
    finally:
        task.cancel()
    await ended(task.exception() is None)


def _looked_at(task: "asyncio.Task[Any]") -> None:
    """What becomes of work that was given up interests nobody."""
    if not task.cancelled():
        task.exception()


def patience_s(usual: ProviderHealth) -> float:
    """Seconds after which silence is unusual."""
    if not usual.latencies_s:
        return UNKNOWN_S
    ordered = sorted(usual.latencies_s)
    return max(LEAST_S, _TIMES_USUAL * ordered[int(_USUAL * (len(ordered) - 1))])
