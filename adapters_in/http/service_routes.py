"""Health, readiness, facts and metrics of the service itself."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from adapters_in.http.bodies_service import (
    DataHealth,
    HealthBody,
    Info,
    PartView,
    ReadyBody,
    Status,
)
from adapters_in.http.problems import Problem, ProblemPart, Refused
from adapters_in.http.replies import Call, Reply, Route, json_reply
from adapters_in.http.services import Services
from application.list_providers import ProviderFacts
from application.report_status import Readiness
from domain.circuit import CircuitState

_METRICS = "text/plain; version=0.0.4; charset=utf-8"
_DESCRIPTION = "Market data with its quality, origin and gaps, from one place."
_ENDPOINTS = {
    "health": "/health",
    "ready": "/ready",
    "info": "/info",
    "status": "/status",
    "metrics": "/metrics",
    "docs": "/docs",
    "openapi": "/openapi.json",
    "data": "/api/v1/data",
    "jobs": "/api/v1/jobs",
}


class ServiceRoutes:
    """The health group."""

    def __init__(self, services: Services) -> None:
        """Take the facts."""
        self._services = services

    def table(self) -> tuple[Route, ...]:
        """The routes."""
        healthy = "The process answers"
        return (
            _route("/health", healthy, self.health, HealthBody),
            _route("/api/v1/health", healthy, self.health, HealthBody),
            _route("/live", healthy, self.live, HealthBody),
            _route("/ready", "Whether traffic should come here", self.ready, ReadyBody, 503),
            _route("/info", "What this is", self.info, Info),
            _route("/status", "How it is doing", self.status, Status),
            _route("/api/v1/data/health", "Providers in a word", self.data_health, DataHealth),
            _metrics_route(self.metrics),
        )

    async def health(self, call: Call) -> Reply:
        """Alive and able to answer; asks nobody."""
        del call
        return json_reply(self._health("healthy"))

    async def live(self, call: Call) -> Reply:
        """The same for orchestrators."""
        del call
        return json_reply(self._health("alive"))

    async def ready(self, call: Call) -> Reply:
        """200, or 503 naming the failing part."""
        del call
        services = self._services
        readiness = await services.report_status()
        if not readiness.ready:
            raise _not_ready(readiness)
        parts = {part.name: "ok" for part in readiness.parts}
        return json_reply(ReadyBody("ready", services.name, self._now(), parts, services.demo))

    async def info(self, call: Call) -> Reply:
        """The facts."""
        del call
        return json_reply(Info(**self._facts()))

    async def status(self, call: Call) -> Reply:
        """The facts and how it goes."""
        del call
        services = self._services
        readiness = await services.report_status()
        uptime = max(0, int(services.clock.now() - services.report_status.started_at))
        return json_reply(
            Status(
                **self._facts(),
                uptime=str(timedelta(seconds=uptime)),
                uptime_s=uptime,
                ready=readiness.ready,
                draining=readiness.draining,
                parts=tuple(PartView(p.name, p.ok, p.detail) for p in readiness.parts),
                endpoints=_ENDPOINTS,
            )
        )

    async def data_health(self, call: Call) -> Reply:
        """Every provider in a word."""
        del call
        services = self._services
        words = {facts.name: _word(facts) for facts in await services.list_providers()}
        well = "healthy" if "available" in words.values() else "degraded"
        now = self._now()
        return json_reply(DataHealth(well, services.name, words, now, services.demo))

    async def metrics(self, call: Call) -> Reply:
        """The text exposition for Prometheus."""
        del call
        await self._services.tell_budgets()
        headers = (("cache-control", "no-store"),)
        return Reply(self._services.metrics(), _METRICS, headers=headers)

    def _health(self, status: str) -> HealthBody:
        services = self._services
        return HealthBody(status, services.name, self._now(), services.version, services.demo)

    def _now(self) -> str:
        """As the consumers of the health group know it: ISO 8601."""
        now = datetime.fromtimestamp(int(self._services.clock.now()), UTC)
        return f"{now:%Y-%m-%dT%H:%M:%SZ}"

    def _facts(self) -> dict[str, Any]:
        services = self._services
        return {
            "name": services.name,
            "version": services.version,
            "description": _DESCRIPTION,
            "status": "draining" if services.report_status.draining else "running",
            "started_at": int(services.report_status.started_at),
            "framework": "Litestar",
            "demo": services.demo,
            "providers": services.providers,
            "max_limit": services.max_limit,
        }


def _route(
    path: str,
    summary: str,
    handle: Callable[[Call], Awaitable[Reply]],
    reply: type,
    *statuses: int,
) -> Route:
    return Route(
        method="GET",
        path=path,
        tag="Service",
        summary=summary,
        handle=handle,
        reply=reply,
        statuses=(400, *statuses, 504),
    )


def _metrics_route(handle: Callable[[Call], Awaitable[Reply]]) -> Route:
    return Route(
        method="GET",
        path="/metrics",
        tag="Service",
        summary="Metrics for Prometheus",
        handle=handle,
        media_types=("text/plain",),
        statuses=(400, 504),
    )


def _not_ready(readiness: Readiness) -> Refused:
    failing = [part for part in readiness.parts if not part.ok]
    reasons = [f"{part.name}: {part.detail}" for part in failing]
    if readiness.draining:
        reasons.append("the service is shutting down")
    problem = Problem(
        type="urn:fks-data:problem:not-ready",
        title="Not ready",
        status=503,
        detail=f"Not ready: {'; '.join(reasons)}",
        parts=tuple(ProblemPart(p.name, p.ok, p.detail) for p in readiness.parts),
        retry_after_s=5,
    )
    return Refused(problem)


def _word(facts: ProviderFacts) -> str:
    if not facts.enabled:
        return "error: no key configured"
    if facts.health.state is not CircuitState.CLOSED:
        return f"error: circuit {facts.health.state.value}"
    return "available"
