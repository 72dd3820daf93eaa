"""From decoded JSON to a :class:`Sheet`.

:func:`sheet_of_rows` reads a JSON array of arrays (at full speed when every row looks alike),
:func:`sheet_of_columns` takes columns that a provider file has decoded itself.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
from msgspec import structs

from adapters_out.provider_kit import cells
from adapters_out.provider_kit.cells import Unreadable
from adapters_out.provider_kit.odd_rows import part_rows
from adapters_out.provider_kit.sheet import Layout, Sheet
from adapters_out.provider_kit.table import DecimalTable
from domain.bars import COLUMNS, PRICES, Floats, Ints

_FLOATS = (*PRICES, "volume", "vwap")
# In the order in which a row is shown.
_NAMES = ("ts", *_FLOATS, "trades")
_WHOLE = frozenset({"ts", "trades"})
_ROWS = msgspec.json.Decoder(list[msgspec.Raw])
_CELLS = msgspec.json.Decoder(list[object])
_TABLE = msgspec.json.Decoder(list[list[object]])
_NUMBERS = msgspec.json.Decoder(list[list[int | float]])
_UNEVEN = "ts: not a whole second"
_SHORT = 64 * 1024  # bytes
# What some languages write where JSON has no word.
_NO_JSON = re.compile(rb"(?<=[\[,:\s])(-?(?:NaN|Infinity))(?=[\],}\s])")

Rows = bytes | msgspec.Raw | memoryview
Columns = list[tuple[object, ...]]
Broken = tuple[Columns, dict[int, str]]


def sheet_of_rows(body: Rows, layout: Layout) -> Sheet:
    """A JSON array of arrays as a sheet; rows that cannot be read are named in ``unread``.

    Raises:
        msgspec.DecodeError: the body is no JSON array.
    """
    content = bytes(body)
    sheet = _fast(content, layout)
    if sheet is None:
        sheet = _mixed(content, layout)
    return sheet if sheet is not None else _general(content, layout)


def sheet_of_columns(
    columns: Mapping[str, Sequence[object]], unit: int = 1, broken: Mapping[int, str] | None = None
) -> Sheet:
    """A sheet from decoded columns of numbers, decimal strings and None.

    ``columns`` has ``ts open high low close`` and any of ``volume vwap trades``. None means "not
    sent" in the latter and makes the row unreadable in the former. ``unit`` is as in ``Layout``;
    ``broken`` are rows known to be unreadable.

    Raises:
        Unreadable: the columns differ in length.
    """
    rows = len(columns["ts"])
    if any(len(c) != rows for c in columns.values()):
        raise Unreadable("its columns differ in length")
    faults = dict(broken or {})
    raw = cells.integers(columns["ts"], _named("ts", faults), optional=False)
    nothing = [None] * rows
    numbers = {
        n: cells.floats(columns.get(n, nothing), _named(n, faults), optional=n not in PRICES)
        for n in _FLOATS
    }
    trades = cells.integers(columns.get("trades", nothing), _named("trades", faults), optional=True)
    return Sheet(
        ts=_seconds(raw, unit, faults),
        open=numbers["open"],
        high=numbers["high"],
        low=numbers["low"],
        close=numbers["close"],
        volume=numbers["volume"],
        vwap=numbers["vwap"],
        trades=trades,
        text=_shown(columns),
        unread=faults,
    )


def sheet_of_numbers(
    columns: Mapping[str, Sequence[object]],
    unit: int = 1,
    text: Callable[[int], str] | None = None,
) -> Sheet:
    """Likewise from columns of equal length without a boolean; much faster if all are numbers.

    ``text`` shows a row, if there is a better way than by its cells.
    """
    found = {n: cells.packed(c, "q" if n in _WHOLE else "d") for n, c in columns.items()}
    if any(column is None for column in found.values()):
        sheet = sheet_of_columns(columns, unit)
        return structs.replace(sheet, text=text or sheet.text)
    whole: dict[str, Any] = found
    rows, faults = len(whole["ts"]), dict[int, str]()
    whole["ts"] = _seconds(whole["ts"], unit, faults)
    absent = np.full(rows, np.nan)
    nothing = {"volume": absent, "vwap": absent, "trades": np.full(rows, -1)}
    return Sheet(**{**nothing, **whole}, text=text or _shown(columns), unread=faults)


def _shown(columns: Mapping[str, Sequence[object]]) -> Callable[[int], str]:
    """Shows a row by its cells."""
    return lambda i: msgspec.json.encode([c[i] for c in columns.values()]).decode()


def _named(column: str, faults: dict[int, str]) -> cells.Complain:
    """Remember the first complaint about each row, with the column's name."""

    def complain(index: int, why: str) -> None:
        faults.setdefault(index, f"{column}: {why}")

    return complain


def _seconds(raw: Ints, unit: int, faults: dict[int, str]) -> Ints:
    """Unix seconds; a stamp between two seconds is a fault of its row."""
    if not len(raw):
        return raw
    unit = unit or cells.epoch_unit(int(raw[0]))
    if unit == 1:
        return raw
    seconds: Ints = raw // unit
    uneven = seconds * unit != raw
    if np.count_nonzero(uneven):
        for index in np.flatnonzero(uneven).tolist():
            faults.setdefault(index, _UNEVEN)
    return seconds


def _fast(body: bytes, layout: Layout) -> Sheet | None:
    """The sheet of a table of plain numbers, None if a cell needs the general reader.

    To search a text for its points and commas is quickest by the row, and costs too much before
    the first one: a short page of bare numbers is left to the JSON decoder.
    """
    if len(body) < _SHORT and b'"' not in body[: body.find(b"]")]:
        return _bare(body, layout)
    table = DecimalTable.of(body)
    return None if table is None else _sheet_of_table(table, layout)


