"""One cell of a provider's body as a number, strictly; and whole columns of such cells."""

import math
import re
import struct
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from typing import Any, TypeGuard, TypeVar

import numpy as np
from numpy.typing import NDArray

_DECIMAL = re.compile(r"-?\d{1,40}(?:\.\d{1,40})?(?:[eE][+-]?\d{1,3})?", re.ASCII)
_LARGEST = 2**63 - 1
_LONGEST = 18  # digits of a whole number that surely fits 64 bits
# Stamps of 1973 and later; nothing that we ask for was traded before in finer units.
_UNITS = ((10**17, 10**9), (10**14, 10**6), (10**11, 1000))

Complain = Callable[[int, str], None]
Number = TypeVar("Number", int, float)


class Unreadable(ValueError):
    """Raised by the reading part of a provider for a body that is not what was asked for."""


class Circling(Unreadable):
    """Raised for a next page that was handed out before: there is no way on."""

    def __init__(self) -> None:
        """There is only one way to do that."""
        super().__init__("it hands out the same next page again")


def number(cell: object) -> float:
    """A JSON number or a plain decimal in a string as a finite float.

    Raises:
        Unreadable: anything else; ``NaN``, ``inf``, ``1_000`` and booleans included.
    """
    plain = isinstance(cell, str) and _DECIMAL.fullmatch(cell)
    if not plain and (isinstance(cell, bool) or not isinstance(cell, int | float)):
        raise Unreadable(f"{_shown(cell)} is no number")
    try:
        value = float(cell)  # type: ignore[arg-type]  # str, int or float by the lines above
    except OverflowError:
        value = math.inf
    if not math.isfinite(value):
        raise Unreadable(f"{_shown(cell)} is not finite")
    return value


def whole(cell: object) -> int:
    """A whole JSON number, or one in a string, that fits 64 bits; never rounded.

    Raises:
        Unreadable: anything else.
    """
    value = number(cell)
    try:
        exact = int(cell)  # type: ignore[call-overload]  # a number or its text
    except ValueError:
        exact = int(value)  # "1.1e3"
    if not value.is_integer() or abs(exact) > _LARGEST:
        raise Unreadable(f"{_shown(cell)} is no whole number of 64 bits")
    return int(exact)


def optional_number(cell: object) -> float | None:
    """A number as :func:`number` reads it, None if none was sent."""
    return None if cell is None else number(cell)


def nonzero_number(cell: object) -> float | None:
    """Likewise where 0 stands for what is not known, or is not there."""
    return optional_number(cell) or None


def side_of_book(price: object, size: object) -> tuple[float | None, float | None]:
    """Price and size of a side of a book; without a price, or at the price 0, it is empty."""
    best = nonzero_number(price)
    return best, None if best is None else optional_number(size)


def epoch_unit(stamp: int) -> int:
    """How many of its units make a second, told from the magnitude of one Unix time stamp."""
    return next((unit for limit, unit in _UNITS if abs(stamp) >= limit), 1)


def packed(cells: Collection[object], kind: str) -> NDArray[Any] | None:
    """JSON numbers as float64 (``d``) or int64 (``q``), None if a cell is none or does not fit.

    It takes half as long as ``np.array``, and a true is a 1: whoever calls knows of none.
    """
    try:
        return np.frombuffer(struct.Struct(f"{len(cells)}{kind}").pack(*cells), kind)
    except (struct.error, OverflowError):
        return None


def floats(cells: Sequence[object], complain: Complain, *, optional: bool) -> NDArray[np.float64]:
    """Cells as float64; one that cannot be read is NaN and reported with its position.

    An ``optional`` cell may be None, which is NaN without a report. Floats are taken as they
    are: the judge looks at whether they are finite.
    """
    kinds = set(map(type, cells))
    if kinds <= ({float, int, type(None)} if optional else {float, int}):
        with suppress(OverflowError):  # a whole number of more than three hundred digits
            return np.array(cells, dtype=np.float64)
    if _are_plain(cells, kinds, b"0123456789. "):
        with suppress(ValueError):  # "1.2.3", or nothing at all
            return np.array(list(map(float, cells)), dtype=np.float64)
    return np.array(_column(number, cells, math.nan, complain, optional=optional), dtype=np.float64)


def integers(cells: Sequence[object], complain: Complain, *, optional: bool) -> NDArray[np.int64]:
    """Cells as int64; one that cannot be read is -1 and reported; an optional None is -1."""
    kinds = set(map(type, cells))
    if optional and kinds == {type(None)}:
        return np.full(len(cells), -1)
    if kinds == {int}:
        with suppress(OverflowError):
            return np.array(cells, dtype=np.int64)
    if _are_plain(cells, kinds, b"0123456789 "):
        with suppress(ValueError):
            if max(map(len, cells)) <= _LONGEST:
                return np.array(list(map(int, cells)), dtype=np.int64)
    return np.array(_column(whole, cells, -1, complain, optional=optional), dtype=np.int64)


def _are_plain(
    cells: Sequence[object], kinds: set[type], characters: bytes
) -> TypeGuard[Sequence[str]]:
    """Whether the cells are texts of these characters, a point only between others.

    It is found out in one go: a blank between two cells, which none of them may hold.
    """
    if kinds != {str}:
        return False
    text = f" {' '.join(map(str, cells))} "
    return (
        text.isascii()
        and not text.encode().translate(None, characters)
        and text.count(" ") == len(cells) + 1
        and ". " not in text
        and " ." not in text
    )


def _column(
    read: Callable[[object], Number],
    cells: Sequence[object],
    absent: Number,
    complain: Complain,
    *,
    optional: bool,
) -> list[Number]:
    values: list[Number] = []
    for index, cell in enumerate(cells):
        value = absent
        if cell is not None or not optional:
            try:
                value = read(cell)
            except Unreadable as error:
                complain(index, str(error))
        values.append(value)
    return values


def _shown(cell: object) -> str:
    return repr(cell)[:40]
