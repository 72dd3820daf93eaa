"""Bars, their revisions and what is known about them, in PostgreSQL."""

from collections.abc import Mapping, Sequence
from contextlib import suppress

import msgspec

from adapters_out.postgres.bar_facts import read_facts
from adapters_out.postgres.bar_reading import read_bars, read_held
from adapters_out.postgres.bar_writing import write_batch
from adapters_out.postgres.coverage_log import Known, known_of_all, known_within
from adapters_out.postgres.pool import Connection, PostgresPool
from adapters_out.postgres.schema import check_schema
from adapters_out.postgres.series_lock import lock_the_past
from adapters_out.postgres.series_reading import (
    read_all_held,
    read_bounds,
    read_keys,
    read_provenance,
    read_reports,
    read_revisions,
    read_summaries,
)
from domain.coverage import Coverage
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
from domain.quality import QualityReport
from domain.session_facts import SessionFacts
from domain.timerange import RangeSet, TimeRange
from ports.bar_store import BarStore


class PostgresBarStore(BarStore):
    """The tables of ``migrations/0001_bars.sql``, plain or as a TimescaleDB hypertable.

    All work is idempotent, so it is done once more when its connection dies; a write whose
    commit was lost on the way back is then reported as unchanged.
    """

    def __init__(self, pool: PostgresPool) -> None:
        """Borrow the process's pool."""
        self._pool = pool

    async def write(self, batch: Batch) -> Receipt:
        return await self._pool.within(lambda connection: write_batch(connection, batch))

    async def read(self, key: SeriesKey, chosen: BarSlice, as_of: int | None = None) -> StoredBars:
        async def work(connection: Connection) -> StoredBars:
            if as_of is None:
                return await read_bars(connection, key, chosen, None)
            async with connection.transaction():
                await lock_the_past(connection, key, as_of)
                return await read_bars(connection, key, chosen, as_of)

        return await self._pool.within(work)

    async def coverage(self, key: SeriesKey, span: TimeRange, as_of: int | None = None) -> Coverage:
        async def work(connection: Connection) -> Coverage:
            async with connection.transaction():
                if as_of is not None:
                    await lock_the_past(connection, key, as_of)
                known = await known_within(connection, key, span, as_of)
                held = await read_held(connection, key, span, as_of)
            return Coverage(span, held, known.empty, known.asked)

        return await self._pool.within(work)

    async def facts(self, key: SeriesKey, span: TimeRange) -> SessionFacts:
        return await self._pool.within(lambda connection: read_facts(connection, key, span))

    async def series(
        self,
        instrument: str | None = None,
        interval: Interval | None = None,
        provider: str | None = None,
    ) -> Sequence[SeriesKey]:
        return await self._pool.within(
            lambda connection: read_keys(connection, instrument, interval, provider)
        )

    async def summaries(self, keys: Sequence[SeriesKey]) -> Mapping[SeriesKey, SeriesSummary]:
        return await self._pool.within(lambda connection: read_summaries(connection, keys))

    async def bounds(self, keys: Sequence[SeriesKey]) -> Mapping[SeriesKey, tuple[int, int]]:
        return await self._pool.within(lambda connection: read_bounds(connection, keys))

    async def coverages(self, parts: Mapping[SeriesKey, TimeRange]) -> Mapping[SeriesKey, Coverage]:
        async def work(connection: Connection) -> Mapping[SeriesKey, Coverage]:
            async with connection.transaction():
                known = await known_of_all(connection, parts)
                held = await read_all_held(connection, parts)
            nothing = Known()
            return {
                key: Coverage(
                    span,
                    held.get(key, RangeSet()),
                    known.get(key, nothing).empty,
                    known.get(key, nothing).asked,
                )
                for key, span in parts.items()
            }

        return await self._pool.within(work)

    async def revisions(
        self, parts: Mapping[SeriesKey, TimeRange], limit: int, skip: int = 0
    ) -> Sequence[Revision]:
        return await self._pool.within(
            lambda connection: read_revisions(connection, parts, limit, skip)
        )

    async def provenance(
        self, parts: Mapping[SeriesKey, TimeRange], limit: int
    ) -> Sequence[Provenance]:
        return await self._pool.within(lambda connection: read_provenance(connection, parts, limit))

    async def reports(self, keys: Sequence[SeriesKey]) -> Mapping[SeriesKey, QualityReport]:
        texts = await self._pool.within(lambda connection: read_reports(connection, keys))
        found: dict[SeriesKey, QualityReport] = {}
        for key, text in texts.items():
            # One that a version wrote whose reports looked different is none.
            with suppress(msgspec.ValidationError):
                found[key] = msgspec.json.decode(text, type=QualityReport)
        return found

    async def check(self) -> None:
        await self._pool.within(check_schema)
