"""From JSON objects to a :class:`Sheet`: rows as Structs whose fields are called like columns."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from operator import attrgetter
from typing import Any, TypeVar

import msgspec
import numpy as np
import orjson
from msgspec import Struct, field
from msgspec.structs import astuple, fields, replace

from adapters_out.provider_kit.cells import packed
from adapters_out.provider_kit.rows import Rows, mended, sheet_of_columns, sheet_of_numbers, text_of
from adapters_out.provider_kit.sheet import Sheet
from domain.bars import Floats, Ints

T = TypeVar("T")

_COLUMNS = ("ts", "open", "high", "low", "close", "volume", "vwap", "trades")
_PRICED = _COLUMNS[:5]
_PART = 256 * 1024  # bytes


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


def decoded_doubles(body: bytes, kind: type[T]) -> T:
    """The content of a body of which most is doubles written out in full: in half the time.

    Raises:
        msgspec.DecodeError: the body is not of that shape.
    """
    try:
        return msgspec.convert(orjson.loads(body), kind)
    except orjson.JSONDecodeError as fault:
        raise msgspec.DecodeError(str(fault)) from None


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
    body: Rows,
    row: type[Struct],
    unit: int = 1,
    facts: Collection[str] = (),
    texts: Mapping[str, Callable[[str], float]] | None = None,
    stamps: Callable[[Sequence[str]], Ints | None] | None = None,
) -> Sheet | None:
    """A JSON array of objects as a sheet, at full speed.

    For rows with a number wherever one of them has one; None for any others: decode them for
    :func:`sheet_of_objects`. So it is, too, where a row has a field of ``row`` that is no column:
    it has to be looked at, unless it is one of the ``facts``, which are numbers, or ``texts``,
    which tell one, each a fact as well. ``stamps`` reads times that are texts (Unix s), None if
    one is no time.
    """
    told = texts or {}
    decoder = _numeric(row, tuple(facts), (*told, "ts") if stamps else tuple(told))
    sheets: list[Sheet] = []
    for part in _parts(body):
        sheet = _read_part(part, decoder, unit, told, stamps)
        if sheet is None or (sheets and sheets[0].facts.keys() != sheet.facts.keys()):
            return None
        sheets.append(sheet)
    return replace(_joined(sheets), text=text_of(body))


def _parts(body: Rows) -> Iterator[Rows]:
    """Arrays of some thousand rows each: their numbers fit into the caches of a processor."""
    view, start = memoryview(body), 1
    while len(view) - start > _PART:
        piece = bytes(view[start : start + _PART])
        end = piece.rfind(b"},{") + 1
        if not end:
            break
        yield b"".join((b"[", memoryview(piece)[:end], b"]"))
        start += end + 1
    yield body if start == 1 else b"".join((b"[", view[start:]))


def _read_part(
    body: Rows,
    decoder: msgspec.json.Decoder[list[Struct]],
    unit: int,
    told: Mapping[str, Callable[[str], float]],
    stamps: Callable[[Sequence[str]], Ints | None] | None,
) -> Sheet | None:
    try:
        columns = _columns(decoder.decode(body))
    except msgspec.DecodeError:
        return None
    others = {name: columns.pop(name) for name in columns.keys() - {*_COLUMNS}}
    if stamps:
        columns["ts"] = _stamped(columns.get("ts", ()), stamps)
    if not all(columns.get(name) for name in _PRICED):
        return None
    sheet = sheet_of_numbers(columns, unit)
    known = {n: _told(c, told[n]) if n in told else packed(c, "d") for n, c in others.items()}
    whole = not sheet.unread and all(column is not None for column in known.values())
    return replace(sheet, facts=known) if whole else None


def _joined(sheets: Sequence[Sheet]) -> Sheet:
    """Sheets that follow each other as one."""
    if len(sheets) == 1:
        return sheets[0]
    columns = map(np.concatenate, zip(*(sheet.columns() for sheet in sheets), strict=True))
    whole = replace(sheets[0], **dict(zip(_COLUMNS, columns, strict=True)))
    facts = {n: np.concatenate([s.facts[n] for s in sheets]) for n in whole.facts}
    return replace(whole, facts=facts)


@lru_cache(maxsize=64)
def _numeric(
    row: type[Struct], facts: tuple[str, ...], words: tuple[str, ...]
) -> msgspec.json.Decoder[list[Struct]]:
    """Reads rows whose columns and facts are numbers, or words; of other fields there is none."""
    kinds: dict[str, Any] = dict.fromkeys((*_COLUMNS, *facts), int | float | str | None)
    kinds |= dict.fromkeys(words, str | None)
    columns = [
        (f.name, kinds.get(f.name), field(name=f.encode_name, default=None)) for f in fields(row)
    ]
    kind = msgspec.defstruct(row.__name__, columns, gc=False)
    return msgspec.json.Decoder(list.__class_getitem__(kind))


def _columns(rows: Sequence[Struct]) -> dict[str, Sequence[Any]]:
    """The fields that a row has; it is by far the fastest way to them."""
    names = rows[0].__struct_fields__ if rows else ()
    cells = tuple(chain.from_iterable(map(astuple, rows)))
    columns = {name: cells[place :: len(names)] for place, name in enumerate(names)}
    return {n: c for n, c in columns.items() if c[0] is not None or set(c) != {None}}


def _stamped(
    cells: Sequence[str | None], read: Callable[[Sequence[str]], Ints | None]
) -> list[int]:
    """The times that the texts tell, none at all if one tells none."""
    told = [cell for cell in cells if cell is not None]
    found = read(told) if len(told) == len(cells) else None
    return [] if found is None else found.tolist()


def _told(cells: Sequence[str | None], read: Callable[[str], float]) -> Floats | None:
    """The number that each text tells, most of them the same; None if one is missing."""
    known = {cell: None if cell is None else read(cell) for cell in set(cells)}
    return None if None in known else np.array([known[cell] for cell in cells], np.float64)
