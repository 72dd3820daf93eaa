"""The questions to ``bars``, ``bar_revisions`` and their kin, and how the answers are read."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from adapters_out.postgres.columns import BARS, FOREVER, Moment, unpack_bars
from adapters_out.postgres.pool import Connection
from domain.bars import Bar
from domain.instrument import SeriesKey
from domain.interval import Interval
from domain.ledger import BarSlice, Provenance, Revision, SeriesSummary, StoredBars
from domain.timerange import RangeSet, TimeRange

_SERIES_ID = """(
  SELECT id FROM series
  WHERE instrument = %(instrument)s AND bar_interval = %(interval)s AND provider = %(provider)s
)"""
_CHOSEN = f"series_id = {_SERIES_ID} AND ts >= %(start)s AND ts < %(end)s"
_NOW = f"bars WHERE {_CHOSEN}"
_THEN = f"bar_history WHERE {_CHOSEN} AND known_at <= %(as_of)s AND superseded_at > %(as_of)s"


def _read(source: str, order: str) -> bytes:
    """One value: numpy reads it without a Python object per bar."""
    return f"""
    SELECT {BARS}
    FROM (
      SELECT * FROM (
        SELECT ts, open, high, low, close, volume, vwap, trades, known_at FROM {source}
        ORDER BY ts {order} LIMIT %(limit)s
      ) AS chosen ORDER BY ts
    ) AS ascending
    """.encode()  # noqa: S608 - put together from the constants above


# By (as of a past moment, the newest ones).
_READS = {
    (False, False): _read(_NOW, "ASC"),
    (False, True): _read(_NOW, "DESC"),
    (True, False): _read(_THEN, "ASC"),
    (True, True): _read(_THEN, "DESC"),
}
_EXTENTS = {
    past: f"""
    SELECT count(*), extract(epoch FROM min(ts))::bigint, extract(epoch FROM max(ts))::bigint
    FROM {source}
    """.encode()  # noqa: S608 - put together from the constants above
    for past, source in ((False, _NOW), (True, _THEN))
}
# Each row is the edge between two islands: the last bar of one and the first of the next. The
# session's time zone is UTC, so a month is added as the calendar has it.
_EDGES = {
    past: f"""
    SELECT extract(epoch FROM before + %(step)s::interval)::bigint, extract(epoch FROM ts)::bigint
    FROM (SELECT ts, lag(ts) OVER (ORDER BY ts) AS before FROM {source}) AS pairs
    WHERE before IS NULL OR ts <> before + %(step)s::interval
    UNION ALL
    SELECT extract(epoch FROM max(ts) + %(step)s::interval)::bigint, NULL FROM {source}
    ORDER BY 1 NULLS FIRST
    """.encode()  # noqa: S608 - put together from the constants above
    for past, source in ((False, _NOW), (True, _THEN))
}
_BOUNDS = f"""
SELECT extract(epoch FROM min(ts))::bigint, extract(epoch FROM max(ts))::bigint
FROM bars WHERE series_id = {_SERIES_ID}
""".encode()  # noqa: S608 - put together from the constants above
_SUMMARIES = """
SELECT instrument, bar_interval, provider, stored.bars, stored.first, stored.last,
  extract(epoch FROM last_known_at)::float8
FROM series CROSS JOIN LATERAL (
  SELECT count(*) AS bars, extract(epoch FROM min(ts))::bigint AS first,
    extract(epoch FROM max(ts))::bigint AS last
  FROM bars WHERE series_id = series.id
) AS stored
WHERE (%(instrument)s::text IS NULL OR instrument = %(instrument)s)
  AND (%(interval)s::text IS NULL OR bar_interval = %(interval)s)
  AND (%(provider)s::text IS NULL OR provider = %(provider)s)
"""
_REVISIONS = f"""
SELECT extract(epoch FROM old.ts)::bigint,
  old.open, old.high, old.low, old.close, old.volume, old.vwap, old.trades,
  next.open, next.high, next.low, next.close, next.volume, next.vwap, next.trades,
  (extract(epoch FROM old.known_at) * 1000000)::bigint,
  (extract(epoch FROM old.superseded_at) * 1000000)::bigint
FROM (SELECT * FROM bar_revisions WHERE {_CHOSEN}) AS old
JOIN bar_history AS next
  ON next.series_id = old.series_id AND next.ts = old.ts AND next.known_at = old.superseded_at
ORDER BY old.ts, old.known_at LIMIT %(limit)s
""".encode()  # noqa: S608 - put together from the constants above
_PROVENANCE = f"""
SELECT extract(epoch FROM start_at)::bigint, extract(epoch FROM end_at)::bigint,
  (extract(epoch FROM known_at) * 1000000)::bigint, extract(epoch FROM fetched_at)::float8,
  inserted, changed, request_id
