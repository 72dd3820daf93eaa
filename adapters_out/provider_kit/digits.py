"""Decimal tables straight from JSON bytes to numpy columns, without a Python object per cell.

A page of bars is a JSON array of rows that all look alike
(``[1634943780000,"60685.22000000",...]``): finding the commas once gives the place of every
cell, and eight digits at a time become a number with three multiplications over whole columns
(Lemire, "Number parsing at a gigabyte per second", 2021, §3).

Exactness: ``m / 10**8`` with an integer ``m <= 2**53`` is one correctly rounded division of two
exact doubles, hence the double nearest to the decimal (Clinger 1990). Every other cell goes
through ``float``.
"""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint64]
Places = NDArray[np.int64]

_PAD = b" " * 16
_ALL = (1 << 64) - 1
# The mask that keeps the last (first) k of eight characters; a word is read little-endian, so
# the first character lies in the lowest byte.
_KEEP_LAST = np.array([_ALL & ~(_ALL >> (8 * k)) for k in range(9)], dtype=np.uint64)
_KEEP_FIRST = np.array([_ALL >> (64 - 8 * k) if k else 0 for k in range(9)], dtype=np.uint64)
_ZEROS = np.uint64(0x3030303030303030)
_OVER_NINE = np.uint64(0x7676767676767676)
_HIGH_BITS = np.uint64(0x8080808080808080)
_PAIRS = np.uint64(0x00FF00FF00FF00FF)
_FOURS = np.uint64(0x0000FFFF0000FFFF)
# What joins neighbours: ten ones to a pair, a hundred pairs, ten thousand fours.
_JOIN_ONES = np.uint64(1 + (10 << 8))
_JOIN_PAIRS = np.uint64(1 + (100 << 16))
_JOIN_FOURS = np.uint64(1 + (10_000 << 32))
_SCALE = np.uint64(10**8)
_EXACT = np.uint64(1 << 53)
_BYTE, _TWO_BYTES, _FOUR_BYTES = np.uint64(8), np.uint64(16), np.uint64(32)
_WIDTH = 8
_COMMA, _OPEN, _CLOSE, _QUOTE, _POINT = b',[]".'
_CELL = re.compile(rb'(")?\d+(?:\.(\d+))?(")?')
_DECIMAL = re.compile(rb"\d+\.\d+")


class Numbers(NamedTuple):
    """The wanted columns in the order asked: whole numbers, then decimals (each columns × rows)."""

    integers: NDArray[np.int64]
    decimals: NDArray[np.float64]


class _Cell(NamedTuple):
    """How a column is written: in quotes or not, with so many digits behind the point."""

    quoted: bool
    places: int


