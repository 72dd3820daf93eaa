"""A batch into the store with its revisions, beside a bare COPY and beside an upsert."""

import asyncio
import itertools
from contextlib import AbstractAsyncContextManager

import numpy as np

from adapters_out.postgres.bar_store import PostgresBarStore
from adapters_out.postgres.pool import PostgresPool
from domain.bars import BarSeries
from domain.instrument import SeriesKey
from domain.interval import Interval
from domain.ledger import Batch, Receipt
from domain.scoring import judge
from domain.timerange import TimeRange
from tests.benchmarks.bare_writes import copy_rows, rows_of, upsert_rows
from tests.benchmarks.measuring import Timings, Trial, side_by_side_async
from tests.benchmarks.options import Options
from tests.benchmarks.payloads import START, series
from tests.benchmarks.report import Cells, Section, duration, noted, times
from tests.benchmarks.stores import embedded_store, timescale_store

_OURS, _COPY, _UPSERT = "fks-data", "COPY", "executemany"
_NEW, _IDENTICAL, _CHANGED = "new", "identical", "10 % changed"
_SIZES = {1_000: 21, 20_000: 7, 200_000: 3}  # rows of a batch: rounds
_SERIES = (1, 10, 100)
_HELD = 20_000  # bars of each of them
_numbers = itertools.count(1_000_000)  # ids of the yardsticks' series, far from our own


def measure(options: Options) -> Section:
    """Time every size and mix, then one size in ever larger tables, on every store there is."""
    stores = {"embedded PostgreSQL 18": embedded_store()}
    if options.timescale is not None:
        stores["TimescaleDB"] = timescale_store(options.timescale)
    rows: list[Cells] = []
    for name, opening in stores.items():
        rows += asyncio.run(_measured(name, opening, options))
    header = (
        "store",
        "batch",
        "in the table before",
        "fks-data",
        "per row",
        "speed, COPY = 1",
        "speed, executemany = 1",
        "n",
    )
    return Section("write", _TITLE, header, tuple(rows), _NOTES)


async def _measured(
    name: str, opening: AbstractAsyncContextManager[PostgresPool], options: Options
) -> list[Cells]:
    rows: list[Cells] = []
    async with opening as pool:
        for size, rounds in _SIZES.items():
            for mix in (_NEW, _IDENTICAL, _CHANGED):
                await _empty(pool)
                taken = await _Writing(pool, size, mix).timed(options.rounds(rounds))
                rows.append(noted(_row(name, size, mix, "one series", taken)))
        await _empty(pool)
        held = 0
        for wanted in _SERIES if not options.quick else _SERIES[:2]:
            for number in range(held, wanted):
                await copy_rows(pool, next(_numbers), series(_HELD, seed=number))
            held = wanted
            taken = await _Writing(pool, 1_000, _CHANGED).timed(options.rounds(21))
            rows.append(noted(_row(name, 1_000, _CHANGED, f"{wanted} × {_HELD:,} bars", taken)))
    return rows


class _Writing:
    """Writes one batch over and over in three ways, each into series of its own."""

    def __init__(self, pool: PostgresPool, rows: int, mix: str) -> None:
        self._pool = pool
        self._store = PostgresBarStore(pool)
        self._mix = mix
        first, second = series(rows), _corrected(series(rows)) if mix == _CHANGED else series(rows)
        self._versions = itertools.cycle((first, second))
        self._upserted = itertools.cycle((rows_of(0, first), rows_of(0, second)))
        self._batch = self._next_batch()
        self._upsert = rows_of(0, first)

    async def timed(self, rounds: int) -> Timings:
        """Interleaved; the first, uncounted round fills the series that are written again."""
        return await side_by_side_async(
            {
                _OURS: Trial(self._write, self._prepare_write),
                _COPY: Trial(self._copy, self._settle),
                _UPSERT: Trial(self._upsert_rows, self._prepare_upsert),
            },
            rounds,
        )

    async def _prepare_write(self) -> None:
        self._batch = self._next_batch()
        await self._settle()

    async def _write(self) -> Receipt:
        return await self._store.write(self._batch)

    async def _copy(self) -> None:
        await copy_rows(self._pool, next(_numbers), self._batch.series)

    async def _prepare_upsert(self) -> None:
        rows = next(self._upserted)
        if self._mix == _NEW:
            number = next(_numbers)
            rows = [(number, *row[1:]) for row in rows]
        self._upsert = rows
        await self._settle()

    async def _upsert_rows(self) -> None:
        await upsert_rows(self._pool, self._upsert)

    async def _settle(self) -> None:
        """No trial pays for the checkpoint of the one before."""
        async with self._pool.connection() as connection:
            await connection.execute("CHECKPOINT")

    def _next_batch(self) -> Batch:
        bars = next(self._versions)
        number = next(_numbers) if self._mix == _NEW else 0
        asked = TimeRange(START, int(bars.ts[-1]) + 60)
        return Batch(
            key=SeriesKey(f"B{number}-USDT", Interval.M1, "binance"),
            asked=asked,
            series=bars,
            fetched_at=float(asked.end),
            quality=judge(bars, asked, Interval.M1, float(asked.end)),
        )


async def _empty(pool: PostgresPool) -> None:
    async with pool.connection() as connection:
        await connection.execute("TRUNCATE series, bars, bar_revisions CASCADE")


def _corrected(bars: BarSeries) -> BarSeries:
    """Every tenth bar has another volume."""
    volume = bars.volume.copy()
    volume[::10] += 1.0
    return BarSeries(
        bars.interval,
        *(bars.ts, bars.open, bars.high, bars.low, bars.close, volume, np.array(bars.vwap)),
        trades=bars.trades,
    )


def _row(store: str, size: int, mix: str, before: str, taken: Timings) -> Cells:
    ours = taken.of(_OURS)
    return (
        store,
        f"{size:,} {mix}",
        before,
        duration(ours.median),
        duration(ours.median / size),
        times(taken.ratio(_COPY, _OURS)),
        times(taken.ratio(_UPSERT, _OURS)),
        str(ours.n),
    )


_TITLE = "Idempotent write with revisions"
_NOTES = """\
One transaction each, commit and flush to disk included. fks-data locks the series, reads what is
stored of the range, compares, moves replaced rows to `bar_revisions`, writes what is new and
keeps coverage, provenance and quality. The yardsticks are the same numpy-packed binary COPY into
the same table with its primary key (fresh rows every time: it can do nothing else), and psycopg's
`executemany` of `INSERT … ON CONFLICT DO UPDATE … WHERE` something differs, which forgets the old
values.

A page of a provider has at most 1,000 rows: there the fixed part (about ten round trips and one
flush) is what counts. Beyond, it grows with the rows of the batch alone; the number of series and
bars in the table adds the depth of one index.
"""
