"""Bars, their revisions and what is known about them, in the memory of the process."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise

import numpy as np
from msgspec import Struct, structs

from domain.bars import Bar, BarSeries
from domain.coverage import Coverage, Emptiness, Gap, held_ranges
from domain.emptiness import EmptySpan, learn
from domain.errors import NoData
from domain.instrument import SeriesKey
from domain.interval import Interval
from domain.ledger import (
    BarSlice,
    Batch,
    Provenance,
    Receipt,
    Revision,
    SeriesSummary,
    StoredBars,
)
from domain.provider import RejectedRow
from domain.quality import QualityReport
from domain.session_facts import FACTS, SessionFacts
from domain.timerange import RangeSet, TimeRange
from ports.bar_store import BarStore
from ports.clock import Clock


class _Version(Struct, frozen=True):
    """One value of one bar, true from ``known_at`` until ``superseded_at`` (µs; None: still)."""

    bar: Bar
    known_at: int
    superseded_at: int | None = None

    def holds_at(self, as_of: int | None) -> bool:
        if as_of is None:
            return self.superseded_at is None
        return self.known_at <= as_of and (self.superseded_at is None or as_of < self.superseded_at)


class _Series:
    """Everything about one series; ``versions`` by bar open, oldest first."""

    def __init__(self) -> None:
        self.versions: dict[int, list[_Version]] = {}
        self.asked: list[tuple[TimeRange, int]] = []
        self.empty: tuple[EmptySpan, ...] = ()
        self.provenance: list[Provenance] = []
        self.quality: QualityReport | None = None
        self.quarantine: set[RejectedRow] = set()
        self.last_known_at: int | None = None
        self.facts: dict[int, tuple[float, ...]] = {}

    def within(self, span: TimeRange, as_of: int | None) -> Iterator[_Version]:
        """What is or was true in ``span``, ascending."""
        for ts in sorted(t for t in self.versions if span.start <= t < span.end):
            yield from (v for v in self.versions[ts] if v.holds_at(as_of))

    def put(self, bar: Bar, known_at: int) -> str:
        """Take in one bar: ``inserted``, ``changed`` or ``unchanged``."""
        past = self.versions.setdefault(bar.ts, [])
        current = past[-1] if past and past[-1].superseded_at is None else None
        if current is not None and current.bar == bar:
            return "unchanged"
        if current is not None:
            past[-1] = structs.replace(current, superseded_at=known_at)
        past.append(_Version(bar, known_at))
        return "inserted" if current is None else "changed"


class MemoryBarStore(BarStore):
    """Forgets everything with the process; otherwise as strict as the real one."""

    def __init__(self, clock: Clock) -> None:
        """``clock`` dates what is learned; time that stands still moves on by a microsecond."""
        self._clock = clock
        self._series: dict[SeriesKey, _Series] = {}
        self._last = 0

    async def write(self, batch: Batch) -> Receipt:
        series = self._series.setdefault(batch.key, _Series())
        self._last = known_at = max(self._now(), self._last + 1)
        fates = [series.put(bar, known_at) for bar in batch.series]
        _remember_facts(series, batch.facts)
        moved = len(fates) - fates.count("unchanged")
        receipt = Receipt(
            inserted=fates.count("inserted"),
            changed=fates.count("changed"),
            unchanged=fates.count("unchanged"),
            known_at=known_at if moved else None,
        )
        fresh = set(batch.rejected) - series.quarantine
        series.quarantine |= fresh
        if _remember_coverage(series, batch, known_at) or fresh or moved:
            _account(series, batch, receipt, known_at)
        return receipt

    async def read(self, key: SeriesKey, chosen: BarSlice, as_of: int | None = None) -> StoredBars:
        self._refuse_the_future(as_of)
        found = list(self._of(key).within(chosen.range, as_of))
        if chosen.limit is not None:
            keep = max(0, len(found) - chosen.limit)
            found = found[keep:] if chosen.newest else found[: chosen.limit]
        known_at = np.array([v.known_at for v in found], dtype=np.int64)
        return StoredBars(BarSeries.of(key.interval, (v.bar for v in found)), known_at)

    async def coverage(self, key: SeriesKey, span: TimeRange, as_of: int | None = None) -> Coverage:
        self._refuse_the_future(as_of)
        series = self._of(key)
        asked = RangeSet.of(r for r, known_at in series.asked if as_of is None or known_at <= as_of)
        return Coverage(
            span,
            _held(series, key.interval, span, as_of),
            tuple(_emptinesses(series.empty, span, as_of)),
            asked.intersect(RangeSet((span,))),
        )

    async def facts(self, key: SeriesKey, span: TimeRange) -> SessionFacts:
        told = self._of(key).facts
        ts = sorted(t for t in told if span.start <= t < span.end)
        columns = np.array([told[t] for t in ts], dtype=np.float64).reshape(len(ts), len(FACTS))
        return SessionFacts(np.array(ts, dtype=np.int64), *columns.T)

    async def series(
        self,
        instrument: str | None = None,
        interval: Interval | None = None,
        provider: str | None = None,
    ) -> Sequence[SeriesKey]:
        found = [
            key
            for key in self._series
            if instrument in {None, key.instrument}
            and interval in {None, key.interval}
            and provider in {None, key.provider}
        ]
        return sorted(found, key=lambda key: key.place)

    async def summaries(self, keys: Sequence[SeriesKey]) -> Mapping[SeriesKey, SeriesSummary]:
        return {key: _summary(key, self._series[key]) for key in keys if key in self._series}

    async def bounds(self, keys: Sequence[SeriesKey]) -> Mapping[SeriesKey, tuple[int, int]]:
        current = {key: _current(self._of(key)) for key in keys}
        return {key: (bars[0].ts, bars[-1].ts) for key, bars in current.items() if bars}

    async def coverages(self, parts: Mapping[SeriesKey, TimeRange]) -> Mapping[SeriesKey, Coverage]:
        return {key: await self.coverage(key, span) for key, span in parts.items()}

    async def revisions(
        self, parts: Mapping[SeriesKey, TimeRange], limit: int, skip: int = 0
    ) -> Sequence[Revision]:
        found = [r for part in parts.items() for r in _revisions(self._of(part[0]), *part)]
        return found[skip : skip + limit]

    async def provenance(
        self, parts: Mapping[SeriesKey, TimeRange], limit: int
    ) -> Sequence[Provenance]:
        found = [p for part in parts.items() for p in _batches(self._of(part[0]), part[1])]
        return sorted(found, key=lambda batch: -batch.known_at)[:limit]

    async def reports(self, keys: Sequence[SeriesKey]) -> Mapping[SeriesKey, QualityReport]:
        found = {key: self._of(key).quality for key in keys}
        return {key: report for key, report in found.items() if report is not None}

    async def check(self) -> None:
        """Memory always answers."""

    def lose(self, key: SeriesKey, span: TimeRange) -> None:
        """Delete the current bars in ``span`` behind the store's back, as a careless hand would."""
        versions = self._of(key).versions
        for ts in [t for t in versions if span.start <= t < span.end]:
            versions[ts] = [v for v in versions[ts] if v.superseded_at is not None]

    def _of(self, key: SeriesKey) -> _Series:
        return self._series.get(key) or _Series()

    def _now(self) -> int:
        return int(self._clock.now() * 1_000_000)

    def _refuse_the_future(self, as_of: int | None) -> None:
        if as_of is None:
            return
        if as_of > max(self._now(), self._last):
            raise NoData("as_of lies in the future: nobody knows yet.")
        self._last = max(self._last, as_of)  # what is learned later has a later known_at


