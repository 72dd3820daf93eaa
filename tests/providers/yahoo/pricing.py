"""Prices as Yahoo's stream writes them: protocol buffers in Base64."""

import base64
import struct


def varint(number: int) -> bytes:
    """Seven bits a byte, the lowest first."""
    parts = []
    while number > 0x7F:
        parts.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*parts, number])


def field(place: int, value: int | bytes, *, fixed: bool = False) -> bytes:
    """A varint, bytes, or (``fixed``) four bytes."""
    if isinstance(value, int):
        return varint(place << 3) + varint(value)
    if fixed:
        return varint(place << 3 | 5) + value
    return varint(place << 3 | 2) + varint(len(value)) + value


def number(place: int, value: float) -> bytes:
    """A number in single precision."""
    return field(place, struct.pack("<f", value), fixed=True)


def signed(place: int, value: int) -> bytes:
    """A signed integer."""
    return field(place, value << 1 ^ value >> 63)


def message(*fields: bytes) -> str:
    """The fields as they are sent."""
    return base64.b64encode(b"".join(fields)).decode()
