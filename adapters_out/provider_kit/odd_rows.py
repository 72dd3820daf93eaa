"""Telling the few odd rows of a page from the plain ones, so that only they are read slowly.

An exponent, a sign, a blank or a ``null`` is no reason to decode a thousand rows cell by cell.
"""

from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from domain.bars import Ints

_COMMA, _OPEN = b",["
_IS_ODD = np.ones(256, dtype=np.bool_)
_IS_ODD[list(b'0123456789,."[]')] = False
_MOST = 8  # one in so many rows: with more of them it does not pay


class Parts(NamedTuple):
    """A JSON array of rows in two: those of plain decimals and the others, with their positions.

    Whether they are rows is for the readers of both parts to find out: the cuts are made before
    opening brackets, between which there was a comma.
    """

    plain: bytes
    odd: bytes
    plain_at: Ints
    odd_at: Ints


def part_rows(body: bytes) -> Parts | None:
    """The two parts, None if no row is odd or too many are."""
    if not body.startswith(b"[[") or not body.endswith(b"]]"):
        return None
    codes = np.frombuffer(body, np.uint8)
    opens = np.equal(codes, _OPEN).nonzero()[0][1:]
    places = _IS_ODD.take(codes).nonzero()[0]
    if not 0 < len(places) < len(opens) or (codes[opens[1:] - 1] != _COMMA).any():
        return None
    odd_at = np.unique(np.searchsorted(opens, places, side="right") - 1)
    if len(odd_at) > len(opens) // _MOST:
        return None
    edges = [*opens.tolist(), len(body)]
    cuts = [-1, *odd_at.tolist(), len(opens)]
    runs = [(first + 1, behind) for first, behind in pairwise(cuts) if behind > first + 1]
    return Parts(
        _array(body[edges[first] : edges[behind] - 1] for first, behind in runs),
        _array(body[edges[k] : edges[k + 1] - 1] for k in odd_at.tolist()),
        np.delete(np.arange(len(opens)), odd_at),
        odd_at,
    )


def _array(rows: Iterable[bytes]) -> bytes:
    return b"[" + b",".join(rows) + b"]"
