"""Pages: a cursor that holds the whole call, and an absolute link with nothing else."""

import base64
import binascii
import json
from collections.abc import Sequence

import msgspec

from adapters_in.simulator.wire import Reply, Request, World

MOST_DIGITS = 19


class BadValue(ValueError):
    """A parameter is not what it must be; the text tells the caller."""


def unfolded(request: Request) -> Request:
    """The call behind a cursor, or the call itself.

    Raises:
        BadValue: the cursor is none of ours.
    """
    cursor = request.one("cursor")
    if cursor is None:
        return request
    try:
        pairs = json.loads(base64.urlsafe_b64decode(cursor))
        query = tuple((str(name), str(value)) for name, value in pairs)
    except (ValueError, TypeError, binascii.Error):
        raise BadValue("invalid cursor") from None
    return Request(request.path, query, request.method, request.headers)


def link(request: Request, world: World, **changed: str) -> str:
    """The address of the page that asks the same but for what is ``changed`` (dots as ``__``)."""
    renamed = {name.replace("__", "."): value for name, value in changed.items()}
    pairs = [pair for pair in request.query if pair[0] not in renamed]
    cursor = base64.urlsafe_b64encode(msgspec.json.encode([*pairs, *renamed.items()])).decode()
    return f"{world.origin}{request.path}?cursor={cursor}"


def body(results: str, next_url: str | None = None) -> Reply:
    """The envelope around rendered results."""
    link_part = "" if next_url is None else f'"next_url":"{next_url}",'
    request_id = "a47d1beb8c11b6ae897ab76cdbbf35a3"
    text = f'{{{link_part}"request_id":"{request_id}","results":[{results}],"status":"OK"}}'
    return Reply(text.encode(), content_type="application/json")


def limited(request: Request, default: int, most: int) -> int:
    """The ``limit`` of a call.

    Raises:
        BadValue: it is no number or too large.
    """
    text = request.one("limit")
    if text is None:
        return default
    if not text.isdecimal() or not 0 < int(text[:MOST_DIGITS]) <= most:
        raise BadValue(f"limit must be between 1 and {most}")
    return int(text)


def chosen(
    request: Request, world: World, rows: Sequence[dict[str, object]], limits: tuple[int, int]
) -> Reply:
    """A page of finished rows, where an ``offset`` says in its cursor where it begins."""
    count = limited(request, *limits)
    first = int(request.one("offset") or 0)
    page = rows[first : first + count]
    more = first + count < len(rows)
    next_url = link(request, world, offset=str(first + count)) if more else None
    return body(",".join(msgspec.json.encode(row).decode() for row in page), next_url)
