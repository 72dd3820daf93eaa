"""From the queue's threads into the process's event loop."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import CancelledError
from contextlib import suppress

from domain.errors import MarketDataError
from ports.telemetry import Telemetry

CONCURRENCY = 4
_HAND_BACK_S = 3.0


class JobRunner:
    """Runs jobs on the loop that opened it, for threads that wait.

    At most ``concurrency`` at a time. A job that cannot even be claimed, because the ledger is
    away, is dropped quietly: the ledger still knows it and somebody sends it again.
    """

    def __init__(
        self,
        run_job: Callable[[str], Awaitable[object]],
        telemetry: Telemetry,
        *,
        concurrency: int = CONCURRENCY,
    ) -> None:
        """Take the use case by its call."""
        self._run_job = run_job
        self._telemetry = telemetry
        self._slots = asyncio.Semaphore(concurrency)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._running: set[asyncio.Task[None]] = set()

    def open(self) -> None:
        """Accept jobs from now on, for the running loop."""
        self._loop = asyncio.get_running_loop()

    def __call__(self, job_id: str) -> None:
        """Called by a thread of the queue: returns when the job has ended or was handed back."""
        loop = self._loop
        if loop is None:
            return
        job: Coroutine[object, object, None] = self._run(job_id)
        try:
            ended = asyncio.run_coroutine_threadsafe(job, loop)
        except RuntimeError:
            job.close()  # the loop is closed: nobody would ever run it
            return
        # Cancelled means draining: the job is back in the ledger's queue.
        with suppress(CancelledError):
            ended.result()

    async def drain(self, grace_s: float) -> None:
        """Accept nothing more; what still runs after ``grace_s`` is handed back."""
        self._loop = None
        late = await self._wait(self._running, grace_s)
        for task in late:
            task.cancel()
        await self._wait(late, _HAND_BACK_S)

    async def _wait(
        self, tasks: set[asyncio.Task[None]], seconds: float
    ) -> set[asyncio.Task[None]]:
        if not tasks:
            return set()
        _, pending = await asyncio.wait(set(tasks), timeout=seconds)
        return pending

    async def _run(self, job_id: str) -> None:
        task = asyncio.current_task()
        if self._loop is None or task is None:
            return
        self._running.add(task)
        try:
            async with self._slots:
                await self._run_job(job_id)
        except MarketDataError as fault:
            self._telemetry.event("job_not_run", job=job_id, reason=fault.message)
        finally:
            self._running.discard(task)
