"""The yardsticks of writing: what a program does that keeps no revisions."""

from datetime import UTC, datetime

from adapters_out.postgres.columns import pack_rows
from adapters_out.postgres.pool import PostgresPool
from domain.bars import BarSeries

Rows = list[tuple[object, ...]]

_COPY = """
COPY bars (series_id, ts, open, high, low, close, volume, vwap, trades, known_at)
FROM STDIN (FORMAT binary)
"""
_UPSERT = """
INSERT INTO bars (series_id, ts, open, high, low, close, volume, vwap, trades, known_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (series_id, ts) DO UPDATE SET open = excluded.open, high = excluded.high,
  low = excluded.low, close = excluded.close, volume = excluded.volume, vwap = excluded.vwap,
  trades = excluded.trades, known_at = excluded.known_at
WHERE (bars.open, bars.high, bars.low, bars.close, bars.volume, bars.vwap, bars.trades)
  IS DISTINCT FROM (excluded.open, excluded.high, excluded.low, excluded.close, excluded.volume,
    excluded.vwap, excluded.trades)
"""


async def copy_rows(pool: PostgresPool, series_id: int, series: BarSeries) -> None:
    """One binary COPY, packed by numpy, in one transaction."""
    async with (
        pool.connection() as connection,
        connection.transaction(),
        connection.cursor().copy(_COPY) as copy,
    ):
        await copy.write(pack_rows(series_id, series, 0))


async def upsert_rows(pool: PostgresPool, rows: Rows) -> None:
    """``executemany`` (pipelined by psycopg) in one transaction; changes only what differs."""
    async with pool.connection() as connection, connection.transaction():
        await connection.cursor().executemany(_UPSERT, rows)


def rows_of(series_id: int, series: BarSeries) -> Rows:
    """The parameters of the upsert."""
    known_at = datetime(2024, 1, 1, tzinfo=UTC)
    return [
        (
            *(series_id, datetime.fromtimestamp(bar.ts, UTC)),
            *(bar.open, bar.high, bar.low, bar.close),
            *(bar.volume, bar.vwap, bar.trades, known_at),
        )
        for bar in series
    ]
