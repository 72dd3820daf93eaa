"""From JSON objects to a :class:`Sheet`: rows as Structs whose fields are called like columns."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from operator import attrgetter
from typing import TypeVar

import msgspec
import numpy as np
from msgspec import Struct
from msgspec.structs import fields, replace

from adapters_out.provider_kit.rows import mended, sheet_of_columns, sheet_of_table, text_of
from adapters_out.provider_kit.sheet import Layout, Sheet
from adapters_out.provider_kit.table import DecimalTable
from domain.bars import Floats, Ints

T = TypeVar("T")

_COLUMNS = ("ts", "open", "high", "low", "close", "volume", "vwap", "trades")
_PRICED = _COLUMNS[:5]
_LARGE = re.compile(rb"([1-9])(?:\.(\d{1,17}))?e\+([0-2]\d)(?=[,}\]])")


def decoded(body: bytes | msgspec.Raw, decoder: msgspec.json.Decoder[T]) -> T:
    """The content of a body; a bare NaN or Infinity, which is no JSON, becomes a text.

    So it costs its own row only, if the fields of a row are declared as ``object``.

    Raises:
        msgspec.DecodeError: the body is not of that shape but for that.
    """
    try:
        return decoder.decode(body)
    except msgspec.DecodeError:
        content = mended(bytes(body))
        if content == bytes(body):
            raise
        return decoder.decode(content)


def sheet_of_objects(rows: Sequence[Struct], unit: int = 1) -> Sheet:
    """Structs of one type, whose fields are called like the columns of a bar, as a sheet.

    They hold numbers, decimal strings and None. ``ts open high low close`` must be there,
    ``volume vwap trades`` may be, others do not matter; ``unit`` is as in :class:`Layout`.
    """
    if not rows:
        return sheet_of_columns(dict.fromkeys(_PRICED, ()))
    known = set(type(rows[0]).__struct_fields__)
    names = [name for name in _COLUMNS if name in known]
    columns = {name: list(map(attrgetter(name), rows)) for name in names}
    return sheet_of_columns(columns, unit)


def sheet_of_alike(
    body: bytes | msgspec.Raw,
    row: type[Struct],
    unit: int = 1,
    facts: Collection[str] = (),
    texts: Mapping[str, Callable[[str], float]] | None = None,
    stamps: Callable[[Sequence[str]], Ints | None] | None = None,
) -> Sheet | None:
    """A JSON array of objects as a sheet without an object for each, at full speed.

    For rows that all have the same names in the same order and plain numbers, in compact JSON, as
    providers write them; None for any others: decode them for :func:`sheet_of_objects`. So it is,
    too, where a row has a field of ``row`` that is no column: it has to be looked at, unless it is
    one of the ``facts``, which are numbers, or ``texts``, which tell one, each a fact as well.
    ``stamps`` reads times that are texts (Unix s), None if one is no time.
    """
    content = bytes(body)
    table = DecimalTable.of(expanded(content))
    places = table.names if table is not None else {}
    found = {f.name: places[f.encode_name] for f in fields(row) if f.encode_name in places}
    known = {name: found.pop(name) for name in (*facts, *(texts or ())) if name in found}
    if table is None or not {*_PRICED} <= found.keys() <= {*_COLUMNS}:
        return None
    numbers = {name: place for name, place in known.items() if name in facts}
    told_ts = stamps(table.texts(found["ts"])) if stamps else None
    if stamps and told_ts is None:
        return None
    sheet = sheet_of_table(table, Layout(**found, unit=unit), numbers, told_ts)
    if sheet is None:
        return None
    told = {
        n: _told(table.texts(known[n]), read) for n, read in (texts or {}).items() if n in known
    }
    return replace(sheet, text=text_of(content), facts={**sheet.facts, **told})


def _told(cells: Sequence[str], read: Callable[[str], float]) -> Floats:
    """The number that each text tells; most of them are the same."""
    known = {cell: read(cell) for cell in set(cells)}
    return np.array([known[cell] for cell in cells])


def expanded(body: bytes) -> bytes:
    """JSON whose large numbers (``1.5e+06``) are written out; as it came if one cannot be."""
    parts, done, plus = [], 0, body.find(b"+")
    while plus >= 0:
        start = max(body.rfind(sign, done, plus) for sign in b":,[") + 1
        number = _LARGE.match(body, start)
        if number is None or not start:
            return body
        whole, fraction, exponent = number[1], number[2] or b"", int(number[3])
        digits = fraction.ljust(exponent, b"0")
        rest = digits[exponent:]
        parts += [body[done:start], whole, digits[:exponent], b"." + rest if rest else b""]
        done = number.end()
        plus = body.find(b"+", done)
    return b"".join((*parts, body[done:]))
