"""What every InstrumentStore promises."""

from collections.abc import Iterator

import pytest

from adapters_out.memory.instrument_store import MemoryInstrumentStore
from adapters_out.postgres.instrument_store import PostgresInstrumentStore
from adapters_out.postgres.pool import PostgresPool
from domain.instrument import Instrument, Listing
from ports.instrument_store import InstrumentStore
from tests.runner import Run


@pytest.fixture(params=["memory", "postgres"])
def store(request: pytest.FixtureRequest, run: Run) -> Iterator[InstrumentStore]:
    """Each store in turn."""
    if request.param == "memory":
        yield MemoryInstrumentStore()
        return
    pool = PostgresPool(request.getfixturevalue("database_url"))
    run(pool.open())
    yield PostgresInstrumentStore(pool)
    run(pool.close())


def _pair(
    provider: str, base: str, quote: str, symbol: str = "", *, active: bool = True
) -> Listing:
    return Listing(provider, symbol or f"{base}{quote}", Instrument.pair(base, quote), active)


BINANCE = (
    _pair("binance", "BTC", "USDT"),
    _pair("binance", "ETH", "BTC"),
    _pair("binance", "WBTC", "BTC"),
    _pair("binance", "BTC", "BIDR", active=False),
)


def test_nothing_is_listed_at_first(run: Run, store: InstrumentStore) -> None:
    """Every question has an empty answer before the first list."""
    assert run(store.fetched_at("binance")) is None
    assert run(store.of_symbol("binance", "BTCUSDT")) is None
    assert run(store.of_instrument("BTC-USDT")) == []
    assert run(store.search("BTC", 10)) == []


def test_a_list_answers_by_symbol_and_by_instrument(run: Run, store: InstrumentStore) -> None:
    """A provider's spelling leads to its listing, an instrument to everybody's."""
    kraken = _pair("kraken", "BTC", "USDT", "XBTUSDT")
    run(store.replace("binance", BINANCE, 1_700_000_000.25))
    run(store.replace("kraken", [kraken], 1_700_000_001.0))
    assert run(store.of_symbol("kraken", "XBTUSDT")) == kraken
    assert run(store.of_symbol("binance", "XBTUSDT")) is None
    assert run(store.of_symbol("binance", "\0")) is None
    assert run(store.of_instrument("BTC-USDT")) == [BINANCE[0], kraken]
    assert run(store.fetched_at("binance")) == 1_700_000_000.25


def test_a_new_list_replaces_the_old_one(run: Run, store: InstrumentStore) -> None:
    """What is no longer listed stays known but inactive; what returns is active again."""
    run(store.replace("binance", BINANCE, 1.0))
    run(store.replace("kraken", [_pair("kraken", "ETH", "BTC", "XETHXXBT")], 1.0))
    run(store.replace("binance", BINANCE[:1], 2.0))
    gone = run(store.of_symbol("binance", "ETHBTC"))
    assert gone is not None
    assert not gone.active
    assert [each.active for each in run(store.of_instrument("ETH-BTC"))] == [False, True]
    moved = Listing("binance", "BTCUSDT", Instrument.pair("BTC", "USD"))
    run(store.replace("binance", [BINANCE[0], moved, BINANCE[1]], 3.0))
    assert run(store.of_symbol("binance", "BTCUSDT")) == moved
    assert run(store.of_symbol("binance", "ETHBTC")) == BINANCE[1]
    assert run(store.fetched_at("binance")) == 3.0


def test_search_finds_beginnings_before_middles(run: Run, store: InstrumentStore) -> None:
    """Prefixes come first, traded ones before delisted ones; wildcards are plain characters."""
    run(store.replace("binance", BINANCE, 1.0))
    found = run(store.search("BTC", 10))
    assert [each.symbol for each in found] == ["BTCUSDT", "BTCBIDR", "ETHBTC", "WBTCBTC"]
    assert [each.symbol for each in run(store.search("BTC", 2))] == ["BTCUSDT", "BTCBIDR"]
    assert [each.symbol for each in run(store.search("BTC-U", 9))] == ["BTCUSDT"]
    assert run(store.search("%", 9)) == []
    assert run(store.search("_", 9)) == []
