"""The pool with a database that is slow, gone, back again or not there at all."""

import asyncio
import traceback
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from adapters_out.postgres.pool import Connection, PostgresPool
from adapters_out.system.clock import SystemClock
from domain.errors import Overloaded, StoreUnavailable
from tests.runner import Run
from tests.servers import PostgresServer, free_port

PASSWORD = "geheim-4711"


async def _one(connection: Connection) -> int:
    row = await (await connection.execute("SELECT 1")).fetchone()
    assert row is not None
    return int(row[0])


async def _hang_up(url: str) -> None:
    """End every other connection to the database, as a restart of the server does."""
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as link:
        await link.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def test_every_connection_has_our_settings(run: Run, database_url: str) -> None:
    """No default of the driver or server decides how long we wait or what we see."""

    async def story() -> dict[str, str]:
        async with PostgresPool(database_url) as pool, pool.connection() as connection:
            assert connection.autocommit
            names = (
                *("statement_timeout", "idle_in_transaction_session_timeout", "TimeZone", "jit"),
                *("default_transaction_isolation", "application_name"),
            )
            rows = await connection.execute(
                "SELECT name, setting FROM pg_settings WHERE name = ANY (%s)", (list(names),)
            )
            return dict(await rows.fetchall())

    assert run(story()) == {
        "statement_timeout": "30000",
        "idle_in_transaction_session_timeout": "30000",
        "TimeZone": "UTC",
        "jit": "off",
        "default_transaction_isolation": "read committed",
        "application_name": "fks-data",
    }


def test_the_drivers_pool_has_our_limits(run: Run, database_url: str) -> None:
    """The defaults of psycopg_pool (30 s, endless queue) do not come back with an upgrade."""

    async def story() -> None:
        async with PostgresPool(database_url) as pool:
            inner = pool._pool
            assert (inner.min_size, inner.max_size, inner.timeout) == (1, 10, 2.0)
            assert (inner.max_waiting, inner.reconnect_timeout) == (200, 1.0)
            assert isinstance(inner.kwargs, dict)
            assert inner.kwargs["connect_timeout"] == 2

    run(story())


