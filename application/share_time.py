"""How the time that a caller gives is kept and shared out among those who are asked."""

from msgspec.structs import replace

from ports.clock import Clock
from ports.market_data import CallContext

RESERVE_S = 0.2  # kept back from the deadline to answer from what is stored after all


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
