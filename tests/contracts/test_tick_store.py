"""What every TickStore promises, whatever it is made of."""

import asyncio
from collections.abc import Iterator

import pytest

from adapters_out.memory.tick_store import MemoryTickStore
from adapters_out.postgres.pool import PostgresPool
from adapters_out.postgres.tick_store import PostgresTickStore
from domain.ticks import Quote, Side, Stamp, TickKey, TickSlice, TicksPage, Trade
from domain.timerange import RangeSet, TimeRange
from ports.ticks import TickStore
from tests.runner import Run

KEY = TickKey("BTC-USDT", "binance")
T0 = 1_732_646_400_123_456_789  # no float holds it
RECEIVED = T0 + 5_000_000_001


@pytest.fixture(
    params=["memory", "postgres", pytest.param("timescale", marks=pytest.mark.timescale)]
)
def store(request: pytest.FixtureRequest, run: Run) -> Iterator[TickStore]:
    """Each store in turn."""
    if request.param == "memory":
        yield MemoryTickStore()
        return
    fixture = "timescale_url" if request.param == "timescale" else "database_url"
    pool = PostgresPool(request.getfixturevalue(fixture), max_size=4)
    run(pool.open())
    yield PostgresTickStore(pool)
    run(pool.close())


def trade(at: int, name: str = "", price: float = 100.0, size: float = 1.0) -> Trade:
    """A trade ``at`` ns after the beginning."""
    return Trade(ts_ns=T0 + at, price=price, size=size, id=name)


def page(
    *ticks: Trade, covers: tuple[int, int] | None = None, received: int = RECEIVED
) -> TicksPage[Trade]:
    """An answer; ``covers`` in ns after the beginning."""
    span = None if covers is None else TimeRange(T0 + covers[0], T0 + covers[1])
    return TicksPage(ticks=ticks, received_ns=received, covers=span)


def held(run: Run, store: TickStore, key: TickKey = KEY) -> tuple[Trade, ...]:
    """Everything."""
    return run(store.read(Trade, key, TickSlice(limit=1000))).ticks


def test_trades_come_back_as_they_were_written(run: Run, store: TickStore) -> None:
    """Every nanosecond and every bit of a price survives; what was not sent stays absent."""
    ticks = (
        Trade(ts_ns=T0, price=0.1 + 0.2, size=5e-324, id="9", side=Side.BUY, session="2024-11-26"),
        Trade(ts_ns=T0 + 1, price=-37.63, size=0.0, id="ab-c", side=Side.SELL),
        Trade(ts_ns=T0 + 2, price=1.7976931348623157e308, size=-0.0),
    )
    assert run(store.write(Trade, KEY, page(*ticks))) == 3
    stored = run(store.read(Trade, KEY, TickSlice(limit=10)))
    assert stored.ticks == ticks
    assert stored.received_ns == (RECEIVED,) * 3


def test_quotes_come_back_as_they_were_written(run: Run, store: TickStore) -> None:
    """An empty side of the book is absent, not 0, and a stamp of ours stays marked as such."""
    ticks = (
        Quote(ts_ns=T0, bid_price=1.25, bid_size=2.0, ask_price=1.5, ask_size=3.0, session="x"),
        Quote(ts_ns=T0 + 1, ask_price=1.5, stamp=Stamp.RECEIPT),
        Quote(ts_ns=T0 + 2, bid_price=0.0, bid_size=0.0),
    )
    answer = TicksPage(ticks=ticks, received_ns=RECEIVED)
    assert run(store.write(Quote, KEY, answer)) == 3
    assert run(store.read(Quote, KEY, TickSlice(limit=10))).ticks == ticks
    assert held(run, store) == ()


def test_a_page_written_again_changes_nothing(run: Run, store: TickStore) -> None:
    """With or without ids, equal twins included, and the first time of receipt stays."""
    ticks = (trade(0, "7"), trade(0, "8"), trade(5), trade(5), trade(5, price=99.0))
    assert run(store.write(Trade, KEY, page(*ticks))) == 5
    assert run(store.write(Trade, KEY, page(*ticks, received=RECEIVED + 9))) == 0
    stored = run(store.read(Trade, KEY, TickSlice(limit=10)))
    assert stored.ticks == ticks
    assert set(stored.received_ns) == {RECEIVED}


def test_a_corrected_trade_takes_the_place_of_the_old_one(run: Run, store: TickStore) -> None:
    """Same id and moment, other values: its venue has corrected it, and it is known since then."""
    run(store.write(Trade, KEY, page(trade(0, "7"), trade(1, "8"), trade(1, "ab-c"))))
    told = (trade(0, "7", price=99.5), trade(1, "8"), trade(1, "ab-c", size=2.0))
    assert run(store.write(Trade, KEY, page(*told, received=RECEIVED + 9))) == 2
    stored = run(store.read(Trade, KEY, TickSlice(limit=10)))
    assert sorted(stored.ticks, key=lambda t: t.id) == list(told)
    by_id = dict(zip((t.id for t in stored.ticks), stored.received_ns, strict=True))
    assert by_id == {"7": RECEIVED + 9, "8": RECEIVED, "ab-c": RECEIVED + 9}
    assert run(store.write(Trade, KEY, page(*told, received=RECEIVED + 10))) == 0


def test_a_trade_without_an_id_cannot_be_corrected(run: Run, store: TickStore) -> None:
    """Other values at that moment are another trade."""
    run(store.write(Trade, KEY, page(trade(0))))
    assert run(store.write(Trade, KEY, page(trade(0, price=99.5)))) == 1
    assert [t.price for t in held(run, store)] in ([100.0, 99.5], [99.5, 100.0])


