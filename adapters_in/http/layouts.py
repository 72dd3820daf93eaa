"""The bars of an answer as bytes in every layout."""

from collections.abc import Sequence
from enum import Enum

import msgspec

from adapters_in.http.bar_columns import Columns, bar_rows, iso_rows, ts_rows
from adapters_in.http.bodies_bars import BarColumns
from domain.bars import PRICES

_json = msgspec.json.Encoder()


class Layout(Enum):
    """How the bars are laid out; the last two are those of consumers."""

    ROWS = "rows"
    COLUMNS = "columns"
    CSV = "csv"
    NDJSON = "ndjson"
    TS_ROWS = "ts_rows"
    ISO_ROWS = "iso_rows"


# The layouts that have no JSON envelope around them.
MEDIA_TYPES = {Layout.CSV: "text/csv; charset=utf-8", Layout.NDJSON: "application/x-ndjson"}


def lay_out(columns: Columns, layout: Layout, *, demo: bool) -> bytes:
    """The bytes; ``demo`` marks every row of a layout without an envelope."""
    if layout is Layout.CSV:
        return _csv(columns, demo=demo)
    if layout is Layout.NDJSON:
        return _json.encode_lines(bar_rows(columns, demo=demo))
    if layout is Layout.COLUMNS:
        return _json.encode(_columns(columns))
    rows = {Layout.TS_ROWS: ts_rows, Layout.ISO_ROWS: iso_rows}.get(layout, bar_rows)
    return _json.encode(rows(columns))


def _columns(columns: Columns) -> dict[str, object]:
    named = _named(columns)
    return {name: named[name] for name in BarColumns.__struct_fields__ if name in named}


def _named(columns: Columns) -> dict[str, Sequence[object]]:
    """Every column that there is, in the order of CSV."""
    prices = dict(zip(PRICES, columns.prices, strict=True))
    every = {
        "ts": columns.ts,
        "timestamp": columns.ts,
        **prices,
        "volume": columns.volume,
        "final": columns.final,
        "vwap": columns.vwap,
        "trades": columns.trades,
        "filled": columns.filled,
    }
    return {name: column for name, column in every.items() if column is not None}


def _csv(columns: Columns, *, demo: bool) -> bytes:
    """A header and one line per bar, numbers as in JSON, nothing for null."""
    named = _named(columns)
    if demo:
        named["demo"] = [True] * len(columns.ts)
    cells = [_cells(column) for column in named.values()]
    lines = map(b",".join, zip(*cells, strict=True))
    return b"\n".join((",".join(named).encode(), *lines, b""))


def _cells(column: Sequence[object]) -> list[bytes]:
    text = _json.encode(column)[1:-1]
    return text.replace(b"null", b"").split(b",") if column else []
