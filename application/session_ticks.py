"""Read trades and quotes of a contract from a place on: of a stretch of time or of a session."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Generic

from msgspec import Struct
from msgspec.structs import replace

from application.read_ticks import MANY, TickAnswer, TickQuery, counted
from domain.errors import NoData
from domain.futures import iso_date
from domain.session_facts import day_number
from domain.sessions import calendar_of
from domain.ticks import T

_NS, _HOUR, _DAY = 10**9, 3600, 86_400
# A session begins on the evening before its date, in UTC at 21:00 at the earliest.
_EVENING = 3 * _HOUR
_PAGES = 8  # of ticks of another session, that are looked through

Read = Callable[[TickQuery], Awaitable[TickAnswer[T]]]
# The moment (ns) at which a page was cut, and how many ticks of that moment have been shown.
Place = tuple[int, int]


class Collected(Struct, Generic[T], frozen=True):
    """Ticks in the order that was asked for, and where the next page goes on."""

    answer: TickAnswer[T]
    ticks: tuple[T, ...]
    rest: Place | None


async def collect(
    read: "Read[T]",
    query: TickQuery,
    *,
    newest: bool,
    session: str | None,
    place: Place | None = None,
) -> Collected[T]:
    """At most ``query.limit`` ticks from ``place`` on; with ``newest`` from the last one back.

    One more is read than is shown, so that ``rest`` is told only where something follows.

    Raises:
        NoData: there are none; otherwise as ``read``.
    """
    span = _from(place, _within(query, session), newest=newest)
    skip = 0 if place is None else place[1]
    if place is not None and skip > MANY:
        skip = await counted(read, query, place)
    span, wanted = replace(span, limit=query.limit + skip + 1), query.limit + skip + 1
    found: list[T] = []
    for _ in range(_PAGES):
        _refuse_nothing(span)
        answer = await read(_asked(span, newest=newest))
        part = [t for t in answer.ticks if span.start_ns is None or t.ts_ns >= span.start_ns]
        fits = [tick for tick in part if session is None or tick.session == session]
        found += reversed(fits) if newest else fits
        over = len(part) < len(answer.ticks) or len(answer.ticks) < span.limit
        if over or session is None or len(found) >= wanted:
            return _page(answer, found, query, skip, place)
        span = _onward(span, answer.ticks, newest=newest)
        if fits:  # what was cut at that moment is read again
            edge = span.end_ns - 1 if newest and span.end_ns else span.start_ns
            found = [tick for tick in found if tick.ts_ns != edge]
        else:
            span = _beyond(span, session, newest=newest)
    raise NoData(f"There is nothing of {query.symbol} in that stretch of time.")


def _page(
    answer: TickAnswer[T], found: Sequence[T], query: TickQuery, skip: int, place: Place | None
) -> Collected[T]:
    kept = tuple(found[skip : skip + query.limit])
    if not kept:
        raise NoData(f"There is nothing of {query.symbol} in that stretch of time.")
    if len(found) <= skip + query.limit:
        return Collected(answer, kept, None)
    last = kept[-1].ts_ns
    before = skip if place is not None and place[0] == last else 0
    return Collected(answer, kept, (last, before + sum(tick.ts_ns == last for tick in kept)))


def _from(place: Place | None, span: TickQuery, *, newest: bool) -> TickQuery:
    """The rest of the stretch behind a place."""
    if place is None:
        return span
    if newest:
        stop = place[0] + 1
        return replace(span, end_ns=stop if span.end_ns is None else min(span.end_ns, stop))
    return replace(span, start_ns=max(span.start_ns or 0, place[0]))


def _refuse_nothing(span: TickQuery) -> None:
    if span.start_ns is not None and span.end_ns is not None and span.end_ns <= span.start_ns:
        raise NoData(f"There is nothing of {span.symbol} in that stretch of time.")


def _asked(span: TickQuery, *, newest: bool) -> TickQuery:
    """Ticks are read from a start on, or back from an end."""
    return replace(span, start_ns=None) if newest else replace(span, start_ns=span.start_ns or 0)


def _onward(span: TickQuery, ticks: Sequence[T], *, newest: bool) -> TickQuery:
    """From the moment at which a page was cut; twice as many where it held nothing but that one."""
    first, last = ticks[0].ts_ns, ticks[-1].ts_ns
    limit = span.limit * 2 if first == last else span.limit
    if newest:
        return replace(span, end_ns=first + 1, limit=limit)
    return replace(span, start_ns=last, limit=limit)


def _beyond(span: TickQuery, session: str, *, newest: bool) -> TickQuery:
    """On to where the session ends, or begins, by the calendar or else with its date."""
    midnight, hours = _midnight(session), _hours(span.instrument.id, session)
    if newest:
        ends = [edge for edge in hours[1:] if span.end_ns is None or edge < span.end_ns]
        return replace(span, end_ns=max(ends)) if ends else span
    begins = [edge for edge in (*hours[:1], midnight * _NS) if edge > (span.start_ns or 0)]
    return replace(span, start_ns=min(begins)) if begins else span


def _within(query: TickQuery, session: str | None) -> TickQuery:
    """The stretch of time in which a session lies."""
    if session is None:
        return query
    midnight, hours = _midnight(session), _hours(query.instrument.id, session)
    start = hours[0] if hours else (midnight - _EVENING) * _NS
    end = (midnight + _DAY) * _NS
    return replace(
        query,
        start_ns=start if query.start_ns is None else max(start, query.start_ns),
        end_ns=end if query.end_ns is None else min(end, query.end_ns),
    )


def _midnight(session: str) -> int:
    """The first moment of its date (Unix s)."""
    return int(day_number(session)) * _DAY


def _hours(instrument: str, session: str) -> tuple[int, ...]:
    """When the session begins, and the next one (Unix ns), if the calendar knows it."""
    date = iso_date(session)
    known = None if date is None else calendar_of(instrument).on(date)
    return () if known is None else (known.first * _NS, (known.last + _HOUR) * _NS)
