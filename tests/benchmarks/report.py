"""What was measured, as a table for the terminal and a page of documentation."""

import sys
from collections.abc import Iterable
from dataclasses import dataclass

from tests.benchmarks.measuring import Spread

Cells = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """One comparison: a table, what it was beside, and how to read it.

    ``key`` chooses it on the command line; ``notes`` is Markdown.
    """

    key: str
    title: str
    header: Cells
    rows: tuple[Cells, ...]
    notes: str


def times(spread: Spread) -> str:
    """A ratio with its spread."""
    return f"{number(spread.median)} ({number(spread.low)}–{number(spread.high)})"


def duration(seconds: float) -> str:
    """Seconds in the unit that reads best."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{number(seconds / size)} {unit}"
    return f"{seconds * 1e9:.0f} ns"


def number(value: float) -> str:
    """Three digits, no exponent."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def noted(cells: Cells) -> Cells:
    """The row itself; shown at once, because the next one may take minutes."""
    print(" · ".join(cells), file=sys.stderr, flush=True)
    return cells


def as_text(section: Section) -> str:
    """For the terminal."""
    widths = [max(map(len, column)) for column in zip(section.header, *section.rows, strict=True)]
    lines = [_padded(cells, widths) for cells in (section.header, *section.rows)]
    rule = "  ".join("-" * width for width in widths)
    return "\n".join((section.title, "", lines[0], rule, *lines[1:], ""))


def as_markdown(section: Section) -> str:
    """For the page."""
    lines = [_row(section.header), _row(["---"] * len(section.header))]
    lines += [_row(cells) for cells in section.rows]
    return "\n\n".join((f"## {section.title}", "\n".join(lines), section.notes))


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _padded(cells: Cells, widths: Iterable[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()