class DecimalTable:
    """A JSON array of rows of plain decimals; built by :meth:`of`.

    Cells that nobody asks for are not looked at.
    """

    __slots__ = ("_codes", "_commas", "_rows", "_text", "_width")

    def __init__(self, text: bytes, commas: Places, rows: int, width: int) -> None:
        """Keep the padded text and what separates its cells (rows × width + 1 places)."""
        self._text = text
        self._codes = np.frombuffer(text, np.uint8)
        self._commas = commas
        self._rows = rows
        self._width = width

    @classmethod
    def of(cls, body: bytes) -> "DecimalTable | None":
        """The table, or None unless the body is compact JSON with equally many cells per row."""
        width = body.count(b",", 0, body.find(b"]") + 1) + 1
        if not body.startswith(b"[[") or not body.endswith(b"]]"):
            return None
        # The outer brackets stand where the commas before the first and after the last row would.
        text = b"".join((_PAD, b",", memoryview(body)[1:-1], b",", _PAD))
        codes = np.frombuffer(text, np.uint8)
        commas = np.flatnonzero(codes == _COMMA)
        rows, rest = divmod(len(commas) - 1, width)
        between = commas[::width]
        if rest or (codes[between[:-1] + 1] != _OPEN).any():
            return None
        return None if (codes[between[1:] - 1] != _CLOSE).any() else cls(text, commas, rows, width)

    def __len__(self) -> int:
        """How many rows."""
        return self._rows

    @property
    def width(self) -> int:
        """How many cells a row has."""
        return self._width

    def row(self, index: int) -> str:
        """The text of one row."""
        first, last = self._commas[index * self._width], self._commas[(index + 1) * self._width]
        return self._text[first + 1 : last].decode()

    def numbers(self, integers: Sequence[int], decimals: Sequence[int]) -> Numbers | None:
        """The cells of these columns, None if one is not written like that of the first row.

        Whole numbers have at most 16 digits; a decimal may have any number, or no fraction. A
        sign, an exponent, a blank or a ``null`` is a case for the general reader.
        """
        cells = {c: self._first(c) for c in (*integers, *decimals)}
        known = {c: cell for c, cell in cells.items() if cell is not None}
        if len(known) < len(cells) or any(known[c].places for c in integers):
            return None
        bare = [*integers, *(c for c in decimals if not known[c].places)]
        dotted = [c for c in decimals if known[c].places]
        found = self._read(bare, dotted, known)
        if found is None:
            return None
        n = len(integers)
        order = [[*dotted, *bare[n:]].index(c) for c in decimals]
        if len(bare) > n:
            extra = found.integers[n:].astype(float)
            found = Numbers(found.integers[:n], np.concatenate((found.decimals, extra))[order])
        return found

    def _first(self, column: int) -> _Cell | None:
        """How the first row writes a column."""
        start, stop = self._commas[column] + 1, self._commas[column + 1]
        found = _CELL.fullmatch(self._text[start:stop].strip(b"[]"))
        if found is None or bool(found[1]) != bool(found[3]):
            return None
        return _Cell(bool(found[1]), len(found[2] or b""))

    def _edges(self, columns: Sequence[int], cells: Mapping[int, _Cell]) -> tuple[Places, Places]:
        """Before the first character of each cell and behind its last digit (columns × rows)."""
        before, behind = np.empty((2, len(columns), self._rows), np.int64)
        for i, c in enumerate(columns):
            quoted = int(cells[c].quoted)
            np.add(self._commas[c : -1 : self._width], quoted + (c == 0), out=before[i])
            last = quoted + (c == self._width - 1)
            np.subtract(self._commas[c + 1 :: self._width], last, out=behind[i])
        return before, behind

    def _windows(self, starts: Places) -> Words:
        """Sixteen characters from every start, less ``0``, as two words (… × 2)."""
        pairs = np.ndarray((len(self._text) - 15,), "<c16", self._text, strides=(1,))
        words: Words = pairs[starts].view("<u8").reshape(*starts.shape, 2)
        words ^= _ZEROS
        return words

    def _in_quotes(self, quoted: Sequence[bool], before: Places, behind: Places) -> bool:
        """Whether every cell of the quoted columns, and of no other, is in quotes."""
        expected = np.array(quoted)[:, None]
        return not any(
            (np.equal(self._codes.take(places), _QUOTE) != expected).any()
            for places in (before, behind)
        )

    def _read(
        self, bare: Sequence[int], dotted: Sequence[int], cells: Mapping[int, _Cell]
    ) -> Numbers | None:
        """Columns without and with a point.

        Sixteen characters in two words: those that end a whole number, or seven before the
        point, the point, and eight behind it.
        """
        columns, n = [*bare, *dotted], len(bare)
        places = np.array([[cells[c].places] for c in columns])
        before, behind = self._edges(columns, cells)
        end = behind - (places + (places > 0))
        whole = end - before
        whole -= 1
        if whole.min() < 1 or whole[:n].max(initial=1) > 2 * _WIDTH:
            return None
        if (self._codes.take(end[n:]) != _POINT).any():
            return None
        if not self._in_quotes([cells[c].quoted for c in columns], before, behind):
            return None
        words = self._windows(end - np.where(places, _WIDTH - 1, 2 * _WIDTH))
        words[n:, :, 0] <<= _BYTE  # drops the point
        if (places[n:] < _WIDTH).any():
            words[n:, :, 1] &= _KEEP_FIRST.take(places[n:], mode="clip")
        words[:n, :, 1] &= _KEEP_LAST.take(whole[:n], mode="clip")
        whole[:n] -= _WIDTH
        words[..., 0] &= _KEEP_LAST.take(whole, mode="clip")
        values = _eights(words)
        if values is None:
            return None
        numbers = values[..., 0] * _SCALE + values[..., 1]
        decimals = self._decimals(numbers[n:], whole[n:], places[n:], (before[n:], behind[n:]))
        return None if decimals is None else Numbers(numbers[:n].astype(np.int64), decimals)

    def _decimals(
        self, digits: Words, whole: Places, places: Places, edges: tuple[Places, Places]
    ) -> NDArray[np.float64] | None:
        """So many hundred-millionths as numbers; None if a long one is no decimal after all."""
        numbers = digits / np.float64(_SCALE)
        if whole.max(initial=0) < _WIDTH and places.max(initial=0) <= _WIDTH:
            return numbers
        odd = (whole >= _WIDTH) | (places > _WIDTH) | (digits > _EXACT)
        before, behind = edges
        for place in zip(*np.nonzero(odd), strict=True):
            text = self._text[before[place] + 1 : behind[place]]
            if not _DECIMAL.fullmatch(text):
                return None
            numbers[place] = float(text)
        return numbers


def _eights(digits: Words) -> Words | None:
    """The value of the eight digits (most significant lowest) in each word; None: not digits."""
    overflow = digits + _OVER_NINE
    overflow |= digits
    if np.bitwise_or.reduce(overflow, axis=None) & _HIGH_BITS:
        return None
    digits = digits * _JOIN_ONES
    digits >>= _BYTE
    digits &= _PAIRS
    digits *= _JOIN_PAIRS
    digits >>= _TWO_BYTES
    digits &= _FOURS
    digits *= _JOIN_FOURS
    digits >>= _FOUR_BYTES
    return digits
