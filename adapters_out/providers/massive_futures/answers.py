"""What all answers of Massive about futures have in common: the envelope."""

from typing import TypeVar

import msgspec
from msgspec import Raw, Struct

from adapters_out.provider_kit.calls import Call, Reply
from adapters_out.provider_kit.rows import mended

NAME = "massive_futures"
R = TypeVar("R")


class Envelope(Struct):
    """Every body; ``results`` is left out when there are none."""

    results: Raw = Raw(b"[]")
    status: str = "OK"
    next_url: str | None = None


ENVELOPE = msgspec.json.Decoder(Envelope)


def open_envelope(reply: Reply, kind: type[R]) -> tuple[Envelope, list[R]]:
    """The envelope of a body and its rows, one if ``results`` is an object.

    Raises:
        msgspec.MsgspecError: the body is of another shape.
    """
    try:
        envelope = msgspec.json.decode(reply.body, type=Envelope)
    except msgspec.DecodeError:
        envelope = msgspec.json.decode(mended(reply.body), type=Envelope)
    results = bytes(envelope.results).lstrip()
    if results.startswith(b"{"):
        return envelope, [msgspec.json.decode(results, type=kind)]
    decoder: msgspec.json.Decoder[list[R]] = msgspec.json.Decoder(list.__class_getitem__(kind))
    return envelope, [] if results == b"null" else decoder.decode(results)


def following(envelope: Envelope) -> Call | None:
    """The next page."""
    return Call(envelope.next_url) if envelope.next_url else None
