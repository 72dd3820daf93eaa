"""The short way from rows to bars, for a sheet in which nothing needs sorting out."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any, NamedTuple

import numpy as np

from adapters_out.provider_kit.sheet import Sheet
from domain.bars import Bar, BarSeries, Ints
from domain.errors import InvalidRequest
from domain.provider import BarsAsk
from domain.soundness import (
    Columns,
    anywhere,
    forming_bar,
    price_floor,
    row_at,
    sent_averages,
    sound_rows,
    wrong_averages,
)


class Orderly(NamedTuple):
    """Final bars and perhaps the one that forms; ``inside`` has the last open in the range."""

    series: BarSeries
    forming: Bar | None
    inside: Ints


def read_orderly(sheet: Sheet, ask: BarsAsk, horizon: int, present: int) -> Orderly | None:
    """What the rows are if all are final bars of the range, in order, but for one that may form.

    So it is with nearly every page. None says nothing about the sheet. ``horizon`` and ``present``
    (Unix s): where bars are not final any more, and the open of the running one.
    """
    if sheet.unread or not len(sheet):
        return None
    columns: Columns = sheet.columns()
    if sheet.ts[0] > sheet.ts[-1]:  # the newest first is an order, too
        columns = [column[::-1] for column in columns]
    newest = sheet.ts[-1:] if columns[0] is sheet.ts else sheet.ts[:1]
    forming = None
    if newest[0] >= horizon:
        last = row_at(columns, -1)
        if not _forms(last, ask, present):
            return None
        forming = forming_bar(last)
        columns = [column[:-1] for column in columns]
    series = _in_order(columns, ask, horizon)
    if series is None:
        return None
    return Orderly(series, forming, newest if newest[0] < ask.range.end else series.ts[-1:])


def _forms(last: Sequence[Any], ask: BarsAsk, present: int) -> bool:
    """Whether the last row is a bar; a clock ahead of ours may have opened the one after next."""
    ts, interval = last[0], ask.interval
    if ts > interval.shift(present, 1) or not interval.is_aligned(ts):
        return False
    return bool(sound_rows(last, price_floor(ask.instrument.asset_class)))


def _in_order(columns: Columns, ask: BarsAsk, horizon: int) -> BarSeries | None:
    """The series if every row is a final bar of the range, in order."""
    ts, open_, high, low, close, volume, vwap, trades = columns
    floor = price_floor(ask.instrument.asset_class)
    if not len(ts) or ts[0] < ask.range.start or ts[-1] >= min(ask.range.end, horizon):
        return None
    if not low.min() > floor or anywhere(volume < 0):
        return None
    if anywhere(np.maximum(open_, close) > high) or anywhere(np.minimum(open_, close) < low):
        return None
    if anywhere(vwap <= 0):
        if anywhere(wrong_averages(vwap, volume, floor)):
            return None
        vwap = sent_averages(vwap)
    with suppress(InvalidRequest):  # out of step, or a number that is none
        return BarSeries(ask.interval, ts, open_, high, low, close, volume, vwap, trades)
    return None
