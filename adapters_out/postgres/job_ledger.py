"""The ledger of jobs in PostgreSQL."""

from collections.abc import Sequence
from typing import Any

from adapters_out.postgres.pool import Connection, PostgresPool
from domain.interval import Interval
from domain.jobs import BackfillTask, Job, JobState
from ports.jobs import JobLedger

_COLUMNS = """
    id, key, symbol, bar_interval, range_start, range_end, provider, state, progress, rows,
    attempts, error, extract(epoch FROM created_at)::float8, extract(epoch FROM updated_at)::float8,
    extract(epoch FROM started_at)::float8, extract(epoch FROM finished_at)::float8,
    lease_owner, extract(epoch FROM lease_until)::float8, cancel_requested,
    extract(epoch FROM not_before)::float8
"""
# Not now(): that is when the transaction began, perhaps before a wait for the row's lock.
_NOW = "clock_timestamp()"
_AFTER = f"{_NOW} + make_interval(secs => %(seconds)s)"
_CLAIMABLE = f"""
    (state = 'queued' AND (not_before IS NULL OR not_before <= {_NOW})
     OR state = 'running' AND lease_until <= {_NOW})
"""
_SUBMIT = f"""
    INSERT INTO jobs (id, key, symbol, bar_interval, range_start, range_end, provider)
    VALUES (%(id)s, %(key)s, %(symbol)s, %(interval)s, %(start)s, %(end)s, %(provider)s)
    ON CONFLICT (key) WHERE state IN ('queued', 'running') AND NOT cancel_requested DO NOTHING
    RETURNING {_COLUMNS}
"""
_SAME = f"""
    SELECT {_COLUMNS} FROM jobs
    WHERE key = %(key)s AND state IN ('queued', 'running') AND NOT cancel_requested
"""
_GET = f"SELECT {_COLUMNS} FROM jobs WHERE id = %(id)s"
_LIST = f"""
    SELECT {_COLUMNS} FROM jobs WHERE %(state)s::text IS NULL OR state = %(state)s
    ORDER BY created_at DESC, id DESC LIMIT %(limit)s
"""
# The owner may claim again: its first claim may have been granted and the answer lost.
_CLAIM = f"""
    UPDATE jobs SET state = 'running', attempts = attempts + 1, lease_owner = %(owner)s,
        lease_until = {_AFTER}, started_at = coalesce(started_at, {_NOW}), not_before = NULL,
        updated_at = {_NOW}
    WHERE id = %(id)s AND ({_CLAIMABLE} OR lease_owner = %(owner)s)
    RETURNING {_COLUMNS}
"""
_RENEW = f"""
    UPDATE jobs SET lease_until = {_AFTER}, updated_at = {_NOW},
        attempts = CASE WHEN %(progress)s > progress OR %(rows)s > rows THEN 1 ELSE attempts END,
        progress = greatest(progress, %(progress)s), rows = greatest(rows, %(rows)s)
    WHERE id = %(id)s AND lease_owner = %(owner)s
    RETURNING {_COLUMNS}
"""
_FINISH = f"""
    UPDATE jobs SET state = %(state)s, error = %(error)s, rows = greatest(rows, %(rows)s),
        progress = CASE WHEN %(state)s = 'done' THEN 1 ELSE progress END,
        lease_owner = NULL, lease_until = NULL, finished_at = {_NOW}, updated_at = {_NOW}
    WHERE id = %(id)s AND lease_owner = %(owner)s
"""
_RELEASE = f"""
    UPDATE jobs SET state = 'queued', lease_owner = NULL, lease_until = NULL, sent_at = NULL,
        attempts = CASE WHEN %(error)s::text IS NULL THEN attempts - 1 ELSE attempts END,
        error = coalesce(%(error)s, error), updated_at = {_NOW},
        not_before = CASE WHEN %(seconds)s > 0 THEN {_AFTER} END
    WHERE id = %(id)s AND lease_owner = %(owner)s
"""
# A running job whose lease has ended has nobody who could stop it: it ends here and now.
_ASK_TO_STOP = f"""
    UPDATE jobs SET cancel_requested = true, updated_at = {_NOW}
    WHERE id = %(id)s AND state = 'running' AND lease_until > {_NOW}
    RETURNING {_COLUMNS}
"""
_CANCEL = f"""
    UPDATE jobs SET state = 'cancelled', cancel_requested = true, finished_at = {_NOW},
        lease_owner = NULL, lease_until = NULL, not_before = NULL, updated_at = {_NOW}
    WHERE id = %(id)s
        AND (state = 'queued' OR state = 'running' AND lease_until <= {_NOW})
    RETURNING {_COLUMNS}
"""
_STRANDED = f"""
    WITH lost AS MATERIALIZED (
        SELECT id, sent_at FROM jobs
        WHERE {_CLAIMABLE}
            AND (sent_at IS NULL OR sent_at <= {_NOW} - make_interval(secs => %(seconds)s))
        ORDER BY sent_at NULLS FIRST, id LIMIT %(limit)s
        FOR UPDATE SKIP LOCKED
    ), sent AS (
        UPDATE jobs SET sent_at = {_NOW} FROM lost WHERE jobs.id = lost.id
        RETURNING jobs.id, lost.sent_at AS before
    )
    SELECT id FROM sent ORDER BY before NULLS FIRST, id
"""


