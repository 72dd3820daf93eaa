"""How the time that a caller gives is kept and shared out among those who are asked."""

from collections.abc import Iterable

from msgspec.structs import replace

from domain.errors import Attempt
from ports.clock import Clock
from ports.market_data import CallContext

RESERVE_S = 0.2  # kept back from the deadline to answer from what is stored after all
ENOUGH_S = 1.0  # of silence, for whom nobody stands by
_SILENT = 0.5  # of the time may be spent on waiting for those who say nothing


def time_left(clock: Clock, context: CallContext, reserve_s: float = 0.0) -> float | None:
    """Seconds until the deadline less ``reserve_s``: negative when it is past, None without one."""
    return None if context.deadline is None else context.deadline - reserve_s - clock.monotonic()


def is_late(clock: Clock, context: CallContext) -> bool:
    """Whether the caller's time is up but for what is kept back."""
    left = time_left(clock, context, RESERVE_S)
    return left is not None and left <= 0


def share_of(clock: Clock, context: CallContext, candidates: int) -> CallContext:
    """The part of the time left that the first of ``candidates`` may use.

    While there are others it is told so: who does not answer as usual need not be waited for.
    """
    context = replace(context, standby=candidates > 1)
    left = time_left(clock, context, RESERVE_S)
    if left is None:
        return context
    return replace(context, deadline=clock.monotonic() + max(0.0, left) / candidates)


class Shares:
    """The shares of candidates who are asked one after the other.

    - each has an equal part of the time that is left when its turn comes;
    - of several, ``others`` included that can be no help now, nobody is waited for in silence
      beyond the middle of the time, or for a second if that is over: then there is an answer,
      though it only tells who said nothing. One without any alternative has all the time.
    """

    def __init__(
        self, clock: Clock, context: CallContext, candidates: int, others: Iterable[Attempt] = ()
    ) -> None:
        """Begin now."""
        self._clock = clock
        self._context = context
        self._left = candidates
        self._is_choice = candidates + sum(other.asked for other in others) > 1
        self._half = _SILENT * (time_left(clock, context, RESERVE_S) or 0.0)

    def next(self) -> CallContext:
        """The share of the next candidate."""
        count, left = max(1, self._left), time_left(self._clock, self._context, RESERVE_S)
        self._left -= 1
        share = share_of(self._clock, self._context, count)
        if left is None or not self._is_choice:
            return share
        return replace(share, silence_s=max(ENOUGH_S, left - self._half) / count)
