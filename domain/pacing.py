"""The arithmetic of the request budget: pure functions on one frozen :class:`BudgetState`.

Every budget book (memory, PostgreSQL, Redis) gives the results of these functions; what a book
adds is a place to keep the state, atomicity and a clock.

**Requests per second** are spaced (GCRA without a burst): ``spacing = 1.10 / N`` seconds, of
which a late caller may catch up 20 ms. N + 1 calls therefore leave over at least
``N × spacing − 0.02 = 1.08`` s, and no window of one second *at the provider* sees more than N
arrivals, even when the way there delays one of them by 80 ms more than another.

**Weight windows** are those of :mod:`domain.budget`. **Priorities**: a waiting caller leaves a
short-lived mark, and whoever is less urgent, in any process, lets it pass.

Nothing is reserved for later: a grant is for sending now, everything else is "ask again".
"""

import math
from collections.abc import Iterable

from msgspec.structs import replace

from domain.budget import (
    BudgetState,
    Grant,
    WindowUse,
    charged_slots,
    kept_slots,
    rate,
    used_fraction,
    window_key,
    window_used,
    window_wait,
)
from domain.errors import CallRefused
from domain.provider import Priority, ProviderPolicy

HEADROOM = 1.10
TOLERANCE_S = 0.02
MARK_S = 0.05  # how much longer than its wait a higher priority holds its place
MARK_WAIT_S = 1.0  # waiters ask again at least this often
CAUTION_S = 10.0  # an account used within this time may have been used within the last second
EPSILON_S = 1e-6  # the resolution of the clocks involved


def spacing(policy: ProviderPolicy) -> float:
    """Seconds from one call to the next."""
    return HEADROOM / rate(policy)


def refuse_impossible(policy: ProviderPolicy, weight: float) -> None:
    """Turn down a call that no waiting could let through.

    Raises:
        CallRefused: the weight is negative or above the limit of a window.
    """
    limit = min((w.limit for w in policy.windows), default=math.inf)
    if not 0 <= weight <= limit:
        message = f"A call of weight {weight:g} never fits into a budget of {limit:g}."
        raise CallRefused(message)


def take(
    state: BudgetState, policy: ProviderPolicy, weight: float, priority: Priority, now: float
) -> tuple[BudgetState, Grant]:
    """Account for one call that leaves now, or say how long to wait before asking again.

    Raises:
        CallRefused: see :func:`refuse_impossible`.
    """
    refuse_impossible(policy, weight)
    if state.frozen_until > now:
        wait = state.frozen_until - now
        used = used_fraction(state, policy, now)
        return state, Grant(False, wait, state.frozen_until, state.banned, used_fraction=used)
    wait, exhausted = _wait(state, policy, weight, priority, now)
    if wait > EPSILON_S:
        marked = _marked(state, priority, wait, now)
        used = used_fraction(state, policy, now)
        return marked, Grant(False, wait, exhausted=exhausted, used_fraction=used)
    after = spend(state, policy, weight, now)
    due = max(now, _due(state, policy, now)) + spacing(policy)
    after = replace(after, next_at=due, meter=_metered(state.meter, now))
    return after, Grant(True, used_fraction=used_fraction(after, policy, now))


def spend(state: BudgetState, policy: ProviderPolicy, weight: float, now: float) -> BudgetState:
    """Count a weight in every window, granted or not: what has left has left."""
    uses = {use.key: use for use in state.windows}
    for window in policy.windows:
        key, spent = window_key(window), dict(kept_slots(state.spent(window), window, now))
        for slot in charged_slots(window, now):
            spent[slot] = spent.get(slot, 0.0) + weight
        uses[key] = WindowUse(key, _sorted(spent))
    return replace(state, windows=tuple(uses.values()), used_at=now)


