"""`fks-data jobs` and `cancel`."""

import sys

from adapters_in.cli.inspection import show
from adapters_in.cli.runtime import Runtime
from domain.errors import InvalidRequest
from domain.jobs import JobState

_COLUMNS = ("id", "state", "symbol", "interval", "progress", "rows", "eta_s", "error")


async def show_jobs(runtime: Runtime, state: str | None, limit: int, *, json: bool) -> int:
    """Print jobs, newest first."""
    async with runtime.toolbox() as tools:
        views = await tools.list_jobs(_state(state), limit)
    rows: list[dict[str, object]] = [
        {
            "id": view.job.id,
            "state": view.job.state.value,
            "symbol": view.job.task.symbol,
            "interval": view.job.task.interval.value,
            "provider": view.job.task.provider,
            "start": view.job.task.start,
            "end": view.job.task.end,
            "progress": round(view.job.progress, 4),
            "rows": view.job.rows,
            "eta_s": view.eta_s,
            "error": view.job.error,
        }
        for view in views
    ]
    return show(rows, _COLUMNS, json=json)


async def cancel_job(runtime: Runtime, job_id: str) -> int:
    """Cancel one job; 1 when there is none of that id."""
    async with runtime.toolbox() as tools:
        job = await tools.cancel_job(job_id)
    if job is None:
        sys.stderr.write(f"fks-data: There is no job {job_id}: see `fks-data jobs`.\n")
        return 1
    sys.stdout.write(f"{job.id} {job.state.value}\n")
    return 0


def _state(text: str | None) -> JobState | None:
    if text is None:
        return None
    try:
        return JobState(text)
    except ValueError:
        known = ", ".join(state.value for state in JobState)
        message = f"--state must be one of {known}."
        raise InvalidRequest(message, "state") from None
