"""How long to wait for a provider that does not answer while others could.

A provider that dies without a word would keep everybody waiting until their time is up. Who has
an alternative waits for 2.5 times what four of five recent answers took, at least half a second:
one does, the eldest of those who wait. As soon as its silence is unusual the younger ones go
elsewhere, and who comes later is not sent at all. The eldest, when it is given up, stays out as a
scout, which keeps nobody waiting: until it ends or anything else is heard of the provider nothing
is sent that could be answered elsewhere, and its end tells how the provider is; unless that is
plain, since as many calls were given up in one silence as faults open a circuit.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

from domain.circuit import FAULTS_IN_ROW, ProviderHealth
from domain.errors import ProviderUnavailable
from ports.clock import Clock

T = TypeVar("T")

LEAST_S = 0.5
UNKNOWN_S = 1.0  # before the first answer, which may come over a new connection
UNUSUAL_S = 0.25  # a silence that is shorter than this is none
_TIMES_USUAL = 2.5
_USUAL = 0.8  # of the recent answers were not slower
# A timer that rings so late means that we were busy: what came meanwhile has not been read.
_BUSY_S = 0.05


class Silent(ProviderUnavailable):
    """It said nothing for as long as was allowed: the same again would be the same."""

    retry = False


class Stalled(Silent):
    """Not waited for any longer; how the provider is will be told by a scout.

    ``is_plain``: it is known already, for many calls were met by the same silence.
    ``is_followed``: the call goes on as that scout.
    """

    is_plain = False
    is_followed = False


@dataclass(eq=False, slots=True)
class _Wait:
    """A call that is out: since when, for how long it is waited for, what silence is unusual."""

    began: float
    patience_s: float
    unusual_s: float


class Patience:
    """The calls to one provider that have an alternative."""

    def __init__(self, provider: str, clock: Clock) -> None:
        """Nobody waits."""
        self._provider = provider
        self._clock = clock
        self._eldest: _Wait | None = None
        self._heard_at = clock.monotonic()
        self._given_up = 0  # calls, since then
        self._scout: asyncio.Task[None] | None = None
        self._scout_began = 0.0

    def heard(self) -> None:
        """The provider has said something, whatever it was."""
        self._heard_at = self._clock.monotonic()
        self._given_up = 0

    def has_heard(self, since: float) -> bool:
        """Whether it has said something after that moment (monotonic s)."""
        return self._heard_at > since

    def refuse_if_stalled(self) -> None:
        """Raise :class:`Stalled` while the provider is unusually silent."""
        eldest = self._eldest
        silent_for = 0.0 if eldest is None else self._silence(eldest)
        if self._is_scouted() or (eldest is not None and silent_for >= eldest.unusual_s):
            raise self._stalled()

    async def wait(
        self,
        work: Coroutine[Any, Any, T],
        usual: ProviderHealth,
        longest_s: float,
        ended: Callable[[asyncio.Task[T]], Awaitable[None]],
    ) -> T:
        """The outcome of the work, waited for as long as is reasonable.

        ``ended(task)`` is called when the work of a scout is over.

        Raises:
            Stalled: it takes too long, at most ``longest_s``.
        """
        task = asyncio.ensure_future(work)
        task.add_done_callback(_looked_at)
        patience = min(patience_s(usual), longest_s)
        mine = _Wait(self._clock.monotonic(), patience, unusual_s(usual))
        kept = False
        try:
            while not task.done() and (left := self._left(mine)) > 0.0:
                await self._listen(task, mine, left)
            if task.done():
                return task.result()
            self._given_up += 1
            kept = self._takes_over(mine)
        finally:
            if self._eldest is mine:
                self._eldest = None
            if not kept:
                task.cancel()
        stalled = self._stalled()
        if kept:
            self._scout = asyncio.create_task(_follow(task, ended))
            stalled.is_followed = True
            stalled.is_plain = self._given_up >= FAULTS_IN_ROW
        raise stalled

    def _takes_over(self, mine: _Wait) -> bool:
        """Whether a call that is given up becomes the scout; there is one at most."""
        if self._eldest is not mine or self._is_scouted():
            return False
        self._scout_began = mine.began
        return not self._is_out()

    async def _listen(self, task: "asyncio.Task[T]", mine: _Wait, seconds: float) -> None:
        due = self._clock.monotonic() + seconds
        await asyncio.wait((task,), timeout=seconds)
        late = self._clock.monotonic() - due
        if late > _BUSY_S and not task.done() and not self._is_out():
            mine.began += min(late, LEAST_S)
            self._heard_at += min(late, LEAST_S)

    def _left(self, mine: _Wait) -> float:
        """Seconds for which a call is still waited for as things stand."""
        if self._is_scouted():
            return 0.0
        if self._eldest is None:
            self._eldest = mine
        left = mine.began + mine.patience_s - self._clock.monotonic()
        if self._eldest is mine:
            return left
        return min(left, mine.unusual_s - self._silence(self._eldest))

    def _silence(self, eldest: _Wait) -> float:
        """For how long nothing has been heard."""
        return self._clock.monotonic() - max(eldest.began, self._heard_at)

    def _is_scouted(self) -> bool:
        """Whether a scout is out, and nothing was heard of the provider since it left."""
        return self._is_out() and self._heard_at <= self._scout_began

    def _is_out(self) -> bool:
        """Whether a scout is out."""
        return self._scout is not None and not self._scout.done()

    def _stalled(self) -> Stalled:
        message = f"{self._provider} does not answer, and is not waited for any longer."
        return Stalled(message, provider=self._provider)


async def _follow(
    task: "asyncio.Task[T]", ended: Callable[["asyncio.Task[T]"], Awaitable[None]]
) -> None:
    try:
        await asyncio.wait((task,))
    finally:
        task.cancel()
    await ended(task)


def _looked_at(task: "asyncio.Task[Any]") -> None:
    """What becomes of work that was given up interests nobody."""
    if not task.cancelled():
        task.exception()


def patience_s(usual: ProviderHealth) -> float:
    """Seconds for which an answer is waited for where others could give one."""
    return UNKNOWN_S if not usual.latencies_s else max(LEAST_S, longest_usual_s(usual))


def unusual_s(usual: ProviderHealth) -> float:
    """Seconds of silence after which nobody else is sent."""
    return LEAST_S if not usual.latencies_s else max(UNUSUAL_S, longest_usual_s(usual))


def longest_usual_s(usual: ProviderHealth) -> float:
    """2.5 times what four of five recent answers took; 0 before the first."""
    if not usual.latencies_s:
        return 0.0
    ordered = sorted(usual.latencies_s)
    return _TIMES_USUAL * ordered[int(_USUAL * (len(ordered) - 1))]
