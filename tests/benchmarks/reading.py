"""A day of minutes out of a big table to JSON, beside the server's own execution time."""

import asyncio
import gc
import re
import time
from collections.abc import Callable

import msgspec
import uvloop

from adapters_in.http.bar_columns import columns_of
from adapters_in.http.encoding import encode_bars
from adapters_in.http.layouts import Layout, lay_out
from adapters_out.postgres import bar_reading
from adapters_out.postgres.bar_store import PostgresBarStore
from adapters_out.postgres.pool import PostgresPool
from application.answers import BarsAnswer
from application.held import Held, View
from application.question import pose
from application.stored_answer import assemble
from domain.bars import BarSeries
from domain.coverage import Coverage
from domain.instrument import Instrument, SeriesKey
from domain.interval import Interval
from domain.ledger import BarSlice, StoredBars
from domain.query import BarQuery
from domain.scoring import judge
from domain.timerange import RangeSet, TimeRange
from ports.bar_store import BarStore
from tests.benchmarks.bare_writes import copy_rows
from tests.benchmarks.measuring import Timings
from tests.benchmarks.options import Options
from tests.benchmarks.payloads import START, series
from tests.benchmarks.report import Cells, Section, duration, noted, times
from tests.benchmarks.stores import embedded_store

_PER_SERIES = 10_000
_DAY = 1_440
_ROUNDS = 60
_BEST_OF = 5  # of each in a round: two processes take turns here, and anybody may come between
_SERVER, _BARE, _PLAIN = "server", "server, without timing", "server, plain SELECT"
_EXPLAIN = b"EXPLAIN ANALYZE "  # as the server gives it
# Without looking at a clock row by row or counting buffers, which is quicker.
_EXPLAIN_BARE = b"EXPLAIN (ANALYZE, TIMING OFF, BUFFERS OFF) "
_EXPLAIN_SENDING = b"EXPLAIN (ANALYZE, TIMING OFF, BUFFERS OFF, SERIALIZE BINARY) "
_EXECUTION = re.compile(r"Execution Time: ([\d.]+) ms")
_PLAIN_SELECT = b"""
SELECT ts, open, high, low, close, volume, vwap, trades, known_at FROM bars
WHERE series_id = (SELECT id FROM series WHERE instrument = %(instrument)s
  AND bar_interval = %(interval)s AND provider = %(provider)s)
AND ts >= %(start)s AND ts < %(end)s ORDER BY ts
"""
_SPAN = TimeRange(START + 60 * 4_000, START + 60 * (4_000 + _DAY))
_NOW = float(_SPAN.end)
_BTC = Instrument.pair("BTC", "USDT")


def _bars(found: StoredBars, layout: Layout) -> bytes:
    """The bars alone."""
    answer = msgspec.structs.replace(_TEMPLATE, series=found.series)
    return lay_out(columns_of(answer), layout, demo=False)


def _answer(found: StoredBars, layout: Layout) -> bytes:
    """The whole answer of the API: judged, with gaps, sources and ETag."""
    whole = RangeSet((_SPAN,))
    held = Held(_KEY, _SPAN, found, Coverage(_SPAN, held=whole, asked=whole))
    answer = assemble(_QUESTION, View(held, _QUESTION.window), _NOW, cached=True)
    return encode_bars(answer, layout).body(_NOW, cached=True)


_KEY = SeriesKey(_BTC.id, Interval.M1, "binance")
_QUESTION = pose(
    BarQuery("BTCUSDT", _BTC, Interval.M1, limit=_DAY, start=_SPAN.start, end=_SPAN.end),
    ("binance",),
    _NOW,
)
_TEMPLATE = BarsAnswer(
    symbol="BTCUSDT",
    instrument=_BTC,
    interval=Interval.M1,
    provider="binance",
    series=BarSeries.empty(Interval.M1),
    window=_SPAN,
    quality=judge(BarSeries.empty(Interval.M1), _SPAN, Interval.M1, _NOW),
    gaps=(),
    sources=(),
)
_FORMS: dict[str, Callable[[StoredBars], bytes]] = {
    "columns": lambda found: _bars(found, Layout.COLUMNS),
    "rows": lambda found: _bars(found, Layout.ROWS),
    "answer in columns": lambda found: _answer(found, Layout.COLUMNS),
    "answer in rows": lambda found: _answer(found, Layout.ROWS),
}


