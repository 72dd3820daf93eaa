"""Jobs: final states and the time they still need."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.interval import Interval
from domain.jobs import BackfillTask, Job, JobState

TASK = BackfillTask("BTCUSDT", Interval.M1, 0, 600)


def job(
    state: JobState = JobState.RUNNING, progress: float = 0.5, started: float | None = 0
) -> Job:
    """A job that was created at 0."""
    return Job(
        id="1",
        key="k",
        task=TASK,
        state=state,
        progress=progress,
        created_at=0,
        updated_at=0,
        started_at=started,
    )


@given(st.floats(1e-6, 1), st.floats(0, 1e6))
def test_the_eta_goes_on_at_the_pace_so_far(progress: float, elapsed: float) -> None:
    """Elapsed and remaining time stand to each other as done and undone work."""
    eta = job(progress=progress).eta_s(elapsed)
    assert eta is not None
    assert eta >= 0
    assert eta * progress == pytest.approx(elapsed * (1 - progress), abs=1e-6)


@pytest.mark.parametrize("state", [s for s in JobState if s is not JobState.RUNNING])
def test_only_running_jobs_have_an_eta(state: JobState) -> None:
    """What waits or has ended has no time to go."""
    assert job(state).eta_s(10) is None


def test_without_progress_there_is_no_pace() -> None:
    """Before the first progress or start nothing can be said."""
    assert job(progress=0).eta_s(10) is None
    assert job(started=None).eta_s(10) is None


def test_the_eta_is_never_negative() -> None:
    """A clock that went back or a progress beyond the end counts as done."""
    assert job().eta_s(-5) == 0
    assert job(progress=1.25).eta_s(10) == 0


def test_final_states_are_final() -> None:
    """Done, failed and cancelled jobs stay so; queued and running ones do not."""
    final = {state for state in JobState if state.is_final}
    assert final == {JobState.DONE, JobState.FAILED, JobState.CANCELLED}
