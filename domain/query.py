"""What a caller asks for, and which stretch of time that means."""

import re
from enum import Enum

from msgspec import Struct

from domain.errors import InvalidRequest
from domain.instrument import Instrument
from domain.interval import Interval
from domain.sessions import calendar_of
from domain.timerange import TimeRange

CURSOR = r"b1-(0|[1-9][0-9]{0,8}|[1-3][0-9]{9})"  # every mark of a moment up to 2096


class Fill(Enum):
    """How to show missing bars: not at all, as empty rows, or with the previous close."""

    NONE = "none"
    NULL = "null"
    PREVIOUS = "previous"


class BarQuery(Struct, frozen=True):
    """A request for bars. Times are Unix seconds; ``as_of`` is in µs.

    ``use_cache=False`` means that a provider is asked whatever is stored: for what was lost
    or never fetched, or else for the whole range again. ``onward`` says that the pages before had
    the bars of the range: then none is an answer, and no error.
    """

    symbol: str
    instrument: Instrument
    interval: Interval
    limit: int
    start: int | None = None
    end: int | None = None
    provider: str | None = None
    use_cache: bool = True
    include_partial: bool = False
    as_of: int | None = None
    fill: Fill = Fill.NONE
    onward: bool = False

    @property
    def is_anchored(self) -> bool:
        """Whether the first bars of the range are meant rather than the last."""
        return self.start is not None

    def shows_running(self, opens: int) -> bool:
        """Whether the bar that opens then may be shown while it runs: it is in the range."""
        return self.include_partial and (self.end is None or opens < self.end)


class BarWindow(Struct, frozen=True):
    """The aligned stretch that answers a query; ``end`` never lies beyond the last closed bar.

    ``rest`` is where the next page starts, None when this is the last.
    """

    range: TimeRange | None
    rest: int | None = None


def choose_window(query: BarQuery, now: float) -> BarWindow:
    """The slots that a query means at ``now``.

    - neither ``start`` nor ``end``: the latest ``limit`` closed bars;
    - ``start`` only: the first ``limit`` from there; with ``end`` at most up to there;
    - ``end`` only: the last ``limit`` before it.

    Slots in which the market is closed are not counted.
    """
    interval, calendar = query.interval, calendar_of(query.instrument.id)
    end = last_end(query, now)
    if query.start is None:
        start = max(calendar.shift(interval, end, -query.limit), interval.ceil(0))
        return BarWindow(TimeRange(start, end) if start < end else None)
    start = interval.ceil(query.start)
    if start >= end:
        return BarWindow(None)
    stop = calendar.shift(interval, start, query.limit)
    if stop < end and not calendar.is_closed(interval, TimeRange(stop, end)):
        return BarWindow(TimeRange(start, stop), rest=stop)
    return BarWindow(TimeRange(start, end))


def last_end(query: BarQuery, now: float) -> int:
    """Where the slots of a query end at ``now``: at its ``end``, but behind the last closed bar."""
    interval = query.interval
    closed = interval.shift(interval.last_closed(now), 1)
    return closed if query.end is None else min(interval.ceil(query.end), closed)


def named_at(end: int | None, as_of: int | None = None) -> int | None:
    """The moment (Unix s) whose names a question uses: the end of its range, or of knowledge.

    None, for now, when the range is open: then every page of it means the same instrument.
    ``as_of`` is in µs.
    """
    ends = [end - 1] if end is not None else []
    if as_of is not None:
        ends.append(as_of // 1_000_000)
    return min(ends, default=None)


def encode_cursor(start: int) -> str:
    """A mark for the page that starts at ``start``; callers pass it back unchanged."""
    return f"b1-{start}"


def decode_cursor(text: str) -> int:
    """The start behind a mark.

    Raises:
        InvalidRequest: the text is no mark of ours.
    """
    if re.fullmatch(CURSOR, text):
        return int(text.removeprefix("b1-"))
    message = "The cursor is not one of ours: pass the value of `next` unchanged."
    raise InvalidRequest(message, "cursor")