def measure(options: Options) -> Section:
    """Time every form in a table of a tenth of the bars, and in the whole one."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:  # as the service does
        rows = runner.run(_measured(options))
    header = (
        "bars in the table",
        "JSON",
        "size",
        "fks-data",
        "server's own time",
        "time, `EXPLAIN ANALYZE` = 1",
        "time, the same without timing and buffers = 1",
        "time, plain SELECT with `SERIALIZE` = 1",
        "n",
    )
    return Section("read", _TITLE, header, tuple(rows), _NOTES)


async def _measured(options: Options) -> list[Cells]:
    rows: list[Cells] = []
    async with embedded_store() as pool:
        bars = series(_PER_SERIES)
        held = 0
        for wanted in (options.bars // 10, options.bars):
            for number in range(held, wanted // _PER_SERIES):
                await _add_series(pool, number, bars)
            held = wanted // _PER_SERIES
            await _tidy(pool)
            key = SeriesKey(f"B{held // 2}-USDT", Interval.M1, "binance")
            taken = await _timed(pool, key, options.rounds(_ROUNDS))
            rows += [await _row(pool, key, wanted, form, taken) for form in _FORMS]
    return rows


async def _timed(pool: PostgresPool, key: SeriesKey, rounds: int) -> Timings:
    """Every round asks the server for its own time and then does the work itself.

    The best of five counts for both.
    """
    store = PostgresBarStore(pool)
    seconds: dict[str, list[float]] = {name: [] for name in (_SERVER, _BARE, _PLAIN, *_FORMS)}
    asked = {
        _SERVER: _EXPLAIN + bar_reading._READS[False, False],
        _BARE: _EXPLAIN_BARE + bar_reading._READS[False, False],
        _PLAIN: _EXPLAIN_SENDING + _PLAIN_SELECT,
    }
    for _ in range(rounds):
        gc.collect()
        for name, question in asked.items():
            told = [await _explained(pool, key, question) for _ in range(_BEST_OF)]
            seconds[name].append(min(told))
        for form, encode in _FORMS.items():
            taken = [await _read(store, key, encode) for _ in range(_BEST_OF)]
            seconds[form].append(min(taken))
    return Timings(seconds)


async def _read(store: BarStore, key: SeriesKey, encode: Callable[[StoredBars], bytes]) -> float:
    began = time.perf_counter()
    encode(await store.read(key, BarSlice(_SPAN)))
    return time.perf_counter() - began


async def _explained(pool: PostgresPool, key: SeriesKey, question: bytes) -> float:
    """What the server says that the statement took, planning and the socket left out (s)."""
    names, limits = bar_reading._names(key), bar_reading._limits(_SPAN, None)
    async with pool.connection() as connection:
        cursor = await connection.execute(question, names | limits | {"limit": None})
        plan = "\n".join(line for (line,) in await cursor.fetchall())
    found = _EXECUTION.search(plan)
    if found is None or f"rows={_DAY}" not in plan:
        raise AssertionError(plan)
    return float(found[1]) / 1000


async def _add_series(pool: PostgresPool, number: int, bars: BarSeries) -> None:
    async with pool.connection() as connection:
        cursor = await connection.execute(
            "INSERT INTO series (instrument, bar_interval, provider) "
            "VALUES (%s, '1m', 'binance') RETURNING id",
            (f"B{number}-USDT",),
        )
        ((series_id,),) = await cursor.fetchall()
    await copy_rows(pool, series_id, bars)


async def _tidy(pool: PostgresPool) -> None:
    """As autovacuum leaves a table after a while."""
    async with pool.connection() as connection:
        await connection.execute("VACUUM (ANALYZE) bars, series")
        await connection.execute("CHECKPOINT")


async def _row(pool: PostgresPool, key: SeriesKey, bars: int, form: str, taken: Timings) -> Cells:
    ours = taken.of(form)
    found = await PostgresBarStore(pool).read(key, BarSlice(_SPAN))
    return noted(
        (
            f"{bars:,}",
            form,
            f"{len(_FORMS[form](found)) / 1000:.0f} kB",
            duration(ours.median),
            duration(taken.of(_SERVER).median),
            times(taken.ratio(form, _SERVER)),
            times(taken.ratio(form, _BARE)),
            times(taken.ratio(form, _PLAIN)),
            str(ours.n),
        )
    )


_TITLE = "A day of minutes out of the store to JSON"
_NOTES = """\
1,440 bars of one series of 10,000, cached pages, one connection; of every five reads and every
five questions to the server the best counts. The yardsticks are three ways in which the server
itself says how long it executed (`Execution Time`), without planning and the socket:

- *`EXPLAIN ANALYZE`* of our statement with nothing but the server's defaults, which is also
  *server's own time*. The statement strings all bars together to one value in binary. By default
  the server looks at a clock for every row of every step of the plan.
- *The same without timing and buffers* (`EXPLAIN (ANALYZE, TIMING OFF, BUFFERS OFF)`) leaves that
  out: the strictest of them, as it is nearest to what the server does when nobody looks.
- *Plain SELECT with `SERIALIZE`* asks for the nine columns of the same rows and turns them into
  binary messages as for any client (`EXPLAIN (ANALYZE, TIMING OFF, BUFFERS OFF, SERIALIZE BINARY)`,
  PostgreSQL 17 and newer); a client would then have to take them apart row by row.

None of them is slower than the default of the server. Ours runs from the call of the store to the
finished bytes; *answer* adds score and findings, sources, ETag and envelope. The text of rows is
what costs most beside the server.

It grows with the bars that are asked for, not with the table: ten times the bars add one level of
the index at most.
"""
