"""Corporate actions of the synthetic stocks: the well-known dates, and prices as they were then.

The synthetic market is continuous, as prices are that are adjusted for splits. A provider of raw
prices shows bars before a split at a multiple of them: :func:`unsplit`.
"""

import calendar
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from adapters_in.simulator.assets import Asset
from adapters_in.simulator.columns import BarColumns
from domain.actions import ActionKind, CorporateAction, in_order

_QUARTERS = ((2, 7), (5, 9), (8, 8), (11, 7))


def _day(year: int, month: int, day: int) -> int:
    return calendar.timegm((year, month, day, 0, 0, 0))


def _weekday(year: int, month: int, day: int) -> int:
    """That day or the Monday after it: an ex-day is a day of trading."""
    wait = {calendar.SATURDAY: 2, calendar.SUNDAY: 1}.get(calendar.weekday(year, month, day), 0)
    return _day(year, month, day) + wait * 86_400


def _split(year: int, month: int, day: int, ratio: float) -> CorporateAction:
    return CorporateAction(_day(year, month, day), ActionKind.SPLIT, ratio=ratio)


def _quarterly(first: int, last: int, amount: float) -> tuple[CorporateAction, ...]:
    """Four equal dividends in each year, those of its last year after August left out."""
    return tuple(
        CorporateAction(_weekday(year, *when), ActionKind.DIVIDEND, amount=amount, currency="USD")
        for year in range(first, last + 1)
        for when in _QUARTERS
        if (year, *when) < (last, 9, 1)
    )


# By canonical id, each ascending. Apple's split of 2020 is the real one: a Monday.
ACTIONS: Mapping[str, tuple[CorporateAction, ...]] = {
    "AAPL": in_order(
        (
            _split(2020, 8, 31, 4.0),
            *_quarterly(2019, 2020, 0.82),
            *_quarterly(2021, 2025, 0.25),
        )
    ),
    "KO": _quarterly(2022, 2025, 0.51),
}


def unsplit(asset: Asset, rows: BarColumns) -> BarColumns:
    """The bars as they were traded, before any later split: dearer, and fewer shares."""
    for action in ACTIONS.get(asset.id, ()):
        if action.kind is ActionKind.SPLIT:
            factor = np.where(rows.ts < action.ex_date, action.ratio, 1.0)
            rows = replace(
                rows,
                open=rows.open * factor,
                high=rows.high * factor,
                low=rows.low * factor,
                close=rows.close * factor,
                volume=rows.volume / factor,
            )
    return rows
