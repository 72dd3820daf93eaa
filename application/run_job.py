"""Work on one job until it is done, given up or handed back."""

import asyncio
import traceback
from abc import abstractmethod
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Protocol

from msgspec import Struct

from application.job_lease import JobLease, JobTerms, StopReason
from domain.errors import (
    AccessDenied,
    InvalidRequest,
    MarketDataError,
    NoData,
    NoProviderAvailable,
    NotEntitled,
    NotListed,
    Overloaded,
    RangeUnavailable,
    StoreUnavailable,
    UnknownInstrument,
)
from domain.jobs import BackfillTask, Job, JobState
from ports.clock import Chance, Clock, Ids
from ports.jobs import JobLedger
from ports.telemetry import Telemetry

# The next attempt would end the same way.
_PERMANENT = (
    *(InvalidRequest, UnknownInstrument, NoData),
    *(AccessDenied, NotListed, RangeUnavailable),
)
# What a provider will say again to the same question, however long we wait.
_FINAL_ANSWERS = {e.code for e in (AccessDenied, NotEntitled, NotListed, RangeUnavailable)}
_MAX_SENTENCE = 500


class BackfillProgress(Struct, frozen=True):
    """How far a back-fill has come, after a batch was committed.

    ``done_fraction`` is of the whole task, 0..1. ``rows`` counts the bars of the task's range
    that the store holds now, whoever wrote them: so it is right after any number of crashes.
    """

    done_fraction: float
    rows: int


class Backfill(Protocol):
    """Fills what is missing; run again after a crash it goes on where the store ends."""

    @abstractmethod
    def run(self, task: BackfillTask, request_id: str) -> AsyncGenerator[BackfillProgress, None]:
        """Fetch and store, one item per committed batch; ends when the range is complete.

        Raises:
            MarketDataError: whatever kept it from going on.
        """


