"""The questions about one series, now and as of the past; :mod:`series_reading` has the others."""

from itertools import pairwise
from typing import Any

from adapters_out.postgres.columns import BARS, FOREVER, Moment, unpack_bars
from adapters_out.postgres.pool import Connection
from domain.instrument import SeriesKey
from domain.interval import Interval
from domain.ledger import BarSlice, StoredBars
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
