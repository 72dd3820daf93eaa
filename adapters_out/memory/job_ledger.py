"""The ledger of jobs in one process: forgets with it."""

from collections.abc import Sequence

from msgspec.structs import replace

from domain.jobs import BackfillTask, Job, JobState
from ports.clock import Clock
from ports.jobs import JobLedger

_NEVER = float("-inf")


class MemoryJobLedger(JobLedger):
    """Jobs by id in the order of their submission; no method waits, so each is atomic."""

    def __init__(self, clock: Clock) -> None:
        """Leases and delays run on ``clock``."""
        self._clock = clock
        self._jobs: dict[str, Job] = {}
        self._sent_at: dict[str, float] = {}

    async def submit(self, job_id: str, key: str, task: BackfillTask) -> tuple[Job, bool]:
        for job in self._jobs.values():
            if job.key == key and not job.state.is_final and not job.cancel_requested:
                return job, False
        now = self._clock.now()
        self._sent_at[job_id] = now
        return self._put(
            Job(
                id=job_id,
                key=key,
                task=task,
                state=JobState.QUEUED,
                created_at=now,
                updated_at=now,
            )
        ), True

    async def get(self, job_id: str) -> Job | None:
        return self._jobs.get(job_id)

    async def list(self, state: JobState | None, limit: int) -> Sequence[Job]:
        newest = (j for j in reversed(self._jobs.values()) if state is None or j.state is state)
        return [job for job, _ in zip(newest, range(limit), strict=False)]

    async def claim(self, job_id: str, owner: str, lease_s: float) -> Job | None:
        job, now = self._jobs.get(job_id), self._clock.now()
        if job is None or not _is_claimable(job, now):
            return None
        return self._put(
            replace(
                job,
                state=JobState.RUNNING,
                attempts=job.attempts + 1,
                started_at=job.started_at or now,
                lease_owner=owner,
                lease_until=now + lease_s,
                not_before=None,
            )
        )

    async def renew(
        self, job_id: str, owner: str, lease_s: float, *, progress: float, rows: int
    ) -> Job | None:
        job = self._held(job_id, owner)
        if job is None:
            return None
        got_on = progress > job.progress or rows > job.rows
        return self._put(
            replace(
                job,
                lease_until=self._clock.now() + lease_s,
                progress=max(job.progress, progress),
                rows=max(job.rows, rows),
                attempts=1 if got_on else job.attempts,
            )
        )

    async def finish(
        self, job_id: str, owner: str, state: JobState, error: str | None, rows: int
    ) -> bool:
        job = self._held(job_id, owner)
        if job is None:
            return False
        progress = 1.0 if state is JobState.DONE else job.progress
        ended = replace(job, progress=progress, rows=max(job.rows, rows), error=error)
        self._end(ended, state)
        return True

    async def release(
        self, job_id: str, owner: str, *, error: str | None = None, delay_s: float = 0.0
    ) -> bool:
        job = self._held(job_id, owner)
        if job is None:
            return False
        self._sent_at[job_id] = _NEVER
        self._put(
            replace(
                job,
                state=JobState.QUEUED,
                attempts=job.attempts if error else job.attempts - 1,
                error=error or job.error,
                lease_owner=None,
                lease_until=None,
                not_before=self._clock.now() + delay_s if delay_s else None,
            )
        )
        return True

    async def request_cancel(self, job_id: str) -> Job | None:
        job = self._jobs.get(job_id)
        if job is None or job.state.is_final:
            return job
        asked = replace(job, cancel_requested=True)
        if _is_held(job, self._clock.now()):
            return self._put(asked)
        return self._end(asked, JobState.CANCELLED)

    async def stranded(self, queued_for_s: float, limit: int) -> Sequence[str]:
        now = self._clock.now()
        lost = [
            job.id
            for job in self._jobs.values()
            if _is_claimable(job, now) and self._sent_at[job.id] <= now - queued_for_s
        ]
        chosen = sorted(lost, key=self._sent_at.__getitem__)[:limit]
        self._sent_at.update(dict.fromkeys(chosen, now))
        return chosen

    async def forget(self, finished_for_s: float, limit: int) -> int:
        until = self._clock.now() - finished_for_s
        ended = [(j.finished_at, j.id) for j in self._jobs.values() if j.finished_at is not None]
        old = [job_id for at, job_id in sorted(ended) if at <= until][:limit]
        for job_id in old:
            del self._jobs[job_id], self._sent_at[job_id]
        return len(old)

    def _held(self, job_id: str, owner: str) -> Job | None:
        job = self._jobs.get(job_id)
        return job if job is not None and job.lease_owner == owner else None

    def _end(self, job: Job, state: JobState) -> Job:
        now = self._clock.now()
        return self._put(
            replace(
                job,
                state=state,
                finished_at=now,
                lease_owner=None,
                lease_until=None,
                not_before=None,
            )
        )

    def _put(self, job: Job) -> Job:
        self._jobs[job.id] = kept = replace(job, updated_at=self._clock.now())
        return kept


def _is_held(job: Job, now: float) -> bool:
    return job.lease_until is not None and job.lease_until > now


def _is_claimable(job: Job, now: float) -> bool:
    if job.state is JobState.RUNNING:
        return not _is_held(job, now)
    return job.state is JobState.QUEUED and (job.not_before or now) <= now