def _remember_facts(series: _Series, facts: SessionFacts | None) -> None:
    """Take in what was told of bars; what an answer lacks stays as it was told before."""
    if facts is None:
        return
    nothing = (math.nan,) * len(FACTS)
    columns = (getattr(facts, name).tolist() for name in FACTS)
    for ts, *values in zip(facts.ts.tolist(), *columns, strict=True):
        before = series.facts.get(ts, nothing)
        pairs = zip(before, values, strict=True)
        series.facts[ts] = tuple(old if math.isnan(new) else new for old, new in pairs)


def _remember_coverage(series: _Series, batch: Batch, known_at: int) -> bool:
    """Take in what the batch answers; whether anything of it was new."""
    asked = RangeSet.of(r for r, _ in series.asked)
    fresh = RangeSet((batch.asked,)).subtract(asked)
    series.asked += [(r, known_at) for r in fresh]
    believed = tuple(span for span in series.empty if span.superseded_at is None)
    ts = np.array([bar.ts for bar in _current(series)], dtype=np.int64)
    lesson = learn(
        believed,
        batch.empty,
        held_ranges(batch.key.interval, ts),
        known_at=known_at,
        checked_at=int(batch.fetched_at),
    )
    kept = (span for span in series.empty if span not in lesson.removed)
    series.empty = (*kept, *lesson.added)
    return bool(fresh) or lesson.is_new


def _account(series: _Series, batch: Batch, receipt: Receipt, known_at: int) -> None:
    series.last_known_at = known_at
    series.quality = batch.quality or series.quality
    if receipt.known_at is not None:
        series.provenance.append(
            Provenance(
                batch.key,
                batch.asked,
                known_at,
                batch.fetched_at,
                receipt.inserted,
                receipt.changed,
                batch.request_id,
            )
        )


def _current(series: _Series) -> list[Bar]:
    return [
        versions[-1].bar
        for _, versions in sorted(series.versions.items())
        if versions and versions[-1].superseded_at is None
    ]


def _revisions(series: _Series, key: SeriesKey, span: TimeRange) -> Iterator[Revision]:
    for ts in sorted(series.versions):
        if span.start <= ts < span.end:
            for old, new in pairwise(series.versions[ts]):
                if old.superseded_at == new.known_at:
                    yield Revision(key, old.bar, old.known_at, new.known_at, new.bar)


def _batches(series: _Series, span: TimeRange) -> list[Provenance]:
    known = {
        version.known_at
        for ts, versions in series.versions.items()
        for version in versions
        if span.start <= ts < span.end
    }
    return [batch for batch in series.provenance if batch.known_at in known]


def _held(series: _Series, interval: Interval, span: TimeRange, as_of: int | None) -> RangeSet:
    ts = [version.bar.ts for version in series.within(span, as_of)]
    return held_ranges(interval, np.array(ts, dtype=np.int64))


def _emptinesses(
    spans: Iterable[EmptySpan], span: TimeRange, as_of: int | None
) -> Iterator[Emptiness]:
    for each in sorted(spans, key=lambda s: s.range):
        part = each.range.intersect(span)
        if part is not None and each.holds_at(as_of):
            checked_at = each.checked_at if as_of is None else each.known_at // 1_000_000
            yield Emptiness(Gap(part.start, part.end, each.reason), checked_at)


def _summary(key: SeriesKey, series: _Series) -> SeriesSummary:
    current = _current(series)
    updated_at = None if series.last_known_at is None else series.last_known_at / 1_000_000
    first, last = (current[0].ts, current[-1].ts) if current else (None, None)
    return SeriesSummary(key, len(current), first, last, updated_at)
