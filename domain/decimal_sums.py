"""Sums of decimal numbers without the dust of binary ones: 0.1 and 0.2 are 0.3.

Providers send decimals, of which a float keeps the first 15 digits. A sum of floats adds their
errors, too; a sum of whole units of the last decimal place has none.
"""

import math
from collections.abc import Sequence
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from domain.bars import Floats

_EXACT = 2.0**53  # up to here floats count in ones
_LONGEST = 1e15  # of units: no two decimals of so many digits are the same float
_POWERS: Floats = np.array([10.0**places for places in range(16)])
_SAMPLE = 64


def decimal_sum(values: Sequence[float]) -> float:
    """The sum of the decimals that the values are written as, to the nearest float."""
    return float(sum(Decimal(str(value)) for value in values))


def decimal_sums(values: Floats, first: NDArray[np.int64]) -> Floats:
    """:func:`decimal_sum` of each group of values >= 0; NaN where one of them is NaN; O(n).

    ``first`` are the positions at which the groups begin; the first of them is 0.
    """
    biggest = float(values.max())
    if math.isnan(biggest):
        missing = np.isnan(values)
        sums = decimal_sums(np.where(missing, 0.0, values), first)
        return np.where(np.logical_or.reduceat(missing, first), np.nan, sums)
    units, power, odd = _in_units(values, biggest)
    totals = np.add.reduceat(units, first)
    inexact = totals >= _EXACT
    if odd.any():
        inexact |= np.logical_or.reduceat(odd, first)
    sums = totals / power
    for group in np.flatnonzero(inexact).tolist():
        end = first[group + 1] if group + 1 < len(first) else len(values)
        sums[group] = decimal_sum(values[first[group] : end].tolist())
    return sums


def _in_units(values: Floats, biggest: float) -> tuple[Floats, float, NDArray[np.bool_]]:
    """The values in units of the last decimal place of any, its power, and which are no such.

    Some are not where not all fit, because some are large and others have many places.
    """
    fitting = max(1, int(np.searchsorted(_POWERS, _LONGEST / max(biggest, 1.0))))
    sample = values[:: len(values) // _SAMPLE + 1]
    odd_there = _counted(sample, _POWERS[:fitting, None])[1].any(axis=1)
    for power in _POWERS[:fitting][~odd_there].tolist():
        units, odd = _counted(values, power)
        if not odd.any():
            return units, power, odd
    units, odd = _counted(values, _POWERS[fitting - 1])
    return units, float(_POWERS[fitting - 1]), odd


def _counted(values: Floats, power: float | Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """The values in units, and which of them have further decimal places."""
    units = np.rint(values * power)
    return units, np.not_equal(units / power, values)
