"""Stop a job that is no longer wanted."""

from domain.jobs import Job
from ports.jobs import JobLedger


class CancelJob:
    """Ends a job early.

    - A queued job is cancelled at once.
    - A running one is asked to stop and does so within seconds; what it has stored stays.
    - A final one stays what it is.
    """

    def __init__(self, ledger: JobLedger) -> None:
        """Take the ledger."""
        self._ledger = ledger

    async def __call__(self, job_id: str) -> Job | None:
        """The job after the request, or None when nobody knows it.

        Raises:
            StoreUnavailable, Overloaded: the ledger cannot be reached.
        """
        return await self._ledger.request_cancel(job_id)
