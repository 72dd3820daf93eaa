"""Ticks as the arrays of an INSERT and as the rows of a SELECT."""

import struct
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import psycopg
from msgspec import Struct
from psycopg.adapt import Dumper
from psycopg.pq import Format

from adapters_out.postgres.foreign_text import storable_text
from domain.ticks import Quote, Side, Stamp, StoredTicks, T, Trade, marks

_HEADER = struct.Struct(">iiIii")
_BIGINT, _BIGINT_ARRAY = 20, 1016
_DOUBLE, _DOUBLE_ARRAY = 701, 1022


class BigInts:
    """A ``bigint[]`` parameter, packed by numpy."""

    __slots__ = ("data",)

    def __init__(self, values: Sequence[int]) -> None:
        """64-bit integers."""
        self.data = _packed(values, ">i8", _BIGINT)


class Doubles:
    """A ``float8[]`` parameter, packed by numpy; None becomes NaN, which the statement undoes."""

    __slots__ = ("data",)

    def __init__(self, values: Sequence[float | None]) -> None:
        """Finite numbers or None."""
        self.data = _packed(values, ">f8", _DOUBLE)


class _BigIntsDumper(Dumper):
    format = Format.BINARY
    oid = _BIGINT_ARRAY

    def dump(self, obj: BigInts) -> bytes:
        return obj.data


class _DoublesDumper(Dumper):
    format = Format.BINARY
    oid = _DOUBLE_ARRAY

    def dump(self, obj: Doubles) -> bytes:
        return obj.data


psycopg.adapters.register_dumper(BigInts, _BigIntsDumper)
psycopg.adapters.register_dumper(Doubles, _DoublesDumper)


class TickTable(Struct, frozen=True):
    """One kind of tick in the database: its table and the columns of its own, with their types.

    ``number`` columns travel as ``float8[]``, the others as ``text[]``. ``revisions`` is where a
    row goes when the same tick comes with other values; without it the first ones stay.
    """

    name: str
    numbers: tuple[str, ...]
    texts: tuple[str, ...]
    revisions: str = ""

    @property
    def insert(self) -> bytes:
        """Writes what is new; the parameters are those of :func:`parameters_of`."""
        own = (*self.numbers, *self.texts)
        given = [f"nullif({name}, 'NaN') AS {name}" for name in self.numbers] + list(self.texts)
        arrays = [f"%({name})s::bigint[]" for name in ("ts_ns", "mark", "ordinal")]
        arrays += [f"%({name})s::float8[]" for name in self.numbers]
        arrays += [f"%({name})s::text[]" for name in self.texts]
        columns = f"series_id, received_ns, ts_ns, mark, ordinal, {', '.join(own)}"
        return f"""
        WITH fresh AS (
          SELECT DISTINCT ON (ts_ns, mark) %(series)s::integer AS series_id,
            %(received)s::bigint AS received_ns, ts_ns, mark, ordinal, {", ".join(given)}
          FROM unnest({", ".join(arrays)})
            WITH ORDINALITY AS sent (ts_ns, mark, ordinal, {", ".join(own)}, place)
          ORDER BY ts_ns, mark, place
        ){self._kept(columns)}
        INSERT INTO {self.name} ({columns}) SELECT {columns} FROM fresh
        {self._conflict()}
        """.encode()  # noqa: S608  # put together from the constants below

    def _kept(self, columns: str) -> str:
        """Keeps what is about to change: every part of a statement sees the rows of before."""
        if not self.revisions:
            return ""
        mine = ", ".join(f"held.{name}" for name in columns.split(", "))
        return f""", kept AS (
          INSERT INTO {self.revisions} ({columns}, superseded_ns)
          SELECT {mine}, fresh.received_ns
          FROM fresh JOIN {self.name} AS held USING (ts_ns, mark)
          WHERE held.series_id = %(series)s AND held.ts_ns BETWEEN %(first)s AND %(last)s
            AND {self._values("held")} IS DISTINCT FROM {self._values("fresh")}
          ON CONFLICT DO NOTHING
        )"""  # noqa: S608  # put together from the constants below

    def _conflict(self) -> str:
        if not self.revisions:
            return "ON CONFLICT DO NOTHING"
        changed = ("received_ns", *self.numbers, *self.texts)
        return f"""ON CONFLICT (series_id, ts_ns, mark) DO UPDATE
        SET {", ".join(f"{name} = excluded.{name}" for name in changed)}
        WHERE {self._values(self.name)} IS DISTINCT FROM {self._values("excluded")}"""  # noqa: S608  # see above

    def _values(self, table: str) -> str:
        """What makes a tick another one."""
        return f"({', '.join(f'{table}.{name}' for name in (*self.numbers, *self.texts))})"

    def select(self, order: str) -> bytes:
        """Reads the first ticks of a range in that order."""
        own = ", ".join((*self.numbers, *self.texts))
        return f"""
        SELECT received_ns, ts_ns, {own} FROM {self.name}
        WHERE ts_ns >= %(start)s AND ts_ns < %(end)s AND series_id = (
          SELECT id FROM tick_series
          WHERE kind = %(kind)s AND instrument = %(instrument)s AND provider = %(provider)s
        )
        ORDER BY ts_ns {order}, ordinal {order}, mark {order} LIMIT %(limit)s
        """.encode()  # noqa: S608  # put together from the constants below


