"""The one place where rows become bars: a :class:`Sheet` is sorted out into a ``BarsPage``.

Nothing disappears silently. Disorder is sorted, an exact repetition is dropped; every other row
is a final bar, the forming bar, or a ``RejectedRow`` with its reason.
"""

from typing import NamedTuple

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from adapters_out.provider_kit.orderly import read_orderly
from adapters_out.provider_kit.sheet import Sheet
from domain.bars import COLUMNS, Bar, BarSeries, Ints
from domain.instrument import AssetClass
from domain.interval import Interval
from domain.provider import BarsAsk, BarsPage, RejectedRow
from domain.session_facts import SessionFacts
from domain.soundness import (
    Mask,
    forming_bar,
    price_floor,
    row_at,
    sent_averages,
    sound_rows,
    why_unsound,
)
from domain.timerange import TimeRange

Positions = NDArray[np.int64]

_SHOWN = 400
_CONFLICT = "another row has the same time and other values"


class PageRules(Struct, frozen=True):
    """How a provider fills a page.

    ``full_rows``: an answer with fewer rows reaches to the end of what was asked (0: every answer
    does). ``bounded``: it was told where the range ends, so a row outside of it is a fault;
    otherwise it is merely more than was wanted.
    """

    full_rows: int = 0
    bounded: bool = True


class Verdict(NamedTuple):
    """A judged sheet.

    ``page`` is None when the sheet answers for no final slot of the range. ``horizon`` (Unix s):
    bars that open then or later are not final. ``strange``: there are rows, but none belongs here.
    """

    page: BarsPage | None
    horizon: int
    strange: bool


class _Sorting(NamedTuple):
    """What each row is (masks of equal length)."""

    final: Mask
    forming: Mask
    refused: Mask
    inside: Mask


def judge(
    sheet: Sheet, ask: BarsAsk, rules: PageRules, *, looked_at: float, fetched_at: float
) -> Verdict:
    """Sort a sheet out for the range that was asked.

    ``looked_at`` (Unix s) is when the provider looked at its data: a bar that closes later is
    forming, whatever the clock says by now.
    """
    present = ask.interval.floor(int(looked_at))
    horizon = present if sheet.final_before is None else min(present, sheet.final_before)
    # What may yet come is answered for all the same: as something that may yet come.
    reach = horizon if sheet.published is None else present
    plain = read_orderly(sheet, ask, horizon, present)
    if plain is not None:
        series, forming, inside = plain
        covers = _covers(sheet, ask, rules, inside, reach)
        page = None
        if covers is not None:
            facts = _facts(sheet, series)
            page = BarsPage(covers, series, forming, (), fetched_at, facts, sheet.published)
        return Verdict(page, horizon, strange=False)
    rows = _sorting(sheet, ask, rules, horizon, present)
    keep, conflicts = _ascending(sheet, rows.final)
    refused = [*np.flatnonzero(rows.refused).tolist(), *conflicts]
    covers = _covers(sheet, ask, rules, sheet.ts[rows.inside], reach)
    # The running bar belongs to a range that reaches it, not to one of last year.
    near = rows.inside | (rows.forming & (sheet.ts <= ask.interval.shift(ask.range.end, 1)))
    strange = len(sheet) > 0 and not near.any() and rules.bounded
    if covers is None:
        return Verdict(None, horizon, strange)
    series = _series(sheet, ask.interval, keep)
    page = BarsPage(
        covers=covers,
        series=series,
        forming=_forming(sheet, rows.forming),
        rejected=tuple(_rejected(sheet, ask, i, conflicts) for i in sorted(refused)),
        fetched_at=fetched_at,
        facts=_facts(sheet, series),
        published=sheet.published,
    )
    return Verdict(page, horizon, strange)


def _sorting(sheet: Sheet, ask: BarsAsk, rules: PageRules, horizon: int, present: int) -> _Sorting:
    ts, span, interval = sheet.ts, ask.range, ask.interval
    aligned = interval.aligned(ts)
    inside = aligned & (ts >= span.start) & (ts < span.end)
    # A clock ahead of ours may already have opened the bar after the present one.
    unfinished = aligned & (ts >= horizon) & (ts <= interval.shift(present, 1))
    sound = _sound(sheet, ask.instrument.asset_class)
    final = inside & ~unfinished & (ts < horizon) & sound
    forming = unfinished & sound
    refused = ~(final | forming)
    if not rules.bounded:
        refused &= inside | ~aligned | (ts > present)
    return _Sorting(final, forming, refused, inside)