def correct(
    state: BudgetState, policy: ProviderPolicy, window_s: int, used: float, now: float
) -> BudgetState:
    """Raise our use of the windows of ``window_s`` seconds to what the provider reported.

    A report in the first second of a calendar window may still speak of the one before.
    """
    uses = {use.key: use for use in state.windows}
    for window in policy.windows:
        young = window.calendar and (now - window.offset_s) % window.seconds < 1.0
        missing = used - window_used(state, window, now)
        if window.seconds != window_s or young or not 0 < missing < math.inf:
            continue
        slot = charged_slots(window, now)[0]
        spent = dict(kept_slots(state.spent(window), window, now))
        spent[slot] = spent.get(slot, 0.0) + missing
        uses[window_key(window)] = WindowUse(window_key(window), _sorted(spent))
    return replace(state, windows=tuple(uses.values()))


def freeze(state: BudgetState, until: float, *, banned: bool, now: float) -> BudgetState:
    """Grant nothing before ``until``: never shortened, and a ban stays one until it ends.

    Raises:
        ValueError: ``until`` is not a finite moment.
    """
    if not math.isfinite(until):
        raise ValueError("A freeze must end at a finite moment.")
    still = state.banned and state.frozen_until > now
    return replace(state, frozen_until=max(until, state.frozen_until), banned=banned or still)


def restore(state: BudgetState, record: BudgetState, now: float) -> BudgetState:
    """Merge a durable record into a state that may have lost anything, with caution.

    Whatever is higher counts. If the record was in use a moment ago, the current second is
    taken to be full. An account that was restored before takes over the freeze and the durable
    windows only: the others were recorded late, and would count twice.
    """
    recent = not state.restored and now - record.used_at <= CAUTION_S
    kept = [use for use in record.windows if use.is_durable or not state.restored]
    merged = dict.fromkeys(use.key for use in (*state.windows, *kept))
    later = max(state, record, key=lambda s: s.frozen_until)
    return replace(
        state,
        next_at=max(state.next_at, now + HEADROOM) if recent else state.next_at,
        frozen_until=later.frozen_until,
        banned=later.banned,
        restored=True,
        windows=tuple(_higher(key, (*state.windows, *kept)) for key in merged),
    )


def _due(state: BudgetState, policy: ProviderPolicy, now: float) -> float:
    """When the next call is due; a clock that was set back must not stop us for long."""
    furthest = now + max(spacing(policy), HEADROOM) + TOLERANCE_S
    return min(state.next_at, furthest)


def _wait(
    state: BudgetState, policy: ProviderPolicy, weight: float, priority: Priority, now: float
) -> tuple[float, bool]:
    """Seconds until the call may leave as things stand, and whether a long window is why."""
    wait, exhausted = _due(state, policy, now) - TOLERANCE_S - now, False
    for window in policy.windows:
        pause = window_wait(state, window, weight, priority, now)
        wait = max(wait, pause)
        exhausted |= pause > EPSILON_S and (window.calendar or window.is_durable)
    for mark in state.marks[: int(priority)]:
        if mark <= now + MARK_WAIT_S + 2 * MARK_S:  # beyond is of a clock that was set back
            wait = max(wait, mark - now)
    return wait, exhausted


def _marked(state: BudgetState, priority: Priority, wait: float, now: float) -> BudgetState:
    """Hold a place before everybody who is less urgent, until we must have asked again."""
    if priority is Priority.BACKFILL:
        return state
    marks = list(state.marks)
    marks[int(priority)] = max(
        min(marks[int(priority)], now + MARK_WAIT_S + MARK_S),
        now + min(wait, MARK_WAIT_S) + MARK_S,
    )
    return replace(state, marks=(marks[0], marks[1]))


def _metered(meter: tuple[int, float, float], now: float) -> tuple[int, float, float]:
    second = math.floor(now)
    if meter[0] == second:
        return (second, meter[1] + 1.0, meter[2])
    return (second, 1.0, meter[1] if meter[0] == second - 1 else 0.0)


def _sorted(spent: dict[int, float]) -> tuple[tuple[int, float], ...]:
    return tuple(sorted((slot, weight) for slot, weight in spent.items() if weight > 0))


def _higher(key: str, uses: Iterable[WindowUse]) -> WindowUse:
    """Slot by slot the higher of several accounts of one window."""
    spent: dict[int, float] = {}
    for use in uses:
        for slot, weight in use.spent if use.key == key else ():
            spent[slot] = max(weight, spent.get(slot, 0.0))
    return WindowUse(key, _sorted(spent))
