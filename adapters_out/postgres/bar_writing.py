"""One batch, one transaction: what is new, what changed, where it came from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, LiteralString

import numpy as np
from msgspec import json
from numpy.typing import NDArray

from adapters_out.postgres.bar_facts import write_facts
from adapters_out.postgres.columns import BARS, Moment, Moments, pack_rows, unpack_bars
from adapters_out.postgres.coverage_log import remember_coverage, window
from adapters_out.postgres.foreign_text import storable_text
from adapters_out.postgres.pool import Connection
from adapters_out.postgres.series_lock import lock_for_writing
from domain.bars import COLUMNS, BarSeries
from domain.instrument import SeriesKey
from domain.ledger import Batch, Receipt, StoredBars
from domain.provider import RejectedRow
from domain.timerange import TimeRange

_FIND = """
SELECT id FROM series WHERE instrument = %s AND bar_interval = %s AND provider = %s
"""
_CREATE = """
INSERT INTO series (instrument, bar_interval, provider) VALUES (%s, %s, %s) RETURNING id
"""
# The clock is read under the lock; a clock that was set back still moves on by a microsecond.
_STORED = f"""
SELECT
  (SELECT (extract(epoch FROM greatest(
      clock_timestamp(), last_known_at + interval '1 microsecond')) * 1000000)::bigint
    FROM series WHERE id = %(series)s),
  {BARS}
FROM (
  SELECT * FROM bars WHERE series_id = %(series)s AND ts >= %(start)s AND ts < %(end)s ORDER BY ts
) AS stored
"""  # noqa: S608 - put together from constants
_COPY = """
COPY bars (series_id, ts, open, high, low, close, volume, vwap, trades, known_at)
FROM STDIN (FORMAT binary)
"""
_COPY_REVISIONS = """
COPY bar_revisions
  (series_id, ts, open, high, low, close, volume, vwap, trades, known_at, superseded_at)
FROM STDIN (FORMAT binary)
"""
_REMOVE = """
DELETE FROM bars USING unnest(%s) AS old (ts)
WHERE series_id = %s AND bars.ts = old.ts AND bars.ts BETWEEN %s AND %s
"""
_QUARANTINE = """
INSERT INTO quarantine (series_id, ts, content, reason, received_at)
SELECT %s, ts, content, reason, %s
FROM unnest(%s::bigint[], %s::text[], %s::text[]) AS fresh (ts, content, reason)
ON CONFLICT DO NOTHING
"""
_MARK = "UPDATE series SET last_known_at = %s WHERE id = %s"
_PROVENANCE = """
INSERT INTO provenance
  (series_id, known_at, start_at, end_at, fetched_at, inserted, changed, request_id)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
"""
_QUALITY = "INSERT INTO quality (series_id, known_at, score, report) VALUES (%s, %s, %s, %s)"
_MAX_TS = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Difference:
    """What a batch means for the stored bars.

    ``new`` are the bars to write: ``inserted`` of them are not stored yet, the others replace
    the ``old`` ones.
    """

    new: BarSeries
    inserted: int
    old: StoredBars

    @classmethod
    def between(cls, stored: StoredBars, incoming: BarSeries) -> "Difference":
        """Compare by time and value; two absent values are equal."""
        before = stored.series
        if not len(before) or not len(incoming):
            return cls(incoming, len(incoming), _only(stored, np.zeros(len(before), np.bool_)))
        at = np.minimum(np.searchsorted(before.ts, incoming.ts), len(before) - 1)
        known = before.ts[at] == incoming.ts
        differs = np.zeros(len(incoming), dtype=np.bool_)
        for name in COLUMNS[1:]:
            old, new = getattr(before, name)[at], getattr(incoming, name)
            differs |= (old != new) & ~(_absent(old) & _absent(new))
        return cls(
            incoming.where(~known | differs),
            int(np.count_nonzero(~known)),
            _only(stored, at[known & differs]),
        )


async def write_batch(connection: Connection, batch: Batch) -> Receipt:
    """Everything of the batch or nothing. Raises psycopg's errors."""
    async with connection.transaction():
        await lock_for_writing(connection, batch.key)
        series_id = await _series_id(connection, batch.key)
        stored, known_at = await _stored(connection, series_id, batch)
        difference = Difference.between(stored, batch.series)
        await _change(connection, series_id, difference, known_at)
        await write_facts(connection, series_id, batch.facts)
        learned = await remember_coverage(
            connection,
            series_id,
            batch,
            ts=np.union1d(stored.series.ts, difference.new.ts),
            known_at=known_at,
        )
        moved = len(difference.new)
        learned = await _quarantine(connection, series_id, batch) or learned or moved > 0
        receipt = Receipt(
            inserted=difference.inserted,
            changed=moved - difference.inserted,
            unchanged=len(batch.series) - moved,
            known_at=known_at if moved else None,
        )
        if learned:
            await _account(connection, series_id, batch, receipt, known_at)
    return receipt


