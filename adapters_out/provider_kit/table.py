"""Tables of plain decimals: a page of bars as a JSON array of rows that all look alike.

In ``[[1634943780000,"60685.22000000",...],...]`` finding the commas once gives the place of every
cell. Where a cell's point is follows from the first row, as most providers write a column with
one number of places; for the others the points are found, too.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from adapters_out.provider_kit.digits import REACH, Cells, Numbers, Places, read_cells

_PAD = b" " * REACH
_COMMA, _QUOTE, _POINT, _OPEN, _CLOSE = b',".[]'
_PART = 4096  # rows
_SAMPLE = 64
_EITHER = 0xFD  # with this mask a point looks like a comma


class _Column(NamedTuple):
    """Which cell of a row, and its digits behind the point.

    ``start`` is the way from the comma before it to what stands before the first digit, and what
    that is; ``end`` the way from the comma behind it to what stands behind the last one.
    """

    place: int
    places: int
    start: tuple[int, int]
    end: tuple[int, int]


class _Form(NamedTuple):
    """What to look at in every row: ``signs`` stand ``shifts`` away from ``commas``.

    For k columns, those without a point first, these are k places before a first digit, k behind
    the last one before the point, and more which only have to hold their sign.
    """

    commas: Places
    shifts: Places
    signs: NDArray[np.uint8]
    places: Places


class DecimalTable:
    """A JSON array of rows of plain decimals; built by :meth:`of`.

    Cells that nobody asks for are not looked at.
    """

    __slots__ = ("_codes", "_commas", "_rows", "_text", "_width")

    def __init__(self, text: bytes, commas: Places, width: int) -> None:
        """Keep the padded text, what separates its cells, and how many of them make a row."""
        self._text = text
        self._codes = np.frombuffer(text, np.uint8)
        self._commas = commas
        self._width = width
        self._rows = (len(commas) - 1) // width

    @classmethod
    def of(cls, body: bytes) -> "DecimalTable | None":
        """The table, or None unless the body is an array of rows with whole rows of cells.

        The first row tells how wide they are.
        """
        if not body.startswith(b"[[") or not body.endswith(b"]]"):
            return None
        width = body.count(b",", 0, body.find(b"]")) + 1
        # The outer brackets stand where the commas before the first and after the last row would.
        text = b"".join((_PAD, b",", memoryview(body)[1:-1], b",", _PAD))
        commas = np.equal(np.frombuffer(text, np.uint8), _COMMA).nonzero()[0]
        return None if (len(commas) - 1) % width else cls(text, commas, width)

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
        """The cells of these columns, None if one is no plain decimal.

        Whole numbers have at most 16 digits; a decimal may have any number, or no fraction. A
        column is in quotes or not. A sign, an exponent, a blank or a ``null`` is a case for the
        general reader.
        """
        if len(self) > _PART:
            found = [part.numbers(integers, decimals) for part in self._parts()]
            parts = [part for part in found if part is not None]
            whole = len(parts) == len(found)
            return Numbers(*map(np.hstack, zip(*parts, strict=True))) if whole else None
        counts = [self._first(c) for c in integers]
        others = [self._first(c) for c in decimals]
        if any(column.places for column in counts):
            return None
        return self._even(counts, others) or self._uneven(counts, others)

    def _parts(self) -> "Iterator[DecimalTable]":
        """Tables of some thousand rows each, which fit into the caches of a processor."""
        for first in range(0, len(self), _PART):
            last = min(first + _PART, len(self))
            yield self._part(first * self._width, last * self._width)

    def _part(self, start: int, end: int) -> "DecimalTable":
        """The table between two commas."""
        commas = self._commas[start : end + 1]
        text = b"".join((_PAD, self._text[commas[0] : commas[-1] + 1], _PAD))
        return DecimalTable(text, commas - (commas[0] - REACH), self._width)

    def _first(self, column: int) -> _Column:
        """How the first row writes a column, if it is a plain decimal there."""
        first, last = column == 0, column == self._width - 1
        text = self._text[self._commas[column] + 1 + first : self._commas[column + 1] - last]
        quoted, point = text.startswith(b'"'), text.find(b".") + 1
        before = _QUOTE if quoted else _OPEN if first else _COMMA
        behind = _QUOTE if quoted else _CLOSE if last else _COMMA
        places = len(text) - quoted - point if point else 0
        return _Column(column, places, (first + quoted, before), (-quoted - last, behind))

    def _even(self, whole: Sequence[_Column], others: Sequence[_Column]) -> Numbers | None:
        """The numbers if every row has its points where the first has them."""
        dotted = tuple(c for c in others if c.places)
        bare = (*whole, *(c for c in others if not c.places))
        form = _form(bare, dotted, self._width)
        places = self._looked_at(form, _SAMPLE)
        if places is not None and len(self) > _SAMPLE:
            places = self._looked_at(form)
        if places is None:
            return None
        k, n = len(bare) + len(dotted), len(whole)
        cells = Cells(len(bare), places[:k], places[k : 2 * k], form.places)
        found = read_cells(self._text, cells)
        if found is None or len(bare) == n:
            return found
        every = np.concatenate((found.decimals, found.integers[n:].astype(np.float64)))
        order = [(*dotted, *bare[n:]).index(c) for c in others]
        return Numbers(found.integers[:n], every[order])

    def _grid(self, values: Places) -> Places:
        """The value of the comma before each cell, and of that behind the last (cells × rows)."""
        steps = (values.itemsize, values.itemsize * self._width)
        return np.ndarray((self._width + 1, self._rows), np.int64, values, 0, steps)

    def _looked_at(self, form: _Form, rows: int | None = None) -> Places | None:
        """All places of a form (… × rows), None if one does not hold its sign."""
        places: Places = self._grid(self._commas)[:, :rows].take(form.commas, axis=0)
        places += form.shifts
        wrong = np.not_equal(self._codes.take(places), form.signs)
        return None if np.count_nonzero(wrong) else places

    def _uneven(self, whole: Sequence[_Column], others: Sequence[_Column]) -> Numbers | None:
        """The numbers, wherever their points are."""
        columns = (*whole, *(c._replace(places=0) for c in others))
        places = self._looked_at(_form(columns, (), self._width))
        if places is None:
            return None
        k, n = len(columns), len(whole)
        before, behind = places[:k], places[k : 2 * k]
        points = self._points([c.place for c in others], behind[n:])
        if points is None:
            return None
        rest = behind[n:] - points
        if np.count_nonzero(np.equal(rest, 1)):  # a point, and nothing follows
            return None
        behind[n:] = points
        return read_cells(self._text, Cells(n, before, behind, np.maximum(rest - 1, 0)))

    def _points(self, columns: Sequence[int], behind: Places) -> Places | None:
        """Where each cell has its point (without one: its end), None if one has two."""
        marks = np.equal(self._codes & _EITHER, _COMMA).nonzero()[0]
        ranks = self._grid(np.equal(self._codes.take(marks), _COMMA).nonzero()[0])
        first, following = ranks[columns], ranks[[c + 1 for c in columns]]
        if np.count_nonzero(following > first + 2):
            return None
        points: Places = np.minimum(marks.take(first + 1), behind)
        return points


@lru_cache(maxsize=64)
def _form(bare: tuple[_Column, ...], dotted: tuple[_Column, ...], width: int) -> _Form:
    """The form of a row with these columns."""
    looks = [(c.place, *c.start) for c in (*bare, *dotted)]
    looks += [(c.place + 1, *c.end) for c in bare]
    looks += [(c.place + 1, c.end[0] - c.places - 1, _POINT) for c in dotted]
    others = [(c.place + 1, *c.end) for c in dotted]
    others += [(0, 1, _OPEN), (width, -1, _CLOSE)]
    looks += [look for look in others if look not in looks]
    commas, shifts, signs = zip(*looks, strict=True)
    return _Form(
        np.array(commas),
        np.array(shifts)[:, None],
        np.array(signs, np.uint8)[:, None],
        np.array([c.places for c in dotted], np.int64)[:, None],
    )
