"""Trades and quotes of a contract as the futures routes show them: of a moment or a session."""

from collections.abc import Awaitable, Callable
from typing import Generic

from msgspec import Struct
from msgspec.structs import replace

from application.read_ticks import TickAnswer, TickQuery
from domain.errors import NoData
from domain.session_facts import day_number
from domain.ticks import T

_NS, _DAY = 10**9, 86_400
# A session begins on the evening before its date, in UTC at 21:00 at the earliest.
_EVENING = 3 * 3600
_PAGES = 8  # of ticks of another session, that are looked through

Read = Callable[[TickQuery], Awaitable[TickAnswer[T]]]


class Collected(Struct, Generic[T], frozen=True):
    """Ticks in the order that was asked for, and where the next page ends or begins (ns)."""

    answer: TickAnswer[T]
    ticks: tuple[T, ...]
    rest: int | None


async def collect(
    read: "Read[T]",
    query: TickQuery,
    *,
    newest: bool,
    session: str | None,
) -> Collected[T]:
    """At most ``query.limit`` ticks; with ``newest`` the last ones, the newest first.

    Raises:
        NoData: there are none; otherwise as ``read``.
    """
    span = _within(query, session)
    if span.start_ns is not None and span.end_ns is not None and span.end_ns <= span.start_ns:
        raise NoData(f"There is nothing of {query.symbol} in that stretch of time.")
    found: list[T] = []
    answer: TickAnswer[T] | None = None
    for _ in range(_PAGES):
        answer = await read(_asked(span, newest=newest))
        part = [t for t in answer.ticks if span.start_ns is None or t.ts_ns >= span.start_ns]
        edge = answer.ticks[0].ts_ns if newest else answer.ticks[-1].ts_ns + 1
        fits = [tick for tick in part if session is None or tick.session == session]
        found += reversed(fits) if newest else fits
        over = len(part) < len(answer.ticks) or len(answer.ticks) < query.limit
        if over or len(found) >= query.limit or session is None:
            break
        span = replace(span, end_ns=edge) if newest else replace(span, start_ns=edge)
    if answer is None or not found:
        raise NoData(f"There is nothing of {query.symbol} in that stretch of time.")
    kept = tuple(found[: query.limit])
    if len(kept) < query.limit:
        return Collected(answer, kept, None)
    return Collected(answer, kept, kept[-1].ts_ns if newest else kept[-1].ts_ns + 1)


def _asked(span: TickQuery, *, newest: bool) -> TickQuery:
    """Ticks are read from a start on, or back from an end."""
    return replace(span, start_ns=None) if newest else replace(span, start_ns=span.start_ns or 0)


def _within(query: TickQuery, session: str | None) -> TickQuery:
    """The stretch of time in which a session lies."""
    if session is None:
        return query
    midnight = int(day_number(session)) * _DAY
    start, end = (midnight - _EVENING) * _NS, (midnight + _DAY) * _NS
    return replace(
        query,
        start_ns=start if query.start_ns is None else max(start, query.start_ns),
        end_ns=end if query.end_ns is None else min(end, query.end_ns),
    )
