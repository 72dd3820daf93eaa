"""The OpenAPI document, from the same table that parses and routes."""

import re
from collections.abc import Iterable, Sequence
from http import HTTPStatus

import msgspec

from adapters_in.http.kinds import Schema
from adapters_in.http.layouts import LABELS
from adapters_in.http.parameters import Parameter
from adapters_in.http.problems import MEDIA_TYPE, Problem
from adapters_in.http.replies import JSON, Route
from domain.interval import Interval

_ALWAYS = (500, 503)  # a fault of ours; shutting down
_MEANINGS = {
    200: "The answer.",
    202: "Accepted; `Location` is where it can be followed.",
    304: "What `If-None-Match` names is still right.",
    400: "The request is malformed: `parameter`, `hint` and `did_you_mean` help.",
    404: "Nobody knows that, or it has no data.",
    413: "The body is too large.",
    415: "The body is not JSON.",
    422: "The interval, the range or the option is understood but not offered.",
    500: "The service failed; `request_id` finds it in the log.",
    503: "Nobody can answer now: `attempts` has one reason per provider, `retry_after_s` a hint.",
    504: "The deadline passed first.",
}
_HEADERS: dict[str, Schema] = {
    "ETag": {"description": "Names this state of the answer.", "schema": {"type": "string"}},
    "Cache-Control": {
        "description": "Until the next bar closes; stale answers are not to be kept.",
        "schema": {"type": "string"},
    },
    "Link": {"description": 'The next page, `rel="next"`.', "schema": {"type": "string"}},
    **{
        name: {"description": f"With CSV and NDJSON: {text}", "schema": {"type": "string"}}
        for name, text in LABELS.items()
    },
    "Location": {"description": "Where the job is.", "schema": {"type": "string"}},
    "Retry-After": {
        "description": "Seconds until asking again makes sense.",
        "schema": {"type": "integer", "minimum": 1},
    },
}
_ID: Schema = {"description": "Names this request in the log.", "schema": {"type": "string"}}


def openapi_document(routes: Sequence[Route], version: str, *, demo: bool) -> bytes:
    """The document as JSON, the same bytes for the same routes."""
    documented = [route for route in routes if route.documented]
    types = {route.reply for route in documented if route.reply is not None}
    ordered = sorted(types, key=lambda each: each.__name__)
    refs, schemas = msgspec.json.schema_components(
        (*ordered, Problem), ref_template="#/components/schemas/{name}"
    )
    shown: dict[type, Schema] = dict(zip(ordered, refs, strict=False))
    paths: dict[str, Schema] = {}
    for route in documented:
        operations = paths.setdefault(route.path, {})
        operations[route.method.lower()] = _operation(route, shown)
        if route.method == "GET":
            operations["head"] = _head(route, shown)
    synthetic = " This installation serves synthetic demo data." if demo else ""
    document = {
        "openapi": "3.1.0",
        "info": {
            "title": "fks-data",
            "version": version,
            "description": "Market data with its quality, origin and gaps. Times are Unix seconds; "
            f"ranges are half-open. HEAD is answered wherever GET is.{synthetic}",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": tag} for tag in dict.fromkeys(route.tag for route in documented)],
        "paths": paths,
        "components": {"schemas": schemas},
    }
    return msgspec.json.encode(document)


def _operation(route: Route, shown: dict[type, Schema]) -> Schema:
    success: Schema = {
        "description": _MEANINGS[route.status],
        "headers": _headers(route.headers),
        "content": _content(route, shown),
    }
    operation: Schema = {
        "operationId": _name(route.method, route.path),
        "summary": route.summary,
        "tags": [route.tag],
        "parameters": [*map(_parameter, route.parameters), *_request_headers(route)],
        "responses": {str(route.status): success, **_errors(route)},
    }
    if route.body is not None:
        operation["requestBody"] = {
            "required": True,
            "content": {JSON: {"schema": _body(route.body)}},
        }
    return operation


def _head(route: Route, shown: dict[type, Schema]) -> Schema:
    """As GET without the bodies."""
    operation = _operation(route, shown)
    responses = operation["responses"]
    bare = {
        status: {key: value for key, value in response.items() if key != "content"}
        for status, response in (responses.items() if isinstance(responses, dict) else ())
    }
    name = _name("HEAD", route.path)
    return {**operation, "operationId": name, "responses": bare}


def _content(route: Route, shown: dict[type, Schema]) -> Schema:
    text: Schema = {"schema": {"type": "string"}}
    content: Schema = dict.fromkeys(route.media_types, text)
    if route.reply is None:
        return content
    return {JSON: {"schema": shown[route.reply]}, **content}


def _errors(route: Route) -> Schema:
    statuses = sorted({*route.statuses, *_ALWAYS})
    problem: Schema = {"schema": {"$ref": f"#/components/schemas/{Problem.__name__}"}}
    errors: Schema = {}
    if "ETag" in route.headers:
        names = [name for name in route.headers if name != "Link" and name not in LABELS]
        errors["304"] = {"description": _MEANINGS[304], "headers": _headers(names)}
    for status in statuses:
        retry = ("Retry-After",) if status >= HTTPStatus.SERVICE_UNAVAILABLE else ()
        errors[str(status)] = {
            "description": _MEANINGS[status],
            "headers": _headers(retry),
            "content": {MEDIA_TYPE: problem},
        }
    return errors


def _headers(names: Iterable[str]) -> Schema:
    return {"X-Request-ID": _ID, **{name: _HEADERS[name] for name in names}}


def _parameter(parameter: Parameter) -> Schema:
    schema = parameter.kind.schema()
    if parameter.default is not None:
        default = parameter.default
        schema["default"] = default.value if isinstance(default, Interval) else default
    shown: Schema = {
        "name": parameter.name,
        "in": parameter.place,
        "required": parameter.required,
        "description": parameter.description,
        "schema": schema,
    }
    return shown if parameter.example is None else {**shown, "example": parameter.example}


def _request_headers(route: Route) -> list[Schema]:
    text = "Yours if it is 1 to 128 letters, digits, `.`, `_`, `-` or `:`; sent back either way."
    headers = [_request_header("X-Request-ID", text)]
    if "ETag" in route.headers:
        headers.append(_request_header("If-None-Match", "Answer 304 if this still names it."))
    return headers


def _request_header(name: str, text: str) -> Schema:
    return {
        "name": name,
        "in": "header",
        "required": False,
        "description": text,
        "schema": {"type": "string"},
    }


def _body(members: Sequence[Parameter]) -> Schema:
    properties: Schema = {}
    for member in members:
        schema = {**member.kind.schema(), "description": member.description}
        if not member.required:
            schema = {"anyOf": [member.kind.schema(), {"type": "null"}], "default": None}
        properties[member.name] = schema
    return {
        "type": "object",
        "properties": properties,
        "required": [member.name for member in members if member.required],
        "additionalProperties": False,
        "example": {m.name: m.example for m in members if m.example is not None},
    }


def _name(method: str, path: str) -> str:
    words = re.sub(r"[^a-zA-Z0-9]+", "_", path).strip("_") or "landing"
    return f"{method.lower()}_{words}"
