"""Tell what is held, what is missing and why, and what was corrected."""

from collections.abc import Sequence

from msgspec import Struct

from application.known_coverage import known_coverage
from domain.coverage import Coverage, Gap
from domain.errors import InvalidRequest
from domain.instrument import Instrument, SeriesKey
from domain.interval import Interval
from domain.ledger import Provenance, Revision, SeriesSummary
from domain.quality import QualityReport
from domain.timerange import TimeRange
from ports.bar_store import BarStore
from ports.clock import Clock


class SeriesChoice(Struct, frozen=True):
    """Which stored series, and which part of them (None: from the first to the newest bar)."""

    instrument: Instrument | None = None
    interval: Interval | None = None
    provider: str | None = None
    start: int | None = None
    end: int | None = None


class SeriesGaps(Struct, frozen=True):
    """What one series lacks within ``range``."""

    key: SeriesKey
    range: TimeRange
    coverage: Coverage
    gaps: tuple[Gap, ...]


class InspectSeries:
    """Questions about stored series; no provider is asked."""

    def __init__(self, store: BarStore, clock: Clock) -> None:
        """Take the collaborators."""
        self._store = store
        self._clock = clock

    async def summaries(self, choice: SeriesChoice) -> Sequence[SeriesSummary]:
        """Every stored series that matches, at a glance."""
        instrument = choice.instrument.id if choice.instrument else None
        return await self._store.series(instrument, choice.interval, choice.provider)

    async def gaps(self, choice: SeriesChoice) -> Sequence[SeriesGaps]:
        """For every stored series that matches, what is missing in the range and why."""
        found: list[SeriesGaps] = []
        for summary in await self.summaries(choice):
            span = self._span(choice, summary)
            if span is None:
                continue
            coverage = await known_coverage(self._store, summary.key, span)
            gaps = coverage.gaps(summary.key.interval, self._clock.now())
            found.append(SeriesGaps(summary.key, span, coverage, gaps))
        return found

    async def revisions(self, choice: SeriesChoice, limit: int) -> Sequence[Revision]:
        """Corrected bars of every series that matches, ascending by series and time."""
        found: list[Revision] = []
        for summary in await self.summaries(choice):
            span = self._span(choice, summary)
            if span is not None and len(found) < limit:
                left = limit - len(found)
                found += await self._store.revisions(summary.key, span, left)
        return found

    async def lineage(self, choice: SeriesChoice, limit: int) -> Sequence[Provenance]:
        """The batches behind the bars of every series that matches, newest first."""
        found: list[Provenance] = []
        for summary in await self.summaries(choice):
            span = self._span(choice, summary)
            if span is not None:
                found += await self._store.provenance(summary.key, span, limit)
        return sorted(found, key=lambda batch: -batch.known_at)[:limit]

    async def quality(
        self, choice: SeriesChoice
    ) -> Sequence[tuple[SeriesSummary, QualityReport | None]]:
        """The newest report of every series that matches."""
        summaries = await self.summaries(choice)
        reports = await self._store.reports([summary.key for summary in summaries])
        return [(summary, reports.get(summary.key)) for summary in summaries]

    def _span(self, choice: SeriesChoice, summary: SeriesSummary) -> TimeRange | None:
        """The part of a series that was asked for.

        Raises:
            InvalidRequest: the range is reversed.
        """
        if choice.start is not None and choice.end is not None and choice.end <= choice.start:
            message = "The range is empty: end must lie after start."
            raise InvalidRequest(message, "end")
        interval = summary.key.interval
        start = choice.start if choice.start is not None else summary.first
        newest = interval.shift(interval.last_closed(self._clock.now()), 1)
        end = choice.end if choice.end is not None else newest
        if start is None or start >= end:
            return None
        return TimeRange(start, end).aligned(interval)
