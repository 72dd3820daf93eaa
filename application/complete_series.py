"""Bring one provider's stored series up to what a window needs."""

from msgspec import Struct

from application.fetch_bars import FetchBars
from application.stored_answer import Held, ReadStored
from domain.bars import Bar
from domain.coverage import Coverage
from domain.instrument import Instrument, SeriesKey
from domain.interval import Interval
from domain.timerange import RangeSet, TimeRange
from ports.clock import Clock
from ports.market_data import CallContext, MarketDataProvider


class Completed(Struct, frozen=True):
    """What is held now, the running bar if it was wanted, and whether the provider was asked."""

    held: Held
    forming: Bar | None
    asked: bool


class CompleteSeries:
    """Fetch what the store lacks of a window, and nothing else.

    - ``reread`` asks for the whole window again when nothing is missing;
    - at the live edge the newest stored bars are read again with the new ones, because
      providers correct young bars; what was lost by us is fetched exactly.
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
        key = SeriesKey(instrument.id, interval, provider.name)
        held = await self._read(key, span)
        wanted = self._wanted(held, provider, reread=reread, forming=forming)
        running: Bar | None = None
        for part in wanted:
            async for page in self._fetch(
                provider, instrument, interval, part, context, forming=forming
            ):
                running = page.forming or running
        if not wanted:
            return Completed(held, None, asked=False)
        return Completed(await self._read(key, span), running if forming else None, asked=True)

    def _wanted(
        self, held: Held, provider: MarketDataProvider, *, reread: bool, forming: bool
    ) -> RangeSet:
        interval, now = held.key.interval, self._clock.now()
        missing = held.missing(now)
        if reread and not missing:
            return Coverage(held.span).missing(interval, now)
        live = interval.shift(interval.last_closed(now), 1)
        if forming and held.span.end == live:
            edge = TimeRange(interval.shift(live, -1), live)
            return missing.union(RangeSet((edge,)))
        return _with_overlap(missing, held, live, provider.capabilities.reread_bars)


def _with_overlap(missing: RangeSet, held: Held, live: int, bars: int) -> RangeSet:
    """Extend a never-asked stretch that ends at the live edge back over young stored bars."""
    if not missing or missing.ranges[-1].end != live:
        return missing
    edge = missing.ranges[-1]
    lost = RangeSet((edge,)).intersect(held.coverage.asked)
    start = max(held.key.interval.shift(edge.start, -bars), held.span.start)
    if lost or start >= edge.start:
        return missing
    young = RangeSet((TimeRange(start, edge.start),)).intersect(held.coverage.held)
    return missing.union(young)
