"""The yardstick of uncached answers: FastAPI, a pydantic response model, rows as dicts.

``python -m tests.benchmarks.classic_stack PORT DSN`` answers `/ohlcv?symbol&interval&limit&end`
from the service's own tables, the way such a service is usually written.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated, Any

import uvicorn
import uvloop
from fastapi import FastAPI, HTTPException, Query
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool
from pydantic import BaseModel

_SELECT = """
SELECT extract(epoch FROM ts)::bigint AS ts, open, high, low, close, volume, trades FROM bars
WHERE series_id = (
  SELECT id FROM series WHERE instrument = %s AND bar_interval = %s AND provider = 'binance'
)
  AND ts < %s ORDER BY ts DESC LIMIT %s
"""


class BarModel(BaseModel):
    """One bar."""

    ts: int
    timestamp: int
    open: float
    high: float
    low: float
    close: float
    volume: float | None
    final: bool = True
    trades: int | None


class BarsModel(BaseModel):
    """The answer."""

    symbol: str
    interval: str
    provider: str
    data: list[BarModel]


def build(dsn: str) -> FastAPI:
    """The application over a pool of ten connections."""
    pool: AsyncConnectionPool[Any] = AsyncConnectionPool(dsn, min_size=10, max_size=10, open=False)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with pool:
            yield

    app = FastAPI(lifespan=lifespan)

    @app.get("/ohlcv")
    async def ohlcv(
        symbol: str, interval: str, end: int, limit: Annotated[int, Query(ge=1, le=5000)] = 500
    ) -> BarsModel:
        instrument = f"{symbol[:-4]}-{symbol[-4:]}"
        async with pool.connection() as connection:
            cursor = connection.cursor(row_factory=dict_row)
            until = datetime.fromtimestamp(end, UTC)
            await cursor.execute(_SELECT, (instrument, interval, until, limit))
            found = await cursor.fetchall()
        if not found:
            raise HTTPException(404)
        bars = [BarModel(timestamp=row["ts"], **row) for row in reversed(found)]
        return BarsModel(symbol=symbol, interval=interval, provider="binance", data=bars)

    return app


if __name__ == "__main__":
    config = uvicorn.Config(
        build(sys.argv[2]), port=int(sys.argv[1]), http="httptools", log_config=None
    )
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(uvicorn.Server(config).serve())
