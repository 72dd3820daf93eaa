"""The questions about many series: one round trip each, however many series are asked about."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from adapters_out.postgres.columns import Moments
from adapters_out.postgres.pool import Connection
from domain.bars import Bar
from domain.instrument import SeriesKey
from domain.interval import Interval
from domain.ledger import Provenance, Revision, SeriesSummary
from domain.timerange import RangeSet, TimeRange

PARTS = """unnest(
    %(instruments)s::text[], %(intervals)s::text[], %(providers)s::text[],
    %(starts)s::timestamptz[], %(ends)s::timestamptz[], %(steps)s::interval[]
  ) WITH ORDINALITY AS wanted (
    instrument, bar_interval, provider, start_at, end_at, step, place
  ) JOIN series USING (instrument, bar_interval, provider)"""
_WANTED = """unnest(%(instruments)s::text[], %(intervals)s::text[], %(providers)s::text[])
  WITH ORDINALITY AS wanted (instrument, bar_interval, provider, place)
  JOIN series USING (instrument, bar_interval, provider)"""
_MINE = "series_id = series.id AND ts >= wanted.start_at AND ts < wanted.end_at"

_KEYS = """
SELECT instrument, bar_interval, provider FROM series
WHERE (%(instrument)s::text IS NULL OR instrument = %(instrument)s)
  AND (%(interval)s::text IS NULL OR bar_interval = %(interval)s)
  AND (%(provider)s::text IS NULL OR provider = %(provider)s)
"""
_SUMMARIES = f"""
SELECT place, stored.bars, stored.first, stored.last, extract(epoch FROM last_known_at)::float8
FROM {_WANTED} CROSS JOIN LATERAL (
  SELECT count(*) AS bars, extract(epoch FROM min(ts))::bigint AS first,
    extract(epoch FROM max(ts))::bigint AS last
  FROM bars WHERE series_id = series.id
) AS stored
ORDER BY place
""".encode()  # noqa: S608 - put together from the constants above
# Not count(*) as well: the two ends of an index cost next to nothing.
_BOUNDS = f"""
SELECT place, extract(epoch FROM stored.first)::bigint, extract(epoch FROM stored.last)::bigint
FROM {_WANTED} CROSS JOIN LATERAL (
  SELECT min(ts) AS first, max(ts) AS last FROM bars WHERE series_id = series.id
) AS stored
WHERE stored.first IS NOT NULL
""".encode()  # noqa: S608 - put together from the constants above
_EXTENTS = f"""
SELECT place, held.bars, extract(epoch FROM held.first)::bigint,
  extract(epoch FROM held.last)::bigint
FROM {PARTS} CROSS JOIN LATERAL (
  SELECT count(*) AS bars, min(ts) AS first, max(ts) AS last FROM bars WHERE {_MINE}
) AS held
WHERE held.bars > 0
""".encode()  # noqa: S608 - put together from the constants above
# As in :mod:`bar_reading`: each row is the edge between two islands.
_EDGES = f"""
SELECT place, edges.before, edges.after
FROM {PARTS} CROSS JOIN LATERAL (
  SELECT extract(epoch FROM before + step)::bigint AS before,
    extract(epoch FROM ts)::bigint AS after
  FROM (
    SELECT ts, lag(ts) OVER (ORDER BY ts) AS before FROM bars WHERE {_MINE}
  ) AS pairs
  WHERE before IS NULL OR ts <> before + step
  UNION ALL
  SELECT extract(epoch FROM max(ts) + step)::bigint, NULL FROM bars WHERE {_MINE}
) AS edges
ORDER BY place, edges.before NULLS FIRST
""".encode()  # noqa: S608 - put together from the constants above
_REVISIONS = f"""
WITH old AS MATERIALIZED (
  SELECT place, replaced.*
  FROM {PARTS} CROSS JOIN LATERAL (
    SELECT * FROM bar_revisions WHERE {_MINE}
    ORDER BY ts, known_at LIMIT %(skip)s::bigint + %(limit)s::bigint
  ) AS replaced
  ORDER BY place, ts, known_at OFFSET %(skip)s LIMIT %(limit)s
)
SELECT old.place, extract(epoch FROM old.ts)::bigint,
  old.open, old.high, old.low, old.close, old.volume, old.vwap, old.trades,
  next.open, next.high, next.low, next.close, next.volume, next.vwap, next.trades,
  (extract(epoch FROM old.known_at) * 1000000)::bigint,
  (extract(epoch FROM old.superseded_at) * 1000000)::bigint
FROM old JOIN bar_history AS next
  ON next.series_id = old.series_id AND next.ts = old.ts AND next.known_at = old.superseded_at
ORDER BY old.place, old.ts, old.known_at
""".encode()  # noqa: S608 - put together from the constants above
_PROVENANCE = f"""
SELECT place, extract(epoch FROM batch.start_at)::bigint, extract(epoch FROM batch.end_at)::bigint,
  (extract(epoch FROM batch.known_at) * 1000000)::bigint,
  extract(epoch FROM batch.fetched_at)::float8, batch.inserted, batch.changed, batch.request_id