_TRADES = TickTable("trades", ("price", "size"), ("id", "side", "session"), "trade_revisions")
_QUOTES = TickTable(
    "quotes", ("bid_price", "bid_size", "ask_price", "ask_size"), ("stamp", "session")
)


def table_of(kind: type[T]) -> TickTable:
    """Where ticks of that kind lie."""
    return _TRADES if issubclass(kind, Trade) else _QUOTES


def parameters_of(
    table: TickTable, series: int, ticks: Sequence[Trade | Quote], received_ns: int
) -> Mapping[str, object]:
    """The parameters of ``table.insert`` for ticks, of which there is at least one."""
    mark, moments = marks(ticks), [tick.ts_ns for tick in ticks]
    return {
        "series": series,
        "received": received_ns,
        "first": min(moments),
        "last": max(moments),
        "ts_ns": BigInts(moments),
        "mark": BigInts([m for _, m in mark]),
        "ordinal": BigInts([ordinal for ordinal, _ in mark]),
        **{name: Doubles([getattr(t, name) for t in ticks]) for name in table.numbers},
        **{name: [_text(getattr(t, name)) for t in ticks] for name in table.texts},
    }


def ticks_of(kind: type[T], rows: Sequence[Sequence[Any]]) -> StoredTicks[T]:
    """The rows of ``table.select`` as ticks."""
    read: Any = _trade if issubclass(kind, Trade) else _quote
    return StoredTicks(tuple(map(read, rows)), tuple(row[0] for row in rows))


def _trade(row: Sequence[Any]) -> Trade:
    _, ts_ns, price, size, name, side, session = row
    taker = None if side is None else Side(side)
    return Trade(ts_ns=ts_ns, price=price, size=size, id=name, side=taker, session=session)


def _quote(row: Sequence[Any]) -> Quote:
    return Quote(
        ts_ns=row[1],
        bid_price=row[2],
        bid_size=row[3],
        ask_price=row[4],
        ask_size=row[5],
        stamp=Stamp(row[6]),
        session=row[7],
    )


def _text(value: Side | Stamp | str | None) -> str | None:
    if value is None:
        return None
    return storable_text(value if isinstance(value, str) else value.value)


def _packed(values: Sequence[float | None], code: str, oid: int) -> bytes:
    rows = np.empty(len(values), dtype=[("bytes", ">i4"), ("value", code)])
    rows["bytes"] = rows.dtype["value"].itemsize
    rows["value"] = np.array(values, dtype=code[1:])
    return _HEADER.pack(1, 0, oid, len(values), 1) + rows.tobytes()
