"""Tell what the jobs are doing."""

from msgspec import Struct

from domain.errors import InvalidRequest
from domain.jobs import Job, JobState
from ports.clock import Clock
from ports.jobs import JobLedger

MAX_LIMIT = 1000


class JobView(Struct, frozen=True):
    """A job with the seconds it still needs (None when there is no pace to tell by)."""

    job: Job
    eta_s: float | None


class ListJobs:
    """Shows jobs, newest first, or one of them."""

    def __init__(self, ledger: JobLedger, clock: Clock) -> None:
        """Take the ports."""
        self._ledger = ledger
        self._clock = clock

    async def __call__(
        self, state: JobState | None = None, limit: int = 100
    ) -> tuple[JobView, ...]:
        """The newest ``limit`` jobs, of one state or of all.

        Raises:
            InvalidRequest: ``limit`` is not 1 to 1000.
            StoreUnavailable, Overloaded: the ledger cannot be reached.
        """
        if not 1 <= limit <= MAX_LIMIT:
            message = f"The limit must be 1 to {MAX_LIMIT}."
            raise InvalidRequest(message, "limit")
        return tuple(self._view(job) for job in await self._ledger.list(state, limit))

    async def one(self, job_id: str) -> JobView | None:
        """The job, or None when nobody knows it.

        Raises:
            StoreUnavailable, Overloaded: the ledger cannot be reached.
        """
        job = await self._ledger.get(job_id)
        return None if job is None else self._view(job)

    def _view(self, job: Job) -> JobView:
        return JobView(job, job.eta_s(self._clock.now()))
