"""Work that outlives the request: back-fills as jobs."""

from dataclasses import replace

import msgspec

from adapters_in.http.bodies_service import JobBody, Jobs
from adapters_in.http.kinds import Choice, Text
from adapters_in.http.parameters import (
    ID_PATTERN,
    Parameter,
    check_range,
    end,
    interval,
    limit,
    provider,
    start,
    symbol,
)
from adapters_in.http.problems import refuse
from adapters_in.http.replies import Call, Reply, Route, json_reply
from adapters_in.http.services import Services
from application.list_jobs import MAX_LIMIT, JobView
from application.submit_backfill import SubmitBackfillRequest
from domain.jobs import JobState

_JOBS = "/api/v1/jobs"
_STATUSES = (400, 503, 504)


class JobRoutes:
    """Submit, look, cancel."""

    def __init__(self, services: Services) -> None:
        """Take the use cases."""
        self._services = services

    def table(self) -> tuple[Route, ...]:
        """The routes."""
        kind = Text(ID_PATTERN, 36, "letters, digits and dashes")
        job_id = Parameter("id", kind, "The job's id.", required=True, place="path")
        states = Choice(tuple(s.value for s in JobState))
        return (
            self._submission(),
            Route(
                method="GET",
                path=_JOBS,
                tag="Jobs",
                summary="Jobs, newest first",
                handle=self.list,
                parameters=(
                    Parameter("state", states, "Only jobs in this state."),
                    limit(100, MAX_LIMIT, "jobs"),
                ),
                reply=Jobs,
                statuses=_STATUSES,
            ),
            Route(
                method="GET",
                path=f"{_JOBS}/{{id}}",
                tag="Jobs",
                summary="One job",
                handle=self.one,
                parameters=(job_id,),
                reply=JobBody,
                statuses=(*_STATUSES, 404),
            ),
            Route(
                method="DELETE",
                path=f"{_JOBS}/{{id}}",
                tag="Jobs",
                summary="Cancel a job",
                handle=self.cancel,
                parameters=(job_id,),
                reply=JobBody,
                statuses=(*_STATUSES, 404),
            ),
        )

    def _submission(self) -> Route:
        first, stop, length = start(), end(), interval("1h")
        body = (
            symbol(),
            replace(length, default=None, required=True),
            replace(first, required=True),
            replace(stop, required=True),
            provider(self._services.providers),
        )
        return Route(
            method="POST",
            path=f"{_JOBS}/backfill",
            tag="Jobs",
            summary="Fetch and store what is missing of a range",
            handle=self.submit,
            body=body,
            reply=JobBody,
            status=202,
            statuses=(*_STATUSES, 404, 413, 415, 422),
            headers=("Location",),
        )

    async def submit(self, call: Call) -> Reply:
        """202 with the job; the same unfinished task again is the same job."""
        values = call.values
        check_range(values["start"], values["end"])
        request = SubmitBackfillRequest(
            values["symbol"],
            values["interval"],
            values["start"],
            values["end"],
            values["provider"],
        )
        done = await self._services.submit_backfill(request)
        shown = msgspec.structs.replace(self._shown(JobView(done.job, None)), created=done.created)
        where = (("location", f"{_JOBS}/{done.job.id}"), ("cache-control", "no-store"))
        return json_reply(shown, status=202, headers=where)

    async def list(self, call: Call) -> Reply:
        """The newest jobs."""
        state = call.values["state"]
        chosen = None if state is None else JobState(state)
        views = await self._services.list_jobs(chosen, call.values["limit"])
        return json_reply(Jobs(tuple(self._shown(v) for v in views), self._services.demo))

    async def one(self, call: Call) -> Reply:
        """One job."""
        view = await self._services.list_jobs.one(call.values["id"])
        if view is None:
            raise _unknown(call)
        return json_reply(self._shown(view))

    async def cancel(self, call: Call) -> Reply:
        """The job after the request; a running one stops within seconds."""
        job = await self._services.cancel_job(call.values["id"])
        if job is None:
            raise _unknown(call)
        return json_reply(self._shown(JobView(job, None)))

    def _shown(self, view: JobView) -> JobBody:
        job, task = view.job, view.job.task
        return JobBody(
            id=job.id,
            kind="backfill",
            state=job.state.value,
            progress=job.progress,
            rows=job.rows,
            eta_s=None if view.eta_s is None else round(view.eta_s, 1),
            error=job.error,
            symbol=task.symbol,
            interval=task.interval.value,
            start=task.start,
            end=task.end,
            provider=task.provider,
            attempts=job.attempts,
            cancel_requested=job.cancel_requested,
            created_at=int(job.created_at),
            updated_at=int(job.updated_at),
            started_at=None if job.started_at is None else int(job.started_at),
            finished_at=None if job.finished_at is None else int(job.finished_at),
            demo=self._services.demo,
        )


def _unknown(call: Call) -> Exception:
    detail = f"There is no job {call.values['id']}."
    return refuse(404, detail, code="unknown-job", hint=f"GET {_JOBS} lists the jobs.")
