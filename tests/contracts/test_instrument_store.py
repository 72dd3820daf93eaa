"""What every InstrumentStore promises."""

from collections.abc import Iterator, Sequence

import pytest
from msgspec.structs import replace

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


def _stock(ticker: str, name: str = "", *, active: bool = True) -> Listing:
    return Listing("stocks", ticker, Instrument.stock(ticker), active, name=name)


STOCKS = (
    _stock("AAPL", "Apple Inc."),
    _stock("A", "Agilent Technologies"),
    _stock("META", "Meta Platforms"),
    Listing("stocks", "METAL", Instrument.stock("METAL"), True, 100, 2_000_000_000, "Été d'Acier"),
    _stock("XMETA", active=False),
)


def ids(listings: Sequence[Listing]) -> list[str]:
    """Their instruments."""
    return [each.instrument.id for each in listings]


def test_nothing_is_listed_at_first(run: Run, store: InstrumentStore) -> None:
    """Every question has an empty answer before the first list."""
    assert run(store.lists()) == {}
    assert run(store.spelled("BTCUSDT")) == []
    assert run(store.of_instrument("BTC-USDT")) == []
    assert run(store.search("BTC", 10)) == []


def test_a_list_answers_by_symbol_and_by_instrument(run: Run, store: InstrumentStore) -> None:
    """A provider's spelling leads to its listing, an instrument to everybody's."""
    kraken = _pair("kraken", "BTC", "USDT", "XBTUSDT")
    run(store.replace("binance", BINANCE, 1_700_000_000.25))
    run(store.replace("kraken", [kraken], 1_700_000_001.0))
    assert run(store.spelled("XBTUSDT")) == [kraken]
    assert run(store.spelled("\0")) == []
    assert run(store.of_instrument("BTC-USDT")) == [BINANCE[0], kraken]
    assert run(store.lists())["binance"] == 1_700_000_000.25


def test_a_new_list_replaces_the_old_one(run: Run, store: InstrumentStore) -> None:
    """What is no longer listed stays known but inactive; what returns is active again."""
    run(store.replace("binance", BINANCE, 1.0))
    run(store.replace("kraken", [_pair("kraken", "ETH", "BTC", "XETHXXBT")], 1.0))
    run(store.replace("binance", BINANCE[:1], 2.0))
    (gone,) = run(store.spelled("ETHBTC"))
    assert not gone.active
    assert [each.active for each in run(store.of_instrument("ETH-BTC"))] == [False, True]
    moved = Listing("binance", "BTCUSDT", Instrument.pair("BTC", "USD"))
    run(store.replace("binance", [BINANCE[0], moved, BINANCE[1]], 3.0))
    assert run(store.spelled("BTCUSDT"))[0] == replace(moved, valid_from=3)
    assert run(store.spelled("ETHBTC")) == [BINANCE[1]]
    assert run(store.lists())["binance"] == 3.0


def test_search_finds_beginnings_before_middles(run: Run, store: InstrumentStore) -> None:
    """Prefixes come first, traded ones before delisted ones; wildcards are plain characters."""
    run(store.replace("binance", BINANCE, 1.0))
    found = run(store.search("BTC", 10))
    assert [each.symbol for each in found] == ["BTCUSDT", "BTCBIDR", "ETHBTC", "WBTCBTC"]
    assert [each.symbol for each in run(store.search("BTC", 2))] == ["BTCUSDT", "BTCBIDR"]
    assert [each.symbol for each in run(store.search("BTC-U", 9))] == ["BTCUSDT"]
    assert run(store.search("%", 9)) == []
    assert run(store.search("_", 9)) == []


def test_search_finds_the_pairs_of_a_coin_before_ids_that_begin_like_it(
    run: Run, store: InstrumentStore
) -> None:
    """Many a coin has an id that begins with the code of a greater one."""
    coins = [
        _pair("coins", "BLOAP", "USD", "btc-long-only-alpha-portfolio"),
        _pair("coins", "BTC", "USD", "bitcoin"),
        _pair("coins", "BTC2", "USD", "bitcoin-2"),
    ]
    run(store.replace("coins", coins, 1.0))
    assert ids(run(store.search("BTC", 9))) == ["BTC-USD", "BLOAP-USD", "BTC2-USD"]


def test_search_ranks_the_exact_name_first_and_the_words_of_a_name_last(
    run: Run, store: InstrumentStore
) -> None:
    """A symbol, then what begins with it, then what holds it, then who is called so."""
    run(store.replace("stocks", STOCKS, 1.0))
    assert ids(run(store.search("META", 9))) == ["META", "METAL", "XMETA"]
    assert ids(run(store.search("PLATFORMS", 9))) == ["META"]
    assert ids(run(store.search("A", 3))) == ["A", "AAPL", "META"]
    assert ids(run(store.search("ÉTÉ", 9))) == ["METAL"]


def test_slips_of_the_keyboard_find_what_was_meant(run: Run, store: InstrumentStore) -> None:
    """One letter wrong, missing, too many or swapped, in symbols and in first words of names."""
    run(store.replace("stocks", STOCKS, 1.0))
    run(store.replace("binance", BINANCE, 1.0))
    for text in ("APPL", "AAPPL", "APL", "AAPK"):
        assert "AAPL" in ids(run(store.alike(text))), text
    for text in ("BTCUSTD", "btc/usdtt", "BTCUDT", "BTCUSDR"):
        assert ids(run(store.alike(text))) == ["BTC-USDT"], text
    assert ids(run(store.alike("APPLR"))) == ["AAPL"]
    assert run(store.alike("%")) == []
    assert run(store.alike("NOTHINGLIKEIT")) == []


def test_names_and_validity_are_kept(run: Run, store: InstrumentStore) -> None:
    """What the provider says of a listing comes back as it was."""
    run(store.replace("stocks", STOCKS, 1.0))
    assert run(store.spelled("METAL")) == [STOCKS[3]]


def test_what_is_delisted_ends(run: Run, store: InstrumentStore) -> None:
    """When we learned of it, unless the provider had said when; a return ends the ending."""
    run(store.replace("binance", BINANCE, 1.0))
    run(store.replace("binance", BINANCE[1:], 77.5))
    (ended,) = run(store.spelled("BTCUSDT"))
    assert (ended.active, ended.valid_from, ended.valid_to) == (False, None, 77)
    run(store.replace("binance", BINANCE[1:], 99.0))
    assert run(store.spelled("BTC-USDT")) == [ended]
    run(store.replace("binance", BINANCE, 101.0))
    assert run(store.spelled("BTCUSDT")) == [BINANCE[0]]


def test_a_symbol_that_changes_hands_is_remembered(run: Run, store: InstrumentStore) -> None:
    """The former meaning ends where the new one begins; repeated lists change nothing."""
    first = Listing("stocks", "META", Instrument.stock("METV"), name="Ball Metaverse")
    later = Listing("stocks", "META", Instrument.stock("META"), valid_from=50)
    last = Listing("stocks", "META", Instrument.stock("OTHER"))
    run(store.replace("stocks", [first], 10.0))
    for moment in (60.0, 61.0):
        run(store.replace("stocks", [later], moment))
    former = replace(first, active=False, valid_to=50)
    assert run(store.spelled("META")) == [later, former]
    for moment in (70.0, 80.0):
        run(store.replace("stocks", [last], moment))
    ended = replace(later, active=False, valid_to=70)
    assert run(store.spelled("META")) == [replace(last, valid_from=70), ended, former]
    assert run(store.spelled("METV")) == [former]
    assert run(store.of_instrument("META")) == []
