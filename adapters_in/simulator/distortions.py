"""Faults in what a provider says, the same for every dialect.

Values that no number can be (NaN, null) are put in as a price that no market has, and that price
is searched for in the rendered bytes: a dialect need not know.
"""

import re
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from adapters_in.simulator.columns import BarColumns
from adapters_in.simulator.faults import Fault, FaultKind
from adapters_in.simulator.noise import Ints

_MARK = 987_654_321.0
_MARKED = re.compile(rb'("?)987654321(?:\.\d+)?("?)')
# How each impossible value is written; inside quotes if the dialect quotes its numbers.
_TOKENS = {
    FaultKind.NAN: rb"\g<1>NaN\g<2>",
    FaultKind.INFINITY: rb"\g<1>Infinity\g<2>",
    FaultKind.NULL: b"null",
}
_LATE_S = 7


def bend_rows(faults: Sequence[Fault], rows: BarColumns) -> BarColumns:
    """The rows as the content faults want them."""
    for fault in faults:
        if fault.kind in _BENDS and len(rows):
            at = np.unique(np.linspace(0, len(rows) - 1, min(fault.rows, len(rows)) + 2)[1:-1])
            rows = _BENDS[fault.kind](rows, np.rint(at).astype(np.int64))
    return rows


def bend_price(faults: Sequence[Fault], price: float) -> float:
    """The price as the content faults want it."""
    kinds = {fault.kind for fault in faults}
    if kinds & _TOKENS.keys():
        return _MARK
    return -price if FaultKind.IMPOSSIBLE in kinds else price


def write_tokens(faults: Sequence[Fault], body: bytes) -> bytes:
    """The rendered bytes with the marks replaced."""
    for fault in faults:
        if fault.kind in _TOKENS:
            body = _MARKED.sub(_TOKENS[fault.kind], body)
    return body


def _changed(rows: BarColumns, at: Ints, **columns: np.ndarray) -> BarColumns:
    for row, k in enumerate(at.tolist()):
        rows = rows.with_values(k, {name: values[row] for name, values in columns.items()})
    return rows


def _marked(rows: BarColumns, at: Ints) -> BarColumns:
    return _changed(rows, at, close=np.full(len(at), _MARK))


def _repeated(rows: BarColumns, at: Ints) -> BarColumns:
    return rows.take(np.sort(np.concatenate((np.arange(len(rows)), at))))


def _shuffled(rows: BarColumns, _: Ints) -> BarColumns:
    """Halves swapped and every other pair too: neither ascending nor descending."""
    order = np.roll(np.arange(len(rows)), len(rows) // 2)
    even = len(order) // 2 * 2
    order[:even] = order[:even].reshape(-1, 2)[:, ::-1].ravel()
    return rows.take(order)


def _late(rows: BarColumns, at: Ints) -> BarColumns:
    return _changed(rows, at, ts=rows.ts[at] + _LATE_S)


def _impossible(rows: BarColumns, at: Ints) -> BarColumns:
    return _changed(rows, at, high=rows.low[at] * 0.5)


def _negative(rows: BarColumns, at: Ints) -> BarColumns:
    return _changed(rows, at, volume=-1.0 - rows.volume[at])


def _missing(rows: BarColumns, at: Ints) -> BarColumns:
    return rows.take(np.setdiff1d(np.arange(len(rows)), at))


def _outlier(rows: BarColumns, at: Ints) -> BarColumns:
    far = np.maximum(rows.high[at], rows.close[at]) * 10
    return _changed(rows, at, close=far, high=far)


_BENDS: Mapping[FaultKind, Callable[[BarColumns, Ints], BarColumns]] = {
    FaultKind.NAN: _marked,
    FaultKind.INFINITY: _marked,
    FaultKind.NULL: _marked,
    FaultKind.DUPLICATES: _repeated,
    FaultKind.DISORDER: _shuffled,
    FaultKind.MISALIGNED: _late,
    FaultKind.IMPOSSIBLE: _impossible,
    FaultKind.NEGATIVE_VOLUME: _negative,
    FaultKind.MISSING: _missing,
    FaultKind.OUTLIER: _outlier,
}
