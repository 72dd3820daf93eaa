"""Jobs: the ledger that knows the truth and the queue that only carries ids."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Protocol

from domain.jobs import BackfillTask, Job, JobState


class JobLedger(Protocol):
    """The truth about jobs. Every method may raise ``StoreUnavailable`` or ``Overloaded``."""

    @abstractmethod
    async def submit(self, job_id: str, key: str, task: BackfillTask) -> tuple[Job, bool]:
        """Enter a queued job, or return the unfinished one with the same key (and False).

        One that has been asked to stop does not count as unfinished.
        """

    @abstractmethod
    async def get(self, job_id: str) -> Job | None:
        """The job, or None."""

    @abstractmethod
    async def list(self, state: JobState | None, limit: int) -> Sequence[Job]:
        """Newest first."""

    @abstractmethod
    async def claim(self, job_id: str, owner: str, lease_s: float) -> Job | None:
        """Take the lease of a queued job, or of a running one whose lease has ended.

        Counts one attempt. ``owner`` is a token of this very claim: two runs in one process
        must not share it. None when somebody else holds the job, it is final, unknown, or
        waiting out the delay of its last release.
        """

    @abstractmethod
    async def renew(
        self, job_id: str, owner: str, lease_s: float, *, progress: float, rows: int
    ) -> Job | None:
        """Prolong the lease and report; None when the lease was lost (stop working).

        ``progress`` and ``rows`` never fall; when one of them grows the attempts start over
        at one, since a job that gets on is not a hopeless one.
        """

    @abstractmethod
    async def finish(
        self, job_id: str, owner: str, state: JobState, error: str | None, rows: int
    ) -> bool:
        """End the job if the owner still holds it; DONE makes the progress 1."""

    @abstractmethod
    async def release(
        self, job_id: str, owner: str, *, error: str | None = None, delay_s: float = 0.0
    ) -> bool:
        """Put a running job back into the queue; nobody may claim it before ``delay_s`` is over.

        Without an ``error`` it is handed back unharmed (shutdown): the attempt does not count.
        It is stranded at once, so that the next reconciler sends it.
        """

    @abstractmethod
    async def request_cancel(self, job_id: str) -> Job | None:
        """Cancel a queued job at once, ask a running one to stop; None when unknown."""

    @abstractmethod
    async def stranded(self, queued_for_s: float, limit: int) -> Sequence[str]:
        """Ids that a broker may have lost.

        Queued jobs that may be claimed and running ones whose lease has ended, unless they
        were (re-)sent within ``queued_for_s``; longest unsent first. Each is marked as sent
        again, so that two reconcilers do not take the same.
        """

    @abstractmethod
    async def forget(self, finished_for_s: float, limit: int) -> int:
        """Drop jobs that ended at least so long ago, the oldest first; how many there were.

        What is queued or running is never dropped, however old it is.
        """


class JobQueue(Protocol):
    """Carries job ids to workers; may lose or repeat them, the ledger makes that harmless."""

    @abstractmethod
    async def send(self, job_id: str) -> None:
        """Hand one id to some worker. Raises ``Overloaded`` when the broker cannot be reached."""

    @abstractmethod
    async def backlog(self) -> int:
        """How many ids wait for a worker, roughly.

        Raises ``Overloaded`` when the broker cannot be reached.
        """
