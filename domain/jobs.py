"""Jobs: work that outlives the process that began it."""

from enum import Enum

from msgspec import Struct

from domain.interval import Interval


class JobState(Enum):
    """Where a job stands."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        """Whether nothing will happen to the job any more."""
        return self in {JobState.DONE, JobState.FAILED, JobState.CANCELLED}


class BackfillTask(Struct, frozen=True):
    """Fill what is missing of one symbol in ``[start, end)`` (Unix s)."""

    symbol: str
    interval: Interval
    start: int
    end: int
    provider: str | None = None


class Job(Struct, frozen=True, kw_only=True):
    """One job as the ledger tells it.

    ``key`` makes it idempotent: submitting the same task while one is not final returns that
    one. ``progress`` runs 0..1; times are Unix seconds; ``lease_owner`` is set while it runs.
    ``attempts`` counts the runs since it last got on; ``rows`` are the stored bars of its range;
    a queued job waits until ``not_before`` if that is set.
    """

    id: str
    key: str
    task: BackfillTask
    state: JobState
    progress: float = 0.0
    rows: int = 0
    attempts: int = 0
    error: str | None = None
    created_at: float
    updated_at: float
    started_at: float | None = None
    finished_at: float | None = None
    lease_owner: str | None = None
    lease_until: float | None = None
    cancel_requested: bool = False
    not_before: float | None = None

    def eta_s(self, now: float) -> float | None:
        """Seconds to go by the pace so far; None before there is one."""
        if self.state is not JobState.RUNNING or self.started_at is None or self.progress <= 0:
            return None
        elapsed = max(0.0, now - self.started_at)
        return elapsed * max(0.0, 1.0 - self.progress) / self.progress
