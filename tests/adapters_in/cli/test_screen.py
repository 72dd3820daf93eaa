"""Tables in files and in terminals: no digit of a number is ever left out."""

from io import StringIO

import pytest
from rich.table import Table

from adapters_in.cli.screen import Screen

_TIME, _PRICE = "2024-01-01T00:00:00Z", "95943.86000123456"


def _shown(*, terminal: bool, width: int) -> list[str]:
    table = Table()
    for name in ("time", "open", "high", "low", "close"):
        table.add_column(name, no_wrap=True)
    table.add_row(_TIME, *[_PRICE] * 4)
    screen = Screen(file=StringIO(), force_terminal=terminal, width=width, color_system=None)
    screen.show(table)
    assert isinstance(screen.file, StringIO)
    return [line for line in screen.file.getvalue().splitlines() if "│" in line]


def test_a_file_has_one_line_per_row() -> None:
    """Whatever the width of the terminal that started it, a row in a file is one whole line."""
    [row] = _shown(terminal=False, width=40)
    assert [cell.strip() for cell in row.strip("│").split("│")] == [_TIME, *[_PRICE] * 4]


@pytest.mark.parametrize("width", [60, 80, 200])
def test_a_terminal_shows_every_digit(width: int) -> None:
    """What does not fit goes on in the next line of its cell."""
    rows = [row.strip("│").split("│") for row in _shown(terminal=True, width=width)]
    assert max(len(row) for row in rows) == 5
    cells = ["".join(piece.strip() for piece in column) for column in zip(*rows, strict=True)]
    assert cells == [_TIME, *[_PRICE] * 4]