def _sound(sheet: Sheet, asset_class: AssetClass) -> Mask:
    sound = sound_rows(sheet.columns(), price_floor(asset_class))
    if sheet.unread:
        sound[list(sheet.unread)] = False
    return sound


def _ascending(sheet: Sheet, final: Mask) -> tuple[Positions, frozenset[int]]:
    """Positions of the final rows in order of time without repetitions, and of those in conflict.

    Rows of one time and equal values are one; if they differ nobody knows which is right.
    """
    keep = np.flatnonzero(final)
    ts = sheet.ts[keep]
    if (ts[1:] > ts[:-1]).all():
        return keep, frozenset()
    keep = keep[np.argsort(ts, kind="stable")]
    ts = sheet.ts[keep]
    repeated = np.concatenate(([False], ts[1:] == ts[:-1]))
    differs = np.zeros(len(keep), np.bool_)
    for name in COLUMNS[1:]:
        left, right = getattr(sheet, name)[keep][:-1], getattr(sheet, name)[keep][1:]
        both_absent = np.isnan(left) & np.isnan(right)
        differs[1:] |= repeated[1:] & (left != right) & ~both_absent
    conflict = np.isin(ts, ts[differs])
    return keep[~repeated & ~conflict], frozenset(keep[conflict].tolist())


def _series(sheet: Sheet, interval: Interval, keep: Positions) -> BarSeries:
    """The rows at these positions."""
    columns = {n: getattr(sheet, n)[keep] for n in COLUMNS}
    columns["vwap"] = sent_averages(columns["vwap"])
    return BarSeries(interval, **columns)


def _facts(sheet: Sheet, series: BarSeries) -> SessionFacts | None:
    """What else the provider sends about these bars."""
    if not sheet.facts or not len(series):
        return None
    if np.array_equal(sheet.ts, series.ts):
        return SessionFacts(sheet.ts, **sheet.facts)
    order = np.argsort(sheet.ts, kind="stable")
    rows = order[np.searchsorted(sheet.ts[order], series.ts)]
    return SessionFacts(sheet.ts, **sheet.facts).where(rows)


def _forming(sheet: Sheet, forming: Mask) -> Bar | None:
    """The youngest of the unfinished bars."""
    if not forming.any():
        return None
    places = np.flatnonzero(forming)
    return forming_bar(row_at(sheet.columns(), int(places[np.argmax(sheet.ts[places])])))


def _covers(
    sheet: Sheet, ask: BarsAsk, rules: PageRules, inside: Ints, horizon: int
) -> TimeRange | None:
    """The part of the range that this sheet answers for good; ``inside`` are its opens there."""
    start, end = ask.range.start, min(ask.range.end, horizon)
    if sheet.kept_from is not None:
        start = max(start, sheet.kept_from)
    last = ask.interval.shift(int(inside.max()), 1) if len(inside) else ask.range.start
    if not _is_last(sheet, rules):
        end = min(end, last)
    return TimeRange(start, end) if start < end else None


def _is_last(sheet: Sheet, rules: PageRules) -> bool:
    """Whether no row was left out behind the last one.

    A short page ends the walk, unless its length is a round number: that is a cap of the server
    which we do not know (500 rows where 1,000 were asked), and the next page tells.
    """
    n = len(sheet)
    if sheet.more is not None:
        return False
    if sheet.ended or not rules.full_rows or n == 0:
        return True
    return n < rules.full_rows and n % 100 != 0


def _rejected(sheet: Sheet, ask: BarsAsk, index: int, conflicts: frozenset[int]) -> RejectedRow:
    reason = _CONFLICT if index in conflicts else _reason(sheet, ask, index)
    ts = int(sheet.ts[index])
    return RejectedRow(ts if ts >= 0 else None, sheet.text(index)[:_SHOWN], reason)


def _reason(sheet: Sheet, ask: BarsAsk, i: int) -> str:
    """Why a row is no bar of the range."""
    if i in sheet.unread:
        return sheet.unread[i]
    row = row_at(sheet.columns(), i)
    unsound = why_unsound(row, price_floor(ask.instrument.asset_class))
    if unsound:
        return unsound
    if not ask.interval.is_aligned(row[0]):
        return f"its time does not open a bar of {ask.interval.value}"
    return "it lies outside of the range that was asked"
