"""What futures exchanges say of bars beyond themselves: the table ``bar_facts``."""

import math

import numpy as np

from adapters_out.postgres.columns import Moment, Moments
from adapters_out.postgres.pool import Connection
from domain.instrument import SeriesKey
from domain.session_facts import FACTS, SessionFacts
from domain.timerange import TimeRange

_WRITE = """
INSERT INTO bar_facts AS old
  (series_id, ts, session_end_date, settlement_price, dollar_volume)
SELECT %s, ts, date '1970-01-01' + day, settlement, turnover
FROM unnest(%s::timestamptz[], %s::integer[], %s::float8[], %s::float8[])
  AS told (ts, day, settlement, turnover)
ON CONFLICT (series_id, ts) DO UPDATE SET
  session_end_date = coalesce(excluded.session_end_date, old.session_end_date),
  settlement_price = coalesce(excluded.settlement_price, old.settlement_price),
  dollar_volume = coalesce(excluded.dollar_volume, old.dollar_volume)
WHERE (old.session_end_date, old.settlement_price, old.dollar_volume) IS DISTINCT FROM (
  coalesce(excluded.session_end_date, old.session_end_date),
  coalesce(excluded.settlement_price, old.settlement_price),
  coalesce(excluded.dollar_volume, old.dollar_volume)
)
"""
_READ = """
SELECT extract(epoch FROM ts)::bigint, (session_end_date - date '1970-01-01')::float8,
  settlement_price, dollar_volume
FROM bar_facts JOIN series ON series.id = series_id
WHERE instrument = %s AND bar_interval = %s AND provider = %s AND ts >= %s AND ts < %s
ORDER BY ts
"""


async def write_facts(connection: Connection, series_id: int, facts: SessionFacts | None) -> None:
    """Take in what was told; what is told again the same changes nothing."""
    if facts is None or not len(facts):
        return
    day, settlement, turnover = (
        [None if math.isnan(value) else value for value in getattr(facts, name).tolist()]
        for name in FACTS
    )
    days = [None if number is None else int(number) for number in day]
    ts = Moments(facts.ts * 1_000_000)
    await connection.execute(_WRITE, (series_id, ts, days, settlement, turnover))


async def read_facts(connection: Connection, key: SeriesKey, span: TimeRange) -> SessionFacts:
    """Of the bars that open in ``span``, ascending."""
    names = (key.instrument, key.interval.value, key.provider)
    frame = (Moment(seconds=span.start), Moment(seconds=span.end))
    rows = await (await connection.execute(_READ, (*names, *frame))).fetchall()
    columns = list(zip(*rows, strict=True)) or [()] * (1 + len(FACTS))
    ts = np.array(columns[0], dtype=np.int64)
    return SessionFacts(ts, *(np.array(column, dtype=np.float64) for column in columns[1:]))
