"""Codes of futures contracts, and the decades that they do not tell."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.contract_code import (
    KNOWN_ROOTS,
    MONTHS,
    ContractCode,
    full_year,
    is_contract,
    nearest_year,
    read_contract,
)

NOW = datetime(2025, 11, 20, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("code", "contract"),
    [
        ("ESZ5", ("ES", "Z", 2025)),
        ("ESZ25", ("ES", "Z", 2025)),
        ("ESZ2025", ("ES", "Z", 2025)),
        ("ESH6", ("ES", "H", 2026)),
        ("ESU0", ("ES", "U", 2030)),
        ("ESU1", ("ES", "U", 2021)),
        ("6CH5", ("6C", "H", 2025)),
        ("M2KM7", ("M2K", "M", 2027)),
        ("GCJ4", ("GC", "J", 2024)),
        ("XYZF2031", ("XYZ", "F", 2031)),
    ],
)
def test_codes_are_read(code: str, contract: tuple[str, str, int]) -> None:
    """Root, month and year, whatever the number of digits."""
    assert read_contract(code, NOW) == ContractCode(*contract)


@pytest.mark.parametrize(
    "text", ["ABEV3", "NFLX34", "PETR4", "ESA5", "ES5", "Z5", "ESZ", "ESZ125", "1Z5", "", "AAPL"]
)
def test_what_is_no_code_of_a_known_root_is_none(text: str) -> None:
    """Tickers that look like one stay tickers."""
    assert read_contract(text, NOW) is None


def test_without_a_date_one_digit_tells_no_year() -> None:
    """Two digits and four do."""
    assert read_contract("ESZ5", None) is None
    assert read_contract("ESZ25", None) == ContractCode("ES", "Z", 2025)
    assert is_contract("ESZ5")
    assert not is_contract("ABEV3")


@given(st.sampled_from(sorted(KNOWN_ROOTS)), st.sampled_from(MONTHS), st.integers(2000, 2099))
def test_every_spelling_of_a_contract_is_one(root: str, month: str, year: int) -> None:
    """Near its month one digit is enough."""
    contract = ContractCode(root, month, year)
    assert read_contract(f"{root}{month}{year}", None) == contract
    assert read_contract(f"{root}{month}{year % 100:02}", None) == contract
    at = datetime(year, MONTHS.index(month) + 1, 1, tzinfo=UTC).timestamp()
    assert read_contract(f"{root}{month}{year % 10}", at) == contract


@given(st.integers(0, 9), st.sampled_from(MONTHS), st.integers(0, 4_000_000_000))
def test_no_other_decade_is_nearer(digit: int, month: str, now: int) -> None:
    """The year ends in the digit and lies at most five years away."""
    year, today = nearest_year(digit, month, now), datetime.fromtimestamp(now, UTC)
    ahead = (year - today.year) * 12 + MONTHS.index(month) + 1 - today.month
    assert year % 10 == digit
    assert -60 < ahead <= 60


@given(st.integers(0, 99), st.sampled_from(MONTHS), st.integers(0, 4_000_000_000))
def test_two_digits_mean_the_nearest_century(digits: int, month: str, now: int) -> None:
    """By the same rule: at most fifty years away."""
    year, today = full_year(f"{digits:02}", month, now), datetime.fromtimestamp(now, UTC)
    assert year % 100 == digits
    assert -600 < (year - today.year) * 12 + MONTHS.index(month) + 1 - today.month <= 600
    assert full_year("1999", month, now) == 1999
