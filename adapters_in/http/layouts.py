"""The bars of an answer as bytes in every layout."""

from collections.abc import Mapping
from enum import Enum

import msgspec
import orjson

from adapters_in.http.bar_columns import Column, Columns, bar_rows, iso_rows, ts_rows
from adapters_in.http.bodies_bars import BarColumns

_json = msgspec.json.Encoder()


class Layout(Enum):
    """How the bars are laid out; the last two are those of consumers."""

    ROWS = "rows"
    COLUMNS = "columns"
    CSV = "csv"
    NDJSON = "ndjson"
    TS_ROWS = "ts_rows"
    ISO_ROWS = "iso_rows"


# What the layouts without an envelope say in headers instead.
LABELS = {
    "X-FKS-Provider": "who answered.",
    "X-FKS-Stale": "whether newer bars are due (not told as of a moment).",
    "X-FKS-Substituted": "whether it was not the first choice.",
    "X-FKS-Demo": "whether the prices are synthetic.",
    "X-FKS-Rolled-Up-From": "the interval that the bars were computed from, if another.",
    "X-FKS-Adjusted": "what the prices are adjusted for, if anything.",
    "X-FKS-Actions-From": "whose splits and dividends we adjusted by, if any.",
}
# The layouts that have no JSON envelope around them.
MEDIA_TYPES = {Layout.CSV: "text/csv; charset=utf-8", Layout.NDJSON: "application/x-ndjson"}


def lay_out(columns: Columns, layout: Layout, *, demo: bool) -> bytes:
    """The bytes; ``demo`` marks every row of a layout without an envelope."""
    if layout is Layout.CSV:
        return _csv(columns, demo=demo)
    if layout is Layout.NDJSON:
        return _json.encode_lines(bar_rows(columns, demo=demo))
    if layout is Layout.COLUMNS:
        return _columns(columns)
    rows = {Layout.TS_ROWS: ts_rows, Layout.ISO_ROWS: iso_rows}.get(layout, bar_rows)
    return _json.encode(rows(columns))


def _columns(columns: Columns) -> bytes:
    texts = _texts(columns)
    members = (
        b'"%b":%b' % (name.encode(), texts[name])
        for name in BarColumns.__struct_fields__
        if name in texts
    )
    return b"{%b}" % b",".join(members)


def _texts(columns: Columns) -> Mapping[str, bytes]:
    """Every column as a JSON array, in the order of CSV."""
    texts = {name: _array(column) for name, column in columns.named().items()}
    if "trades" in texts:
        texts["trades"] = texts["trades"].replace(b"-1", b"null")
    return {"ts": texts["ts"], "timestamp": texts["ts"], **texts}


def _array(column: Column) -> bytes:
    """Numbers straight out of numpy: a third of the time of a list of floats. NaN is null."""
    return orjson.dumps(column, option=orjson.OPT_SERIALIZE_NUMPY)


def _csv(columns: Columns, *, demo: bool) -> bytes:
    """A header and one line per bar, numbers as in JSON, nothing for null."""
    texts = _texts(columns)
    cells = [text[1:-1].replace(b"null", b"").split(b",") for text in texts.values()]
    if demo:
        cells.append([b"true"] * len(columns.ts))
    names = [*texts, "demo"] if demo else texts
    lines = map(b",".join, zip(*cells, strict=True)) if len(columns.ts) else ()
    return b"\n".join((",".join(names).encode(), *lines, b""))