class RunJob:
    """Runs one job by its id.

    - Only the holder of the lease works; it renews every few seconds and after each batch.
    - Whoever loses the lease stops at once and writes nothing more to the ledger.
    - A permanent fault fails the job; any other puts it back for another attempt, later each
      time, or when the providers said they would be back.
    - After so many attempts without progress it fails with the last reason.
    - On shutdown (the task is cancelled) the job goes back into the queue unharmed.
    """

    def __init__(
        self,
        ledger: JobLedger,
        backfill: Backfill,
        clock: Clock,
        chance: Chance,
        ids: Ids,
        telemetry: Telemetry,
        terms: JobTerms | None = None,
    ) -> None:
        """Take the ports and the terms of holding and retrying."""
        self._ledger = ledger
        self._backfill = backfill
        self._clock = clock
        self._chance = chance
        self._ids = ids
        self._telemetry = telemetry
        self._terms = terms or JobTerms()

    async def __call__(self, job_id: str) -> JobState | None:
        """The state the run left the job in.

        None when there was nothing to do: unknown, final, held by another or not due yet.

        Raises:
            StoreUnavailable, Overloaded: the ledger cannot be reached; the lease ends by itself.
        """
        owner = self._ids.new()
        job = await self._ledger.claim(job_id, owner, self._terms.lease_s)
        if job is None:
            return None
        lease = JobLease(self._ledger, self._clock, self._terms, job, owner)
        try:
            return await self._attempt(job, lease, owner)
        except asyncio.CancelledError:
            await self._hand_back(job_id, owner)
            raise

    async def _attempt(self, job: Job, lease: JobLease, owner: str) -> JobState | None:
        if job.attempts > self._terms.attempts:
            reason = job.error or "Its worker was lost each time."
            error = f"Given up after {self._terms.attempts} attempts without progress: {reason}"
            return await self._finish(job, owner, JobState.FAILED, error, lease.rows)
        try:
            await self._work(job, lease)
        except Exception as fault:  # noqa: BLE001 - named supervisor: a job must not end its worker
            return await self._fail(job, owner, fault, lease)
        if lease.stop is StopReason.CANCELLED:
            return await self._finish(job, owner, JobState.CANCELLED, None, lease.rows)
        if lease.stop is StopReason.LOST:
            self._telemetry.event("job_lease_lost", job=job.id)
            return None
        return await self._finish(job, owner, JobState.DONE, None, lease.rows)

    async def _work(self, job: Job, lease: JobLease) -> None:
        """Fill until the range is complete or the lease says stop."""
        if lease.stop is not None:
            return
        filling = asyncio.ensure_future(self._fill(job, lease))
        keeping = asyncio.ensure_future(lease.keep())
        both = (filling, keeping)
        try:
            ended, _ = await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in both:
                task.cancel()
            await asyncio.gather(*both, return_exceptions=True)
        for task in ended:
            task.result()

    async def _fill(self, job: Job, lease: JobLease) -> None:
        async with aclosing(self._backfill.run(job.task, job.id)) as batches:
            async for batch in batches:
                await lease.report(batch.done_fraction, batch.rows)
                if lease.stop is not None:
                    return

    async def _fail(
        self, job: Job, owner: str, fault: Exception, lease: JobLease
    ) -> JobState | None:
        """Give up, or put the job back for another attempt."""
        error = _sentence(fault)
        got_on = lease.progress > job.progress or lease.rows > job.rows
        attempts = 1 if got_on else job.attempts
        if _is_permanent(fault) or attempts >= self._terms.attempts:
            return await self._finish(job, owner, JobState.FAILED, error, lease.rows)
        delay_s = self._delay(fault, attempts)
        where = _where(fault)
        self._telemetry.event("job_put_back", job=job.id, reason=error, where=where, after=delay_s)
        try:
            put_back = await self._ledger.release(job.id, owner, error=error, delay_s=delay_s)
        except (StoreUnavailable, Overloaded):
            return None  # the lease ends by itself
        return JobState.QUEUED if put_back else None

    def _delay(self, fault: Exception, attempts: int) -> float:
        """Equal jitter, doubling; no earlier than the first provider said it would be back."""
        ceiling = min(self._terms.backoff_max_s, self._terms.backoff_s * 2.0 ** (attempts - 1))
        delay = self._chance.uniform(ceiling / 2, ceiling)
        if isinstance(fault, NoProviderAvailable):
            back = [a.retry_at for a in fault.attempts if a.retry_at is not None]
            if back and len(back) == len(fault.attempts):
                delay = max(delay, min(back) - self._clock.now())
        return delay

    async def _finish(
        self, job: Job, owner: str, state: JobState, error: str | None, rows: int
    ) -> JobState | None:
        if not await self._ledger.finish(job.id, owner, state, error, rows):
            return None
        took_s = self._clock.now() - (job.started_at or job.created_at)
        self._telemetry.job_ended("backfill", state.value, max(0.0, took_s))
        self._telemetry.event("job_finished", job=job.id, state=state.value, rows=rows, error=error)
        return state

    async def _hand_back(self, job_id: str, owner: str) -> None:
        try:
            await self._ledger.release(job_id, owner)
        except (StoreUnavailable, Overloaded):
            return  # the lease ends by itself


def _is_permanent(fault: Exception) -> bool:
    if isinstance(fault, NoProviderAvailable):
        codes = {attempt.code for attempt in fault.attempts}
        return bool(codes) and codes <= _FINAL_ANSWERS
    return isinstance(fault, _PERMANENT)


def _where(fault: Exception) -> str:
    """The innermost line of the trace: enough to find a bug, and never a value."""
    trace = traceback.extract_tb(fault.__traceback__)
    return f"{trace[-1].filename}:{trace[-1].lineno}" if trace else ""


def _sentence(fault: Exception) -> str:
    """What a person may read: an unexpected fault shows its type, not its text or trace."""
    if not isinstance(fault, MarketDataError):
        return f"An unexpected fault ({type(fault).__name__}) interrupted the job; see the log."
    return fault.message.replace("\x00", "")[:_MAX_SENTENCE]
