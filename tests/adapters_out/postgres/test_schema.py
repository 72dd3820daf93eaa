"""Migrations: once, in order, by one process at a time, and never edited afterwards."""

import asyncio
from pathlib import Path

import psycopg
import pytest

from adapters_out.postgres.pool import PostgresPool
from adapters_out.postgres.schema import Migration, check_schema, has_timescale, load, migrate
from domain.errors import StoreUnavailable
from tests.runner import Run

FIRST = Migration("0001_first.sql", "CREATE TABLE one (x int); INSERT INTO one VALUES (1);")
SECOND = Migration("0002_second.sql", "CREATE TABLE two (x int);")
ALONE = Migration(
    "0003_alone.sql",
    "-- no-transaction\nCREATE TABLE IF NOT EXISTS three (x int);\n\n"
    "CREATE INDEX CONCURRENTLY IF NOT EXISTS three_x ON three (x);\n\n-- the end\n",
)


async def _tables(url: str) -> set[str]:
    async with await psycopg.AsyncConnection.connect(url) as link:
        rows = await link.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        )
        return {str(row[0]) for row in await rows.fetchall()}


def test_the_files_are_numbered_without_a_hole() -> None:
    """Each file on disk is found, the first is 0001, no number is missing or used twice."""
    numbers = [int(each.name[:4]) for each in load()]
    assert numbers == list(range(1, len(numbers) + 1))


def test_each_file_is_applied_once_and_in_order(run: Run, empty_database_url: str) -> None:
    """What is applied is named; a second run finds nothing to do; a later file is added alone."""

    async def story() -> None:
        async with PostgresPool(empty_database_url) as pool:
            assert await migrate(pool, (FIRST, SECOND)) == (FIRST.name, SECOND.name)
            assert await migrate(pool, (FIRST, SECOND)) == ()
            assert await migrate(pool, (FIRST, SECOND, ALONE)) == (ALONE.name,)
        assert {"one", "two", "three", "three_x"} <= await _tables(empty_database_url)

    run(story())


def test_processes_that_start_together_wait_for_each_other(
    run: Run, empty_database_url: str
) -> None:
    """Of five only one applies the schema, and all find it complete."""

    async def one() -> tuple[str, ...]:
        async with PostgresPool(empty_database_url) as pool:
            applied = await migrate(pool)
            await pool.within(check_schema)
            return applied

    async def story() -> list[tuple[str, ...]]:
        return await asyncio.gather(*(one() for _ in range(5)))

    applied = run(story())
    names = tuple(each.name for each in load())
    assert sorted(applied) == [(), (), (), (), names]


def test_a_file_that_fails_leaves_nothing(run: Run, empty_database_url: str) -> None:
    """Its half is rolled back, the ones before stay, and the next run begins with it again."""
    broken = Migration(SECOND.name, SECOND.text + "SELECT 1/0;")

    async def story() -> None:
        async with PostgresPool(empty_database_url) as pool:
            with pytest.raises(StoreUnavailable, match=r"0002_second\.sql failed \(22012"):
                await migrate(pool, (FIRST, broken))
            assert "two" not in await _tables(empty_database_url)
            assert await migrate(pool, (FIRST, SECOND)) == (SECOND.name,)

    run(story())


def test_an_edited_file_is_refused(run: Run, empty_database_url: str) -> None:
    """What was applied somewhere must not change: the file is named."""
    edited = Migration(FIRST.name, FIRST.text + " -- better")

    async def story() -> None:
        async with PostgresPool(empty_database_url) as pool:
            await migrate(pool, (FIRST,))
            with pytest.raises(StoreUnavailable, match=r"0001_first\.sql was edited"):
                await migrate(pool, (edited, SECOND))
        assert "two" not in await _tables(empty_database_url)

    run(story())


def test_a_database_of_a_newer_version_is_refused(run: Run, empty_database_url: str) -> None:
    """An old program keeps its hands off a schema that it does not know."""

    async def story() -> None:
        async with PostgresPool(empty_database_url) as pool:
            await migrate(pool, (FIRST, SECOND))
            with pytest.raises(StoreUnavailable, match="newer fks-data"):
                await migrate(pool, (FIRST,))

    run(story())


def test_a_schema_that_is_behind_is_said(run: Run, empty_database_url: str) -> None:
    """Before and in the middle of a migration the store is not ready, and says what to do."""

    async def story() -> None:
        async with PostgresPool(empty_database_url) as pool:
            with pytest.raises(StoreUnavailable, match="fks-data migrate"):
                await pool.within(check_schema)
            await migrate(pool, load()[:1])
            with pytest.raises(StoreUnavailable, match="fks-data migrate"):
                await pool.within(check_schema)
            await migrate(pool)
            await pool.within(check_schema)

    run(story())


def test_two_files_with_one_number_are_refused(tmp_path: Path) -> None:
    """Which of them came first could not be told."""
    for name in ("0001_this.sql", "0001_that.sql", "notes.txt"):
        (tmp_path / name).write_text("SELECT 1;")
    with pytest.raises(StoreUnavailable, match="share a number"):
        load(tmp_path)


@pytest.mark.timescale
def test_bars_are_a_hypertable_where_timescale_is(run: Run, timescale_url: str) -> None:
    """Chunks of 30 days, a columnstore policy, no retention unless asked for."""

    async def story() -> list[tuple[object, ...]]:
        async with PostgresPool(timescale_url) as pool, pool.connection() as connection:
            assert await has_timescale(connection)
            chunks = await connection.execute(
                "SELECT time_interval::text FROM timescaledb_information.dimensions"
                " WHERE hypertable_name = 'bars'"
            )
            assert await chunks.fetchall() == [("30 days",)]
            jobs = await connection.execute(
                "SELECT proc_name FROM timescaledb_information.jobs WHERE hypertable_name = 'bars'"
            )
            return await jobs.fetchall()

    assert run(story()) == [("policy_compression",)]
