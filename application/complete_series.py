"""Bring one provider's stored series up to what a window needs."""

from contextlib import aclosing

from msgspec import Struct

from application.fetch_bars import FetchBars
from application.held import Held
from application.plan_asks import bridge, plan_asks
from application.skip_empty import SEEK_PAGES
from application.stored_answer import ReadStored
from domain.bars import Bar
from domain.coverage import Coverage
from domain.instrument import Instrument, SeriesKey
from domain.interval import Interval
from domain.rollup import roll_up_forming
from domain.sessions import Calendar, calendar_of
from domain.timerange import RangeSet, TimeRange
from ports.clock import Clock
from ports.market_data import CallContext, MarketDataProvider


class Completed(Struct, frozen=True):
    """What is held now, the running bar if it was wanted, and whether the provider was asked."""

    held: Held
    forming: Bar | None
    asked: bool


class Parts(Struct, frozen=True):
    """The ranges of a finer series that a coarse one needs; ``live`` ends the closed fine bars."""

    interval: Interval
    ranges: tuple[TimeRange, ...]
    live: int


class CompleteSeries:
    """Fetch what the store lacks of a window, and nothing else.

    - ``reread`` asks for the whole window again, unless bars were lost: then for those;
    - at the live edge the newest stored bars are read again with the new ones, because
      providers correct young bars; what was lost by us is fetched exactly;
    - many scattered holes are asked for together as far as they share a page;
    - for a closed market alone nobody is asked;
    - of an interval that the provider lacks, the series that it is rolled up from is completed.
    """

    def __init__(self, read: ReadStored, fetch: FetchBars, clock: Clock) -> None:
        """Take the collaborators."""
        self._read = read
        self._fetch = fetch
        self._clock = clock

    async def __call__(  # two switches on top of the question itself
        self,
        provider: MarketDataProvider,
        instrument: Instrument,
        interval: Interval,
        span: TimeRange,
        context: CallContext,
        *,
        reread: bool = False,
        forming: bool = False,
    ) -> Completed:
        """Fetch and read again.

        Raises:
            ProviderError, DeadlineExceeded, StoreUnavailable: as :class:`FetchBars`.
        """
        held = await self._read(SeriesKey(instrument.id, interval, provider.name), span)
        wanted = self._wanted(held, provider, reread=reread, forming=forming)
        if not wanted:
            return Completed(held, None, asked=False)
        source = provider.capabilities.source(interval) or interval
        if source is not interval:
            calendar = calendar_of(instrument.id)
            parts = self._parts(wanted, interval, source, provider, calendar, forming=forming)
            return await self._from_parts(
                provider, instrument, held, parts, context, reread=reread, forming=forming
            )
        running: Bar | None = None
        for part in wanted:
            pages = self._fetch(provider, instrument, interval, part, context, forming=forming)
            async with aclosing(pages):
                async for page in pages:
                    running = page.forming or running
        # Some providers send the running bar with every answer; it is for those who want it.
        now = await self._read(held.key, span)
        return Completed(now, running if forming else None, asked=True)

    async def _from_parts(
        self,
        provider: MarketDataProvider,
        instrument: Instrument,
        held: Held,
        parts: Parts,
        context: CallContext,
        *,
        reread: bool,
        forming: bool,
    ) -> Completed:
        """Complete the finer series that a coarse one is rolled up from."""
        asked, running = False, None
        for part in parts.ranges:
            done = await self(
                provider, instrument, parts.interval, part, context, reread=reread, forming=forming
            )
            asked = asked or done.asked
            if part.end == parts.live:
                running = roll_up_forming(done.held.bars.series, done.forming, held.span.end)
        now = await self._read(held.key, held.span)
        return Completed(now, running if forming else None, asked=asked)

    def _parts(
        self,
        wanted: RangeSet,
        interval: Interval,
        source: Interval,
        provider: MarketDataProvider,
        calendar: Calendar,
        *,
        forming: bool,
    ) -> Parts:
        """The fine ranges to complete: young ones again, the running coarse bar if it is wanted."""
        now, young = self._clock.now(), provider.capabilities.reread_bars
        edge, live = interval.floor(int(now)), source.floor(int(now))
        ranges = list(wanted)
        if ranges[-1].end == edge:
            start = max(calendar.shift(source, ranges[-1].start, -young), 0)
            ranges[-1] = TimeRange(start, live if forming and live > edge else edge)
        return Parts(source, tuple(ranges), live)

    async def seek(
        self,
        provider: MarketDataProvider,
        instrument: Instrument,
        lead: Held,
        context: CallContext,
    ) -> bool:
        """Ask for what is missing of a stretch until bars come, at most four pages; whether asked.

        Raises:
            ProviderError, DeadlineExceeded, StoreUnavailable: as :class:`FetchBars`.
        """
        wanted = bridge(lead.missing(self._clock.now()), lead.coverage.closed, lead.key.interval)
        interval = provider.capabilities.source(lead.key.interval) or lead.key.interval
        left = SEEK_PAGES
        for part in wanted:
            pages = self._fetch(provider, instrument, interval, part, context)
            async with aclosing(pages):
                async for page in pages:
                    left -= 1
                    if page.rows or not left:
                        return True
        return bool(wanted)

    def _wanted(
        self, held: Held, provider: MarketDataProvider, *, reread: bool, forming: bool
    ) -> RangeSet:
        interval, now = held.key.interval, self._clock.now()
        missing, can, closed = held.missing(now), provider.capabilities, held.coverage.closed
        live = interval.shift(interval.last_closed(now), 1)
        if reread and (not missing or _is_new(missing, held, live)):
            missing = Coverage(held.span).missing(interval, now)
            return plan_asks(missing.subtract(closed), interval, can.page_bars, closed)
        if forming and held.span.end == live and not self._rests(held.key):
            edge = TimeRange(interval.shift(live, -1), live)
            missing = missing.union(RangeSet((edge,)))
        wanted = _with_overlap(missing, held, live, can.reread_bars)
        return plan_asks(_to_the_end(wanted, held), interval, can.page_bars, closed)

    def _rests(self, key: SeriesKey) -> bool:
        """Whether no bar can be running now."""
        opened = key.interval.floor(int(self._clock.now()))
        return calendar_of(key.instrument).is_closed(
            key.interval, TimeRange(opened, key.interval.close(opened))
        )


