"""The application: the route table on Litestar, every error as a problem, the front before it."""

import traceback
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any, cast

from litestar import HttpMethod, Litestar, Request, Response
from litestar.exceptions import HTTPException, InternalServerException
from litestar.handlers import HTTPRouteHandler

from adapters_in.http.asgi import App
from adapters_in.http.asset_routes import AssetRoutes
from adapters_in.http.bar_routes import BarRoutes
from adapters_in.http.deadlines import Deadlines, deadline_of
from adapters_in.http.entity_tags import names
from adapters_in.http.front import Front, request_id_of
from adapters_in.http.futures_data_routes import FuturesDataRoutes
from adapters_in.http.futures_routes import FuturesRoutes
from adapters_in.http.hot_answers import HOT_AFTER, HotAnswers
from adapters_in.http.indicator_routes import IndicatorRoutes
from adapters_in.http.job_routes import JobRoutes
from adapters_in.http.json_body import MAX_BYTES, read_body
from adapters_in.http.openapi import openapi_document
from adapters_in.http.page_routes import PageRoutes
from adapters_in.http.problems import (
    MEDIA_TYPE,
    Problem,
    Refused,
    encode,
    headers_of,
    problem_of,
    refuse,
    unexpected,
)
from adapters_in.http.query_string import read_arguments
from adapters_in.http.replies import Call, Headers, Reply, Route
from adapters_in.http.reserved_routes import reserved_routes
from adapters_in.http.series_routes import SeriesRoutes
from adapters_in.http.service_routes import ServiceRoutes
from adapters_in.http.services import Services
from adapters_in.http.tick_routes import TickRoutes
from domain.errors import DeadlineExceeded, MarketDataError
from domain.provider import Priority
from ports.market_data import CallContext

_GRACE_S = 0.2  # what an answer may take beyond its deadline: time to say so
_FRAMES = 8  # of a traceback, in the log

AnyRequest = Request[Any, Any, Any]
AnyResponse = Response[bytes]


def build_app(services: Services) -> App:
    """The ASGI application; start-up and shutdown belong to whoever runs it."""
    hot = HotAnswers(services.clock, services.cache_bytes, hot_after=HOT_AFTER)
    routes = route_table(services, hot)
    litestar = Litestar(
        route_handlers=_handlers((*routes, _document(services, routes)), services),
        exception_handlers={Exception: _Faults(services, routes)},
        openapi_config=None,
        logging_config=None,
        request_max_body_size=MAX_BYTES,
    )
    return Front(cast("App", litestar), services, hot)


def route_table(services: Services, hot: HotAnswers | None = None) -> tuple[Route, ...]:
    """Every route, as declared."""
    kept = hot or HotAnswers(services.clock, 0)
    return (
        *ServiceRoutes(services).table(),
        *BarRoutes(services, kept).table(),
        *IndicatorRoutes(services).table(),
        *TickRoutes(services).table(),
        *AssetRoutes(services).table(),
        *SeriesRoutes(services).table(),
        *reserved_routes(),
        *FuturesRoutes(services).table(),
        *FuturesDataRoutes(services).table(),
        *JobRoutes(services).table(),
        *PageRoutes(services).table(),
    )


def openapi_json(services: Services) -> bytes:
    """The OpenAPI document that ``/openapi.json`` serves."""
    return openapi_document(route_table(services), services.version, demo=services.demo)


def _document(services: Services, routes: tuple[Route, ...]) -> Route:
    body = openapi_document(routes, services.version, demo=services.demo)

    async def document(call: Call) -> Reply:
        del call
        return Reply(body, headers=(("cache-control", "no-cache"),))

    return Route(
        method="GET",
        path="/openapi.json",
        tag="Pages",
        summary="This document",
        handle=document,
        documented=False,
    )


def _handlers(routes: Iterable[Route], services: Services) -> list[HTTPRouteHandler]:
    """One Litestar handler per path; it also says what the path takes."""
    by_path: dict[str, dict[str, Route]] = {}
    for route in routes:
        by_path.setdefault(route.path, {})[route.method] = route
    deadlines = Deadlines()
    return [_handler(path, found, services, deadlines) for path, found in by_path.items()]


def _handler(
    path: str, routes: dict[str, Route], services: Services, deadlines: Deadlines
) -> HTTPRouteHandler:
    allow = _allow(routes)

    async def handle(request: AnyRequest) -> AnyResponse:
        request.scope["state"]["route"] = path
        route = routes.get(request.scope["method"])
        if route is None:
            return Response(b"", status_code=204, headers={"allow": allow})
        return await _answer(request, route, services, deadlines)

    methods = [HttpMethod.OPTIONS, *map(HttpMethod, routes)]
    return HTTPRouteHandler(path.replace("}", ":str}"), http_method=methods, status_code=200)(
        handle
    )