async def _series_id(connection: Connection, key: SeriesKey) -> int:
    names = (key.instrument, key.interval.value, key.provider)
    row = await (await connection.execute(_FIND, names)).fetchone()
    if row is None:
        row = await (await connection.execute(_CREATE, names)).fetchone()
    return int(row[0]) if row else 0


async def _stored(connection: Connection, series_id: int, batch: Batch) -> tuple[StoredBars, int]:
    """What the store holds in the batch's window, and the moment of this transaction (µs)."""
    frame = window(batch)
    start, end = Moment(seconds=frame.start), Moment(seconds=frame.end)
    cursor = connection.cursor(binary=True)
    await cursor.execute(_STORED, {"series": series_id, "start": start, "end": end})
    ((known_at, bars),) = await cursor.fetchall()
    return StoredBars(*unpack_bars(batch.key.interval, bars)), known_at


async def _change(
    connection: Connection, series_id: int, difference: Difference, known_at: int
) -> None:
    """Move what is replaced to the revisions, then write what is new: COPY beats UPDATE."""
    old = difference.old
    if len(old.series):
        ts = old.series.ts
        await _copy(
            connection, _COPY_REVISIONS, pack_rows(series_id, old.series, old.known_at, known_at)
        )
        first, last = Moment(seconds=int(ts[0])), Moment(seconds=int(ts[-1]))
        values = (Moments(ts * 1_000_000), series_id, first, last)
        # A plan that fits any number of rows is a nested loop: four times slower on TimescaleDB.
        await connection.execute(_REMOVE, values, prepare=False)
    if len(difference.new):
        await _copy(connection, _COPY, pack_rows(series_id, difference.new, known_at))


async def _copy(connection: Connection, statement: LiteralString, payload: bytes) -> None:
    async with connection.cursor().copy(statement) as copy:
        await copy.write(payload)


async def _quarantine(connection: Connection, series_id: int, batch: Batch) -> bool:
    """Keep the rejected rows; whether one of them was new."""
    if not batch.rejected:
        return False
    ts, content, reason = zip(*map(_storable, batch.rejected), strict=True)
    received = Moment(us=round(batch.fetched_at * 1_000_000))
    cursor = await connection.execute(
        _QUARANTINE, (series_id, received, list(ts), list(content), list(reason))
    )
    return cursor.rowcount > 0


async def _account(
    connection: Connection, series_id: int, batch: Batch, receipt: Receipt, known_at: int
) -> None:
    now = Moment(us=known_at)
    await connection.execute(_MARK, (now, series_id))
    if receipt.known_at is not None:
        await connection.execute(_PROVENANCE, (series_id, now, *_origin(batch, receipt)))
    if batch.quality is not None:
        report = json.encode(batch.quality).decode()
        score = batch.quality.score.score
        await connection.execute(_QUALITY, (series_id, now, score, report))


def _origin(batch: Batch, receipt: Receipt) -> Sequence[object]:
    asked: TimeRange = batch.asked
    return (
        Moment(seconds=asked.start),
        Moment(seconds=asked.end),
        Moment(us=round(batch.fetched_at * 1_000_000)),
        receipt.inserted,
        receipt.changed,
        storable_text(batch.request_id),
    )


def _storable(row: RejectedRow) -> tuple[int | None, str, str]:
    ts = row.ts if row.ts is not None and abs(row.ts) <= _MAX_TS else None
    return ts, storable_text(row.content), storable_text(row.reason)


def _absent(column: NDArray[Any]) -> NDArray[np.bool_]:
    return column < 0 if column.dtype.kind == "i" else np.isnan(column)


def _only(stored: StoredBars, chosen: NDArray[Any]) -> StoredBars:
    return StoredBars(stored.series.where(chosen), stored.known_at[chosen])