FROM provenance
WHERE series_id = {_SERIES_ID} AND known_at IN (
  SELECT known_at FROM bars WHERE {_CHOSEN}
  UNION SELECT known_at FROM bar_revisions WHERE {_CHOSEN}
)
ORDER BY provenance.known_at DESC LIMIT %(limit)s
""".encode()  # noqa: S608 - put together from the constants above
_REPORTS = """
SELECT instrument, bar_interval, provider, newest.report::text
FROM unnest(%(instruments)s::text[], %(intervals)s::text[], %(providers)s::text[])
  AS wanted (instrument, bar_interval, provider)
JOIN series USING (instrument, bar_interval, provider)
CROSS JOIN LATERAL (
  SELECT report FROM quality WHERE series_id = series.id ORDER BY known_at DESC LIMIT 1
) AS newest
"""


async def read_bars(
    connection: Connection, key: SeriesKey, chosen: BarSlice, as_of: int | None
) -> StoredBars:
    """The bars as they are or were; the caller holds :mod:`series_lock` for the past."""
    cursor = connection.cursor(binary=True)
    values = _names(key) | _limits(chosen.range, as_of) | {"limit": chosen.limit}
    await cursor.execute(_READS[as_of is not None, chosen.newest], values, prepare=True)
    ((bars,),) = await cursor.fetchall()
    return StoredBars(*unpack_bars(key.interval, bars))


async def read_held(
    connection: Connection, key: SeriesKey, span: TimeRange, as_of: int | None
) -> RangeSet:
    """The ranges whose bars are in the table.

    Mostly that is one piece, which counting proves; only a series with holes is walked along.
    """
    values = _names(key) | _limits(span, as_of)
    past = as_of is not None
    cursor = await connection.execute(_EXTENTS[past], values)
    ((count, first, last),) = await cursor.fetchall()
    if count == 0:
        return RangeSet()
    end = key.interval.close(last)
    if key.interval.count(first, end) == count:
        return RangeSet((TimeRange(first, end),))
    step = "1 month" if key.interval is Interval.MO1 else f"{key.interval.seconds} seconds"
    cursor = await connection.execute(_EDGES[past], values | {"step": step})
    edges = await cursor.fetchall()
    return RangeSet(tuple(TimeRange(a[1], b[0]) for a, b in pairwise(edges)))


async def read_bounds(connection: Connection, key: SeriesKey) -> tuple[int, int] | None:
    """The opens of the oldest and newest bar."""
    cursor = await connection.execute(_BOUNDS, _names(key))
    ((first, last),) = await cursor.fetchall()
    return None if first is None else (first, last)


async def read_summaries(
    connection: Connection, instrument: str | None, interval: Interval | None, provider: str | None
) -> Sequence[SeriesSummary]:
    """The series at a glance, by key."""
    wanted = {
        "instrument": instrument,
        "interval": interval.value if interval else None,
        "provider": provider,
    }
    cursor = await connection.execute(_SUMMARIES, wanted)
    found = [
        SeriesSummary(SeriesKey(row[0], Interval(row[1]), row[2]), *row[3:])
        for row in await cursor.fetchall()
    ]
    return sorted(found, key=lambda s: (s.key.instrument, s.key.interval.seconds, s.key.provider))


async def read_revisions(
    connection: Connection, key: SeriesKey, span: TimeRange, limit: int
) -> Sequence[Revision]:
    """Replaced bars with what replaced them."""
    values = _names(key) | _limits(span, None) | {"limit": limit}
    cursor = await connection.execute(_REVISIONS, values)
    return [
        Revision(key, _bar(row[0], row[1:8]), row[15], row[16], _bar(row[0], row[8:15]))
        for row in await cursor.fetchall()
    ]


async def read_provenance(
    connection: Connection, key: SeriesKey, span: TimeRange, limit: int
) -> Sequence[Provenance]:
    """The batches that gave the bars in ``span`` one of their values."""
    values = _names(key) | _limits(span, None) | {"limit": limit}
    cursor = await connection.execute(_PROVENANCE, values)
    return [Provenance(key, TimeRange(row[0], row[1]), *row[2:]) for row in await cursor.fetchall()]


async def read_reports(
    connection: Connection, keys: Sequence[SeriesKey]
) -> Mapping[SeriesKey, str]:
    """The newest quality report of each series that has one, as JSON."""
    wanted = {
        "instruments": [key.instrument for key in keys],
        "intervals": [key.interval.value for key in keys],
        "providers": [key.provider for key in keys],
    }
    cursor = await connection.execute(_REPORTS, wanted)
    return {
        SeriesKey(instrument, Interval(interval), provider): str(report)
        for instrument, interval, provider, report in await cursor.fetchall()
    }


def _names(key: SeriesKey) -> dict[str, Any]:
    return {
        "instrument": key.instrument,
        "interval": key.interval.value,
        "provider": key.provider,
    }


def _limits(span: TimeRange, as_of: int | None) -> dict[str, Any]:
    return {
        "start": Moment(seconds=span.start),
        "end": Moment(seconds=span.end),
        "as_of": Moment(us=FOREVER if as_of is None else as_of),
    }


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
