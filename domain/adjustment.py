"""Prices of different days made comparable: split and dividend factors.

Stored prices stay as they were traded; factors are applied when somebody asks for it. A price
before a split counts in old shares: it is divided by the number of new ones per old, and volumes
are multiplied by it. A price before an ex-dividend day contains the dividend: it is multiplied
by ``1 - amount / close``, where ``close`` is the last one before that day (CRSP, "Data
Definitions: cumulative factor to adjust prices").
"""

import math
from collections.abc import Mapping, Sequence
from enum import Enum

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from domain.actions import ActionKind, CorporateAction, in_order
from domain.bars import BarSeries, Floats, Ints
from domain.interval import Interval

# Intraday, an action takes effect when nothing is traded: 04:00 UTC is midnight in New York in
# summer and 23:00 in winter, three hours after the late session.
_NIGHT_S = 4 * 3600
# Bars that open before that moment and hold the morning after it: half a day from 00:00 UTC has
# the end of a late session in winter, and weeks and months have days of both.
MIXED = frozenset({Interval.H12, Interval.W1, Interval.MO1})


class Adjust(Enum):
    """Which actions prices are to be adjusted for."""

    NONE = "none"
    SPLITS = "splits"
    ALL = "all"


class Factors(Struct, frozen=True):
    """What counts for bars that open before ``ends[i]`` and not before ``ends[i - 1]``.

    All of equal length, ``ends`` ascending (Unix s): ``shares`` of today for one of then,
    ``kept`` the part of the price that was not paid out since. Later bars keep their values.
    """

    ends: Ints
    shares: Floats
    kept: Floats


def factors(
    actions: Sequence[CorporateAction], closes: Mapping[int, float], interval: Interval
) -> Factors:
    """The factors of an instrument's actions, multiplied up from the last one backwards.

    ``closes`` holds, by ex-date, the last close before each dividend, in the prices and shares in
    which its amount is told.

    Raises:
        KeyError: a dividend has no close.
    """
    ordered = in_order(actions)
    return Factors(
        np.array([effect_of(action, interval) for action in ordered], dtype=np.int64),
        _from_the_last([_shares(action) for action in ordered]),
        _from_the_last([_kept(action, closes) for action in ordered]),
    )


def adjusted(series: BarSeries, by: Factors, *, volume: bool = True) -> BarSeries:
    """The same bars in today's shares, without what was paid out since.

    ``volume`` is False when volumes count today's shares already.
    """
    shares, kept = _at(by.shares, by.ends, series.ts), _at(by.kept, by.ends, series.ts)
    return BarSeries(
        series.interval,
        series.ts,
        open=series.open * kept / shares,
        high=series.high * kept / shares,
        low=series.low * kept / shares,
        close=series.close * kept / shares,
        volume=series.volume * shares if volume else series.volume,
        vwap=series.vwap * kept / shares,
        trades=series.trades,
    )


def effect_of(action: CorporateAction, interval: Interval) -> int:
    """The first open (Unix s) that an action counts for."""
    return action.ex_date + (0 if interval.seconds >= Interval.D1.seconds else _NIGHT_S)


def chosen(actions: Sequence[CorporateAction], mode: Adjust) -> Sequence[CorporateAction]:
    """The actions that a mode takes into account."""
    kinds = {Adjust.NONE: set(), Adjust.SPLITS: {ActionKind.SPLIT}, Adjust.ALL: set(ActionKind)}
    return [action for action in actions if action.kind in kinds[mode]]


def dividends_in_new_shares(
    actions: Sequence[CorporateAction],
) -> Sequence[CorporateAction]:
    """The dividends alone, per share of after the last split: for prices that count in those."""
    splits = [action for action in actions if action.kind is ActionKind.SPLIT]
    return [
        replace(action, amount=action.amount / _ratio_after(splits, action.ex_date))
        for action in actions
        if action.kind is ActionKind.DIVIDEND
    ]


def _ratio_after(splits: Sequence[CorporateAction], day: int) -> float:
    return math.prod(split.ratio for split in splits if split.ex_date > day)


def _shares(action: CorporateAction) -> float:
    return action.ratio if action.kind is ActionKind.SPLIT else 1.0


def _kept(action: CorporateAction, closes: Mapping[int, float]) -> float:
    if action.kind is ActionKind.SPLIT:
        return 1.0
    return 1.0 - action.amount / closes[action.ex_date]


def _from_the_last(each: Sequence[float]) -> Floats:
    """For every action the product of its own factor and those of all later ones."""
    return np.cumprod(np.array(each[::-1], dtype=np.float64), dtype=np.float64)[::-1]


def _at(factor: Floats, ends: Ints, ts: Ints) -> Floats:
    place = np.searchsorted(ends, ts, side="right")
    return np.append(factor, 1.0).take(place)
