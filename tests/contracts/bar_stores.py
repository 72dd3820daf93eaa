"""Batches made by hand, and every bar store under one roof."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Iterator
from contextlib import contextmanager

import numpy as np
from msgspec import Struct

from adapters_out.memory.bar_store import MemoryBarStore
from adapters_out.postgres.bar_store import PostgresBarStore
from adapters_out.postgres.pool import PostgresPool
from adapters_out.system.clock import SystemClock
from domain.bars import Bar, BarSeries
from domain.coverage import Gap, GapReason
from domain.instrument import SeriesKey
from domain.interval import Interval
from domain.ledger import Batch
from domain.provider import RejectedRow
from domain.quality import QualityReport
from domain.timerange import TimeRange
from ports.bar_store import BarStore
from tests.runner import Run

KEY = SeriesKey("BTC-USDT", Interval.M1, "binance")
T0 = 1_700_000_040  # opens a minute
STEP = 60


class StoreUnderTest(Struct, frozen=True):
    """A store and a way to damage it behind its back."""

    store: BarStore
    lose: Callable[[SeriesKey, TimeRange], Coroutine[None, None, None]]


def at(slot: int) -> int:
    """The open of the minute ``slot``."""
    return T0 + slot * STEP


def slots(first: int, stop: int) -> TimeRange:
    """The range of the minutes ``first`` up to ``stop``."""
    return TimeRange(at(first), at(stop))


def bar(slot: int, close: float = 100.0, volume: float | None = 5.0) -> Bar:
    """A plausible minute."""
    return Bar(
        ts=at(slot),
        open=100.0,
        high=max(101.0, close),
        low=min(99.0, close),
        close=close,
        volume=volume,
        vwap=None if volume is None else 100.25,
        trades=None if volume is None else 7,
    )


def batch(  # noqa: PLR0913 - the fields of a batch, each with a default
    asked: TimeRange,
    bars: Iterable[Bar] = (),
    *,
    key: SeriesKey = KEY,
    empty: Iterable[tuple[int, int, GapReason]] = (),
    rejected: tuple[RejectedRow, ...] = (),
    fetched_at: float = T0 + 10_000.5,
    quality: QualityReport | None = None,
    request_id: str = "r-1",
) -> Batch:
    """A batch; ``empty`` in slots."""
    return Batch(
        key=key,
        asked=asked,
        series=BarSeries.of(key.interval, sorted(bars, key=lambda b: b.ts)),
        fetched_at=fetched_at,
        empty=tuple(Gap(at(a), at(b), reason) for a, b, reason in empty),
        rejected=rejected,
        quality=quality,
        request_id=request_id,
    )


def walk(count: int, *, first: int = 0, key: SeriesKey = KEY) -> Batch:
    """``count`` minutes with differing prices, quickly made."""
    slot = np.arange(first, first + count, dtype=np.int64)
    volume = (slot % 7 + 0.5).astype(np.float64)
    price = 100.0 + np.sin(slot)
    series = BarSeries(key.interval, T0 + slot * STEP, price, price + 1, price - 1, price, volume)
    return Batch(key, slots(first, first + count), series, T0 + 10_000.0)


@contextmanager
def memory_store() -> Iterator[StoreUnderTest]:
    """The fake."""
    store = MemoryBarStore(SystemClock())

    async def lose(key: SeriesKey, span: TimeRange) -> None:
        store.lose(key, span)

    yield StoreUnderTest(store, lose)


@contextmanager
def postgres_store(url: str, run: Run) -> Iterator[StoreUnderTest]:
    """The real one, in a database of its own."""
    pool = PostgresPool(url, max_size=4)
    run(pool.open())

    async def lose(key: SeriesKey, span: TimeRange) -> None:
        async with pool.connection() as connection:
            await connection.execute(
                "DELETE FROM bars USING series WHERE series_id = series.id AND instrument = %s"
                " AND bar_interval = %s AND provider = %s"
                " AND ts >= to_timestamp(%s) AND ts < to_timestamp(%s)",
                (key.instrument, key.interval.value, key.provider, span.start, span.end),
            )

    try:
        yield StoreUnderTest(PostgresBarStore(pool), lose)
    finally:
        run(pool.close())


async def gather(*work: Coroutine[None, None, object]) -> list[object]:
    """All at once."""
    return list(await asyncio.gather(*work))
