"""What every FuturesStore promises."""

from collections.abc import Iterator

import pytest

from adapters_out.memory.futures_store import MemoryFuturesStore
from adapters_out.postgres.futures_store import PostgresFuturesStore
from adapters_out.postgres.pool import PostgresPool
from domain.futures import (
    Aggregate,
    Contract,
    FuturesAnswer,
    FuturesAsk,
    FuturesKind,
    FuturesPart,
    FuturesRecord,
    MarketStatus,
    Product,
    SessionEvent,
    Venue,
)
from ports.futures import KEEP_S, FuturesStore
from tests.runner import Run

T0 = 1_700_000_000.25
LIST = FuturesAsk(kind=FuturesKind.CONTRACTS)
OF_ES = FuturesAsk(kind=FuturesKind.CONTRACTS, filters=(("product_code", "ES"),))
MARCH, JUNE = (
    Contract(ticker=ticker, last_trade_date=day, date="2025-02-04", trade_tick_size=0.25)
    for ticker, day in (("ESH5", "2025-03-21"), ("ESM5", "2025-06-20"))
)


@pytest.fixture(params=["memory", "postgres"])
def store(request: pytest.FixtureRequest, run: Run) -> Iterator[FuturesStore]:
    """Each store in turn."""
    if request.param == "memory":
        yield MemoryFuturesStore()
        return
    pool = PostgresPool(request.getfixturevalue("database_url"))
    run(pool.open())
    yield PostgresFuturesStore(pool)
    run(pool.close())


def test_nothing_is_known_at_first(run: Run, store: FuturesStore) -> None:
    """A question that was never answered has no answer, not an empty one."""
    assert run(store.read("massive", LIST)) is None
    assert list(run(store.contracts("massive", "ESH5"))) == []


def test_an_answer_comes_back_in_its_order(run: Run, store: FuturesStore) -> None:
    """By provider and question; an empty answer is one too."""
    assert run(store.write("massive", LIST, FuturesPart((JUNE, MARCH)), T0))
    assert run(store.write("massive", OF_ES, FuturesPart(()), T0 + 1))
    assert run(store.read("massive", LIST)) == FuturesAnswer((JUNE, MARCH), T0)
    assert run(store.read("massive", OF_ES)) == FuturesAnswer((), T0 + 1)
    assert run(store.read("other", LIST)) is None


def test_a_new_answer_takes_the_place_of_the_old(run: Run, store: FuturesStore) -> None:
    """Nothing of the old one is left."""
    run(store.write("massive", LIST, FuturesPart((JUNE, MARCH), "p2"), T0))
    run(store.write("massive", LIST, FuturesPart((MARCH,)), T0 + 60))
    assert run(store.read("massive", LIST)) == FuturesAnswer((MARCH,), T0 + 60)


def test_an_answer_goes_on_where_it_was_left(run: Run, store: FuturesStore) -> None:
    """Its date stays that of its beginning; a record that it has already is dropped."""
    other = Contract(ticker="ESH5", last_trade_date="2025-03-21", date="2025-02-03")
    run(store.write("massive", LIST, FuturesPart((MARCH,), "p2"), T0))
    assert run(store.write("massive", LIST, FuturesPart((other, JUNE), "p3"), T0 + 5, after="p2"))
    assert run(store.read("massive", LIST)) == FuturesAnswer((MARCH, JUNE), T0, "p3")


def test_a_part_that_follows_nothing_is_refused(run: Run, store: FuturesStore) -> None:
    """Somebody else was quicker, or the answer began anew meanwhile."""
    assert not run(store.write("massive", LIST, FuturesPart((JUNE,)), T0, after="p2"))
    run(store.write("massive", LIST, FuturesPart((MARCH,), "q2"), T0))
    assert not run(store.write("massive", LIST, FuturesPart((JUNE,)), T0, after="p2"))
    assert run(store.read("massive", LIST)) == FuturesAnswer((MARCH,), T0, "q2")


def test_everything_told_of_a_ticker_is_found(run: Run, store: FuturesStore) -> None:
    """From all answers, of whatever decade, the newest first and each once."""
    old = Contract(ticker="ESH5", last_trade_date="2015-03-20", date="2015-03-01")
    run(store.write("massive", LIST, FuturesPart((old, JUNE)), T0))
    run(store.write("massive", OF_ES, FuturesPart((MARCH,)), T0))
    as_of = FuturesAsk(kind=FuturesKind.CONTRACTS, as_of="2025-02-04")
    run(store.write("massive", as_of, FuturesPart((MARCH,)), T0))
    run(store.write("other", LIST, FuturesPart((JUNE,)), T0))
    assert list(run(store.contracts("massive", "ESH5"))) == [MARCH, old]
    assert list(run(store.contracts("other", "ESH5"))) == []


@pytest.mark.parametrize(
    "record",
    [
        Contract(ticker="A\0\ud7ffB", active=False, days_to_maturity=-3),
        Product(product_code="ES", name="E-mini “S&P” \0", unit_of_measure_qty=50.0),
        SessionEvent(product_code="ES", event="open", ts=1, timestamp="1970-01-01T00:00:01Z"),
        MarketStatus(product_code="ES", market_event="open"),
        Venue(mic="XCME", id="4"),
        Aggregate(ts_ns=2**62, open=-37.63, high=0.1, low=-40.32, close=1e-9, volume=3.0),
    ],
)
def test_every_record_is_kept_as_it_is(
    run: Run, store: FuturesStore, record: FuturesRecord
) -> None:
    """What is absent stays absent; numbers and foreign letters are the same."""
    ask = FuturesAsk(kind=record.kind, filters=(("name", "x\0y"),))
    run(store.write("massive", ask, FuturesPart((record,)), T0))
    assert run(store.read("massive", ask)) == FuturesAnswer((record,), T0)


def test_what_nobody_asks_for_is_forgotten(run: Run, store: FuturesStore) -> None:
    """When a new answer begins; what is younger stays."""
    run(store.write("massive", LIST, FuturesPart((MARCH,)), T0))
    run(store.write("massive", OF_ES, FuturesPart((JUNE,)), T0 + KEEP_S))
    assert run(store.read("massive", LIST)) is not None
    run(store.write("massive", OF_ES, FuturesPart((JUNE,)), T0 + KEEP_S + 1))
    assert run(store.read("massive", LIST)) is None
    assert run(store.read("massive", OF_ES)) is not None
