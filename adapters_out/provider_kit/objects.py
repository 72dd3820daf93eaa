"""From JSON objects to a :class:`Sheet`: rows as Structs whose fields are called like columns."""

from collections.abc import Sequence
from operator import attrgetter
from typing import TypeVar

import msgspec
from msgspec import Struct

from adapters_out.provider_kit.rows import mended, sheet_of_columns
from adapters_out.provider_kit.sheet import Sheet

T = TypeVar("T")

_COLUMNS = ("ts", "open", "high", "low", "close", "volume", "vwap", "trades")
_PRICED = _COLUMNS[:5]


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