def test_an_unreachable_database_is_said_soon_and_without_the_password(
    run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    """One sentence with a remedy within three seconds; no log and no traceback has the secret."""
    url = f"postgresql://somebody:{PASSWORD}@127.0.0.1:{free_port()}/nowhere"

    async def story() -> float:
        began = SystemClock().monotonic()
        async with PostgresPool(url) as pool:
            with pytest.raises(StoreUnavailable, match="DATABASE_URL") as caught:
                await pool.within(_one)
            with pytest.raises(StoreUnavailable) as also_caught:
                async with pool.dedicated():
                    pytest.fail("nobody is there")
        for each in (caught.value, also_caught.value):
            assert PASSWORD not in "".join(traceback.format_exception(each))
        return SystemClock().monotonic() - began

    assert run(story()) < 3.5
    assert PASSWORD not in caplog.text


@pytest.mark.parametrize(
    ("database", "user", "words"),
    [("nowhere", None, "does not exist: create it"), (None, "nobody", "refuses the user")],
)
def test_a_refused_connection_is_no_unreachable_database(
    run: Run, database_url: str, database: str | None, user: str | None, words: str
) -> None:
    """A name that the server does not know is said as what it is, through the pool and beside."""
    given = {name: value for name, value in (("dbname", database), ("user", user)) if value}
    url = make_conninfo(database_url, **given)

    async def story() -> None:
        async with PostgresPool(url) as pool:
            with pytest.raises(StoreUnavailable, match=words):
                await pool.within(_one)
            with pytest.raises(StoreUnavailable, match=words):
                async with pool.dedicated():
                    pytest.fail("nobody is let in")

    run(story())


@pytest.mark.parametrize("url", [f"postgresql://a:{PASSWORD}@h:x y/d", f"{PASSWORD} host"])
def test_an_unreadable_url_is_refused_without_quoting_it(url: str) -> None:
    """The driver quotes what it cannot read; we do not."""
    with pytest.raises(StoreUnavailable, match="cannot be read") as caught:
        PostgresPool(url)
    assert PASSWORD not in "".join(traceback.format_exception(caught.value))


def test_a_database_that_appears_later_is_found(run: Run, postgres_server: PostgresServer) -> None:
    """Opening succeeds while it is down; the next caller after it is back gets its answer."""
    with postgres_server.database(migrated=False) as url:
        name = urlsplit(url).path[1:]
    admin = postgres_server.url

    async def story() -> int:
        async with PostgresPool(url) as pool:
            with pytest.raises(StoreUnavailable):
                await pool.within(_one)
            async with await psycopg.AsyncConnection.connect(admin, autocommit=True) as link:
                await link.execute(f"CREATE DATABASE {name}".encode())
            found = await pool.within(_one)
        async with await psycopg.AsyncConnection.connect(admin, autocommit=True) as link:
            await link.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
        return found

    assert run(story()) == 1


def test_a_restart_of_the_server_is_not_noticed(run: Run, database_url: str) -> None:
    """Every pooled connection is dead: each of the next callers gets its answer all the same."""

    async def story() -> None:
        async with PostgresPool(database_url, max_size=5) as pool:
            for _ in range(3):
                answers = await asyncio.gather(*(pool.within(_one) for _ in range(20)))
                assert answers == [1] * 20
                await _hang_up(database_url)
                async with pool.connection() as connection:  # which does not try twice
                    assert await _one(connection) == 1

    run(story())


def test_a_connection_that_dies_at_work_costs_a_second_try(run: Run, database_url: str) -> None:
    """Idempotent work is done once more; if that fails too, the store is unavailable."""

    async def story(deaths: int) -> int:
        tries = 0

        async def work(connection: Connection) -> int:
            nonlocal tries
            tries += 1
            if tries <= deaths:
                await connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")
            return tries

        async with PostgresPool(database_url) as pool:
            return await pool.within(work)

    assert run(story(1)) == 2
    with pytest.raises(StoreUnavailable):
        run(story(9))


def test_the_victim_of_a_deadlock_tries_again(run: Run, database_url: str) -> None:
    """Two transactions that lock in opposite order both succeed."""

    async def story() -> list[int]:
        async with PostgresPool(database_url) as pool:
            both = asyncio.Barrier(2)

            async def work(connection: Connection, first: int, second: int) -> int:
                async with connection.transaction():
                    await connection.execute("SELECT pg_advisory_xact_lock(%s)", (first,))
                    if not met.is_set():
                        await both.wait()
                        met.set()
                    await connection.execute("SELECT pg_advisory_xact_lock(%s)", (second,))
                return first

            met = asyncio.Event()
            left = pool.within(lambda connection: work(connection, 1, 2))
            right = pool.within(lambda connection: work(connection, 2, 1))
            return list(await asyncio.gather(left, right))

    assert run(story()) == [1, 2]


def test_a_full_pool_says_so(run: Run, database_url: str) -> None:
    """With every connection busy a caller waits for the time-out, not longer, and is told why."""

    async def story() -> None:
        async with PostgresPool(database_url, max_size=1, max_waiting=1, timeout_s=0.3) as pool:
            async with pool.connection():
                assert (pool.usage.size, pool.usage.busy) == (1, 1)
                waiting = asyncio.create_task(pool.within(_one))
                await SystemClock().sleep(0.05)
                assert pool.usage.waiting == 1
                with pytest.raises(Overloaded, match="busy"):
                    await pool.within(_one)
                with pytest.raises(Overloaded):
                    await waiting
            assert await pool.within(_one) == 1
            assert pool.usage.busy == 0

    run(story())


def test_a_crowd_at_a_pool_that_still_grows_is_told_that_it_is_busy(
    run: Run, database_url: str
) -> None:
    """Too many at once while there is one connection of ten: a full house, not a lost database."""

    async def story() -> None:
        async with PostgresPool(database_url, max_size=10, max_waiting=20) as pool:
            assert await pool.within(_one) == 1
            crowd = (pool.within(_one) for _ in range(100))
            told = await asyncio.gather(*crowd, return_exceptions=True)
            refused = [each for each in told if each != 1]
            assert refused
            assert {type(each) for each in refused} == {Overloaded}

    run(story())


def test_a_statement_that_takes_too_long_is_ended(run: Run, database_url: str) -> None:
    """The server stops it; the connection is as good as before."""

    async def story() -> None:
        async with PostgresPool(database_url, max_size=1, statement_timeout_s=0.1) as pool:
            for _ in range(2):
                with pytest.raises(StoreUnavailable, match="in time"):
                    async with pool.connection() as connection:
                        await connection.execute("SELECT pg_sleep(10)")
            assert await pool.within(_one) == 1
            async with pool.dedicated() as patient:
                await patient.execute("SELECT pg_sleep(0.2)")

    run(story())


def test_a_cancelled_caller_gives_its_connection_back(run: Run, database_url: str) -> None:
    """In the middle of a statement or of a transaction: the pool of one goes on working."""

    async def story() -> None:
        async with PostgresPool(database_url, max_size=1) as pool:

            async def work(connection: Connection) -> None:
                async with connection.transaction():
                    await connection.execute("CREATE TABLE never (x int)")
                    await connection.execute("SELECT pg_sleep(1)")

            for pause in (0.0, 0.001, 0.05):
                working = asyncio.create_task(pool.within(work))
                await SystemClock().sleep(pause)
                working.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await working
                assert await pool.within(_one) == 1
            with pytest.raises(StoreUnavailable, match="no tables"):
                async with pool.connection() as connection:
                    await connection.execute("SELECT * FROM never")

    run(story())


def test_a_closed_pool_says_that_the_service_stops(run: Run, database_url: str) -> None:
    """Nobody waits for a pool that will not come back."""

    async def story() -> None:
        pool = PostgresPool(database_url)
        await pool.open()
        await pool.close()
        with pytest.raises(StoreUnavailable, match="shutting down"):
            await pool.within(_one)

    run(story())


@pytest.mark.parametrize("steps", range(8))
def test_a_cancellation_that_comes_with_the_connection_is_not_lost(
    run: Run, database_url: str, steps: int
) -> None:
    """Whoever waits for a connection and is cancelled in the moment it comes does not go on."""

    async def story() -> None:
        async with PostgresPool(database_url, max_size=1) as pool:
            went_on = asyncio.Event()

            async def wait_for_one() -> None:
                async with pool.connection():
                    pass
                await went_on.wait()

            async with pool.connection():
                waiting = asyncio.create_task(wait_for_one())
                for _ in range(20):
                    await asyncio.sleep(0)  # noqa: TID251 - one step of the loop
                assert pool.usage.waiting == 1
            for _ in range(steps):
                await asyncio.sleep(0)  # noqa: TID251 - likewise
            waiting.cancel()
            done, _ = await asyncio.wait((waiting,), timeout=2)
            went_on.set()
            assert done, "it was cancelled and went on"
            async with pool.connection() as connection:  # nothing has been lost
                assert await _one(connection) == 1

    run(story())
