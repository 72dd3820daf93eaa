"""What only a real database can get wrong: transactions, processes, locks, constraints."""

import asyncio
import dataclasses
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import psycopg
import pytest
from msgspec import structs
from psycopg import sql

from adapters_out.postgres.bar_store import PostgresBarStore
from adapters_out.postgres.pool import PostgresPool
from adapters_out.system.clock import SystemClock
from domain.coverage import GapReason
from domain.errors import InvalidRequest
from domain.ledger import BarSlice, Batch, Receipt
from domain.provider import RejectedRow
from domain.timerange import TimeRange
from tests.adapters_out.postgres.writer_process import BATCH
from tests.contracts.bar_stores import KEY, T0, at, bar, batch, slots, walk
from tests.runner import Run

ROOT = Path(__file__).parents[3]
EVER = slots(-10_000, 10_000_000)
TABLES = (
    *("series", "bars", "bar_revisions", "coverage", "provenance", "quality", "quarantine"),
    *("symbols", "symbol_lists"),
)
FLOATS = ("open", "high", "low", "close", "volume", "vwap")


def _checksums(url: str) -> dict[str, str]:
    """One number per table that any change of any row would change."""
    statement = sql.SQL("SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {} AS t")
    with psycopg.connect(url) as connection:
        found = ((t, connection.execute(statement.format(sql.Identifier(t)))) for t in TABLES)
        return {table: str(cursor.fetchone()) for table, cursor in found}


def test_identical_data_leaves_no_trace(run: Run, pool: PostgresPool, url: str) -> None:
    """Three times in shuffled order: not one row of one table is another."""
    store = PostgresBarStore(pool)
    batches = [
        batch(
            slots(k, k + 20),
            [bar(j, 100.0 + j) for j in range(k, k + 20) if j % 4],
            empty=[(j, j + 1, GapReason.NO_TRADES) for j in range(k, k + 20) if j % 4 == 0],
            rejected=(RejectedRow(at(k), "[]", "not a row"),),
        )
        for k in range(0, 100, 10)
    ]
    for each in batches:
        run(store.write(each))
    before = _checksums(url)
    assert "None" not in {before["bars"], before["coverage"], before["quarantine"]}
    for shuffled in (batches[::-1], batches[::2] + batches[1::2], batches[7:] + batches[:7]):
        for each in shuffled:
            assert run(store.write(each)).known_at is None
    assert _checksums(url) == before


@pytest.mark.parametrize("table", ["bars", "bar_revisions"])
@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity"])
def test_no_float_can_be_nan_or_infinite(table: str, value: str, database_url: str) -> None:
    """The constraint refuses it in every column, whoever inserts it."""
    times = "now()" if table == "bars" else "now(), 'infinity'"
    values = ", ".join("%s::float8" for _ in FLOATS)
    statement = f"INSERT INTO {table} VALUES (1, now(), {values}, 1, {times})".encode()  # noqa: S608 - constants
    with psycopg.connect(database_url, autocommit=True) as connection:
        for column in FLOATS:
            row = [value if each == column else "1" for each in FLOATS]
            with pytest.raises(psycopg.errors.CheckViolation):
                connection.execute(statement, row)
        connection.execute(statement, ["1"] * len(FLOATS))


def test_processes_that_write_one_series_take_turns(run: Run, pool: PostgresPool, url: str) -> None:
    """Two pools, overlapping batches with different values: every moment can be replayed."""
    closes = [100.0 + n for n in range(12)]

    async def race() -> list[Receipt]:
        async with PostgresPool(url, max_size=3) as other:
            stores = (PostgresBarStore(pool), PostgresBarStore(other))
            work = [
                stores[n % 2].write(batch(slots(0, 40), [bar(k, close) for k in range(n, 40)]))
                for n, close in enumerate(closes)
            ]
            return list(await asyncio.gather(*work))

    receipts = run(race())
    store = PostgresBarStore(pool)
    assert sum(r.inserted for r in receipts) == 40
    expected: dict[int, float] = {}
    order = sorted(range(12), key=lambda n: receipts[n].known_at or 0)
    for n in order:
        expected |= {at(k): closes[n] for k in range(n, 40)}
        then = run(store.read(KEY, BarSlice(EVER), receipts[n].known_at)).series
        assert {b.ts: b.close for b in then} == expected


def test_a_killed_writer_leaves_whole_batches(run: Run, pool: PostgresPool, url: str) -> None:
    """Killed with -9 again and again: what was acknowledged is there, and no batch in part."""
    acknowledged = -1
    for lines in (1, 3, 2, 1):
        command = [sys.executable, "-m", "tests.adapters_out.postgres.writer_process"]
        with subprocess.Popen(
            [*command, url, str(acknowledged + 1)], cwd=ROOT, stdout=subprocess.PIPE, text=True
        ) as writer:
            assert writer.stdout is not None
            for _ in range(lines):
                acknowledged = int(writer.stdout.readline())
            writer.send_signal(signal.SIGKILL)
            said = writer.stdout.read().split()
        acknowledged = int(said[-1]) if said else acknowledged
        stored = run(PostgresBarStore(pool).read(KEY, BarSlice(EVER))).series
        assert len(stored) % BATCH == 0
        assert len(stored) >= (acknowledged + 1) * BATCH
        assert stored == walk(len(stored)).series
    again = run(PostgresBarStore(pool).write(walk(BATCH, first=acknowledged * BATCH)))
    assert again.unchanged == BATCH


