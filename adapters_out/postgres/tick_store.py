"""Trades and quotes in PostgreSQL: the tables of ``migrations/0004_ticks.sql`` and ``0009_``."""

import zlib

from adapters_out.postgres.pool import Connection, PostgresPool
from adapters_out.postgres.tick_columns import TickTable, parameters_of, table_of, ticks_of
from domain.ticks import StoredTicks, T, TickKey, TickSlice, TicksPage
from domain.timerange import RangeSet, TimeRange
from ports.ticks import TickStore

# The first half of our two-part advisory keys; any number that nobody else in the database uses.
_SPACE = 0x666B74  # "fkt"
_EARLIEST, _LATEST = -(2**63), 2**63 - 1
_LOCK = "SELECT pg_advisory_xact_lock(%s, %s)"
_FIND = "SELECT id FROM tick_series WHERE kind = %s AND instrument = %s AND provider = %s"
_CREATE = "INSERT INTO tick_series (kind, instrument, provider) VALUES (%s, %s, %s) RETURNING id"
_TOUCHING = """
DELETE FROM tick_coverage WHERE series_id = %s AND start_ns <= %s AND end_ns >= %s
RETURNING start_ns, end_ns
"""
_COVER = "INSERT INTO tick_coverage (series_id, start_ns, end_ns) VALUES (%s, %s, %s)"
_COVERED = """
SELECT start_ns, end_ns FROM tick_coverage JOIN tick_series ON tick_series.id = series_id
WHERE kind = %s AND instrument = %s AND provider = %s AND start_ns < %s AND end_ns > %s
"""


class PostgresTickStore(TickStore):
    """Plain tables or TimescaleDB hypertables; writers of one series wait for each other."""

    def __init__(self, pool: PostgresPool) -> None:
        """Borrow the process's pool."""
        self._pool = pool

    async def write(self, kind: type[T], key: TickKey, page: TicksPage[T]) -> int:
        table = table_of(kind)

        async def work(connection: Connection) -> int:
            async with connection.transaction():
                series = await _series(connection, table, key)
                fresh = await _insert(connection, table, series, page)
                if page.covers is not None:
                    await _cover(connection, series, page.covers)
            return fresh

        return await self._pool.within(work)

    async def read(self, kind: type[T], key: TickKey, chosen: TickSlice) -> StoredTicks[T]:
        table = table_of(kind)
        values = {
            "kind": table.name,
            "instrument": key.instrument,
            "provider": key.provider,
            "start": _EARLIEST if chosen.start_ns is None else chosen.start_ns,
            "end": _LATEST if chosen.end_ns is None else chosen.end_ns,
            "limit": chosen.limit,
        }

        async def work(connection: Connection) -> StoredTicks[T]:
            cursor = connection.cursor(binary=True)
            await cursor.execute(table.select("DESC" if chosen.newest else "ASC"), values)
            rows = await cursor.fetchall()
            return ticks_of(kind, rows[::-1] if chosen.newest else rows)

        return await self._pool.within(work)

    async def covered(self, kind: type[T], key: TickKey, span: TimeRange) -> RangeSet:
        names = (table_of(kind).name, key.instrument, key.provider)

        async def work(connection: Connection) -> RangeSet:
            cursor = await connection.execute(_COVERED, (*names, span.end, span.start))
            ranges = RangeSet.of(TimeRange(*row) for row in await cursor.fetchall())
            return ranges.intersect(RangeSet((span,)))

        return await self._pool.within(work)


async def _series(connection: Connection, table: TickTable, key: TickKey) -> int:
    """The series, locked until the transaction ends (by a hash: before it exists)."""
    names = (table.name, key.instrument, key.provider)
    await connection.execute(_LOCK, (_SPACE, zlib.crc32("\0".join(names).encode()) - 2**31))
    row = await (await connection.execute(_FIND, names)).fetchone()
    if row is None:
        row = await (await connection.execute(_CREATE, names)).fetchone()
    return int(row[0]) if row else 0


async def _insert(connection: Connection, table: TickTable, series: int, page: TicksPage[T]) -> int:
    if not page.ticks:
        return 0
    values = parameters_of(table, series, page.ticks, page.received_ns)
    return (await connection.execute(table.insert, values)).rowcount


async def _cover(connection: Connection, series: int, span: TimeRange) -> None:
    """Join the range with those that it overlaps or touches."""
    cursor = await connection.execute(_TOUCHING, (series, span.end, span.start))
    joined = [TimeRange(*row) for row in await cursor.fetchall()] + [span]
    start, end = min(r.start for r in joined), max(r.end for r in joined)
    await connection.execute(_COVER, (series, start, end))
