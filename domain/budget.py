"""The account of one provider's request budget as a frozen value, and what its windows hold.

Sliding windows count what left in 60 slots, always counting the oldest slot whole and
:data:`LAG_S` more; calendar windows are one counter each, and what leaves just before the turn
counts on both sides of it, because it may arrive on either.
"""

import math
from collections.abc import Iterable

from msgspec import Struct

from domain.provider import Priority, ProviderPolicy, Window

LAG_S = 0.1  # how much later than its grant a call may arrive
SLOTS = 60
BACKFILL_SHARE = 0.9  # of windows long and wide enough that the rest is of use to others
BACKFILL_SHARE_FROM_S = 60
BACKFILL_SHARE_FROM_LIMIT = 20
MARGIN_S = 2e-6  # asked again after the wait, rounding must not turn the caller away again
EPSILON_WEIGHT = 1e-9


class Grant(Struct, frozen=True):
    """The answer of a book: send now, or ask again after ``wait_s``.

    ``frozen_until`` (Unix s) is set when a freeze is the cause, ``banned`` with it;
    ``exhausted`` when a calendar or durable window is used up. ``used_fraction`` is that of
    the fullest window, 0..1.
    """

    granted: bool
    wait_s: float = 0.0
    frozen_until: float | None = None
    banned: bool = False
    exhausted: bool = False
    used_fraction: float = 0.0


class BudgetView(Struct, frozen=True):
    """A provider's budget at a glance; ``used_fraction`` is of the fullest window, 0..1.

    ``quota_used`` is that of the fullest window of an hour or more; ``spent_until`` (Unix s) is
    set while some window has no room for the lightest call.
    """

    limit_per_s: float
    used_fraction: float
    frozen_until: float | None = None
    banned: bool = False  # whether a freeze is a ban
    quota_used: float = 0.0
    spent_until: float | None = None


class WindowUse(Struct, frozen=True, array_like=True):
    """What was spent in one window: ``(slot, weight)`` pairs, ascending, without zeros."""

    key: str
    spent: tuple[tuple[int, float], ...] = ()

    @property
    def is_durable(self) -> bool:
        """Whether its window is."""
        return Window(0, int(self.key.partition(":")[0])).is_durable


class BudgetState(Struct, frozen=True, array_like=True):
    """One provider's account (times in Unix s of whoever keeps it).

    ``next_at`` is when the next call is due; ``marks`` are the moments until which a waiting
    interactive or healing call makes lower priorities pass; ``meter`` is (second, calls in it,
    calls in the one before), for people; ``restored`` says that a durable record was merged in.
    """

    next_at: float = 0.0
    frozen_until: float = 0.0
    banned: bool = False
    marks: tuple[float, float] = (0.0, 0.0)
    meter: tuple[int, float, float] = (0, 0.0, 0.0)
    used_at: float = 0.0
    restored: bool = False
    windows: tuple[WindowUse, ...] = ()

    def spent(self, window: Window) -> tuple[tuple[int, float], ...]:
        """The slots of one window."""
        key = window_key(window)
        return next((use.spent for use in self.windows if use.key == key), ())


def window_key(window: Window) -> str:
    """How the state names a window: its limit may change, its use stays."""
    kind = f"calendar+{window.offset_s}" if window.calendar else "sliding"
    return f"{window.seconds}:{kind}"


def rate(policy: ProviderPolicy) -> float:
    """Calls per second that the cap admits: whole ones, since no window may see a part of one."""
    return float(math.floor(policy.rps)) if policy.rps >= 1 else policy.rps


def view(state: BudgetState, policy: ProviderPolicy, now: float) -> BudgetView:
    """The state at a glance."""
    frozen = state.frozen_until if state.frozen_until > now else None
    banned = frozen is not None and state.banned
    used = used_fraction(state, policy, now)
    quotas = [window for window in policy.windows if window.is_durable]
    quota_used = max((window_used(state, w, now) / w.limit for w in quotas), default=0.0)
    waits = (window_wait(state, w, 1.0, Priority.INTERACTIVE, now) for w in policy.windows)
    wait = max(waits, default=0.0)
    spent_until = now + wait if wait > 0 else None
    return BudgetView(policy.rps, used, frozen, banned, min(1.0, quota_used), spent_until)


def used_fraction(state: BudgetState, policy: ProviderPolicy, now: float) -> float:
    """How full the fullest window is, 0..1; the last second counts as one of them."""
    second, here, before = state.meter
    elapsed, part = math.floor(now) - second, now - math.floor(now)
    seen = here + before * (1.0 - part) if elapsed == 0 else 0.0
    seen = here * (1.0 - part) if elapsed == 1 else seen
    fullest = seen / max(1.0, rate(policy))
    for window in policy.windows:
        fullest = max(fullest, window_used(state, window, now) / window.limit)
    return min(1.0, fullest)


def window_used(state: BudgetState, window: Window, now: float) -> float:
    """The weight that still counts in a window; of a calendar window, in the current one."""
    slots = kept_slots(state.spent(window), window, now)
    if window.calendar:
        slots = [pair for pair in slots if pair[0] == charged_slots(window, now)[0]]
    return sum(weight for _, weight in slots)


def room(window: Window, weight: float, priority: Priority) -> float:
    """How much of a window may be used so that a call of this weight still fits in.

    Backfill leaves a tenth of the limit to others, unless the window is as good as empty.
    """
    limit = window.limit
    wide = window.seconds >= BACKFILL_SHARE_FROM_S and limit >= BACKFILL_SHARE_FROM_LIMIT
    if priority is Priority.BACKFILL and wide:
        limit = max(limit * BACKFILL_SHARE, weight)
    return limit - weight + EPSILON_WEIGHT


def window_wait(
    state: BudgetState, window: Window, weight: float, priority: Priority, now: float
) -> float:
    """Seconds until the window has room for a call of this weight as things stand."""
    free = room(window, weight, priority)
    slots = kept_slots(state.spent(window), window, now)
    if window.calendar:
        charged = charged_slots(window, now)
        full = [slot for slot, used in slots if slot in charged and used > free]
        turn = (max(full, default=0) + 1) * window.seconds + window.offset_s
        return turn + MARGIN_S - now if full else 0.0
    excess = sum(used for _, used in slots) - free
    for slot, used in slots if excess > 0 else ():
        excess -= used
        if excess <= 0:
            left = (slot + 1) * window.seconds / SLOTS + window.seconds + LAG_S
            return left + MARGIN_S - now
    return 0.0


def charged_slots(window: Window, now: float) -> tuple[int, ...]:
    """The slots in which a call that leaves now may arrive; sliding windows cope by their lag."""
    if not window.calendar:
        return (math.floor(now * SLOTS / window.seconds),)
    here = math.floor((now - window.offset_s) / window.seconds)
    there = math.floor((now + LAG_S - window.offset_s) / window.seconds)
    return (here,) if here == there else (here, there)


def kept_slots(
    spent: Iterable[tuple[int, float]], window: Window, now: float
) -> list[tuple[int, float]]:
    """The slots that still count; those of a future that a clock once believed in do not."""
    last = charged_slots(window, now)[-1] + 1
    first = charged_slots(window, now)[0]
    if not window.calendar:
        first = math.floor((now - LAG_S - window.seconds) * SLOTS / window.seconds)
    return [(slot, weight) for slot, weight in spent if first <= slot <= last]
