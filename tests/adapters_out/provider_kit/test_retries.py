"""When a failed call is sent again."""

import pytest

from adapters_out.memory.clock import FixedChance, ManualClock
from adapters_out.provider_kit.faults import StaleConnection
from adapters_out.provider_kit.retries import Retries, RetryBudget, backoff
from domain.errors import CallRefused, ProviderUnavailable, RateLimited
from domain.provider import ProviderPolicy

POLICY = ProviderPolicy(rps=1.0, attempts=10, backoff_s=0.25, backoff_max_s=4.0)
DOWN = ProviderUnavailable("down")


@pytest.mark.parametrize(
    ("attempt", "ceiling"), [(0, 0.25), (1, 0.5), (2, 1.0), (4, 4.0), (9, 4.0), (60, 4.0)]
)
def test_the_wait_is_fully_jittered_below_a_doubling_ceiling(attempt: int, ceiling: float) -> None:
    """Anything between nothing and the ceiling."""
    waits = [backoff(POLICY, attempt, FixedChance(point)) for point in (0.0, 0.5, 1.0)]
    assert waits == [0.0, ceiling / 2, ceiling]


def retries(clock: ManualClock) -> Retries:
    """With the longest waits."""
    return Retries(POLICY, clock, FixedChance(1.0))


def test_only_what_may_pass_is_tried_again() -> None:
    """A refusal or a limit is not."""
    subject = retries(ManualClock())
    assert subject.pause(DOWN, 0, None) == 0.25
    assert subject.pause(CallRefused("no"), 0, None) is None
    assert subject.pause(RateLimited("slow"), 0, None) is None
    assert subject.pause(DOWN, 9, None) is None


def test_a_named_time_is_waited_for_if_it_is_near() -> None:
    """Two seconds are waited, a minute is not."""
    clock = ManualClock()
    subject = retries(clock)
    near = ProviderUnavailable("down", retry_at=clock.now() + 2.0)
    far = ProviderUnavailable("down", retry_at=clock.now() + 60.0)
    assert subject.pause(near, 0, None) == pytest.approx(2.0)
    assert subject.pause(far, 0, None) is None


def test_no_wait_outlasts_the_deadline() -> None:
    """What would come too late is not begun."""
    clock = ManualClock()
    subject = retries(clock)
    assert subject.pause(DOWN, 0, clock.monotonic() + 0.2) is None
    assert subject.pause(DOWN, 0, clock.monotonic() + 0.3) == 0.25


def test_a_stale_connection_costs_no_retry() -> None:
    """Once, at once; a second one is a fault like any other."""
    subject = retries(ManualClock())
    stale = StaleConnection("closed")
    assert subject.pause(stale, 0, None) == 0.0
    assert subject.pause(stale, 1, None) == 0.5


def test_retries_stay_below_a_fifth_of_the_calls() -> None:
    """A floor of five, then one for every five calls."""
    budget = RetryBudget(ManualClock())
    assert [budget.spend() for _ in range(6)] == [True] * 5 + [False]
    spent = 0
    for _ in range(100):
        budget.called()
        spent += budget.spend()
    assert 18 <= spent <= 20


def test_a_quiet_service_earns_its_floor_back() -> None:
    """One retry every ten seconds, never more than the floor."""
    clock = ManualClock()
    budget = RetryBudget(clock)
    while budget.spend():
        pass
    clock.advance(10.0)
    assert [budget.spend(), budget.spend()] == [True, False]
    clock.advance(1e6)
    assert sum(budget.spend() for _ in range(20)) == 5
