"""The wire format of protocol buffers (protobuf.dev/programming-guides/encoding), as far as needed.

A message is a run of fields: a varint with the number and the kind of the field, then its value.
"""

import struct
from collections.abc import Iterator

from adapters_out.provider_kit.cells import Unreadable


class Fixed(bytes):
    """A value of a fixed length: it is no text."""

    __slots__ = ()


Value = int | bytes | Fixed

_VARINT, _FIXED_64, _BYTES, _FIXED_32 = 0, 1, 2, 5
_FIXED = {_FIXED_64: 8, _FIXED_32: 4}
_LONGEST = 10  # bytes of a varint of 64 bits
_MASK = (1 << 64) - 1


def fields_of(body: bytes) -> dict[int, Value]:
    """The fields of a message by their numbers; of one that comes twice the last counts.

    Varints are unsigned integers, values of a fixed length are ``Fixed``, all else is its bytes.

    Raises:
        Unreadable: the message ends too early, or has a kind of fields that is no longer used.
    """
    return dict(_fields(body))


def text_of(value: Value) -> str:
    """A text.

    Raises:
        Unreadable: it is none.
    """
    if isinstance(value, int | Fixed):
        raise Unreadable("a field is no text")
    return value.decode()


def signed_of(value: Value) -> int:
    """A ``sint64``, in which small numbers are short whatever their sign.

    Raises:
        Unreadable: it is none.
    """
    if not isinstance(value, int):
        raise Unreadable("a field is no integer")
    return (value >> 1) ^ -(value & 1)


def float_of(value: Value) -> float:
    """A number in single precision, as it is.

    Raises:
        Unreadable: it is none.
    """
    if not isinstance(value, Fixed) or len(value) != _FIXED[_FIXED_32]:
        raise Unreadable("a field is no number of single precision")
    (found,) = struct.unpack("<f", value)
    return float(found)


def _fields(body: bytes) -> Iterator[tuple[int, Value]]:
    place = 0
    while place < len(body):
        tag, place = _varint(body, place)
        value, place = _value(body, place, tag & 7)
        yield tag >> 3, value


def _value(body: bytes, place: int, kind: int) -> tuple[Value, int]:
    """A value of that kind, and the place behind it."""
    if kind == _VARINT:
        return _varint(body, place)
    if kind == _BYTES:
        length, place = _varint(body, place)
    elif kind in _FIXED:
        length = _FIXED[kind]
    else:
        raise Unreadable(f"it has a field of the kind {kind}")
    end = place + length
    if end > len(body):
        raise Unreadable("it ends in the midst of a field")
    found = body[place:end]
    return Fixed(found) if kind in _FIXED else found, end


def _varint(body: bytes, place: int) -> tuple[int, int]:
    """Seven bits a byte, the lowest first; and the place behind it."""
    found = 0
    for count, byte in enumerate(body[place : place + _LONGEST]):
        found |= (byte & 0x7F) << 7 * count
        if byte < 0x80:
            return found & _MASK, place + count + 1
    raise Unreadable("it ends in the midst of a number")
