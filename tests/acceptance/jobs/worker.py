"""A worker process for the tests: real ledger and broker, a back-fill that only writes slots.

``python -m tests.acceptance.jobs.worker DATABASE_URL REDIS_URL|-``; a dash takes the broker
inside the process. SIGTERM ends it as it ends the service.
"""

import asyncio
import signal
import sys
from collections.abc import AsyncGenerator

from adapters_in.jobs.job_runner import JobRunner
from adapters_in.jobs.job_watch import JobWatch
from adapters_out.dramatiq import (
    DramatiqJobQueue,
    DramatiqWorker,
    process_broker,
    redis_broker,
)
from adapters_out.memory.telemetry import RecordingTelemetry
from adapters_out.postgres.job_ledger import PostgresJobLedger
from adapters_out.postgres.pool import Connection, PostgresPool
from adapters_out.system.clock import SystemChance, SystemClock, SystemIds
from application.reconcile_jobs import ReconcileJobs
from application.run_job import Backfill, BackfillProgress, RunJob
from domain.jobs import BackfillTask

SLOTS = 100
_BATCH = 10
_BATCH_S = 0.15
TABLE = "CREATE TABLE filled (symbol text, slot int, PRIMARY KEY (symbol, slot))"


class SlowBackfill(Backfill):
    """Writes the missing ones of a hundred slots, ten at a time, each ten in one transaction."""

    def __init__(self, pool: PostgresPool) -> None:
        """Write through the pool."""
        self._pool = pool
        self._clock = SystemClock()

    async def run(
        self, task: BackfillTask, request_id: str
    ) -> AsyncGenerator[BackfillProgress, None]:
        assert request_id
        while (held := await self._held(task.symbol)) < SLOTS:
            await self._clock.sleep(_BATCH_S)
            await self._write(task.symbol, held)
            yield BackfillProgress((held + _BATCH) / SLOTS, held + _BATCH)

    async def _held(self, symbol: str) -> int:
        async def count(connection: Connection) -> int:
            asked = "SELECT count(*) FROM filled WHERE symbol = %s"
            [(held,)] = await (await connection.execute(asked, (symbol,))).fetchall()
            return int(held)

        return await self._pool.within(count)

    async def _write(self, symbol: str, first: int) -> None:
        """Fails where a slot is there already: two workers would have had the job."""

        async def insert(connection: Connection) -> None:
            rows = "INSERT INTO filled SELECT %s, generate_series(%s::int, %s::int)"
            await connection.execute(rows, (symbol, first, first + _BATCH - 1))

        async with self._pool.connection() as connection:
            await insert(connection)


async def work(database_url: str, redis_url: str) -> None:
    """Until SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    clock, told = SystemClock(), RecordingTelemetry()
    broker = process_broker() if redis_url == "-" else redis_broker(redis_url)
    async with PostgresPool(database_url) as pool:
        ledger = PostgresJobLedger(pool)
        backfill = SlowBackfill(pool)
        run_job = RunJob(ledger, backfill, clock, SystemChance(), SystemIds(), told)
        runner = JobRunner(run_job, told)
        worker = DramatiqWorker(broker, runner)
        reconcile = ReconcileJobs(ledger, DramatiqJobQueue(broker), told)
        watch = asyncio.ensure_future(JobWatch(reconcile, clock, told).run())
        runner.open()
        worker.start()
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await stop.wait()
        watch.cancel()
        await asyncio.gather(worker.stop(3), runner.drain(0))


if __name__ == "__main__":
    asyncio.run(work(sys.argv[1], sys.argv[2]))
