"""Decimals straight from text to numpy columns, without a Python object per cell.

Eight digits at a time become a number with three multiplications over whole columns (Lemire,
"Number parsing at a gigabyte per second", 2021, §3), in a fixed number of passes over all columns
together: in a page of a thousand rows the calls of numpy cost as much as the digits.

Exactness: ``m / 10**8`` with an integer ``m <= 2**53`` is one correctly rounded division of two
exact doubles, hence the double nearest to the decimal (Clinger 1990). Every other cell goes
through ``float``.
"""

import re
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint64]
Places = NDArray[np.int64]

REACH = 16  # this many characters before the first cell and behind the last must be there

_ALL = (1 << 64) - 1
# By how many digits there are, plus one: the mask that keeps the last of eight characters. A word
# is read little-endian, so the first character lies in the lowest byte.
_KEEP_LAST = np.array([0, *(_ALL & ~(_ALL >> (8 * k)) for k in range(9))], dtype=np.uint64)
# By how many digits there are: the mask that keeps the first.
_KEEP_FIRST = np.array([_ALL >> (64 - 8 * k) if k else 0 for k in range(9)], dtype=np.uint64)
_ZEROS = np.uint64(0x3030303030303030)
# What joins neighbours: ten ones to a pair, a hundred pairs, ten thousand fours. The sum comes to
# lie in the upper half of the product, which it does not leave.
_JOIN_ONES, _ONE = np.uint16(1 + (10 << 8)), np.uint16(8)
_JOIN_PAIRS, _PAIR = np.uint32(1 + (100 << 16)), np.uint32(16)
_JOIN_FOURS, _FOUR = np.uint64(1 + (10_000 << 32)), np.uint64(32)
_NEXT_BYTE = np.uint64(1 << 8)  # numpy multiplies faster than it shifts to the left
_SCALE = np.uint64(10**8)
_EXACT = np.uint64(1 << 53)
_LARGEST_DIGIT = 9
_WIDTH = 8
_DECIMAL = re.compile(rb"\d+(?:\.\d+)?")


class Numbers(NamedTuple):
    """Columns of whole numbers and of decimals (each columns × rows)."""

    integers: NDArray[np.int64]
    decimals: NDArray[np.float64]


class Cells(NamedTuple):
    """Where the digits are (columns × rows); the first ``bare`` columns hold whole numbers.

    ``before`` is the place before the first digit, ``behind`` that behind the last digit before
    the point. ``places`` are how many follow the point, in the other columns only; those of one
    row may stand for all.
    """

    bare: int
    before: Places
    behind: Places
    places: Places


def read_cells(text: bytes, cells: Cells) -> Numbers | None:
    """The numbers, None unless all cells hold nothing but digits and at most 16 in whole numbers.

    Sixteen characters are read in two words: those that end a whole number, or seven before the
    point, the point, and eight behind it.
    """
    n, behind = cells.bare, cells.behind
    length = behind - cells.before  # of the whole number, plus one
    longest = length.max(axis=1).tolist()
    if length.min() <= 1 or max(longest[:n], default=0) > 2 * _WIDTH + 1:
        return None
    reach = np.full((len(behind), 1), _WIDTH - 1)
    reach[:n] = 2 * _WIDTH
    words = _windows(text, behind - reach)
    words[0, n:] *= _NEXT_BYTE  # drops the point
    words[1, n:] &= _KEEP_FIRST.take(cells.places, mode="clip")
    words[1, :n] &= _KEEP_LAST.take(length[:n], mode="clip")
    length[:n] -= _WIDTH
    words[0] &= _KEEP_LAST.take(length, mode="clip")
    if words.view(np.uint8).max() > _LARGEST_DIGIT:
        return None
    numbers = _joined(words)
    decimals = numbers[n:] / np.float64(_SCALE)
    short = max(longest[n:], default=0) <= _WIDTH and cells.places.max(initial=0) <= _WIDTH
    if not short and not _read_long(text, cells, numbers[n:], decimals):
        return None
    return Numbers(numbers[:n].astype(np.int64), decimals)


def _windows(text: bytes, starts: Places) -> Words:
    """Sixteen characters from every start, less ``0``, as two words (2 × …)."""
    pairs = np.ndarray((len(text) - REACH + 1,), "<c16", text, strides=(1,))
    words = pairs[starts].view("<u8").reshape(*starts.shape, 2)
    less: Words = np.bitwise_xor(words.transpose(2, 0, 1), _ZEROS, order="C")
    return less


def _joined(words: Words) -> Words:
    """The value of the sixteen digits in each pair of words (2 × …), which it uses up."""
    pairs = words.view(np.uint16)
    pairs *= _JOIN_ONES
    pairs >>= _ONE
    fours = words.view(np.uint32)
    fours *= _JOIN_PAIRS
    fours >>= _PAIR
    words *= _JOIN_FOURS
    words >>= _FOUR
    numbers: Words = words[0]
    numbers *= _SCALE
    numbers += words[1]
    return numbers


def _read_long(text: bytes, cells: Cells, digits: Words, decimals: NDArray[np.float64]) -> bool:
    """Read what has too many digits one by one; whether these cells are decimals after all."""
    before, behind = cells.before[cells.bare :], cells.behind[cells.bare :]
    ends = behind + (cells.places + (cells.places > 0))
    odd = (behind - before > _WIDTH) | (cells.places > _WIDTH) | (digits > _EXACT)
    for place in zip(*np.nonzero(odd), strict=True):
        cell = text[before[place] + 1 : ends[place]]
        if not _DECIMAL.fullmatch(cell):
            return False
        decimals[place] = float(cell)
    return True
