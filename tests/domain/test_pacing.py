"""The arithmetic of the request budget."""

import math
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.budget import BudgetState, Grant, view, window_used
from domain.errors import CallRefused
from domain.pacing import correct, freeze, restore, spend, take
from domain.provider import Priority, ProviderPolicy, Window

NOW = 1_700_000_000.0
TEN = ProviderPolicy(rps=10)
MINUTE = Window(limit=20, seconds=60)
DAY = Window(limit=25, seconds=86_400, calendar=True)

rates = st.one_of(st.integers(1, 60).map(float), st.floats(0.05, 12.0))
# Pauses between calls; None waits for exactly as long as the answer said.
pauses = st.one_of(st.none(), st.none(), st.just(0.0), st.floats(0.0, 0.02), st.floats(0.0, 3.0))
patterns = st.lists(pauses, min_size=1, max_size=120)
delays = st.lists(st.sampled_from([0.0, 0.04, 0.079]), min_size=120, max_size=120)


def pressed(
    policy: ProviderPolicy,
    pattern: Sequence[float | None],
    weight: float = 1.0,
    stretch: float = 1.0,
) -> list[float]:
    """The moments of all grants when calls are tried after each of the (stretched) pauses."""
    state, granted, now, wait = BudgetState(), [], NOW, 0.0
    for pause in pattern:
        now += wait if pause is None else pause * stretch
        state, grant = take(state, policy, weight, Priority.INTERACTIVE, now)
        wait = grant.wait_s
        if grant.granted:
            granted.append(now)
    return granted


def arrivals(granted: Sequence[float], late: Sequence[float]) -> list[float]:
    """When calls arrive of which each is delayed on its way."""
    return sorted(t + d for t, d in zip(granted, late, strict=False))


def saturated(policy: ProviderPolicy, seconds: float, late: float = 0.0) -> list[float]:
    """The moments of all grants to a caller that always asks again as soon as it is told to."""
    state, granted, now = BudgetState(), [], NOW
    while now < NOW + seconds:
        state, grant = take(state, policy, 1.0, Priority.INTERACTIVE, now)
        if grant.granted:
            granted.append(now)
        now += grant.wait_s + (late if grant.wait_s else 0.0)
    return granted


def fullest(moments: Sequence[float], seconds: float, weight: float = 1.0) -> float:
    """The most weight in any half-open window of that length."""
    return max(
        (sum(weight for t in moments if start <= t < start + seconds) for start in moments),
        default=0.0,
    )


@settings(max_examples=200)
@given(rates, patterns, delays)
def test_no_second_at_the_provider_sees_more_than_the_cap(
    rps: float, pattern: list[float | None], late: list[float]
) -> None:
    """Whatever the pattern of calls and a delay of up to 79 ms each, no second exceeds the cap."""
    granted = pressed(ProviderPolicy(rps=rps), pattern)
    assert fullest(arrivals(granted, late), 1.0) <= max(1.0, rps)


@pytest.mark.parametrize("rps", [0.083, 1, 1.9, 2.5, 10, 33, 250])
def test_one_call_too_many_takes_a_second_and_some(rps: float) -> None:
    """Even callers that are always late by less than the tolerance leave 1.08 s for N + 1."""
    for late in (0.0, 0.009, 0.019):
        moments = saturated(ProviderPolicy(rps=rps), max(4.0, 4 / rps), late)
        whole = max(1, int(rps))
        spans = [b - a for a, b in zip(moments, moments[whole:], strict=False)]
        assert min(spans) >= 1.08 - 1e-5


@given(rates, st.floats(0.0, 0.018))
def test_saturation_uses_most_of_the_cap(rps: float, late: float) -> None:
    """A saturated budget gives 0.88 of its whole calls per second, to late wakers too."""
    whole = math.floor(rps) if rps >= 1 else rps
    seconds = 40 / whole
    assert len(saturated(ProviderPolicy(rps=rps), seconds, late)) >= 0.88 * whole * seconds