def _to_the_end(missing: RangeSet, held: Held) -> RangeSet:
    """With the closed stretch that ends the window, if what is before it is asked for anyway.

    Bars of a session that the calendar does not know are not overlooked, and pages of providers
    end behind so many rows or months: a weekend more is no call more.
    """
    tail = held.coverage.closed.ranges[-1:]
    if not missing or not tail or tail[0].end != held.span.end:
        return missing
    return missing.union(RangeSet(tail)) if missing.ranges[-1].end == tail[0].start else missing


def _is_new(missing: RangeSet, held: Held, live: int) -> bool:
    """Whether nothing is missing but bars that closed since the provider was asked last."""
    first = missing.ranges[0]
    return first.end == live and not RangeSet((first,)).intersect(held.coverage.asked)


def _with_overlap(missing: RangeSet, held: Held, live: int, bars: int) -> RangeSet:
    """Extend a never-asked stretch that ends at the live edge back over young stored bars."""
    if not missing or missing.ranges[-1].end != live:
        return missing
    edge = missing.ranges[-1]
    lost = RangeSet((edge,)).intersect(held.coverage.asked)
    calendar = calendar_of(held.key.instrument)
    start = max(calendar.shift(held.key.interval, edge.start, -bars), held.span.start)
    if lost or start >= edge.start:
        return missing
    young = RangeSet((TimeRange(start, edge.start),)).intersect(held.coverage.held)
    return missing.union(young)
