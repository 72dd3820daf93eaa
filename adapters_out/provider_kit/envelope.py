"""Envelopes around many rows: what they say is found without a walk through the rows.

A decoder that skips rows takes half as long as one that reads them. So they are cut out: from the
first ``[[`` or ``[{`` of a body to the last ``]]`` or ``}]``. If that was not where they are, what
is left cannot be decoded, and the body is decoded as it came.
"""

import re
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

import msgspec

from adapters_out.provider_kit.objects import decoded
from adapters_out.provider_kit.rows import Rows

E = TypeVar("E")
T = TypeVar("T")

_OPENING = re.compile(rb"\[[\[{]")
_MARK = b'"rows were here"'


def envelope_of(body: bytes, decoder: msgspec.json.Decoder[E]) -> E:
    """An envelope; what it may lack without complaint must not stand between two lists of rows.

    Raises:
        msgspec.DecodeError: the body is of another shape.
    """
    cut = _rows_at(body)
    if cut is not None:
        with suppress(msgspec.DecodeError):
            return decoder.decode(_without(body, cut))
    return decoder.decode(body)


def read_rows(
    body: bytes, decoder: msgspec.json.Decoder[E], name: str, read: Callable[[E, Rows], T]
) -> T:
    """What ``read`` makes of an envelope and of the rows, which are in its field of that name.

    The field is a ``Raw``.

    Raises:
        msgspec.DecodeError: the body is of another shape.
    """
    cut = _rows_at(body)
    if cut is not None:
        with suppress(msgspec.DecodeError):
            envelope = decoder.decode(_without(body, cut))
            if bytes(getattr(envelope, name)) == _MARK:
                return read(envelope, memoryview(body)[cut])
    envelope = decoded(body, decoder)
    return read(envelope, getattr(envelope, name))


def _rows_at(body: bytes) -> slice | None:
    """From the first list of rows to the end of the last, if there is any."""
    opening = _OPENING.search(body)
    if opening is None:
        return None
    closing = b"]]" if opening[0] == b"[[" else b"}]"
    end = body.rfind(closing, opening.end())
    return slice(opening.start(), end + len(closing)) if end >= 0 else None


def _without(body: bytes, rows: slice) -> bytes:
    return b"".join((body[: rows.start], _MARK, body[rows.stop :]))
