"""Holding on to one job while it is worked on."""

from enum import Enum

from msgspec import Struct

from domain.errors import Overloaded, StoreUnavailable
from domain.jobs import Job
from ports.clock import Clock
from ports.jobs import JobLedger


class JobTerms(Struct, frozen=True, kw_only=True):
    """How a job is held and tried again; seconds.

    ``attempts`` is how many runs in a row may end without any progress.
    """

    lease_s: float = 15.0
    renew_s: float = 5.0
    attempts: int = 8
    backoff_s: float = 2.0
    backoff_max_s: float = 300.0


class StopReason(Enum):
    """Why work on a job must end before it is done."""

    LOST = "lost"
    CANCELLED = "cancelled"


class JobLease:
    """The lease of one claimed job: reports progress, and says when to stop.

    While the store is away the work may go on until the lease has run out; after that somebody
    else may have the job.
    """

    def __init__(
        self, ledger: JobLedger, clock: Clock, terms: JobTerms, job: Job, owner: str
    ) -> None:
        """Take over a job that ``owner`` has just claimed."""
        self._ledger = ledger
        self._clock = clock
        self._terms = terms
        self._job_id = job.id
        self._owner = owner
        self._held_until = clock.monotonic() + terms.lease_s
        self._stop = StopReason.CANCELLED if job.cancel_requested else None
        self.progress = job.progress
        self.rows = job.rows

    @property
    def stop(self) -> StopReason | None:
        """Why to stop, None while everything is well."""
        return self._stop

    async def report(self, progress: float, rows: int) -> None:
        """Tell the ledger how far the work has come, and prolong the lease."""
        # In this order a value that is no number becomes 0.
        self.progress, self.rows = min(1.0, max(0.0, progress)), rows
        await self._renew()

    async def keep(self) -> None:
        """Renew until there is a reason to stop."""
        while self._stop is None:
            await self._clock.sleep(self._terms.renew_s)
            await self._renew()

    async def _renew(self) -> None:
        asked_at = self._clock.monotonic()
        try:
            job = await self._ledger.renew(
                self._job_id,
                self._owner,
                self._terms.lease_s,
                progress=self.progress,
                rows=self.rows,
            )
        except (StoreUnavailable, Overloaded):
            if self._clock.monotonic() >= self._held_until:
                self._stop = StopReason.LOST
            return
        if job is None:
            self._stop = StopReason.LOST
            return
        self._held_until = asked_at + self._terms.lease_s
        if job.cancel_requested:
            self._stop = StopReason.CANCELLED