@settings(max_examples=200)
@given(
    st.integers(7, 30),
    st.sampled_from([1, 10, 60, 3600]),
    st.sampled_from([0.5, 1.0, 2.0, 7.0]),
    patterns,
    delays,
)
def test_no_sliding_window_is_exceeded(
    limit: int, seconds: int, weight: float, pattern: list[float | None], late: list[float]
) -> None:
    """Any window of that length holds at most its limit, even when calls arrive late."""
    policy = ProviderPolicy(rps=1000, windows=(Window(limit, seconds),))
    granted = pressed(policy, pattern, weight, seconds / 20)
    assert fullest(arrivals(granted, late), seconds, weight) <= limit + 1e-9


@pytest.mark.parametrize("phase", [0.0, 0.3, 0.999])
def test_a_saturated_sliding_window_allows_for_late_arrivals(phase: float) -> None:
    """As many calls as fit in, again and again: the window is longer by the lag at least."""
    policy = ProviderPolicy(rps=1000, windows=(Window(7, 60),))
    granted = pressed(policy, [phase, *[None] * 100])
    spans = [b - a for a, b in zip(granted, granted[7:], strict=False)]
    assert 60.1 <= min(spans) <= max(spans) < 62.2


def test_who_asks_earlier_than_told_is_told_again() -> None:
    """A call that could overtake the delay of one a window ago is not granted."""
    policy = ProviderPolicy(rps=1000, windows=(Window(1, 60),))
    state, _ = take(BudgetState(), policy, 1, Priority.INTERACTIVE, NOW + 0.999)
    assert not take(state, policy, 1, Priority.INTERACTIVE, NOW + 61.05)[1].granted
    assert take(state, policy, 1, Priority.INTERACTIVE, NOW + 61.11)[1].granted


