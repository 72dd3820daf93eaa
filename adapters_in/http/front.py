"""The layer before the framework: request ids, refusals while draining, and the hot path.

The one route that everybody polls is answered here, from memory, by its raw query string; what
is not in memory goes the long way round and is put there by it.
"""

import re
from asyncio import CancelledError
from collections.abc import Mapping
from typing import Any

from adapters_in.http.asgi import App, Message, RawHeaders, Receive, Scope, Send
from adapters_in.http.bar_routes import OHLCV
from adapters_in.http.cross_origin import CrossOrigin
from adapters_in.http.entity_tags import names
from adapters_in.http.hot_answers import HotAnswer, HotAnswers
from adapters_in.http.problems import MEDIA_TYPE, encode, headers_of, problem_of
from adapters_in.http.services import Services
from domain.errors import Overloaded

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._:-]{1,128}")
_TRACE = re.compile(rb"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}.*")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"})
# Answered while draining: whoever watches the service wants to know.
_ALWAYS_OPEN = frozenset(
    {"/health", "/api/v1/health", "/live", "/ready", "/info", "/status", "/metrics"}
)
_GONE = 499  # the caller hung up before there was an answer
_CLOSING_S = 5


class Front:
    """An ASGI application around another one."""

    def __init__(self, app: App, services: Services, hot: HotAnswers) -> None:
        """Take what lies behind, the facts, and the encoded answers."""
        self._app = app
        self._hot = hot
        self._clock = services.clock
        self._telemetry = services.telemetry
        self._gate = services.gate
        self._cross_origin = CrossOrigin(services.cors_origins)
        self._prefix = services.ids.new().encode()
        self._count = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection's request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = self._clock.monotonic()
        asked = dict(scope["headers"])
        request_id = self._request_id(asked)
        extra = [(b"x-request-id", request_id), *self._cross_origin.headers(asked)]
        hot = self._kept(scope)
        if hot is not None:
            route = OHLCV
            status = await _send_hot(hot, asked, extra, scope["method"], send)
        else:
            route, status = await self._long_way(scope, receive, send, asked, extra)
        method = scope["method"] if scope["method"] in _METHODS else "OTHER"
        self._telemetry.request_served(route, method, status, self._clock.monotonic() - started)

    def _kept(self, scope: Scope) -> HotAnswer | None:
        if scope["path"] != OHLCV or scope["method"] not in {"GET", "HEAD"} or self._gate.closed:
            return None
        hot = self._hot.get(scope["query_string"])
        self._telemetry.cache_asked("memory", hit=hot is not None)
        return hot

    def _request_id(self, asked: Mapping[bytes, bytes]) -> bytes:
        """The caller's own, the trace it belongs to, or a new one."""
        given = asked.get(b"x-request-id")
        if given is not None and _REQUEST_ID.fullmatch(given):
            return given
        trace = _TRACE.fullmatch(asked.get(b"traceparent", b""))
        if trace is not None:
            return trace.group(1)
        self._count += 1
        return b"%b-%x" % (self._prefix, self._count)

    async def _long_way(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        asked: Mapping[bytes, bytes],
        extra: RawHeaders,
    ) -> tuple[str, int]:
        """The route and status of what the framework, or this layer, answered."""
        preflight = self._cross_origin.preflight(scope["method"], asked)
        if preflight is not None:
            await _send(send, 204, [extra[0], *preflight], b"")
            return "preflight", 204
        if self._gate.closed and scope["path"] not in _ALWAYS_OPEN:
            await self._refuse(scope, extra, send)
            return "refused", 503
        arrived = self._clock.monotonic()
        state: dict[str, Any] = {**scope.get("state", {}), "request_id": extra[0][1].decode()}
        state["arrived"] = arrived
        # Of a crowd everybody is let in before the work for the first begins: the time of the last
        # one runs from when it came.
        await self._clock.sleep(0)
        inner = {**scope, "state": state}
        if scope["method"] == "HEAD":
            inner["method"] = "GET"
        answer = _Answer(send, extra, bodiless=scope["method"] == "HEAD")
        try:
            await self._app(inner, receive, answer)
        except CancelledError:
            if not self._gate.closed or answer.status != _GONE:
                raise
            # The time of grace is over: whoever still waits is told so, not dropped.
            await self._refuse(scope, extra, send)
            return state.get("route", "refused"), 503
        return state.get("route", "unmatched"), answer.status

    async def _refuse(self, scope: Scope, extra: RawHeaders, send: Send) -> None:
        message = "The service is shutting down: ask again, another instance will answer."
        problem = problem_of(Overloaded(message, _CLOSING_S), self._clock.now())
        body = encode(problem, scope["path"], extra[0][1].decode())
        fields = ((name.encode(), value.encode()) for name, value in headers_of(problem))
        headers = [
            *extra,
            *fields,
            (b"content-type", MEDIA_TYPE.encode()),
            (b"content-length", b"%d" % len(body)),
            (b"connection", b"close"),
        ]
        await _send(send, 503, headers, b"" if scope["method"] == "HEAD" else body)


class _Answer:
    """Passes an answer on with our headers, without its body if it is to a HEAD."""

    def __init__(self, send: Send, extra: RawHeaders, *, bodiless: bool) -> None:
        self._send = send
        self._extra = extra
        self._bodiless = bodiless
        self.status = _GONE

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message = {**message, "headers": [*message.get("headers", ()), *self._extra]}
        elif self._bodiless and message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await self._send(message)


async def _send_hot(
    hot: HotAnswer, asked: Mapping[bytes, bytes], extra: RawHeaders, method: str, send: Send
) -> int:
    """200 with the kept bytes, or 304 when the caller has them already."""
    wanted = asked.get(b"if-none-match")
    if wanted is not None and names(wanted.decode("latin-1"), hot.etag):
        await _send(send, 304, [*hot.headers[2:], *extra], b"")
        return 304
    await _send(send, 200, [*hot.headers, *extra], b"" if method == "HEAD" else hot.body)
    return 200


async def _send(send: Send, status: int, headers: RawHeaders, body: bytes) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def request_id_of(scope: Mapping[str, Any]) -> str:
    """The id that the front gave a request."""
    given: str = scope["state"].get("request_id", "")
    return given
