"""Jobs: the ledger that knows the truth and the queue that only carries ids."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Protocol

from domain.jobs import BackfillTask, Job, JobState


class JobLedger(Protocol):
    """The truth about jobs. Every method may raise ``StoreUnavailable``."""

    @abstractmethod
    async def submit(self, job_id: str, key: str, task: BackfillTask) -> tuple[Job, bool]:
        """Enter a queued job, or return the unfinished one with the same key (and False)."""

    @abstractmethod
    async def get(self, job_id: str) -> Job | None:
        """The job, or None."""

    @abstractmethod
    async def list(self, state: JobState | None, limit: int) -> Sequence[Job]:
        """Newest first."""

    @abstractmethod
    async def claim(self, job_id: str, owner: str, lease_s: float) -> Job | None:
        """Take the lease of a queued job, or of a running one whose lease has ended.

        None when somebody else holds it or the job is final.
        """

    @abstractmethod
    async def renew(
        self, job_id: str, owner: str, lease_s: float, *, progress: float, rows: int
    ) -> Job | None:
        """Prolong the lease and report; None when the lease was lost (stop working)."""

    @abstractmethod
    async def finish(
        self, job_id: str, owner: str, state: JobState, error: str | None, rows: int
    ) -> bool:
        """End the job if the owner still holds it."""

    @abstractmethod
    async def release(self, job_id: str, owner: str, error: str | None) -> bool:
        """Put a running job back into the queue (shutdown, or a fault worth another try)."""

    @abstractmethod
    async def request_cancel(self, job_id: str) -> Job | None:
        """Cancel a queued job at once, ask a running one to stop; None when unknown."""

    @abstractmethod
    async def stranded(self, queued_for_s: float, limit: int) -> Sequence[str]:
        """Ids that a broker may have lost.

        Queued jobs not (re-)sent for that long and running ones whose lease has ended; each is
        marked as sent again, so that two reconcilers do not take the same.
        """


class JobQueue(Protocol):
    """Carries job ids to workers; may lose or repeat them, the ledger makes that harmless."""

    @abstractmethod
    async def send(self, job_id: str) -> None:
        """Hand one id to some worker. Raises ``Overloaded`` when the broker cannot be reached."""