def _bare(body: bytes, layout: Layout) -> Sheet | None:
    """The sheet of a table in which there is nothing but numbers, None if there is anything."""
    try:
        columns = list(zip(*_NUMBERS.decode(body), strict=True))
        places = ((name, getattr(layout, name)) for name in _NAMES)
        picked = {name: columns[place] for name, place in places if place is not None}
    except (msgspec.DecodeError, ValueError, IndexError):
        return None
    return sheet_of_numbers(picked, layout.unit, text_of(body))


def _sheet_of_table(table: DecimalTable, layout: Layout) -> Sheet | None:
    """The sheet of a table of plain decimals, None if a cell is none."""
    decimals = {n: getattr(layout, n) for n in _FLOATS}
    decimals = {n: c for n, c in decimals.items() if c is not None}
    counts = [c for c in (layout.ts, layout.trades) if c is not None]
    if max(*decimals.values(), *counts) >= table.width:
        return None
    numbers = table.numbers(counts, [*decimals.values()])
    if numbers is None:
        return None
    columns: dict[str, Floats] = dict(zip(decimals, numbers.decimals, strict=True))
    absent = np.full(len(table), np.nan)
    faults: dict[int, str] = {}
    return Sheet(
        ts=_seconds(numbers.integers[0], layout.unit, faults),
        open=columns["open"],
        high=columns["high"],
        low=columns["low"],
        close=columns["close"],
        volume=columns.get("volume", absent),
        vwap=columns.get("vwap", absent),
        trades=numbers.integers[-1] if layout.trades is not None else np.full(len(table), -1),
        text=table.row,
        unread=faults,
    )


def _mixed(body: bytes, layout: Layout) -> Sheet | None:
    """The sheet of a table in which a few rows are odd, None if it is none."""
    parts = part_rows(body)
    plain = _fast(parts.plain, layout) if parts is not None else None
    if parts is None or plain is None or len(plain) != len(parts.plain_at):
        return None
    first = _CELLS.decode(plain.text(0))[layout.ts]
    unit = layout.unit or cells.epoch_unit(int(str(first)))
    try:
        odd = _general(parts.odd, structs.replace(layout, unit=unit))
    except msgspec.DecodeError:
        return None
    if len(odd) != len(parts.odd_at):
        return None
    order = np.argsort(np.concatenate((parts.plain_at, parts.odd_at)))
    pairs = zip(plain.columns(), odd.columns(), strict=True)
    columns: dict[str, Any] = {
        name: np.concatenate(pair)[order] for name, pair in zip(COLUMNS, pairs, strict=True)
    }
    unread = [*_at(parts.plain_at, plain.unread), *_at(parts.odd_at, odd.unread)]
    return Sheet(**columns, text=text_of(body), unread=dict(unread))


def _at(positions: Ints, faults: Mapping[int, str]) -> list[tuple[int, str]]:
    return [(int(positions[i]), why) for i, why in faults.items()]


def _general(body: bytes, layout: Layout) -> Sheet:
    """Cell by cell: a row that cannot be read is named, the others survive."""
    places = [getattr(layout, name) for name in _NAMES]
    even = _even(body, places)
    columns, broken = (even, {}) if even is not None else _uneven(_rows(body), places)
    sheet = sheet_of_columns(dict(zip(_NAMES, columns, strict=True)), layout.unit, broken)
    return structs.replace(sheet, text=text_of(body))


def text_of(body: Rows) -> Callable[[int], str]:
    """Shows a row as it came; they are told apart when the first is asked for."""
    rows: list[msgspec.Raw] = []

    def text(index: int) -> str:
        if not rows:
            rows.extend(_rows(bytes(body)))
        return bytes(rows[index]).decode()

    return text


def _even(body: bytes, places: Sequence[int | None]) -> Columns | None:
    """The wanted columns of a table, None unless all its rows are equally long."""
    try:
        rows = _TABLE.decode(body)
        columns = list(zip(*rows, strict=True))
        absent = (None,) * len(rows)
        return [absent if p is None else columns[p] for p in places] if rows else None
    except (msgspec.DecodeError, ValueError, IndexError):
        return None


def _uneven(rows: Sequence[msgspec.Raw], places: Sequence[int | None]) -> Broken:
    """The wanted columns row by row, and the rows that are none."""
    picked: list[list[object]] = []
    broken: dict[int, str] = {}
    for index, raw in enumerate(rows):
        try:
            found = _CELLS.decode(raw)
            picked.append([None if p is None else found[p] for p in places])
        except (msgspec.ValidationError, IndexError):
            broken[index] = "not a row of the expected length"
            picked.append([None] * len(places))
    return list(zip(*picked, strict=True)) if picked else [()] * len(places), broken


def _rows(body: bytes) -> list[msgspec.Raw]:
    """The rows; a bare NaN or Infinity in one, which is no JSON, becomes a text that is no number.

    Raises:
        msgspec.DecodeError: the body is no JSON array, or no array of rows but for that.
    """
    try:
        return _ROWS.decode(body)
    except msgspec.DecodeError:
        rows = _ROWS.decode(mended(body))
        if not all(bytes(row).startswith(b"[") for row in rows):
            raise
        return rows


def mended(body: bytes) -> bytes:
    """A body in which a bare NaN or Infinity is a text: JSON that may be read cell by cell."""
    return _NO_JSON.sub(rb'"\1"', body)
