"""Decimals from bytes: exact, or not at all."""

import json
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters_out.provider_kit.table import DecimalTable

ROW = '[1634943780000,"60685.22000000","0.10000000","7","12"]'

digits = st.text("0123456789", min_size=1, max_size=12)


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[list[str]], list[bool]]:
    """Rows of decimals; each column has its own number of places and may be quoted."""
    places = draw(st.lists(st.integers(0, 12), min_size=1, max_size=5))
    quoted = draw(st.lists(st.booleans(), min_size=len(places), max_size=len(places)))
    n = draw(st.integers(1, 8))
    rows = [
        [
            str(int(draw(digits))) + (f".{draw(st.integers(0, 10**p - 1)):0{p}d}" if p else "")
            for p in places
        ]
        for _ in range(n)
    ]
    return rows, quoted


def rendered(rows: list[list[str]], quoted: list[bool]) -> bytes:
    """Compact JSON."""
    lines = (
        ",".join(f'"{c}"' if q else c for c, q in zip(row, quoted, strict=True)) for row in rows
    )
    return f"[{','.join(f'[{line}]' for line in lines)}]".encode()


@given(tables())
def test_every_decimal_is_the_nearest_double(table: tuple[list[list[str]], list[bool]]) -> None:
    """Whatever the number of digits, a decimal becomes the double that float() makes of it."""
    rows, quoted = table
    found = DecimalTable.of(rendered(rows, quoted))
    assert found is not None
    numbers = found.numbers([], range(len(rows[0])))
    assert numbers is not None
    expected = [[float(row[c]) for row in rows] for c in range(len(rows[0]))]
    assert numbers.decimals.tolist() == expected


@given(st.data(), st.integers(1, 4))
def test_every_cell_may_have_its_own_places(data: st.DataObject, width: int) -> None:
    """Nor need the points be where the first row has them, or be there at all."""
    decimals = st.from_regex(r"\d{1,9}(\.\d{1,10})?", fullmatch=True, alphabet="0123456789.")
    rows = data.draw(st.lists(st.lists(decimals, min_size=width, max_size=width), min_size=1))
    quoted = data.draw(st.lists(st.booleans(), min_size=width, max_size=width))
    table = DecimalTable.of(rendered([["7", *row] for row in rows], [False, *quoted]))
    numbers = table.numbers([0], range(1, width + 1)) if table else None
    assert numbers is not None
    assert numbers.integers.tolist() == [[7] * len(rows)]
    assert numbers.decimals.T.tolist() == [[float(cell) for cell in row] for row in rows]


@given(st.integers(0, 10**15 - 1), st.integers(-8, 0))
def test_fifteen_digits_survive(mantissa: int, exponent: int) -> None:
    """A decimal of up to 15 significant digits comes back as the same decimal."""
    text = format(Decimal(mantissa).scaleb(exponent), "f")
    numbers = _numbers(f'[[1,"{text}"]]'.encode(), [0], [1])
    assert Decimal(repr(float(numbers[1][0]))) == Decimal(text)


@given(st.lists(st.integers(0, 10**16 - 1), min_size=1, max_size=20))
def test_whole_numbers_of_sixteen_digits_are_exact(values: list[int]) -> None:
    """Milliseconds, microseconds and counts are read without rounding."""
    body = json.dumps([[v, str(v)] for v in values], separators=(",", ":")).encode()
    numbers = _numbers(body, [0, 1], [])
    assert numbers[0].tolist() == values
    assert numbers[1].tolist() == values


@pytest.mark.parametrize(
    "bad",
    [
        '[1634943780000,"-60685.22000000","0.10000000","7","12"]',
        '[1634943780000,"6068e.22000000","0.10000000","7","12"]',
        '[1634943780000,"60685.22000000","NaN","7","12"]',
        '[1634943780000,"60685.22000000",null,"7","12"]',
        '[1634943780000,"60685.22000000","0.10000000",7,"12"]',
        '[1634943780000,"60685.22000000","0.10000000","","12"]',
        '[1634943780000,".22000000","0.10000000","7","12"]',
        '[1634943780000,"60685.","0.10000000","7","12"]',
        '[1634943780000,"606.85.22","0.10000000","7","12"]',
        '[1634943780000,"60685.22000000","0.10000000","7.0","12"]',
        '[1634943780000,"60685,22000000","7","12"]',
        '[-163494378000,"60685.22000000","0.10000000","7","12"]',
        '[16349437800001634,"60685.22000000","0.10000000","7","12"]',
        '[1634943780000,"123456-78.22000000","0.10000000","7","12"]',
        '[1634943780000,60685.220000000,"0.10000000","7","12"]',
        '[[1634943780000],"60685.22000000","0.10000000","7","12"]',
    ],
)
def test_a_cell_of_another_kind_is_not_guessed(bad: str) -> None:
    """A sign, an exponent, a missing quote, two points: the general reader has to look."""
    assert not len(_numbers(f"[{ROW},{bad},{ROW}]".encode(), [0, 3, 4], [1, 2]))


@pytest.mark.parametrize(
    "body",
    ["", "[]", "[[]]", "[[1]", "[1]]", "{}", "null", f"[{ROW},{ROW[:-5]}]", f"[{ROW} ,{ROW}]"],
)
def test_what_is_no_table_is_not_read(body: str) -> None:
    """A body of another shape yields no table or no numbers."""
    assert not len(_numbers(body.encode(), [0], [1]))


@given(st.integers(0, 3 * (len(ROW) + 1)), st.integers(0, 255))
def test_a_broken_byte_is_never_misread(place: int, byte: int) -> None:
    """One changed byte: the cells read are those that a JSON parser finds, or nothing is read."""
    body = bytearray(f"[{ROW},{ROW},{ROW}]".encode())
    body[min(place, len(body) - 1)] = byte
    numbers = _numbers(bytes(body), [0, 4], [1, 2])
    try:
        rows = json.loads(bytes(body))
    except ValueError:
        return
    if len(numbers):
        expected = [[float(row[c]) for row in rows] for c in (0, 4, 1, 2)]
        assert [column.tolist() for column in numbers] == expected


def test_a_row_is_shown_as_it_came() -> None:
    """The text of a row can be kept for quarantine."""
    table = DecimalTable.of(f"[{ROW},{ROW}]".encode())
    assert table is not None
    assert (len(table), table.width, table.row(1)) == (2, 5, ROW)


def _numbers(body: bytes, integers: list[int], decimals: list[int]) -> list[np.ndarray]:
    table = DecimalTable.of(body)
    width = max(*integers, *decimals, 0) + 1
    found = table.numbers(integers, decimals) if table and table.width >= width else None
    return [*found.integers, *found.decimals] if found else []
