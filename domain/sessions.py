"""When markets are open: trading dates, sessions, and the slots in which no bar can be.

Two calendars know hours: XNYS for the shares and funds of the United States, GLOBEX for futures
of the CME Group. Everything else, crypto first of all, never closes as far as we know. Hours are
kept twice: the regular session, in which nearly all trading is, and the widest hours in which
bars may come; only what lies wholly outside of those is closed. A calendar says nothing of the
years that its table does not reach: there everything may be open.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from msgspec import Struct

from domain.contract_code import read_contract
from domain.interval import Interval
from domain.session_days import Ints, moments, trading_days
from domain.session_overrides import OVERRIDES, Override
from domain.session_table import GLOBEX, XNYS
from domain.timerange import RangeSet, TimeRange

_DAY = 86_400
_LONGEST_CLOSURE = 14 * _DAY
# A day of 6.5 hours of five a week is open for less than a fifth of the time, a fifth of a sixth
# with holidays: a stretch that long surely holds enough.
_SPARSEST = 6


class Session(Struct, frozen=True):
    """One trading date: the regular session and the widest hours, half-open, in Unix seconds."""

    date: dt.date
    open: int
    close: int
    first: int
    last: int


@dataclass(frozen=True, slots=True, eq=False)
class Calendar:
    """The sessions of a market; columns of equal length, one row a trading date, ascending.

    ``days`` are the dates at 00:00 UTC, where daily bars are stamped; ``opens`` and ``closes``
    the regular sessions, ``first`` and ``last`` the widest hours, all in Unix seconds. Sessions
    do not overlap. ``known`` is the time that the calendar speaks of; None: of none.
    """

    name: str
    days: Ints
    opens: Ints
    closes: Ints
    first: Ints
    last: Ints
    known: TimeRange | None = None

    def on(self, date: dt.date) -> Session | None:
        """The session of a trading date, None if it is none."""
        day = (date.toordinal() - dt.date(1970, 1, 1).toordinal()) * _DAY
        at = int(np.searchsorted(self.days, day))
        return self._session(at) if at < len(self.days) and self.days[at] == day else None

    def all(self) -> Iterator[Session]:
        """Every session, ascending."""
        return (self._session(at) for at in range(len(self.days)))

    def closed(self, interval: Interval, span: TimeRange) -> RangeSet:
        """The slots that open in ``span`` and in which no bar can be.

        Of days those that are no trading dates, of shorter intervals the slots that lie wholly
        outside of the widest hours; a week or a month is never closed.
        """
        aligned = span.aligned(interval)
        if aligned is None or self._never_closes(interval):
            return RangeSet()
        starts, ends = self._runs(interval, aligned, regular=False)
        begins = np.concatenate(([aligned.start], ends))
        stops = np.concatenate((starts, [aligned.end]))
        real = begins < stops
        pairs = zip(begins[real].tolist(), stops[real].tolist(), strict=True)
        return RangeSet(tuple(TimeRange(start, end) for start, end in pairs))

    def is_closed(self, interval: Interval, span: TimeRange) -> bool:
        """Whether slots open in ``span`` and in none of them can be a bar."""
        aligned = span.aligned(interval)
        return aligned is not None and not self.count(interval, aligned)

    def count(self, interval: Interval, span: TimeRange, *, regular: bool = False) -> int:
        """How many slots of ``span`` are open, or open in the regular session."""
        if self._never_closes(interval):
            return interval.count(span.start, span.end)
        aligned = span.aligned(interval)
        if aligned is None:
            return 0
        starts, ends = self._runs(interval, aligned, regular=regular)
        return int(np.sum(ends - starts)) // interval.seconds

    def shift(self, interval: Interval, ts: int, slots: int, *, regular: bool = False) -> int:
        """As :meth:`Interval.shift`, but only open slots count, or those of regular sessions.

        Between the aligned ``ts`` and the answer lie exactly so many open slots, and the one that
        is farthest from ``ts`` touches the answer; never before 1970.
        """
        if self._never_closes(interval) or not slots:
            return interval.shift(ts, slots)
        reach = abs(slots) * interval.seconds * _SPARSEST + _LONGEST_CLOSURE
        while True:
            start = max(interval.floor(ts - reach), 0) if slots < 0 else ts
            end = ts if slots < 0 else interval.ceil(ts + reach)
            if start >= end:
                return start
            starts, ends = self._runs(interval, TimeRange(start, end), regular=regular)
            found = _nth(interval, starts, ends, slots)
            if found is not None:
                return found
            if slots < 0 and not start:
                return start
            reach *= 2

    def eve(self, interval: Interval, ts: int) -> TimeRange | None:
        """The last session that was over at ``ts``, in whole slots; None if none is known."""
        opens, closes = self._hours(interval, regular=False)
        at = int(np.searchsorted(closes, ts, side="right")) - 1
        if self._never_closes(interval) or at < 0:
            return None
        start, end = interval.floor(int(opens[at])), interval.ceil(int(closes[at]))
        return (
            TimeRange(start, min(end, interval.floor(ts))) if start < interval.floor(ts) else None
        )

    def _session(self, at: int) -> Session:
        day = int(self.days[at]) // _DAY + dt.date(1970, 1, 1).toordinal()
        columns = (self.opens, self.closes, self.first, self.last)
        return Session(dt.date.fromordinal(day), *(int(column[at]) for column in columns))

    def _never_closes(self, interval: Interval) -> bool:
        return self.known is None or interval.seconds > _DAY

    def _hours(self, interval: Interval, *, regular: bool) -> tuple[Ints, Ints]:
        if interval is Interval.D1:
            return self.days, self.days + _DAY
        return (self.opens, self.closes) if regular else (self.first, self.last)

    def _runs(self, interval: Interval, span: TimeRange, *, regular: bool) -> tuple[Ints, Ints]:
        """Where runs of open slots begin and end within the aligned span, disjoint, ascending."""
        opens, closes = self._hours(interval, regular=regular)
        low = int(np.searchsorted(closes, span.start, side="right"))
        high = int(np.searchsorted(opens, span.end, side="left"))
        starts = interval.floors(opens[low:high])
        ends = interval.following(interval.floors(closes[low:high] - 1))
        starts, ends = self._with_the_unknown(interval, span, starts, ends)
        starts, ends = np.maximum(starts, span.start), np.minimum(ends, span.end)
        apart = starts[1:] > ends[:-1]
        return (
            starts[np.concatenate(([True], apart))[: len(starts)]],
            ends[np.concatenate((apart, [True]))[: len(ends)]],
        )

    def _with_the_unknown(
        self, interval: Interval, span: TimeRange, starts: Ints, ends: Ints
    ) -> tuple[Ints, Ints]:
        """What the calendar does not speak of is open."""
        known = self.known or TimeRange(0, 1)
        if span.start < known.start:
            edge = min(interval.ceil(known.start), span.end)
            starts, ends = np.append(span.start, starts), np.append(edge, ends)
        if span.end > known.end:
            edge = max(interval.floor(known.end), span.start)
            starts, ends = np.append(starts, edge), np.append(ends, span.end)
        return starts, ends


def calendar_of(instrument: str) -> Calendar:
    """The calendar of the instrument with that canonical id.

    A share listed in another country, and a future of which nobody knows that it rests at
    night, have no calendar here: then nothing is ever known to be closed.
    """
    if "-" in instrument:
        return ALWAYS
    contract = read_contract(instrument, None)
    if contract is not None:
        return ALWAYS if contract.root in _RESTLESS else calendar_named("GLOBEX")
    _, dot, place = instrument.rpartition(".")
    at_home = not dot or (len(place) == 1 and place not in _PLACES)
    return calendar_named("XNYS") if at_home else ALWAYS


@lru_cache
def calendar_named(name: str) -> Calendar:
    """``XNYS`` or ``GLOBEX``, read when it is first needed (milliseconds, 0.6 MB).

    Raises:
        KeyError: there is no calendar of that name.
    """
    return {"XNYS": _new_york, "GLOBEX": _globex}[name]()


_NONE = np.empty(0, dtype=np.int64)
ALWAYS = Calendar("ALWAYS", _NONE, _NONE, _NONE, _NONE, _NONE)
# One letter behind the dot is a share class, but for these of Yahoo: Frankfurt, London, Tokyo and
# the Venture Exchange in Toronto.
_PLACES = frozenset("FLTV")
# Futures on coins: CME trades them without a rest from May 2026.
_RESTLESS = frozenset(("BTC", "MBT", "BFF", "ETH", "MET", "SOL", "MSL", "XRP", "MXP"))
_NEW_YORK, _CHICAGO = 5, 6  # hours behind UTC in winter
_HALF_HOUR = 30


def _new_york() -> Calendar:
    """09:30 to 16:00, and from 04:00 to four hours after the close: the hours of the tape."""
    usual = 16 * 60
    dates, closes = trading_days(XNYS, _overrides("XNYS"), usual)
    return Calendar(
        "XNYS",
        dates * _DAY,
        moments(dates, 9 * 60 + _HALF_HOUR, _NEW_YORK),
        moments(dates, closes, _NEW_YORK),
        moments(dates, 4 * 60, _NEW_YORK),
        moments(dates, closes + 4 * 60, _NEW_YORK),
        _known(XNYS),
    )


def _globex() -> Calendar:
    """From 17:00 of the evening before to 16:00; on Fridays to Sunday evening it rests.

    Until 18 September 2015 the daily break was shorter and not the same for all products: it is
    left out. Products close at different times before a holiday, energy up to 105 minutes
    (13:45) after the equity indices that the table follows.
    """
    usual, slack = 17 * 60, 105
    dates, closes = trading_days(GLOBEX, _overrides("GLOBEX"), usual)
    today = dates >= (dt.date(2015, 9, 21).toordinal() - dt.date(1970, 1, 1).toordinal())
    ends = np.where(today, 16 * 60, usual)
    closes, widest = np.minimum(closes, ends), np.where(closes < usual, closes + slack, ends)
    opens = moments(dates - 1, usual, _CHICAGO)
    return Calendar(
        "GLOBEX",
        dates * _DAY,
        opens,
        moments(dates, closes, _CHICAGO),
        opens,
        moments(dates, widest, _CHICAGO),
        _known(GLOBEX),
    )


def _overrides(name: str) -> list[Override]:
    return [override for override in OVERRIDES if override.calendar == name]


def _known(lines: tuple[str, ...]) -> TimeRange:
    """From the first to the last year of the table, in UTC."""
    start, end = dt.date(int(lines[0][:4]), 1, 1), dt.date(int(lines[-1][:4]) + 1, 1, 1)
    epoch = dt.date(1970, 1, 1)
    return TimeRange((start - epoch).days * _DAY, (end - epoch).days * _DAY)


def _nth(interval: Interval, starts: Ints, ends: Ints, slots: int) -> int | None:
    """The edge of the nth slot of the runs, counted from their end if ``slots`` is negative."""
    lengths = (ends - starts) // interval.seconds
    order = slice(None, None, -1) if slots < 0 else slice(None)
    total = np.cumsum(lengths[order])
    at = int(np.searchsorted(total, abs(slots)))
    if at >= len(total):
        return None
    beyond = (int(total[at]) - abs(slots)) * interval.seconds
    return int(starts[order][at]) + beyond if slots < 0 else int(ends[order][at]) - beyond
