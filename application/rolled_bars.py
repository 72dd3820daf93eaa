"""Stored bars as if every provider had every interval that can be built from its own."""

from collections.abc import Collection

import numpy as np

from application.known_coverage import known_coverage
from domain.bars import BarSeries
from domain.coverage import Coverage
from domain.instrument import SeriesKey
from domain.interval import Interval
from domain.ledger import (
    BarSlice,
    StoredBars,
)
from domain.rollup import keep_whole, roll_up, roll_up_coverage, roll_up_known
from domain.timerange import TimeRange
from ports.bar_store import BarStore
from ports.market_data import ProviderCatalogue


class RolledBars:
    """Rolls up on read, so that a coarse bar always equals its stored parts.

    - what a provider has itself is read as it is;
    - of an interval that it lacks, the longest one that fits is read and rolled up, as of any
      moment; nothing rolled up is ever written.
    """

    def __init__(self, store: BarStore, catalogue: ProviderCatalogue) -> None:
        """Look through to ``store``."""
        self._store = store
        self._catalogue = catalogue

    async def read(self, key: SeriesKey, chosen: BarSlice, as_of: int | None = None) -> StoredBars:
        """As :meth:`BarStore.read`."""
        fine = self._fine(key)
        if fine is None:
            return await self._store.read(key, chosen, as_of)
        span = chosen.range.aligned(key.interval)
        if span is None:
            return StoredBars(BarSeries.empty(key.interval), np.empty(0, np.int64))
        if chosen.limit is None:
            return await self._rolled(key, fine, span, as_of)
        return await self._some(key, fine, BarSlice(span, chosen.limit, chosen.newest), as_of)

    async def coverage(self, key: SeriesKey, span: TimeRange, as_of: int | None = None) -> Coverage:
        """As :meth:`BarStore.coverage`, with what the calendar knows."""
        fine = self._fine(key)
        if fine is None:
            return await known_coverage(self._store, key, span, as_of)
        known = await known_coverage(self._store, fine, span, as_of)
        return roll_up_coverage(known, key.interval)

    async def holders(self, instrument: str) -> Collection[str]:
        """The providers of whom anything of an instrument is stored, whatever its interval."""
        return {key.provider for key in await self._store.series(instrument)}

    def _fine(self, key: SeriesKey) -> SeriesKey | None:
        """The series to build this one from; None when it is stored itself."""
        provider = self._catalogue.all().get(key.provider)
        source = provider.capabilities.source(key.interval) if provider else None
        if source is None or source is key.interval:
            return None
        return SeriesKey(key.instrument, source, key.provider)

    async def _rolled(
        self, key: SeriesKey, fine: SeriesKey, span: TimeRange, as_of: int | None
    ) -> StoredBars:
        bars = await self._store.read(fine, BarSlice(span), as_of)
        series = roll_up(bars.series, key.interval)
        known_at = roll_up_known(bars.series, bars.known_at, key.interval)
        if len(series) > 0 and len(bars.series) < fine.interval.count(span.start, span.end):
            known = await known_coverage(self._store, fine, span, as_of)
            whole = keep_whole(series, roll_up_coverage(known, key.interval).held)
            series, known_at = series.where(whole), known_at[whole]
        return StoredBars(series, known_at, fine.interval)

    async def _some(
        self, key: SeriesKey, fine: SeriesKey, chosen: BarSlice, as_of: int | None
    ) -> StoredBars:
        """The first or newest few: as many fine bars as that takes, more if some do not count."""
        limit = chosen.limit or 1
        ask = (limit + 1) * -(-key.interval.seconds // fine.interval.seconds)
        while True:
            part = await self._store.read(fine, BarSlice(chosen.range, ask, chosen.newest), as_of)
            span = self._reached(key.interval, part, ask, chosen)
            found = await self._rolled(key, fine, span, as_of) if span else None
            if found is not None and (len(found.series) >= limit or span == chosen.range):
                kept = slice(-limit, None) if chosen.newest else slice(limit)
                return StoredBars(found.series.where(kept), found.known_at[kept], found.rolled_from)
            ask *= 4

    @staticmethod
    def _reached(
        interval: Interval, part: StoredBars, asked: int, chosen: BarSlice
    ) -> TimeRange | None:
        """The coarse slots that so many fine bars answer for; None: not one whole slot."""
        span = chosen.range
        if len(part.series) < asked:
            return span
        if chosen.newest:
            start, end = interval.ceil(int(part.series.ts[0])), span.end
        else:
            start, end = span.start, interval.floor(int(part.series.ts[-1]))
        return TimeRange(start, end) if start < end else None
