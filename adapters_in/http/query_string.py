"""Reading a query string strictly: nothing unknown, repeated, empty or badly escaped passes."""

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any
from urllib.parse import unquote_to_bytes

from adapters_in.http.kinds import Malformed, NotOffered
from adapters_in.http.parameters import Parameter
from adapters_in.http.problems import Refused, refuse
from domain.errors import quoted

MAX_BYTES = 8_192
_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
# What other services call it.
_SYNONYMS = {
    "timeframe": "interval",
    "resolution": "interval",
    "granularity": "interval",
    "period": "interval",
    "from": "start",
    "since": "start",
    "start_date": "start",
    "start_time": "start",
    "starttime": "start",
    "to": "end",
    "until": "end",
    "end_date": "end",
    "end_time": "end",
    "endtime": "end",
    "pair": "symbol",
    "ticker": "symbol",
    "instrument": "symbol",
    "exchange": "provider",
    "source": "provider",
    "count": "limit",
    "size": "limit",
    "n": "limit",
    "asof": "as_of",
    "cache": "use_cache",
    "query": "q",
    "search": "q",
    "text": "q",
}


def read_arguments(
    raw: bytes, path: Mapping[str, str], declared: Sequence[Parameter]
) -> dict[str, Any]:
    """A value for every declared parameter, its default when absent.

    Raises:
        Refused: 400 with the parameter at fault, a hint and near spellings.
        UnsupportedInterval: a length of time that nobody makes bars of.
    """
    given = _pairs(raw, [p.name for p in declared if p.place == "query"])
    texts = {**given, **path}
    return {p.name: _value(p, texts) for p in declared}


def _value(parameter: Parameter, texts: Mapping[str, str]) -> object:
    text = texts.get(parameter.name)
    if text is None:
        if parameter.required:
            example = f" such as {parameter.example}" if parameter.example else ""
            detail = f"The parameter {parameter.name} is missing."
            raise refuse(
                400, detail, hint=f"Give {parameter.name}{example}.", parameter=parameter.name
            )
        return parameter.default
    try:
        return parameter.kind.read(text)
    except Malformed as fault:
        raise value_fault(parameter.name, fault, text) from None


def value_fault(name: str, fault: Malformed, given: str) -> Refused:
    """The refusal of a value: 400, or 422 for what is understood but not offered.

    The sentence names the parameter, what was given, and what would do.
    """
    if isinstance(fault, NotOffered):
        return refuse(422, fault.hint, code="not-offered", parameter=name)
    return refuse(
        400,
        f"The parameter {name} is {quoted(given)}, which {fault.says}. {fault.hint}",
        hint=fault.hint,
        parameter=name,
        did_you_mean=fault.did_you_mean,
    )


def _pairs(raw: bytes, known: Sequence[str]) -> dict[str, str]:
    if len(raw) > MAX_BYTES:
        detail = f"The query is {len(raw)} bytes long; at most {MAX_BYTES} are read."
        raise refuse(400, detail, hint="No parameter needs more than a few dozen characters.")
    given: dict[str, str] = {}
    for piece in filter(None, raw.split(b"&")):
        key, _, value = piece.partition(b"=")
        name = _text(key)
        if name not in known:
            raise unknown_name(name, known)
        if name in given:
            detail = f"The parameter {name} is given more than once."
            raise refuse(400, detail, hint="Give it once.", parameter=name)
        given[name] = _filled(name, _text(value, name))
    return given


def _filled(name: str, text: str) -> str:
    if not text:
        detail = f"The parameter {name} is empty."
        raise refuse(400, detail, hint="Give it a value or leave it out.", parameter=name)
    return text


def unknown_name(name: str, known: Sequence[str]) -> Refused:
    """The refusal of a name, with the one that was probably meant."""
    folded = name.lower()[:40]
    meant = _SYNONYMS.get(folded, folded)
    same = [each for each in known if _SYNONYMS.get(each, each) == meant]
    near = tuple(same[:1]) or tuple(get_close_matches(folded, known, 2))
    every = ", ".join(known) if known else "none"
    hint = f"Did you mean {near[0]}?" if near else f"The parameters here are: {every}."
    return refuse(
        400,
        f"There is no parameter {_shown(name)}.",
        hint=hint,
        parameter=_shown(name),
        did_you_mean=tuple(n for n in near if n),
    )


def _text(raw: bytes, name: str | None = None) -> str:
    whose = f"The parameter {name}" if name else "The query"
    if _ESCAPE.search(raw):
        detail = f"{whose} has a % that escapes nothing."
        raise refuse(400, detail, hint="Write a literal % as %25.", parameter=name)
    try:
        text = unquote_to_bytes(raw.replace(b"+", b" ")).decode("utf-8")
    except UnicodeDecodeError:
        detail = f"{whose} is not UTF-8."
        raise refuse(400, detail, hint="Escape text as UTF-8.", parameter=name) from None
    if _CONTROL.search(text):
        detail = f"{whose} holds a control character."
        raise refuse(400, detail, hint="Leave out %00 and its like.", parameter=name)
    return text


def _shown(name: str) -> str:
    """A stranger's name, short and printable."""
    return "".join(c if c.isprintable() else "?" for c in name[:40])
