"""Single cells that may be empty, and the sides of a book."""

import pytest

from adapters_out.provider_kit.cells import (
    Unreadable,
    nonzero_number,
    optional_number,
    side_of_book,
)


def test_none_and_zero_are_two_things() -> None:
    """Where 0 may be a number it stays one."""
    assert [optional_number(cell) for cell in (None, 0, "0", "1.5")] == [None, 0, 0, 1.5]
    assert [nonzero_number(cell) for cell in (None, 0, "0.00", "1.5")] == [None, None, None, 1.5]


@pytest.mark.parametrize(
    ("price", "size", "side"),
    [
        ("10.5", "3", (10.5, 3.0)),
        (10.5, None, (10.5, None)),
        (10.5, 0, (10.5, 0.0)),
        (None, 3, (None, None)),
        ("0.00", "3", (None, None)),
    ],
)
def test_a_side_without_a_price_is_empty(
    price: object, size: object, side: tuple[float | None, float | None]
) -> None:
    """Its size is none either; a size that was not sent leaves the price."""
    assert side_of_book(price, size) == side


@pytest.mark.parametrize("cell", ["", "NaN", True, []])
def test_what_is_no_number_is_not_missing(cell: object) -> None:
    """It is unreadable."""
    with pytest.raises(Unreadable):
        optional_number(cell)
