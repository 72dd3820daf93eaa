"""Bars between numpy columns and PostgreSQL's binary formats, without a Python object per value.

The formats are those of the server's send and receive functions (`src/backend/utils/adt`):
``timestamptz`` is int64 µs since 2000-01-01, floats are IEEE 754, everything is big-endian. An
array is ``int32 dimensions, has-null, element oid, length, lower bound`` and then for each element
an ``int32`` byte count and the value. Bars come as one string of rows of 72 bytes: the server
needs less for that than for an array per column, and two thirds of the bytes.
"""

import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg.adapt import Dumper
from psycopg.pq import Format

from domain.bars import COLUMNS, BarSeries, Ints
from domain.errors import InvalidRequest
from domain.interval import Interval

_EPOCH_S = 946_684_800  # 2000-01-01
_EPOCH_US = _EPOCH_S * 1_000_000
# The years 1 to 9999, which both timestamptz and TimescaleDB's partitioning can express.
_FIRST_S, _LAST_S = -62_135_596_800, 253_402_300_799

_ARRAY_HEADER = struct.Struct(">iiIii")
_ELEMENT_BYTES = 8
_VALUES = len(COLUMNS) + 1  # and known_at
_COPY_HEADER = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
_COPY_TRAILER = struct.pack(">h", -1)
_TIMESTAMPTZ, _TIMESTAMPTZ_ARRAY = 1184, 1185

FOREVER = np.iinfo(np.int64).max  # 'infinity' of timestamptz

_OPTIONAL = ("volume", "vwap", "trades")


class Moment:
    """A timestamptz parameter from integers, exact and without a datetime.

    Before the year 1 and after 9999 it becomes the nearest moment that exists.
    """

    __slots__ = ("us",)

    def __init__(self, *, seconds: int | None = None, us: int = 0) -> None:
        """Unix seconds or microseconds."""
        whole = us if seconds is None else seconds * 1_000_000
        self.us = min(max(whole, _FIRST_S * 1_000_000), _LAST_S * 1_000_000) - _EPOCH_US


class Moments:
    """A ``timestamptz[]`` parameter, packed by numpy, from Unix µs; FOREVER stays it."""

    __slots__ = ("data",)

    def __init__(self, us: Ints | Sequence[int]) -> None:
        """Between the years 1 and 9999, or FOREVER."""
        given = np.asarray(us, dtype=np.int64)
        packed = np.empty(len(given), dtype=[("bytes", ">i4"), ("value", ">i8")])
        packed["bytes"] = _ELEMENT_BYTES
        packed["value"] = np.where(given == FOREVER, given, given - _EPOCH_US)
        self.data = _ARRAY_HEADER.pack(1, 0, _TIMESTAMPTZ, len(given), 1) + packed.tobytes()


class _MomentDumper(Dumper):
    format = Format.BINARY
    oid = _TIMESTAMPTZ

    def dump(self, obj: Moment) -> bytes:
        return struct.pack(">q", obj.us)


class _MomentsDumper(Dumper):
    format = Format.BINARY
    oid = _TIMESTAMPTZ_ARRAY

    def dump(self, obj: Moments) -> bytes:
        return obj.data


psycopg.adapters.register_dumper(Moment, _MomentDumper)
psycopg.adapters.register_dumper(Moments, _MomentsDumper)


def to_postgres_time(seconds: Ints) -> Ints:
    """µs since 2000-01-01, from Unix seconds.

    Raises:
        InvalidRequest: a moment before the year 1 or after 9999.
    """
    if len(seconds) and (seconds.min() < _FIRST_S or seconds.max() > _LAST_S):
        raise InvalidRequest("A bar lies outside of what can be stored, the years 1 to 9999.")
    return (seconds - _EPOCH_S) * 1_000_000


# All bars of a question as one value, in the order of their rows; what was not sent is NaN or -1.
BARS = """string_agg(
  (timestamptz_send(ts) || float8send(open) || float8send(high))
  || (float8send(low) || float8send(close) || float8send(coalesce(volume, 'NaN')))
  || (float8send(coalesce(vwap, 'NaN')) || int8send(coalesce(trades, -1))
    || timestamptz_send(known_at)), ''::bytea)"""


def unpack_bars(interval: Interval, sent: bytes | None) -> tuple[BarSeries, Ints]:
    """The bars of ``BARS``, ascending, and their ``known_at`` (Unix µs).

    None is what no rows aggregate to.
    """
    rows = np.frombuffer(sent or b"", dtype=">i8").reshape(-1, _VALUES)
    # One pass turns the bytes round and the rows into columns: a float is moved like an integer.
    columns = rows.T.astype(np.int64, order="C")
    ts, trades, known_at = columns[0], columns[7], columns[8]
    open_, high, low, close, volume, vwap = columns[1:7].view(np.float64)
    values = (open_, high, low, close, volume, vwap, trades)
    return BarSeries(interval, ts // 1_000_000 + _EPOCH_S, *values), known_at + _EPOCH_US


def pack_rows(
    series_id: int, series: BarSeries, known_at: int | Ints, superseded_at: int | None = None
) -> bytes:
    """The rows as a binary COPY into ``bars`` or, with ``superseded_at``, ``bar_revisions``.

    ``known_at`` of all or of each, Unix µs. A NULL has no bytes, so rows that miss the same
    values have the same length: each such kind is packed at once. Ordinarily there is one.
    """
    absent = np.isnan(series.volume) * 1 + np.isnan(series.vwap) * 2 + (series.trades < 0) * 4
    columns: dict[str, tuple[str, Any]] = {
        "series_id": (">i4", series_id),
        "ts": (">i8", to_postgres_time(series.ts)),
    }
    for name in COLUMNS[1:]:
        columns[name] = (">i8" if name == "trades" else ">f8", getattr(series, name))
    columns["known_at"] = (">i8", np.full(len(series), known_at, dtype=np.int64) - _EPOCH_US)
    if superseded_at is not None:
        columns["superseded_at"] = (">i8", superseded_at - _EPOCH_US)
    parts = (_pack_alike(columns, absent == kind, int(kind)) for kind in np.unique(absent))
    return b"".join((_COPY_HEADER, *parts, _COPY_TRAILER))


def _pack_alike(
    columns: dict[str, tuple[str, Any]], chosen: NDArray[np.bool_], absent: int
) -> bytes:
    """The chosen rows, all of which miss the values that ``absent`` has a bit for."""
    missing = {name for bit, name in enumerate(_OPTIONAL) if absent >> bit & 1}
    layout: list[tuple[str, str]] = [("fields", ">i2")]
    for name, (code, _) in columns.items():
        layout.append((f"{name}_bytes", ">i4"))
        if name not in missing:
            layout.append((name, code))
    rows = np.empty(np.count_nonzero(chosen), dtype=layout)
    rows["fields"] = len(columns)
    for name, (code, column) in columns.items():
        rows[f"{name}_bytes"] = -1 if name in missing else int(code[-1])
        if name not in missing:
            whole = np.ndim(column) == 0 or len(rows) == len(chosen)
            rows[name] = column if whole else column[chosen]
    return rows.tobytes()