FROM {PARTS} CROSS JOIN LATERAL (
  SELECT * FROM provenance
  WHERE series_id = series.id AND known_at IN (
    SELECT known_at FROM bars WHERE {_MINE}
    UNION SELECT known_at FROM bar_revisions WHERE {_MINE}
  )
  ORDER BY known_at DESC LIMIT %(limit)s
) AS batch
ORDER BY batch.known_at DESC LIMIT %(limit)s
""".encode()  # noqa: S608 - put together from the constants above
_REPORTS = f"""
SELECT place, newest.report::text
FROM {_WANTED} CROSS JOIN LATERAL (
  SELECT report FROM quality WHERE series_id = series.id ORDER BY known_at DESC LIMIT 1
) AS newest
""".encode()  # noqa: S608 - put together from the constants above

Parts = Mapping[SeriesKey, TimeRange]


async def read_keys(
    connection: Connection, instrument: str | None, interval: Interval | None, provider: str | None
) -> Sequence[SeriesKey]:
    """The stored series that match, in their order."""
    wanted = {
        "instrument": instrument,
        "interval": interval.value if interval else None,
        "provider": provider,
    }
    cursor = await connection.execute(_KEYS, wanted)
    found = [SeriesKey(row[0], Interval(row[1]), row[2]) for row in await cursor.fetchall()]
    return sorted(found, key=lambda key: key.place)


async def read_summaries(
    connection: Connection, keys: Sequence[SeriesKey]
) -> Mapping[SeriesKey, SeriesSummary]:
    """The series at a glance."""
    cursor = await connection.execute(_SUMMARIES, named(keys))
    rows = await cursor.fetchall()
    return {keys[row[0] - 1]: SeriesSummary(keys[row[0] - 1], *row[1:]) for row in rows}


async def read_bounds(
    connection: Connection, keys: Sequence[SeriesKey]
) -> Mapping[SeriesKey, tuple[int, int]]:
    """The opens of the oldest and newest bars."""
    cursor = await connection.execute(_BOUNDS, named(keys))
    return {keys[place - 1]: (a, b) for place, a, b in await cursor.fetchall()}


async def read_all_held(connection: Connection, parts: Parts) -> Mapping[SeriesKey, RangeSet]:
    """The ranges whose bars are in the table now, of each part with a bar.

    Only the series with holes are walked along.
    """
    keys, held, split = list(parts), dict[SeriesKey, RangeSet](), dict[SeriesKey, TimeRange]()
    cursor = await connection.execute(_EXTENTS, named(keys) | limits(parts))
    for place, count, first, last in await cursor.fetchall():
        key = keys[place - 1]
        end = key.interval.close(last)
        if key.interval.count(first, end) == count:
            held[key] = RangeSet((TimeRange(first, end),))
        else:
            split[key] = parts[key]
    if split:
        held |= await _islands(connection, split)
    return held


async def read_revisions(
    connection: Connection, parts: Parts, limit: int, skip: int
) -> Sequence[Revision]:
    """Replaced bars with what replaced them."""
    keys = list(parts)
    values = named(keys) | limits(parts) | {"limit": limit, "skip": skip}
    cursor = await connection.execute(_REVISIONS, values)
    return [
        Revision(
            keys[row[0] - 1], _bar(row[1], row[2:9]), row[16], row[17], _bar(row[1], row[9:16])
        )
        for row in await cursor.fetchall()
    ]


async def read_provenance(connection: Connection, parts: Parts, limit: int) -> Sequence[Provenance]:
    """The batches that gave the bars in the parts one of their values."""
    keys = list(parts)
    values = named(keys) | limits(parts) | {"limit": limit}
    cursor = await connection.execute(_PROVENANCE, values)
    return [
        Provenance(keys[row[0] - 1], TimeRange(row[1], row[2]), *row[3:])
        for row in await cursor.fetchall()
    ]


async def read_reports(
    connection: Connection, keys: Sequence[SeriesKey]
) -> Mapping[SeriesKey, str]:
    """The newest quality report of each series that has one, as JSON."""
    cursor = await connection.execute(_REPORTS, named(keys))
    return {keys[place - 1]: str(report) for place, report in await cursor.fetchall()}


def named(keys: Sequence[SeriesKey]) -> dict[str, Any]:
    """The parameters that name series."""
    return {
        "instruments": [key.instrument for key in keys],
        "intervals": [key.interval.value for key in keys],
        "providers": [key.provider for key in keys],
    }


def limits(parts: Parts) -> dict[str, Any]:
    """The parameters that say which part of each."""
    return {
        "starts": _moments([span.start for span in parts.values()]),
        "ends": _moments([span.end for span in parts.values()]),
        "steps": [_step(key.interval) for key in parts],
    }


async def _islands(connection: Connection, parts: Parts) -> dict[SeriesKey, RangeSet]:
    keys = list(parts)
    cursor = await connection.execute(_EDGES, named(keys) | limits(parts))
    edges: dict[SeriesKey, list[tuple[int, int]]] = {}
    for place, before, after in await cursor.fetchall():
        edges.setdefault(keys[place - 1], []).append((before, after))
    return {
        key: RangeSet(tuple(TimeRange(a[1], b[0]) for a, b in pairwise(found)))
        for key, found in edges.items()
    }


def _moments(seconds: Sequence[int]) -> Moments:
    return Moments(np.array(seconds, dtype=np.int64) * 1_000_000)


def _step(interval: Interval) -> str:
    """The length of a bar; the session's time zone is UTC, so months are the calendar's."""
    return "1 month" if interval is Interval.MO1 else f"{interval.seconds} seconds"


def _bar(ts: int, values: Sequence[Any]) -> Bar:
    prices, (volume, vwap, trades) = values[:4], values[4:]
    return Bar(
        ts=ts,
        open=prices[0],
        high=prices[1],
        low=prices[2],
        close=prices[3],
        volume=volume,
        vwap=vwap,
        trades=trades,
    )