@settings(max_examples=200)
@given(st.integers(1, 8), st.integers(-40_000, 40_000), patterns, delays)
def test_no_calendar_window_is_exceeded(
    limit: int, offset: int, pattern: list[float | None], late: list[float]
) -> None:
    """Nothing that leaves just before the turn overfills the window in which it arrives."""
    policy = ProviderPolicy(rps=1000, windows=(Window(limit, 60, True, offset),))
    came = arrivals(pressed(policy, pattern, stretch=10.0), late)
    minutes = [(moment - offset) // 60 for moment in came]
    assert all(minutes.count(minute) <= limit for minute in minutes)


def test_a_call_just_before_the_turn_counts_on_both_sides() -> None:
    """It may arrive on either: the next window has one call less."""
    policy = ProviderPolicy(rps=1000, windows=(Window(2, 60, calendar=True),))
    turn = NOW - NOW % 60 + 60
    state, grants = BudgetState(), list[bool]()
    for moment in (turn - 0.05, turn + 1, turn + 2):
        state, grant = take(state, policy, 1, Priority.INTERACTIVE, moment)
        grants.append(grant.granted)
    assert grants == [True, True, False]


@given(
    rates,
    st.lists(
        st.sampled_from([MINUTE, DAY, Window(5, 1), Window(9, 60, True), Window(30, 3600)]),
        unique=True,
    ),
    st.lists(st.tuples(st.floats(0, 5), st.sampled_from([0.0, 1.0, 2.5])), max_size=60),
)
def test_after_its_wait_a_caller_is_let_through(
    rps: float, windows: list[Window], calls: list[tuple[float, float]]
) -> None:
    """Alone, a caller that was told to wait is granted when it asks again after that wait."""
    policy, state, now = ProviderPolicy(rps=rps, windows=tuple(windows)), BudgetState(), NOW
    for pause, weight in calls:
        now += pause
        state, grant = take(state, policy, weight, Priority.INTERACTIVE, now)
    state, grant = take(state, policy, 2.0, Priority.INTERACTIVE, now)
    for _ in range(len(windows) + 1):  # one window after the other may be in the way
        now += grant.wait_s
        if grant.granted:
            return
        state, grant = take(state, policy, 2.0, Priority.INTERACTIVE, now)
    assert grant.granted


def test_a_waiting_caller_goes_before_the_less_urgent() -> None:
    """Backfill that asks first finds its slot kept for the interactive call that waits."""
    state, _ = take(BudgetState(), TEN, 1, Priority.BACKFILL, NOW)
    state, urgent = take(state, TEN, 1, Priority.INTERACTIVE, NOW)
    then = NOW + urgent.wait_s
    state, backfill = take(state, TEN, 1, Priority.BACKFILL, then)
    assert not backfill.granted
    state, healing = take(state, TEN, 1, Priority.HEALING, then)
    assert not healing.granted
    assert take(state, TEN, 1, Priority.INTERACTIVE, then)[1].granted


def test_a_mark_ends_by_itself() -> None:
    """An interactive caller that never comes back holds backfill up for 50 ms only."""
    state, _ = take(BudgetState(), TEN, 1, Priority.BACKFILL, NOW)
    state, urgent = take(state, TEN, 1, Priority.INTERACTIVE, NOW)
    late = NOW + urgent.wait_s + 0.051
    assert take(state, TEN, 1, Priority.BACKFILL, late)[1].granted


def test_backfill_leaves_a_tenth_of_a_wide_window() -> None:
    """Of twenty a minute, backfill takes eighteen and an interactive caller the rest."""
    policy = ProviderPolicy(rps=1000, windows=(MINUTE,))
    state, grants = BudgetState(), list[Grant]()
    for k in range(20):
        state, grant = take(state, policy, 1, Priority.BACKFILL, NOW + k / 100)
        grants.append(grant)
    assert [g.granted for g in grants] == [True] * 18 + [False] * 2
    for k in range(2):
        state, grant = take(state, policy, 1, Priority.INTERACTIVE, NOW + 1 + k)
        assert grant.granted
    assert not take(state, policy, 1, Priority.INTERACTIVE, NOW + 5)[1].granted


def test_nothing_is_granted_before_a_freeze_ends() -> None:
    """A freeze says until when and why, and a shorter one changes nothing."""
    state = freeze(BudgetState(), NOW + 8, banned=True, now=NOW)
    state = freeze(state, NOW + 2, banned=False, now=NOW)
    grant = take(state, TEN, 1, Priority.INTERACTIVE, NOW + 3)[1]
    assert grant == Grant(False, 5.0, NOW + 8, banned=True)
    assert take(state, TEN, 1, Priority.INTERACTIVE, NOW + 8)[1].granted


def test_a_later_freeze_is_no_ban_because_an_old_one_was() -> None:
    """The memory of a ban ends with it."""
    state = freeze(BudgetState(), NOW + 8, banned=True, now=NOW)
    state = freeze(state, NOW + 100, banned=False, now=NOW + 20)
    assert not take(state, TEN, 1, Priority.INTERACTIVE, NOW + 21)[1].banned


def test_a_freeze_needs_a_moment() -> None:
    """An endless freeze is refused."""
    with pytest.raises(ValueError, match="finite"):
        freeze(BudgetState(), math.inf, banned=True, now=NOW)


@pytest.mark.parametrize("window", [Window(100, 60), Window(100, 60, True), Window(100, 86_400)])
def test_a_reported_use_counts_if_it_is_higher(window: Window) -> None:
    """What the provider says raises our account and never lowers it."""
    policy, now = ProviderPolicy(rps=1000, windows=(window,)), NOW + 5
    state = spend(BudgetState(), policy, 10, now)
    assert view(correct(state, policy, window.seconds, 5, now), policy, now).used_fraction == 0.1
    state = correct(state, policy, window.seconds, 99, now)
    assert view(state, policy, now).used_fraction == 0.99
    assert not take(state, policy, 2, Priority.INTERACTIVE, now)[1].granted


def test_a_report_right_after_the_turn_is_not_believed() -> None:
    """In the first second of a minute the provider may still speak of the last one."""
    policy = ProviderPolicy(rps=10, windows=(Window(100, 60, True),))
    turn = NOW - NOW % 60
    assert correct(BudgetState(), policy, 60, 99, turn + 0.5) == BudgetState()
    assert correct(BudgetState(), policy, 60, 99, turn + 1.5) != BudgetState()


def test_an_exhausted_day_says_so() -> None:
    """A used-up calendar day is reported as exhausted until midnight."""
    policy = ProviderPolicy(rps=1000, windows=(DAY,))
    state = spend(BudgetState(), policy, 25, NOW)
    grant = take(state, policy, 1, Priority.INTERACTIVE, NOW + 1)[1]
    assert grant.exhausted
    assert (NOW + 1 + grant.wait_s) % 86_400 < 0.001


@pytest.mark.parametrize("weight", [26.0, -1.0, math.nan])
def test_a_call_that_never_fits_is_refused(weight: float) -> None:
    """Waiting for what cannot come is a fault of ours."""
    with pytest.raises(CallRefused, match="never fits"):
        take(BudgetState(), ProviderPolicy(1, (DAY,)), weight, Priority.INTERACTIVE, NOW)


def test_a_forgotten_account_is_restored_with_caution() -> None:
    """Freeze and day return; if it was in use a moment ago, the current second is full."""
    policy = ProviderPolicy(rps=10, windows=(DAY,))
    record = freeze(spend(BudgetState(), policy, 24, NOW), NOW + 3, banned=True, now=NOW)
    state = restore(BudgetState(), record, NOW + 2.5)
    assert take(state, policy, 1, Priority.INTERACTIVE, NOW + 2.5)[1].banned
    wait = take(state, policy, 1, Priority.INTERACTIVE, NOW + 3)[1].wait_s
    assert 0.5 < wait < 0.6
    state, grant = take(state, policy, 1, Priority.INTERACTIVE, NOW + 3.6)
    assert grant.granted
    assert take(state, policy, 1, Priority.INTERACTIVE, NOW + 5)[1].exhausted
    assert restore(state, record, NOW + 5) == state


def test_a_late_record_is_not_counted_twice() -> None:
    """An account that is whole takes a freeze and long windows from its record, nothing else."""
    policy = ProviderPolicy(rps=10, windows=(MINUTE, DAY))
    whole = restore(spend(BudgetState(), policy, 4, NOW), BudgetState(), NOW)
    state = restore(whole, spend(BudgetState(), policy, 20, NOW + 5), NOW + 15)
    assert [window_used(state, window, NOW + 15) for window in policy.windows] == [4, 20]


def test_an_idle_record_costs_no_wait() -> None:
    """An account that was last used long ago starts at once."""
    record = spend(BudgetState(), TEN, 1, NOW - 11)
    assert take(restore(BudgetState(), record, NOW), TEN, 1, Priority.HEALING, NOW)[1].granted


def test_a_clock_set_back_does_not_stop_us_for_long() -> None:
    """After a step of an hour backwards the next call waits no more than a moment."""
    policy = ProviderPolicy(rps=10, windows=(Window(3, 60),))
    state = BudgetState()
    for k in range(4):
        state, _ = take(state, policy, 1, Priority.INTERACTIVE, NOW + k)
    assert take(state, policy, 1, Priority.BACKFILL, NOW - 3600)[1].wait_s < 1.2


def test_the_view_shows_the_last_second() -> None:
    """Ten calls a second out of ten are a full budget, a second of silence an empty one."""
    state = BudgetState()
    for k in range(9):
        state, _ = take(state, TEN, 1, Priority.INTERACTIVE, NOW + k * 0.11)
    assert view(state, TEN, NOW + 0.95).used_fraction == pytest.approx(0.9)
    assert view(state, TEN, NOW + 3).used_fraction == 0.0
