"""Databases to measure in: the embedded PostgreSQL as `serve` runs it, and one with TimescaleDB."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from adapters_out.postgres.embedded.launcher import EmbeddedPostgres
from adapters_out.postgres.pool import PostgresPool
from adapters_out.postgres.schema import migrate
from tests.servers import PostgresServer


@asynccontextmanager
async def embedded_store() -> AsyncIterator[PostgresPool]:
    """An empty, migrated store of one's own with the settings of the embedded edition."""
    place = Path(tempfile.mkdtemp(prefix="fks-bench-"))
    server = EmbeddedPostgres(place)
    try:
        async with server, _migrated(server.dsn) as pool:
            yield pool
    finally:
        await asyncio.to_thread(shutil.rmtree, place, ignore_errors=True)


@asynccontextmanager
async def timescale_store(url: str) -> AsyncIterator[PostgresPool]:
    """A migrated database of one's own on a server with TimescaleDB."""
    server = PostgresServer(url)
    with server.database(migrated=False) as own:
        async with _migrated(own) as pool:
            yield pool


@asynccontextmanager
async def _migrated(url: str) -> AsyncIterator[PostgresPool]:
    async with PostgresPool(url, statement_timeout_s=600) as pool:
        await migrate(pool)
        yield pool
