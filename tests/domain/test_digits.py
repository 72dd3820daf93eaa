"""A number with up to 15 significant digits comes out as it went in."""

from decimal import Decimal

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from domain.bars import Bar, BarSeries
from domain.interval import Interval
from tests.domain.made import T0

DIGITS = st.integers(1, 10**15 - 1)
PLACES = st.integers(-20, 15)
WRITTEN = st.builds(lambda digits, places: Decimal(digits).scaleb(places), DIGITS, PLACES)


def through_columns(price: float) -> Bar:
    """The price as every column of a series gives it back."""
    bar = Bar(ts=T0, open=price, high=price, low=price, close=price, volume=price, vwap=price)
    return BarSeries.of(Interval.M1, [bar]).bar(0)


@given(WRITTEN)
def test_json_numbers_keep_fifteen_digits(price: Decimal) -> None:
    """JSON number to float to column to JSON number: the same decimal."""
    read = msgspec.json.decode(f"{price}".encode(), type=float)
    said = msgspec.json.encode(through_columns(read))
    told = msgspec.json.decode(said, type=dict[str, msgspec.Raw])
    for name in ("open", "high", "low", "close", "volume", "vwap"):
        assert Decimal(bytes(told[name]).decode()) == price


@given(WRITTEN)
def test_number_strings_keep_fifteen_digits(price: Decimal) -> None:
    """The strings that exchanges send are read without loss, however they are written."""
    plain = f"{price:f}"
    for text in (plain, f"{price:E}"):
        bar = through_columns(float(text))
        assert Decimal(repr(bar.close)) == price
        lenient = msgspec.json.decode(f'"{text}"'.encode(), type=float, strict=False)
        assert lenient == bar.close


@given(WRITTEN)
def test_bars_survive_json(price: Decimal) -> None:
    """A bar that was written as JSON is read as the same bar."""
    bar = through_columns(float(price))
    assert msgspec.json.decode(msgspec.json.encode(bar), type=Bar) == bar
