"""The threads that take job ids from the broker."""

import asyncio
from collections.abc import Callable

import dramatiq
from dramatiq import Broker

from adapters_out.dramatiq.brokers import ACTOR, MAX_AGE_MS, QUEUE, close_broker

THREADS = 4
# How often an idle thread looks up: the latency of a job and of a shutdown.
_IDLE_MS = 250


class DramatiqWorker:
    """A worker inside this process, instead of the library's command and its own processes.

    ``run`` gets a job id on one of the worker's threads and returns when the job has ended; it
    must not raise for what happens to a job.
    """

    def __init__(
        self, broker: Broker, run: Callable[[str], None], *, threads: int = THREADS
    ) -> None:
        """Bind the actor; one worker per broker."""
        bind = dramatiq.actor(
            broker=broker,
            actor_name=ACTOR,
            queue_name=QUEUE,
            max_retries=0,
            max_age=MAX_AGE_MS,
        )
        bind(run)
        self._broker = broker
        self._worker = dramatiq.Worker(
            broker, queues={QUEUE}, worker_timeout=_IDLE_MS, worker_threads=threads
        )

    def start(self) -> None:
        """Take ids from now on."""
        self._worker.start()

    async def stop(self, timeout_s: float) -> None:
        """Take nothing new, wait for the running ones, give back what was fetched.

        The threads end with their jobs: drain the runner at the same time. After ``timeout_s``
        per stage (jobs, connections) they are left behind; they are daemons.
        """
        await asyncio.to_thread(self._worker.stop, int(timeout_s * 1000))
        close_broker(self._broker)
