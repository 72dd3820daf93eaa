"""Reading a JSON body as strictly as a query string, by the same declarations."""

import json
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec

from adapters_in.http.kinds import Malformed, Moment
from adapters_in.http.parameters import Parameter
from adapters_in.http.problems import refuse
from adapters_in.http.query_string import unknown_name, value_fault

MAX_BYTES = 65_536

_decoder = msgspec.json.Decoder(dict[str, str | int | float | None])


def read_body(raw: bytes, content_type: str, declared: Sequence[Parameter]) -> dict[str, Any]:
    """A value for every declared member; null is absent.

    Raises:
        Refused: 415 without a JSON content type, 400 for what is malformed.
        UnsupportedInterval: a length of time that nobody makes bars of.
    """
    if content_type.partition(";")[0].strip().lower() != "application/json":
        hint = "Send Content-Type: application/json."
        raise refuse(415, "The body must be JSON and say so.", hint=hint)
    given = _members(raw)
    names = [member.name for member in declared]
    for name in given:
        if name not in names:
            raise unknown_name(name, names)
    return {member.name: _value(member, given.get(member.name)) for member in declared}


def _members(raw: bytes) -> dict[str, str | int | float | None]:
    try:
        given = _decoder.decode(raw)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        detail = "The body is not a JSON object of texts and whole numbers."
        raise refuse(400, detail, hint="GET /openapi.json shows an example.") from None
    pairs = json.loads(raw, object_pairs_hook=list, parse_int=str, parse_float=str)
    if len(pairs) > len(given):
        named = Counter(name for name, _ in pairs)
        name = next(name for name, times in named.items() if times > 1)[:40]
        detail = f"The member {name} is given more than once."
        raise refuse(400, detail, hint="Give it once.", parameter=name)
    return given


def _value(member: Parameter, given: str | float | None) -> object:
    if given is None:
        if member.required:
            detail = f"The member {member.name} is missing."
            raise refuse(400, detail, hint=f"Give {member.name}.", parameter=member.name)
        return member.default
    try:
        return member.kind.read(_text(member, given))
    except Malformed as fault:
        raise value_fault(member.name, fault, str(given)) from None


def _text(member: Parameter, given: str | float) -> str:
    """As a query would spell it: times may be numbers, everything else is a text."""
    timed = isinstance(member.kind, Moment)
    if isinstance(given, str):
        if timed and re.fullmatch(r"[-+]?[0-9.]+", given, re.ASCII):
            raise Malformed("is a number in quotes", "Write Unix seconds as a number.")
        return given
    if not timed:
        raise Malformed("is a number", "Write it as a text.")
    return str(int(given)) if float(given).is_integer() else str(given)
