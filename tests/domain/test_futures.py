"""Tickers of contracts and the years behind their one digit."""

import calendar

import pytest

from domain.contract_names import contract_of, delivery_end, ticker_of
from domain.errors import InvalidRequest
from domain.futures import (
    RECORDS,
    Contract,
    FuturesKind,
    newest_of,
    record_of,
)
from domain.instrument import Instrument


def _december(year: int) -> int:
    return calendar.timegm((year, 12, 1, 0, 0, 0))


@pytest.mark.parametrize(
    ("text", "year", "found"),
    [
        ("ESZ5", 2025, "ESZ2025"),
        ("ESZ5", 2026, "ESZ2025"),
        ("ESU0", 2025, "ESU2030"),
        ("ESH1", 2025, "ESH2021"),
        ("ESH1", 2026, "ESH2031"),
        ("GCJ5", 2021, "GCJ2025"),
        ("6CH5", 2025, "6CH2025"),
        ("00CN5", 2025, "00CN2025"),
        ("MESU6", 2026, "MESU2026"),
        ("ESZ25", 2026, "ESZ2025"),
        ("ESZ99", 2026, "ESZ1999"),
        ("ESZ2015", 2026, "ESZ2015"),
    ],
)
def test_the_year_of_a_ticker_is_the_nearest(text: str, year: int, found: str) -> None:
    """In December five of ten years lie ahead; a whole year is taken at its word."""
    contract = contract_of(text, _december(year))
    assert contract is not None
    assert contract.id == found


@pytest.mark.parametrize("text", ["AAPL", "BTC-USDT", "ESA5", "Z5", "ESZ", "ESZ123", "NQH7-NQM7"])
def test_other_texts_are_no_contracts(text: str) -> None:
    """No month, no root, no year, or a spread."""
    assert contract_of(text, _december(2025)) is None


def test_a_contract_and_its_ticker_are_inverse() -> None:
    """For every month of the ten years around."""
    for year in range(2021, 2031):
        for month in "FGHJKMNQUVXZ":
            contract = Instrument.future("CL", month, year)
            assert contract_of(ticker_of(contract), _december(2025)) == contract


def test_a_ticker_needs_a_contract() -> None:
    """A stock has none."""
    with pytest.raises(InvalidRequest):
        ticker_of(Instrument.stock("AAPL"))


@pytest.mark.parametrize(("ltd", "found"), [("2025-12-19", "CLF2026"), ("2026-01-20", "CLF2026")])
def test_the_last_day_of_trading_tells_the_decade(ltd: str, found: str) -> None:
    """It may lie in the year before that of delivery."""
    contract = Contract(ticker="CLF6", last_trade_date=ltd).instrument
    assert contract is not None
    assert contract.id == found


def test_a_contract_ends_with_its_month() -> None:
    """At the latest; December runs into the next year."""
    december, march = Instrument.future("ES", "Z", 2025), Instrument.future("ES", "H", 2026)
    assert delivery_end(december) == calendar.timegm((2026, 1, 1, 0, 0, 0))
    assert delivery_end(march) == calendar.timegm((2026, 4, 1, 0, 0, 0))


def test_the_newest_of_several_tellings_counts() -> None:
    """Among those of the same contract."""
    told = [
        Contract(ticker="ESU0", last_trade_date="2030-09-20", date="2025-07-01"),
        Contract(ticker="ESU0", last_trade_date="2030-09-20", date="2025-07-02", active=True),
        Contract(ticker="ESU0", last_trade_date="2020-09-18", date="2025-07-03"),
    ]
    newest = newest_of(told, Instrument.future("ES", "U", 2030))
    assert newest == told[1]
    assert newest_of(told, Instrument.future("ES", "U", 2040)) is None


def test_every_kind_has_its_record() -> None:
    """And each record another kind."""
    assert {record_of(kind).kind for kind in FuturesKind} == set(FuturesKind)
    assert len(RECORDS) == len(FuturesKind)
