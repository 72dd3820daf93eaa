"""The golden table: how eleven providers spell two hundred instruments.

The ways of a row: ``read`` means that the spelling alone tells the instrument, ``listed`` that it
takes the list of the provider, which has to be named, and ``both`` that our file of that provider
also writes it so. The spellings are those of the providers' own documentation; ``at`` is the day
for which a ticker is meant, else it is 2025-11-20.
"""

import csv
from datetime import datetime
from pathlib import Path

import pytest
from msgspec import Struct

from adapters_out.memory.clock import ManualClock
from adapters_out.memory.instrument_store import MemoryInstrumentStore
from adapters_out.provider_kit.discovery import discover
from application.resolve_symbol import ResolveSymbol
from bootstrap.catalogue import PREFERENCE
from domain.errors import NotListed
from domain.instrument import Instrument, Listing, resolve_symbol
from tests.runner import Run


class Row(Struct, frozen=True):
    """One line of the table."""

    provider: str
    symbol: str
    instrument: str
    at: str
    ways: str

    @property
    def day(self) -> int | None:
        """The day for which it is meant, Unix s."""
        return _seconds(self.at) if self.at else None


def _seconds(day: str) -> int:
    return int(datetime.fromisoformat(f"{day}T00:00Z").timestamp())


def _rows() -> list[Row]:
    with (Path(__file__).parent / "golden_symbols.csv").open(newline="") as lines:
        return [Row(**line) for line in csv.DictReader(lines)]


ROWS = _rows()
NOW = _seconds("2025-11-20")
PROVIDERS = discover()
WRITERS = {name: p.spell for name, p in PROVIDERS.items() if p.spell is not None}
EACH = pytest.mark.parametrize("row", ROWS, ids=lambda r: f"{r.provider}-{r.symbol}-{r.at}")


def test_the_table_is_whole() -> None:
    """Two hundred different mappings, with every provider that we know."""
    assert len({(row.provider, row.symbol, row.at) for row in ROWS}) == len(ROWS) >= 200
    assert {row.provider for row in ROWS} == set(PREFERENCE)


@EACH
def test_a_providers_spelling_is_understood(run: Run, row: Row) -> None:
    """As a user writes it, in any case, from the spelling or from the provider's list."""
    clock, lists = ManualClock(float(NOW)), MemoryInstrumentStore()
    resolve = ResolveSymbol(lists, clock)
    if row.ways != "listed":
        for text in (row.symbol, row.symbol.lower()):
            assert run(resolve(text, row.day)).id == row.instrument
        return
    instrument = resolve_symbol(row.instrument)
    run(lists.replace(row.provider, [Listing(row.provider, row.symbol, instrument)], NOW))
    assert run(resolve(row.symbol, row.day, row.provider)) == instrument


@pytest.mark.parametrize(
    "row",
    [row for row in ROWS if row.ways == "both" and row.provider in WRITERS],
    ids=lambda r: f"{r.provider}-{r.instrument}",
)
def test_our_file_of_a_provider_writes_its_spelling(row: Row) -> None:
    """The other direction."""
    instrument = resolve_symbol(row.instrument)
    assert WRITERS[row.provider](instrument) == row.symbol


# The one weakness of bare tickers: a coin of that name is meant, the stock needs its exchange.
COINS_FIRST = {"DASH"}


@pytest.mark.parametrize(
    "row",
    [row for row in ROWS if row.instrument not in COINS_FIRST],
    ids=lambda r: f"{r.provider}-{r.symbol}-{r.at}",
)
def test_the_canonical_name_is_its_own(run: Run, row: Row) -> None:
    """An id that we print means the same when it is written back."""
    resolve = ResolveSymbol(MemoryInstrumentStore(), ManualClock(float(NOW)))
    assert run(resolve(row.instrument)).id == row.instrument


@pytest.mark.parametrize("name", sorted(WRITERS))
def test_tether_is_not_the_dollar(name: str) -> None:
    """No provider writes a pair with USDT as it writes the one with USD."""
    written: list[str] = []
    for quote in ("USDT", "USD"):
        try:
            written.append(WRITERS[name](Instrument.pair("BTC", quote)))
        except NotListed:
            continue
    assert len(set(written)) == len(written)
