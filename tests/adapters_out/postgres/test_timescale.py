"""What TimescaleDB adds: chunks turned into columns, and dropped by age if asked for."""

import asyncio

import pytest

from adapters_out.postgres.bar_store import PostgresBarStore
from adapters_out.postgres.pool import PostgresPool
from adapters_out.postgres.retention import keep_bars_for
from domain.errors import StoreUnavailable
from domain.ledger import BarSlice
from domain.timerange import RangeSet
from tests.contracts.bar_stores import KEY, STEP, bar, batch, slots, walk
from tests.runner import Run

MONTH = 30 * 86_400 // STEP


async def _rows(pool: PostgresPool, statement: str) -> list[tuple[object, ...]]:
    async with pool.connection() as connection:
        return await (await connection.execute(statement.encode())).fetchall()


@pytest.mark.timescale
def test_bars_in_the_columnstore_can_still_change(run: Run, timescale_url: str) -> None:
    """Old chunks take new, changed and identical bars, and still answer as of the past."""

    async def story() -> None:
        async with PostgresPool(timescale_url) as pool:
            store = PostgresBarStore(pool)
            first = await store.write(walk(5_000))
            await _rows(pool, "SELECT compress_chunk(c) FROM show_chunks('bars') AS c")
            assert (await store.write(walk(5_000))).unchanged == 5_000
            told = batch(slots(10, 5_010), [bar(k) for k in range(10, 5_010, 2)])
            receipt = await store.write(told)
            assert (receipt.inserted, receipt.changed) == (5, 2_495)
            then = await store.read(KEY, BarSlice(slots(0, 6_000)), first.known_at)
            assert then.series == walk(5_000).series
            now = (await store.read(KEY, BarSlice(slots(0, 6_000)))).series
            assert now == walk(5_000).series.merged(told.series)
            held = (await store.coverage(KEY, slots(0, 6_000))).held
            assert held == RangeSet.of(
                [slots(0, 5_001), *(slots(k, k + 1) for k in range(5_000, 5_010, 2))]
            )

    run(story())


@pytest.mark.timescale
def test_writers_may_open_new_chunks_together(run: Run, timescale_url: str) -> None:
    """Several series, each batch in months of its own: nobody is a victim."""

    async def story() -> list[int]:
        async with PostgresPool(timescale_url, max_size=6) as pool:
            store = PostgresBarStore(pool)
            work = [store.write(walk(100, first=month * MONTH - 50)) for month in range(12)]
            return [receipt.inserted for receipt in await asyncio.gather(*work)]

    assert run(story()) == [100] * 12


@pytest.mark.timescale
def test_retention_is_off_until_asked_for(run: Run, timescale_url: str) -> None:
    """Set, changed and taken back; repeated settings change nothing."""
    kept = (
        "SELECT config->>'drop_after' FROM timescaledb_information.jobs"
        " WHERE proc_name = 'policy_retention'"
    )

    async def story() -> None:
        async with PostgresPool(timescale_url) as pool:
            assert await _rows(pool, kept) == []
            for days, expected in ((90, [("90 days",)]), (30, [("30 days",)]), (None, [])):
                await keep_bars_for(pool, days)
                await keep_bars_for(pool, days)
                assert await _rows(pool, kept) == expected

    run(story())


def test_plain_tables_refuse_retention(run: Run, database_url: str) -> None:
    """Rather than pretending to forget; keeping everything is always possible."""

    async def story() -> None:
        async with PostgresPool(database_url) as pool:
            await keep_bars_for(pool, None)
            with pytest.raises(StoreUnavailable, match="TimescaleDB"):
                await keep_bars_for(pool, 30)

    run(story())