class PostgresJobLedger(JobLedger):
    """The table ``jobs``; every lease, delay and time stamp is of the database's clock."""

    def __init__(self, pool: PostgresPool) -> None:
        """Borrow the process's pool."""
        self._pool = pool

    async def submit(self, job_id: str, key: str, task: BackfillTask) -> tuple[Job, bool]:
        values = {
            "id": job_id,
            "key": key,
            "symbol": task.symbol,
            "interval": task.interval.value,
            "start": task.start,
            "end": task.end,
            "provider": task.provider,
        }
        while True:
            created = await self._one(_SUBMIT, values)
            if created is not None:
                return created, True
            same = await self._one(_SAME, values)
            if same is not None:
                return same, same.id == job_id
            # It ended between the two statements: there is room for ours now.

    async def get(self, job_id: str) -> Job | None:
        return await self._one(_GET, {"id": job_id})

    async def list(self, state: JobState | None, limit: int) -> Sequence[Job]:
        chosen = {"state": None if state is None else state.value, "limit": limit}
        return [_job(row) for row in await self._rows(_LIST, chosen)]

    async def claim(self, job_id: str, owner: str, lease_s: float) -> Job | None:
        return await self._one(_CLAIM, {"id": job_id, "owner": owner, "seconds": lease_s})

    async def renew(
        self, job_id: str, owner: str, lease_s: float, *, progress: float, rows: int
    ) -> Job | None:
        told = {"progress": progress, "rows": rows, "seconds": lease_s}
        return await self._one(_RENEW, told | {"id": job_id, "owner": owner})

    async def finish(
        self, job_id: str, owner: str, state: JobState, error: str | None, rows: int
    ) -> bool:
        ended = {"state": state.value, "error": error, "rows": rows}
        return await self._changed(_FINISH, ended | {"id": job_id, "owner": owner})

    async def release(
        self, job_id: str, owner: str, *, error: str | None = None, delay_s: float = 0.0
    ) -> bool:
        values = {"id": job_id, "owner": owner, "error": error, "seconds": delay_s}
        return await self._changed(_RELEASE, values)

    async def request_cancel(self, job_id: str) -> Job | None:
        for statement in (_CANCEL, _ASK_TO_STOP):
            job = await self._one(statement, {"id": job_id})
            if job is not None:
                return job
        return await self.get(job_id)

    async def stranded(self, queued_for_s: float, limit: int) -> Sequence[str]:
        rows = await self._rows(_STRANDED, {"seconds": queued_for_s, "limit": limit})
        return [str(row[0]) for row in rows]

    async def _one(self, statement: str, values: dict[str, Any]) -> Job | None:
        rows = await self._rows(statement, values)
        return _job(rows[0]) if rows else None

    async def _rows(self, statement: str, values: dict[str, Any]) -> Sequence[tuple[Any, ...]]:
        async def ask(connection: Connection) -> Sequence[tuple[Any, ...]]:
            cursor = await connection.execute(statement.encode(), values)
            return await cursor.fetchall()

        return await self._pool.within(ask)

    async def _changed(self, statement: str, values: dict[str, Any]) -> bool:
        async def change(connection: Connection) -> bool:
            cursor = await connection.execute(statement.encode(), values)
            return cursor.rowcount == 1

        return await self._pool.within(change)


def _job(row: tuple[Any, ...]) -> Job:
    job_id, key, symbol, interval, start, end, provider, state, *rest = row
    progress, rows, attempts, error, created_at, updated_at, *times = rest
    started_at, finished_at, lease_owner, lease_until, cancel_requested, not_before = times
    return Job(
        id=job_id,
        key=key,
        task=BackfillTask(symbol, Interval(interval), start, end, provider),
        state=JobState(state),
        progress=progress,
        rows=rows,
        attempts=attempts,
        error=error,
        created_at=created_at,
        updated_at=updated_at,
        started_at=started_at,
        finished_at=finished_at,
        lease_owner=lease_owner,
        lease_until=lease_until,
        cancel_requested=cancel_requested,
        not_before=not_before,
    )
