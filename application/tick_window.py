"""What is known of a stretch of ticks, and what to ask next: pure arithmetic in Unix ns."""

from msgspec import Struct

from domain.ticks import Quote, StoredTicks, T, TickSlice, Trade
from domain.timerange import RangeSet, TimeRange

_FIRST_STEP_NS = 60 * 10**9
_GROWTH = 8


class TickWindow(Struct, frozen=True, kw_only=True):
    """The stretch that a question is about, seen at ``now_ns``.

    Without ``start_ns`` the newest ``wanted`` ticks before ``stop_ns`` are meant, else the first.
    ``end_ns`` is the end as it was asked for: what came in since ``now_ns`` belongs to it too.
    """

    wanted: int
    stop_ns: int
    now_ns: int
    start_ns: int | None = None
    end_ns: int | None = None

    @property
    def newest(self) -> bool:
        """Whether it is read from its end."""
        return self.start_ns is None

    @property
    def begins_s(self) -> int:
        """From when on (Unix s) its ticks are wanted: for the newest ones, from its end on."""
        return (self.stop_ns if self.start_ns is None else self.start_ns) // 10**9

    @property
    def is_open(self) -> bool:
        """Whether it ends with the present."""
        return self.stop_ns >= self.now_ns

    @property
    def span(self) -> TimeRange:
        """All of it."""
        return TimeRange(self.start_ns or 0, self.stop_ns)

    def slice(self, edge: int | None = None) -> TickSlice:
        """What to read: up to ``edge`` only, if given, from where the window is read."""
        last = self.end_ns if self.is_open else self.stop_ns
        if self.newest:
            return TickSlice(limit=self.wanted, start_ns=edge, end_ns=last)
        end = last if edge is None or edge >= self.stop_ns else edge
        return TickSlice(limit=self.wanted, start_ns=self.start_ns, end_ns=end, newest=False)

    def edge(self, known: RangeSet) -> int:
        """How far everything is known from where the window is read."""
        near = self.stop_ns - 1 if self.newest else self.span.start
        for part in known:
            if part.start <= near < part.end:
                return part.start if self.newest else min(part.end, self.stop_ns)
        return self.stop_ns if self.newest else self.span.start

    def is_done(self, edge: int) -> bool:
        """Whether ``edge`` is the far end."""
        return edge <= self.span.start if self.newest else edge >= self.stop_ns

    def hole(self, known: RangeSet, edge: int, asked: int) -> tuple[int | None, int | None]:
        """(start, end) to ask for next, after so many questions; None: open.

        Back in time the steps grow: nobody knows how thin the trading was.
        """
        if not self.newest:
            return edge, next((p.start for p in known if p.start > edge), self.stop_ns)
        before = max((p.end for p in known if p.end < edge), default=0)
        end = None if self.is_open and edge == self.stop_ns else edge
        if asked == 0:
            return before or None, end
        return max(before, edge - _FIRST_STEP_NS * _GROWTH**asked, 0), end

    def gaps(self, known: RangeSet, stored: StoredTicks[T]) -> RangeSet:
        """Of what the answer spans, that of which not everything is known.

        Without a start it spans what was found: nobody asked how far back there might be more.
        """
        ticks: tuple[Trade | Quote, ...] = stored.ticks
        start, stop = self.span.start, self.stop_ns
        if ticks and self.newest:
            start = ticks[0].ts_ns + 1
        elif len(ticks) >= self.wanted:
            stop = ticks[-1].ts_ns
        return RangeSet((TimeRange(start, stop),)).subtract(known) if start < stop else RangeSet()