async def _answer(
    request: AnyRequest, route: Route, services: Services, deadlines: Deadlines
) -> AnyResponse:
    """Read, ask, answer; all of it before the deadline."""
    now = services.clock.monotonic()
    deadline = deadline_of(request.scope["state"]["arrived"], now, services.deadline_s)
    context = CallContext(deadline, Priority.INTERACTIVE, request_id_of(request.scope))

    async def work() -> Reply:
        return await route.handle(await _read(request, route, context))

    try:
        reply = await deadlines.keep(work(), deadline - now + _GRACE_S)
    except TimeoutError:
        message = f"There was no answer within {services.deadline_s:g} s."
        raise DeadlineExceeded(message) from None
    return _response(reply, request.headers.get("if-none-match"))


def _allow(methods: Iterable[str]) -> str:
    """The header: HEAD goes wherever GET goes."""
    found = {*methods, "OPTIONS"}
    return ", ".join(sorted(found | {"HEAD"} if "GET" in found else found))


async def _read(request: AnyRequest, route: Route, context: CallContext) -> Call:
    raw = request.scope["query_string"]
    values = {} if route.unread else read_arguments(raw, request.path_params, route.parameters)
    if route.body is not None:
        try:
            content = await request.body()
        except InternalServerException:  # Litestar's name for a caller who hangs up while sending
            raise refuse(400, "The body broke off before its end.") from None
        content_type = request.headers.get("content-type", "")
        values |= read_body(content, content_type, route.body)
    return Call(values, context, request.scope["path"], raw)


def _response(reply: Reply, if_none_match: str | None) -> AnyResponse:
    headers = dict(reply.headers)
    etag = headers.get("etag")
    if etag is not None and if_none_match is not None and names(if_none_match, etag):
        return Response(b"", status_code=304, headers=headers)
    headers["content-type"] = reply.media_type
    return Response(reply.body, status_code=reply.status, headers=headers)


class _Faults:
    """Turns whatever a request ended with into a problem."""

    def __init__(self, services: Services, routes: tuple[Route, ...]) -> None:
        self._services = services
        self._paths = sorted({route.path for route in routes if route.documented})

    def __call__(self, request: AnyRequest, error: Exception) -> AnyResponse:
        problem, headers = self._problem(request, error)
        body = encode(problem, request.scope["path"], request_id_of(request.scope))
        fields = dict((*headers_of(problem), *headers))
        fields["content-type"] = MEDIA_TYPE
        return Response(body, status_code=problem.status, headers=fields)

    def _problem(self, request: AnyRequest, error: Exception) -> tuple[Problem, Headers]:
        if isinstance(error, Refused):
            return error.problem, error.headers
        if isinstance(error, MarketDataError):
            return problem_of(error, self._services.clock.now()), ()
        if isinstance(error, HTTPException) and error.status_code < 500:  # noqa: PLR2004  # ours
            return self._framework(request, error)
        self._log(request, error)
        return unexpected(), ()

    def _framework(self, request: AnyRequest, error: HTTPException) -> tuple[Problem, Headers]:
        path, method = request.scope["path"][:100], request.scope["method"]
        if error.status_code == 404:  # noqa: PLR2004  # no such route
            near = tuple(get_close_matches(path, self._paths, 2))
            hint = "GET /openapi.json lists every route."
            detail = f"There is nothing at {path}."
            return refuse(404, detail, hint=hint, did_you_mean=near).problem, ()
        if error.status_code == 405:  # noqa: PLR2004  # the route has other methods
            allow = _allow((error.headers or {}).get("allow", "GET").split(", "))
            detail = f"{path} does not take {method[:20]}."
            return refuse(405, detail, hint=f"Use {allow}.").problem, (("allow", allow),)
        if error.status_code == 413:  # noqa: PLR2004  # the cap on bodies
            return refuse(413, f"The body is larger than {MAX_BYTES} bytes.").problem, ()
        return refuse(error.status_code, "The request could not be read.").problem, ()

    def _log(self, request: AnyRequest, error: Exception) -> None:
        """What happened and where, without any value that a caller sent."""
        frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
        self._services.telemetry.event(
            "request_failed",
            request_id=request_id_of(request.scope),
            route=request.scope["state"].get("route", "unmatched"),
            error=type(error).__name__,
            where=[f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
        )
