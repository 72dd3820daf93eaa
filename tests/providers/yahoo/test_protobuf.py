"""The wire format of protocol buffers, checked with the examples of its documentation."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters_out.provider_kit.cells import Unreadable
from adapters_out.providers.yahoo.protobuf import Fixed, fields_of, float_of, signed_of, text_of
from tests.providers.yahoo.pricing import field, varint


def test_the_documented_examples_are_read_right() -> None:
    """A 150 in field 1, and a text in field 2."""
    assert fields_of(bytes.fromhex("089601")) == {1: 150}
    assert fields_of(bytes.fromhex("120774657374696e67")) == {2: b"testing"}
    assert fields_of(b"") == {}


@pytest.mark.parametrize(
    ("value", "signed"),
    [(0, 0), (1, -1), (2, 1), (3, -2), (2**32 - 2, 2**31 - 1), (2**32 - 1, -(2**31))],
)
def test_signed_integers_are_zigzag(value: int, signed: int) -> None:
    """As the documentation's table has it."""
    assert signed_of(value) == signed


@given(
    st.integers(0, 2**64 - 1),
    st.binary(max_size=300),
    st.floats(width=32, allow_nan=False),
    st.integers(1, 2**29 - 1),
)
def test_what_was_written_is_read(number: int, text: bytes, price: float, place: int) -> None:
    """Fields of all kinds, whatever their number; of one that comes twice the last counts."""
    for value in (number, text):
        assert fields_of(field(place, 7) + field(place, value)) == {place: value}
    (found,) = fields_of(field(place, struct.pack("<f", price), fixed=True)).values()
    assert float_of(found) == price
    assert fields_of(varint(place << 3 | 1) + b"8 bytes.") == {place: b"8 bytes."}


@given(st.integers(0, 2**64 - 1), st.binary(min_size=1, max_size=300), st.data())
def test_what_is_cut_off_is_unreadable(number: int, text: bytes, data: st.DataObject) -> None:
    """Wherever it is cut but between two fields."""
    first, body = field(3, number), field(3, number) + field(4, text)
    end = data.draw(st.integers(1, len(body) - 1).filter(lambda end: end != len(first)))
    with pytest.raises(Unreadable, match="in the midst"):
        fields_of(body[:end])


@pytest.mark.parametrize("kind", [3, 4, 6, 7])
def test_other_kinds_of_fields_are_unreadable(kind: int) -> None:
    """Two are no longer used, two never were."""
    with pytest.raises(Unreadable, match=f"kind {kind}"):
        fields_of(varint(1 << 3 | kind) + b"\0")


def test_a_varint_without_an_end_is_unreadable() -> None:
    """However much follows."""
    with pytest.raises(Unreadable, match="number"):
        fields_of(b"\x08" + b"\xff" * 50)


def test_a_varint_has_ten_bytes_and_64_bits() -> None:
    """What is more of bits is dropped, what is more of bytes is none."""
    assert fields_of(b"\x08" + b"\xff" * 9 + b"\x7f") == {1: 2**64 - 1}
    with pytest.raises(Unreadable, match="number"):
        fields_of(b"\x08" + b"\xff" * 10 + b"\x01")


def test_a_field_of_another_kind_is_unreadable() -> None:
    """Each has its own."""
    with pytest.raises(Unreadable):
        text_of(5)
    with pytest.raises(Unreadable):
        text_of(Fixed(b"four"))
    with pytest.raises(Unreadable):
        signed_of(b"x")
    for value in (5, b"four", Fixed(b"8 bytes.")):
        with pytest.raises(Unreadable):
            float_of(value)
