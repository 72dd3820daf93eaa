"""Ask one provider for bars and remember the answer, page by page."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from msgspec import Struct
from msgspec.structs import replace

from application.skip_empty import unlisted_before
from domain.bars import Bar
from domain.coverage import Gap, explain_holes
from domain.instrument import Instrument, SeriesKey
from domain.interval import Interval
from domain.ledger import Batch, Receipt
from domain.provider import BarsAsk, BarsPage
from domain.scoring import judge
from domain.sessions import calendar_of
from domain.timerange import TimeRange
from ports.bar_store import BarStore
from ports.clock import Clock
from ports.market_data import CallContext, MarketDataProvider
from ports.telemetry import Telemetry


class FetchedPage(Struct, frozen=True):
    """One page that is safely in the store."""

    covers: TimeRange
    rows: int
    receipt: Receipt
    forming: Bar | None = None


class FetchBars:
    """Fetch, judge and store.

    - every page is one transaction: when a page is yielded it is committed;
    - a slot the provider answered without a bar becomes a gap with a reason;
    - the first bars of a series also tell that it was not listed where nothing came before;
    - rows that cannot be bars go to quarantine, never silently away.
    """

    def __init__(self, store: BarStore, clock: Clock, telemetry: Telemetry) -> None:
        """Take the collaborators."""
        self._store = store
        self._clock = clock
        self._telemetry = telemetry

    async def __call__(  # who, what, when, for whom
        self,
        provider: MarketDataProvider,
        instrument: Instrument,
        interval: Interval,
        span: TimeRange,
        context: CallContext,
        *,
        forming: bool = False,
    ) -> AsyncGenerator[FetchedPage, None]:
        """Yield the committed pages of the aligned ``span``, ascending.

        Raises:
            ProviderError, DeadlineExceeded: the provider failed; earlier pages stay stored.
            StoreUnavailable: the page could not be committed.
        """
        key = SeriesKey(instrument.id, interval, provider.name)
        bounds = (await self._store.bounds([key])).get(key)
        earliest = bounds[0] if bounds else None
        ask = BarsAsk(instrument, interval, span, forming)
        async with aclosing(provider.bars(ask, context)) as pages:
            async for page in pages:
                before: tuple[Gap, ...] = ()
                if len(page.series):
                    if earliest is None:
                        before = await self._unlisted_before(key, page.covers.start)
                    first = int(page.series.ts[0])
                    earliest = first if earliest is None else min(earliest, first)
                batch = self._batch(ask, key, page, earliest, provider)
                batch = replace(batch, empty=(*before, *batch.empty), request_id=context.request_id)
                receipt = await self._store.write(batch)
                self._count(key, batch, receipt)
                yield FetchedPage(page.covers, len(page.series), receipt, page.forming)

    async def _unlisted_before(self, key: SeriesKey, start: int) -> tuple[Gap, ...]:
        """What was learned to be empty before anybody knew that the series begins later."""
        if start <= 0:
            return ()
        return unlisted_before(await self._store.coverage(key, TimeRange(0, start)))

    def _batch(
        self,
        ask: BarsAsk,
        key: SeriesKey,
        page: BarsPage,
        earliest: int | None,
        provider: MarketDataProvider,
    ) -> Batch:
        now = self._clock.now()
        has_volume = provider.capabilities.has_volume(ask.instrument.asset_class)
        empty = self._holes(key, page, earliest, provider, now)
        return Batch(
            key=key,
            asked=page.covers,
            series=page.series,
            fetched_at=page.fetched_at,
            empty=empty,
            rejected=page.rejected,
            quality=judge(
                page.series, page.covers, key.interval, now, empty, has_volume=has_volume
            ),
            facts=page.facts,
        )

    def _holes(
        self,
        key: SeriesKey,
        page: BarsPage,
        earliest: int | None,
        provider: MarketDataProvider,
        now: float,
    ) -> tuple[Gap, ...]:
        return explain_holes(
            page.covers,
            key.interval,
            page.series.ts,
            rejected=tuple(r.ts for r in page.rejected if r.ts is not None),
            earliest=earliest,
            reason=provider.capabilities.holes,
            now=now,
            published=page.published,
            calendar=calendar_of(key.instrument),
        )

    def _count(self, key: SeriesKey, batch: Batch, receipt: Receipt) -> None:
        self._telemetry.rows_written(
            key.provider, receipt.inserted, receipt.changed, len(batch.rejected)
        )
        if batch.quality is not None and len(batch.series):
            self._telemetry.quality_scored(
                key.provider, key.interval.value, batch.quality.score.score
            )
