"""Make "the latest 500 bars" mean 500 bars where nothing was traded in some slots."""

from collections.abc import Awaitable, Callable

from msgspec.structs import replace

from application.held import Held, View
from application.skip_empty import body_of
from domain.coverage import GapReason
from domain.interval import Interval
from domain.provider import Capabilities
from domain.query import BarQuery, BarWindow, last_end
from domain.sessions import calendar_of
from domain.timerange import TimeRange

MAX_EXTRA = 8_000  # open slots, five and a half days of minutes: the longest weekend
STEPS = 4
_PAGE = 1_000  # slots by which an empty window grows at least: no more calls than fewer
# Slots that rightly have no bar: there are others to give instead.
_QUIET = frozenset({GapReason.NO_TRADES, GapReason.MARKET_CLOSED, GapReason.NOT_YET_PUBLISHED})
# Some bars with a hole are an answer; before a hole that leaves none there are "the last" ones.
_QUIET_WITHOUT_BARS = _QUIET | {GapReason.PROVIDER_OUTAGE}


async def widened(
    query: BarQuery,
    view: View,
    can: Capabilities,
    now: float,
    obtain: Callable[[TimeRange], Awaitable[Held | None]],
) -> View:
    """Widen a window by what quiet slots took from it, in at most four steps.

    ``obtain`` gives what is held of a wider window, or None. It is not asked when every slot
    has its bar. A window that would reach into the unknown is left as it was, and ``short``. Each
    step is twice as bold as the one before: a session begins with more bars than it goes on with.
    """
    for step in range(STEPS):
        window = _wider(query, view, can, now, 2**step)
        if window is None or window.range is None:
            return view
        held = await obtain(window.range)
        if held is None or held.unknown(now).seconds > view.held.unknown(now).seconds:
            return replace(view, short=True)
        view = View(held, window, view.short and not len(held.bars.series))
    return view


def trimmed(query: BarQuery, view: View) -> View:
    """At most ``limit`` bars: a window is widened by guess and may hold more."""
    held, limit = view.held, query.limit
    series, interval = held.bars.series, held.key.interval
    if len(series) <= limit:
        return view
    if query.start is None:
        kept, rest = slice(-limit, None), None
        span = TimeRange(int(series.ts[-limit]), held.span.end)
    else:
        kept, rest = slice(limit), interval.close(int(series.ts[limit - 1]))
        span = TimeRange(held.span.start, rest)
    bars = replace(held.bars, series=series.where(kept), known_at=held.bars.known_at[kept])
    coverage = replace(held.coverage, range=span)
    return View(Held(held.key, span, bars, coverage), BarWindow(span, rest), view.short)


def _wider(
    query: BarQuery, view: View, can: Capabilities, now: float, boldness: int
) -> BarWindow | None:
    """The next window to try; None when the limit is reached or nothing more can be there."""
    held, interval = view.held, view.held.key.interval
    if len(held.bars.series) >= query.limit:
        return None
    body = body_of(query, held)
    slots = interval.count(body.start, body.end)
    backward_of_nothing = query.start is None and not len(held.bars.series)
    reasons = _QUIET_WITHOUT_BARS if backward_of_nothing else _QUIET
    owed = query.limit - (slots - _quiet_slots(held, body, reasons, now))
    if owed <= 0:
        return None
    guess = _guess(query, held, body, owed * boldness)
    extra = min(guess, query.limit + MAX_EXTRA - _opened(query, body))
    return _grown(query, view, can, now, extra) if extra > 0 else None


def _guess(query: BarQuery, held: Held, body: TimeRange, owed: int) -> int:
    """How many more slots of regular sessions will hold what is owed, and a quarter to spare.

    As many bars as are owed come in as many slots as bars came in so far: but at the edges of the
    day, outside of regular sessions, many providers have few bars or none.
    """
    calendar, bars = calendar_of(query.instrument.id), len(held.bars.series)
    slots = calendar.count(query.interval, body, regular=True)
    if bars or not slots:
        return owed * max(slots, bars, 1) * 5 // (max(bars, 1) * 4) + 8
    return max(3 * slots, _PAGE)


def _opened(query: BarQuery, span: TimeRange) -> int:
    return calendar_of(query.instrument.id).count(query.interval, span)


def _grown(
    query: BarQuery, view: View, can: Capabilities, now: float, extra: int
) -> BarWindow | None:
    span, interval = view.held.span, view.held.key.interval
    calendar = calendar_of(query.instrument.id)
    if query.start is None:
        reached = calendar.shift(interval, span.start, -extra, regular=True)
        start = max(reached, _oldest(interval, can, now))
        return BarWindow(TimeRange(start, span.end)) if start < span.start else None
    if view.window.rest is None:
        return None
    bound = last_end(query, now)
    end = min(calendar.shift(interval, span.end, extra, regular=True), bound)
    return BarWindow(TimeRange(span.start, end), end if end < bound else None)


def _quiet_slots(held: Held, body: TimeRange, reasons: frozenset[GapReason], now: float) -> int:
    interval = held.key.interval
    gaps = held.coverage.gaps(interval, now)
    quiet = (gap.range.intersect(body) for gap in gaps if gap.reason in reasons)
    return sum(interval.count(part.start, part.end) for part in quiet if part is not None)


def _oldest(interval: Interval, can: Capabilities, now: float) -> int:
    """Where the history of the provider begins, at the earliest 1970."""
    first, oldest = interval.ceil(0), can.oldest(interval, now)
    return first if oldest is None else max(first, interval.ceil(oldest))