def test_one_page_may_hold_a_trade_twice(run: Run, store: TickStore) -> None:
    """The first of them counts."""
    assert run(store.write(Trade, KEY, page(trade(0, "7"), trade(0, "7", price=5.0)))) == 1
    assert [t.price for t in held(run, store)] == [100.0]


@pytest.mark.parametrize("seed", range(5))
def test_pages_may_overlap_and_come_in_any_order(run: Run, store: TickStore, seed: int) -> None:
    """Whatever way an answer was cut, it adds up to the same ticks."""
    ticks = [
        trade(k // 3, str(1000 + k) if seed % 2 else "", float(100 + k), 1.0) for k in range(40)
    ]
    starts = [(seed * 17 + k * 11) % 40 for k in range(7)]
    pieces = [(start, start + 1 + (start * 5 + seed) % 20) for start in starts]
    pieces.insert(seed, (0, 40))
    for start, stop in pieces:
        run(store.write(Trade, KEY, page(*ticks[start:stop])))
    assert sorted(held(run, store), key=lambda t: t.price) == ticks


def test_ids_order_a_moment_as_numbers(run: Run, store: TickStore) -> None:
    """Trade 10 comes after trade 9, whichever was written first."""
    run(store.write(Trade, KEY, page(trade(0, "10"), trade(0, "11"))))
    run(store.write(Trade, KEY, page(trade(0, "9"))))
    assert [t.id for t in held(run, store)] == ["9", "10", "11"]


def test_without_ids_the_order_of_the_venue_counts(run: Run, store: TickStore) -> None:
    """Ticks of one moment come back in the order in which they were sent."""
    ticks = tuple(trade(0, price=price) for price in (5.0, 1.0, 3.0, 1.0, 4.0))
    run(store.write(Trade, KEY, page(*ticks)))
    assert held(run, store) == ticks


def test_a_long_number_of_an_id_is_no_number(run: Run, store: TickStore) -> None:
    """Ids beyond 64 bits, with leading zeros or signs are told apart by their text."""
    names = ["9" * 30, "9" * 30 + "1", "007", "7", "-7", "0", ""]
    assert run(store.write(Trade, KEY, page(*(trade(0, name) for name in names)))) == 7
    assert {t.id for t in held(run, store)} == set(names)


@pytest.mark.parametrize(
    ("chosen", "wanted"),
    [
        (TickSlice(limit=2), [4, 5]),
        (TickSlice(limit=2, newest=False), [0, 1]),
        (TickSlice(limit=9, start_ns=T0 + 2, end_ns=T0 + 4), [2, 3]),
        (TickSlice(limit=1, start_ns=T0 + 2, end_ns=T0 + 4), [3]),
        (TickSlice(limit=1, start_ns=T0 + 2, end_ns=T0 + 4, newest=False), [2]),
        (TickSlice(limit=3, end_ns=T0), []),
        (TickSlice(limit=3, start_ns=T0 + 6), []),
    ],
)
def test_a_slice_is_half_open_and_limited(
    run: Run, store: TickStore, chosen: TickSlice, wanted: list[int]
) -> None:
    """The newest or the first of a range, always ascending."""
    run(store.write(Trade, KEY, page(*(trade(k, str(k + 1)) for k in range(6)))))
    stored = run(store.read(Trade, KEY, chosen))
    assert [t.ts_ns - T0 for t in stored.ticks] == wanted
    assert len(stored.received_ns) == len(wanted)


def test_series_do_not_mix(run: Run, store: TickStore) -> None:
    """Another provider or instrument has its own ticks and its own coverage."""
    run(store.write(Trade, KEY, page(trade(0, "1"), covers=(0, 10))))
    span = TimeRange(T0, T0 + 100)
    for other in (TickKey("BTC-USDT", "kraken"), TickKey("ETH-USDT", "binance")):
        assert held(run, store, other) == ()
        assert not run(store.covered(Trade, other, span))
    assert not run(store.covered(Quote, KEY, span))
    assert run(store.covered(Trade, KEY, span)) == RangeSet((TimeRange(T0, T0 + 10),))


def test_coverage_joins_what_touches(run: Run, store: TickStore) -> None:
    """An empty answer covers too; ranges that overlap or touch become one."""
    for covers in ((0, 10), (20, 30), (10, 15), (40, 50), (25, 41), (26, 27)):
        run(store.write(Trade, KEY, page(covers=covers)))
    whole = run(store.covered(Trade, KEY, TimeRange(T0 - 5, T0 + 500)))
    assert whole == RangeSet((TimeRange(T0, T0 + 15), TimeRange(T0 + 20, T0 + 50)))
    part = run(store.covered(Trade, KEY, TimeRange(T0 + 12, T0 + 25)))
    assert part == RangeSet((TimeRange(T0 + 12, T0 + 15), TimeRange(T0 + 20, T0 + 25)))


def test_a_look_at_the_present_covers_nothing(run: Run, store: TickStore) -> None:
    """A page without a range is remembered as a tick and no more."""
    run(store.write(Trade, KEY, page(trade(0, "1"))))
    assert not run(store.covered(Trade, KEY, TimeRange(T0 - 10, T0 + 10)))


def test_writers_do_not_hurt_each_other(run: Run, store: TickStore) -> None:
    """Many at once: every tick once, one range in the end."""

    async def all_at_once() -> list[int]:
        pages = [
            page(*(trade(k, str(k + 1)) for k in range(n, n + 20)), covers=(n, n + 20))
            for n in range(0, 100, 10)
        ]
        return await asyncio.gather(*(store.write(Trade, KEY, each) for each in pages))

    assert sum(run(all_at_once())) == 110
    assert len(held(run, store)) == 110
    span = TimeRange(T0, T0 + 1000)
    assert run(store.covered(Trade, KEY, span)) == RangeSet((TimeRange(T0, T0 + 110),))
