"""What a route answers, whatever framework carries it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec import Struct

from adapters_in.http.parameters import Parameter
from ports.market_data import CallContext

JSON = "application/json"
Headers = tuple[tuple[str, str], ...]

_encoder = msgspec.json.Encoder()


class Reply(Struct, frozen=True):
    """A finished answer; header names are lower case."""

    body: bytes
    media_type: str = JSON
    status: int = 200
    headers: Headers = ()


class Call(Struct, frozen=True):
    """One request, read: a value for every declared parameter, and on whose behalf to ask."""

    values: dict[str, Any]
    context: CallContext
    path: str = ""
    raw_query: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One row of the table that drives routing, parsing and the OpenAPI document.

    ``body`` are the members of a JSON body; ``reply`` is the Struct of a JSON answer;
    ``media_types`` what else the answer may be; ``statuses`` the errors that can happen;
    ``headers`` the answer's documented headers. ``unread``: whatever parameters come are let be.
    """

    method: str
    path: str
    tag: str
    summary: str
    handle: Callable[[Call], Awaitable[Reply]]
    parameters: tuple[Parameter, ...] = ()
    body: tuple[Parameter, ...] | None = None
    reply: type | None = None
    media_types: tuple[str, ...] = ()
    status: int = 200
    statuses: tuple[int, ...] = ()
    headers: tuple[str, ...] = ()
    documented: bool = True
    unread: bool = False


def json_reply(body: Struct, *, status: int = 200, headers: Headers = ()) -> Reply:
    """A Struct as JSON; what changes by itself is not cached."""
    fixed = (("cache-control", "no-store"),)
    return Reply(_encoder.encode(body), status=status, headers=headers or fixed)
