"""Tasks that live as long as their process, and the signals that end it."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress

from adapters_out.system.telemetry import EventLog

EXIT_TERMINATED = 143  # 128 + SIGTERM, what a shell reports for it
SLACK_S = 1.5  # after the grace, for what must still be put back
IMPATIENT_S = 0.8  # after a second signal; a busy machine needs the rest of its two seconds


@asynccontextmanager
async def running(log: EventLog, *tasks: Coroutine[object, object, None]) -> AsyncIterator[None]:
    """Run the tasks during the block; one that fails is logged and does not end the process."""
    started = [asyncio.create_task(_guarded(log, task)) for task in tasks]
    try:
        yield
    finally:
        for task in started:
            task.cancel()
        for task in started:
            with suppress(asyncio.CancelledError):
                await task


def end_at_the_latest(seconds: float) -> None:
    """Leave the process after that time, whatever still hangs: acknowledged work is stored."""
    asyncio.get_running_loop().call_later(seconds, os._exit, EXIT_TERMINATED)


async def until_signal(grace_s: float) -> None:
    """Wait for SIGTERM or SIGINT; from then on the process ends within ``grace_s`` + 1.5 s.

    A second signal ends it within 0.8 s.
    """
    loop = asyncio.get_running_loop()
    asked = asyncio.Event()

    def on_signal() -> None:
        end_at_the_latest(IMPATIENT_S if asked.is_set() else grace_s + SLACK_S)
        asked.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, on_signal)
    await asked.wait()


async def _guarded(log: EventLog, task: Coroutine[object, object, None]) -> None:
    try:
        await task
    except Exception as fault:  # noqa: BLE001 - named supervisor: a background task must not end serve
        log.info("background_task_failed", fault=type(fault).__name__, detail=str(fault)[:300])