class _Brake:
    """Holds every writer just before its end, when its bars are written but not committed."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def __aenter__(self) -> None:
        self._link = await psycopg.AsyncConnection.connect(self._url)
        await self._link.execute("LOCK TABLE provenance IN ACCESS EXCLUSIVE MODE")

    async def __aexit__(self, *_: object) -> None:
        await self._link.close()


async def _until_blocked(url: str) -> None:
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as link:
        waiting = (
            "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'provenance'::regclass"
        )
        while (await (await link.execute(waiting)).fetchone()) != (1,):
            await SystemClock().sleep(0.01)


def test_the_past_waits_for_a_writer_in_flight(run: Run, pool: PostgresPool, url: str) -> None:
    """A writer that already knows but has not committed is waited for: the answer never changes."""
    store = PostgresBarStore(pool)
    first = batch(slots(0, 2), [bar(0), bar(1)])

    async def race(told: Batch) -> tuple[int, list[float], list[float], bool]:
        async with _Brake(url):
            writing = asyncio.create_task(store.write(told))
            await _until_blocked(url)
            as_of = int(SystemClock().now() * 1e6)
            reading = asyncio.create_task(store.read(KEY, BarSlice(EVER), as_of))
            covering = asyncio.create_task(store.coverage(KEY, slots(0, 2), as_of))
            now = (await store.read(KEY, BarSlice(EVER))).series.close.tolist()
            done, _ = await asyncio.wait({reading, covering}, timeout=0.2)
        await writing
        assert (await covering).held.ranges == (slots(0, 2),)
        return as_of, (await reading).series.close.tolist(), now, bool(done)

    # The very first batch of a series, then a change.
    for told, before in ((first, []), (batch(slots(0, 1), [bar(0, 105.0)]), [100.0, 100.0])):
        as_of, then, now, hurried = run(race(told))
        assert not hurried
        assert now == before
        assert run(store.read(KEY, BarSlice(EVER), as_of)).series.close.tolist() == then
        assert len(then) == 2


def test_a_cancelled_writer_leaves_nothing_behind(run: Run, url: str) -> None:
    """No bar, no lock, no spoilt connection: the only one of the pool goes on working."""

    async def story() -> int:
        async with PostgresPool(url, max_size=1) as pool:
            store = PostgresBarStore(pool)
            await store.write(walk(10))
            for _ in range(3):
                async with _Brake(url):
                    writing = asyncio.create_task(store.write(walk(5_000, first=5)))
                    await _until_blocked(url)
                    writing.cancel()
                    with pytest.raises(asyncio.CancelledError):
                        await writing
                assert len((await store.read(KEY, BarSlice(EVER))).series) == 10
            return (await store.write(walk(5_000, first=5))).inserted

    assert run(story()) == 4_995


def test_a_writer_may_be_cancelled_at_any_moment(run: Run, pool: PostgresPool) -> None:
    """Whenever it strikes, the batch is there wholly or not at all, and the store goes on."""
    store = PostgresBarStore(pool)

    async def story() -> None:
        for k in range(40):
            before = len((await store.read(KEY, BarSlice(EVER))).series)
            writing = asyncio.create_task(store.write(walk(3_000, first=before)))
            await SystemClock().sleep(0.0005 * k)
            writing.cancel()
            await asyncio.wait({writing})
            after = len((await store.read(KEY, BarSlice(EVER))).series)
            assert after - before in {0, 3_000}

    run(story())
    assert pool.usage.busy == 0


def test_a_bar_beyond_the_calendar_is_refused(run: Run, pool: PostgresPool) -> None:
    """A moment that PostgreSQL cannot express is the caller's fault, not an outage."""
    far = 10**14 - 10**14 % 60
    odd = batch(TimeRange(far, far + 60), [structs.replace(bar(0), ts=far)])
    with pytest.raises(InvalidRequest, match="9999"):
        run(PostgresBarStore(pool).write(odd))


def test_any_range_may_be_asked_for(run: Run, pool: PostgresPool) -> None:
    """Ranges far beyond the calendar are as good as endless."""
    store = PostgresBarStore(pool)
    run(store.write(walk(3)))
    endless = TimeRange(-(2**62), 2**62)
    assert len(run(store.read(KEY, BarSlice(endless))).series) == 3
    assert run(store.coverage(KEY, endless)).held.ranges == (slots(0, 3),)


def test_absent_values_may_be_mixed(run: Run, pool: PostgresPool, url: str) -> None:
    """Rows that miss different values share one COPY; NULL stands for what was not sent."""
    told = walk(200)
    absent = np.arange(200)
    mixed = dataclasses.replace(
        told.series,
        volume=np.where(absent % 2, np.nan, told.series.volume),
        vwap=np.where(absent % 3, np.nan, told.series.close),
        trades=np.where(absent % 5, -1, absent),
    )
    store = PostgresBarStore(pool)
    run(store.write(structs.replace(told, series=mixed)))
    assert run(store.read(KEY, BarSlice(EVER))).series == mixed
    with psycopg.connect(url) as connection:
        nulls = connection.execute(
            "SELECT count(*) - count(volume), count(*) - count(vwap), count(*) - count(trades)"
            " FROM bars"
        ).fetchone()
    assert nulls == (100, 133, 160)


def test_fetched_at_keeps_its_microseconds(run: Run, pool: PostgresPool) -> None:
    """Provenance tells when the provider was asked, exactly."""
    store = PostgresBarStore(pool)
    run(store.write(batch(slots(0, 1), [bar(0)], fetched_at=T0 + 0.123456)))
    (origin,) = run(store.provenance({KEY: EVER}, 1))
    assert origin.fetched_at == T0 + 0.123456
