"""The ledger of jobs in PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, LiteralString

from psycopg.rows import dict_row

from adapters_out.postgres.pool import Connection, PostgresPool
from domain.interval import Interval
from domain.jobs import BackfillTask, Job, JobState
from ports.jobs import JobLedger

# Times are statement_timestamp(): one moment for all conditions of a statement. Each statement
# is a transaction of its own.
_SUBMIT = """
    INSERT INTO jobs (id, key, symbol, bar_interval, range_start, range_end, provider)
    VALUES (%(id)s, %(key)s, %(symbol)s, %(interval)s, %(start)s, %(end)s, %(provider)s)
    ON CONFLICT (key) WHERE state IN ('queued', 'running') AND NOT cancel_requested DO NOTHING
    RETURNING *
"""
_SAME = """
    SELECT * FROM jobs
    WHERE key = %(key)s AND state IN ('queued', 'running') AND NOT cancel_requested
"""
_GET = "SELECT * FROM jobs WHERE id = %(id)s"
_LIST = "SELECT * FROM jobs ORDER BY created_at DESC, id DESC LIMIT %(limit)s"
_LIST_STATE = """
    SELECT * FROM jobs WHERE state = %(state)s
    ORDER BY created_at DESC, id DESC LIMIT %(limit)s
"""
# The owner may claim again: its first claim may have been granted and the answer lost.
_CLAIM = """
    UPDATE jobs SET state = 'running', attempts = attempts + 1, lease_owner = %(owner)s,
        lease_until = statement_timestamp() + make_interval(secs => %(seconds)s),
        started_at = coalesce(started_at, statement_timestamp()), not_before = NULL,
        updated_at = statement_timestamp()
    WHERE id = %(id)s AND (
        state = 'queued' AND (not_before IS NULL OR not_before <= statement_timestamp())
        OR state = 'running' AND lease_until <= statement_timestamp()
        OR lease_owner = %(owner)s)
    RETURNING *
"""
_RENEW = """
    UPDATE jobs SET lease_until = statement_timestamp() + make_interval(secs => %(seconds)s),
        attempts = CASE WHEN %(progress)s > progress OR %(rows)s > rows THEN 1 ELSE attempts END,
        progress = greatest(progress, %(progress)s), rows = greatest(rows, %(rows)s),
        updated_at = statement_timestamp()
    WHERE id = %(id)s AND lease_owner = %(owner)s
    RETURNING *
"""
_FINISH = """
    UPDATE jobs SET state = %(state)s, error = %(error)s, rows = greatest(rows, %(rows)s),
        progress = CASE WHEN %(state)s = 'done' THEN 1 ELSE progress END,
        lease_owner = NULL, lease_until = NULL, finished_at = statement_timestamp(),
        updated_at = statement_timestamp()
    WHERE id = %(id)s AND lease_owner = %(owner)s
"""
_RELEASE = """
    UPDATE jobs SET state = 'queued', lease_owner = NULL, lease_until = NULL, sent_at = NULL,
        attempts = CASE WHEN %(error)s::text IS NULL THEN attempts - 1 ELSE attempts END,
        error = coalesce(%(error)s, error), updated_at = statement_timestamp(),
        not_before = CASE WHEN %(seconds)s > 0
            THEN statement_timestamp() + make_interval(secs => %(seconds)s) END
    WHERE id = %(id)s AND lease_owner = %(owner)s
"""
# Who holds a lease is asked to stop; where nobody does, the job ends here and now.
_CANCEL = """
    UPDATE jobs SET cancel_requested = true, updated_at = statement_timestamp(), not_before = NULL,
        state = CASE WHEN lease_until > statement_timestamp() THEN state ELSE 'cancelled' END,
        lease_owner = CASE WHEN lease_until > statement_timestamp() THEN lease_owner END,
        lease_until = CASE WHEN lease_until > statement_timestamp() THEN lease_until END,
        finished_at = CASE WHEN lease_until > statement_timestamp() THEN NULL
            ELSE statement_timestamp() END
    WHERE id = %(id)s AND state IN ('queued', 'running')
    RETURNING *
"""
_STRANDED = """
    WITH lost AS MATERIALIZED (
        SELECT id, sent_at FROM jobs
        WHERE (state = 'queued' AND (not_before IS NULL OR not_before <= statement_timestamp())
                OR state = 'running' AND lease_until <= statement_timestamp())
            AND (sent_at IS NULL
                OR sent_at <= statement_timestamp() - make_interval(secs => %(seconds)s))
        ORDER BY sent_at NULLS FIRST, id LIMIT %(limit)s
        FOR UPDATE SKIP LOCKED
    ), sent AS (
        UPDATE jobs SET sent_at = statement_timestamp() FROM lost WHERE jobs.id = lost.id
        RETURNING jobs.id, lost.sent_at AS before
    )
    SELECT id FROM sent ORDER BY before NULLS FIRST, id
"""
# Those that another reconciler is dropping are left to it.
_FORGET = """
    DELETE FROM jobs WHERE id IN (
        SELECT id FROM jobs
        WHERE finished_at <= statement_timestamp() - make_interval(secs => %(seconds)s)
            AND state NOT IN ('queued', 'running')
        ORDER BY finished_at LIMIT %(limit)s
        FOR UPDATE SKIP LOCKED
    )
    RETURNING id
"""
Row = dict[str, Any]


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
        if state is None:
            rows = await self._rows(_LIST, {"limit": limit})
        else:
            rows = await self._rows(_LIST_STATE, {"state": state.value, "limit": limit})
        return [_job(row) for row in rows]

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
        return await self._one(_CANCEL, {"id": job_id}) or await self.get(job_id)

    async def stranded(self, queued_for_s: float, limit: int) -> Sequence[str]:
        rows = await self._rows(_STRANDED, {"seconds": queued_for_s, "limit": limit})
        return [row["id"] for row in rows]

    async def forget(self, finished_for_s: float, limit: int) -> int:
        return len(await self._rows(_FORGET, {"seconds": finished_for_s, "limit": limit}))

    async def _one(self, statement: LiteralString, values: Row) -> Job | None:
        rows = await self._rows(statement, values)
        return _job(rows[0]) if rows else None

    async def _rows(self, statement: LiteralString, values: Row) -> Sequence[Row]:
        async def ask(connection: Connection) -> Sequence[Row]:
            cursor = connection.cursor(row_factory=dict_row)
            await cursor.execute(statement, values)
            return await cursor.fetchall()

        return await self._pool.within(ask)

    async def _changed(self, statement: LiteralString, values: Row) -> bool:
        async def change(connection: Connection) -> bool:
            cursor = await connection.execute(statement, values)
            return cursor.rowcount == 1

        return await self._pool.within(change)


def _job(row: Row) -> Job:
    return Job(
        id=row["id"],
        key=row["key"],
        task=BackfillTask(
            row["symbol"],
            Interval(row["bar_interval"]),
            row["range_start"],
            row["range_end"],
            row["provider"],
        ),
        state=JobState(row["state"]),
        progress=row["progress"],
        rows=row["rows"],
        attempts=row["attempts"],
        error=row["error"],
        created_at=row["created_at"].timestamp(),
        updated_at=row["updated_at"].timestamp(),
        started_at=_seconds(row["started_at"]),
        finished_at=_seconds(row["finished_at"]),
        lease_owner=row["lease_owner"],
        lease_until=_seconds(row["lease_until"]),
        cancel_requested=row["cancel_requested"],
        not_before=_seconds(row["not_before"]),
    )


def _seconds(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()
