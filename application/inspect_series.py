"""Tell what is held, what is missing and why, and what was corrected."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any, Generic, TypeVar

from msgspec import Struct

from application.known_coverage import known_coverages
from application.shared_look import SharedLook
from domain.coverage import Coverage, Gap
from domain.errors import InvalidRequest
from domain.instrument import Instrument, SeriesKey
from domain.interval import Interval
from domain.ledger import Provenance, Revision, SeriesSummary
from domain.quality import QualityReport
from domain.timerange import TimeRange
from ports.bar_store import BarStore
from ports.clock import Clock

T = TypeVar("T")


class SeriesChoice(Struct, frozen=True):
    """Which stored series, and which part of them (None: from the first to the newest bar).

    At most ``limit`` of them (None: all), those that stand behind ``after``.
    """

    instrument: Instrument | None = None
    interval: Interval | None = None
    provider: str | None = None
    start: int | None = None
    end: int | None = None
    after: SeriesKey | None = None
    limit: int | None = None


class Page(Struct, Generic[T], frozen=True):
    """What was found about the series of a page; ``next`` is its last when others follow."""

    rows: tuple[T, ...]
    next: SeriesKey | None = None


class SeriesGaps(Struct, frozen=True):
    """What one series lacks within ``range``."""

    key: SeriesKey
    range: TimeRange
    coverage: Coverage
    gaps: tuple[Gap, ...]


class RevisionPlace(Struct, frozen=True):
    """Where a page of revisions begins: behind the first ``skip`` of the bar at ``ts``."""

    key: SeriesKey
    ts: int
    skip: int


class RevisionPage(Struct, frozen=True):
    """Corrected bars; ``next`` is where the page that follows begins."""

    rows: tuple[Revision, ...]
    next: RevisionPlace | None = None


class InspectSeries:
    """Questions about stored series; no provider is asked.

    However many series there are, the store is asked a fixed number of times; what has to go
    through all their bars is looked up for all at once who ask the same.
    """

    def __init__(self, store: BarStore, clock: Clock) -> None:
        """Take the collaborators."""
        self._store = store
        self._clock = clock
        self._looks = SharedLook[Any]()

    async def summaries(self, choice: SeriesChoice) -> Page[SeriesSummary]:
        """Every stored series that matches, at a glance."""
        return await self._shared(choice, "summaries", self._summaries)

    async def gaps(self, choice: SeriesChoice) -> Page[SeriesGaps]:
        """For every stored series that matches, what is missing in the range and why."""
        return await self._shared(choice, "gaps", self._gaps)

    async def _shared(
        self, choice: SeriesChoice, name: str, work: Callable[[SeriesChoice], Awaitable[T]]
    ) -> T:
        found: T = await self._looks.join(f"{name} {choice}", partial(work, choice))
        return found

    async def _summaries(self, choice: SeriesChoice) -> Page[SeriesSummary]:
        page = await self._page(choice)
        found = await self._store.summaries(page.rows)
        return Page(tuple(found.values()), page.next)

    async def _gaps(self, choice: SeriesChoice) -> Page[SeriesGaps]:
        page = await self._page(choice)
        parts = self._parts(choice, await self._firsts(choice, page.rows))
        told = await known_coverages(self._store, parts)
        now = self._clock.now()
        found = (
            SeriesGaps(key, span, told[key], told[key].gaps(key.interval, now))
            for key, span in parts.items()
        )
        return Page(tuple(found), page.next)

    async def revisions(
        self, choice: SeriesChoice, limit: int, place: RevisionPlace | None = None
    ) -> RevisionPage:
        """Corrected bars of every series that matches, ascending by series and time.

        From ``place`` on, which a page before named.
        """
        keys = (await self._page(choice)).rows
        parts, skip = self._parts(choice, dict.fromkeys(keys, 0)), 0
        if place is not None:
            parts, skip = _onward(parts, place)
        found = await self._store.revisions(parts, limit + 1, skip)
        return _revision_page(found, limit, place)

    async def lineage(self, choice: SeriesChoice, limit: int) -> Sequence[Provenance]:
        """The batches behind the bars of every series that matches, newest first."""
        ask = partial(self._lineage, limit=limit)
        return await self._shared(choice, f"lineage {limit}", ask)

    async def _lineage(self, choice: SeriesChoice, limit: int) -> Sequence[Provenance]:
        keys = (await self._page(choice)).rows
        return await self._store.provenance(self._parts(choice, dict.fromkeys(keys, 0)), limit)

    async def quality(
        self, choice: SeriesChoice
    ) -> Page[tuple[SeriesSummary, QualityReport | None]]:
        """The newest report of every series that matches."""
        page = await self.summaries(choice)
        reports = await self._store.reports([summary.key for summary in page.rows])
        rows = tuple((summary, reports.get(summary.key)) for summary in page.rows)
        return Page(rows, page.next)

    async def _page(self, choice: SeriesChoice) -> Page[SeriesKey]:
        instrument = choice.instrument.id if choice.instrument else None
        keys = await self._store.series(instrument, choice.interval, choice.provider)
        if choice.after is not None:
            keys = [key for key in keys if key.place > choice.after.place]
        rows = tuple(keys[: choice.limit])
        return Page(rows, rows[-1] if len(rows) < len(keys) else None)

    async def _firsts(
        self, choice: SeriesChoice, keys: Sequence[SeriesKey]
    ) -> dict[SeriesKey, int]:
        """Where the oldest bar opens; nobody has to look where the choice has a start."""
        if choice.start is not None:
            return dict.fromkeys(keys, choice.start)
        bounds = await self._store.bounds(keys)
        return {key: bounds[key][0] for key in keys if key in bounds}

    def _parts(
        self, choice: SeriesChoice, firsts: Mapping[SeriesKey, int]
    ) -> dict[SeriesKey, TimeRange]:
        """The part of each series that was asked for, ``firsts`` where its start was not given.

        Raises:
            InvalidRequest: the range is reversed.
        """
        if choice.start is not None and choice.end is not None and choice.end <= choice.start:
            message = "The range is empty: end must lie after start."
            raise InvalidRequest(message, "end")
        now, parts = self._clock.now(), dict[SeriesKey, TimeRange]()
        for key, first in firsts.items():
            newest = key.interval.shift(key.interval.last_closed(now), 1)
            start = first if choice.start is None else choice.start
            end = newest if choice.end is None else choice.end
            span = TimeRange(start, end).aligned(key.interval) if start < end else None
            if span is not None:
                parts[key] = span
        return parts


def _onward(
    parts: Mapping[SeriesKey, TimeRange], place: RevisionPlace
) -> tuple[dict[SeriesKey, TimeRange], int]:
    """What of the parts is left from a place on, and how many revisions there are to be skipped."""
    left = {key: span for key, span in parts.items() if key.place >= place.key.place}
    span = left.pop(place.key, None)
    if span is None or span.end <= place.ts:
        return left, 0
    rest = TimeRange(max(span.start, place.ts), span.end)
    return {place.key: rest, **left}, place.skip


def _revision_page(
    found: Sequence[Revision], limit: int, place: RevisionPlace | None
) -> RevisionPage:
    """The first ``limit`` of ``found``; one more tells that another page follows."""
    rows = tuple(found[:limit])
    if len(found) <= limit:
        return RevisionPage(rows)
    last = rows[-1]
    at, key = last.bar.ts, last.key
    skip = sum(1 for row in rows if (row.key, row.bar.ts) == (key, at))
    if place is not None and (place.key, place.ts) == (key, at):
        skip += place.skip
    return RevisionPage(rows, RevisionPlace(key, at, skip))
