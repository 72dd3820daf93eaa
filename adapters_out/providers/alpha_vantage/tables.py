"""Alpha Vantage's two ways of writing a table: CSV, or JSON objects keyed by time.

Both come newest first and every value is text. CSV is asked for where there are many rows: it is
a third of the size, and read many times as fast.
"""

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import msgspec
import numpy as np
from msgspec import Raw, Struct
from msgspec.structs import replace

from adapters_out.provider_kit.cells import Unreadable, number
from adapters_out.provider_kit.rows import sheet_of_columns, sheet_of_rows
from adapters_out.provider_kit.sheet import Layout, Sheet
from adapters_out.provider_kit.wall_clock import unix_of
from domain.bars import Ints
from domain.interval import Interval

NEW_YORK = "America/New_York"
_BARS = ("open", "high", "low", "close", "volume")
_STAMPS = frozenset({"timestamp", "time"})
# "Time Series (5min)", "Weekly Adjusted Time Series", "Technical Analysis: SMA".
_DATA = re.compile("Series|Technical Analysis")
_PLACE = re.compile(r"^\d+[.:] ")  # "1. open", "05. price"
_PLAIN = b"0123456789.,\n"
# A stamp without its signs is YYYYMMDD or YYYYMMDDhhmmss.
_SIGNS, _LAST_DATE = b"-: ", 10**8
_DAY = 86_400

Text = str | float | None
Place = Callable[[Ints], Ints]


class Table(Struct, frozen=True):
    """Columns by name, in the order of the rows as they came; ``times`` are local seconds."""

    times: list[int | None]
    columns: Mapping[str, list[Text]]


def plain(name: str) -> str:
    """A column's name without its place: ``8. split coefficient`` is ``split_coefficient``."""
    return _PLACE.sub("", name).replace(" ", "_")


def read_table(body: bytes) -> Table:
    """A series or an indicator, JSON or CSV; a time that cannot be read is None.

    Raises:
        Unreadable: there is no data in it.
    """
    return _of_json(body) if body.lstrip()[:1] == b"{" else _of_csv(body)


def read_bars(body: bytes, place: Place) -> Sheet:
    """Bars as sent; ``place`` turns their local times into the Unix seconds of their opens."""
    sheet = None
    with suppress(msgspec.MsgspecError, ValueError):  # the other way tells what is wrong
        sheet = _quick(body)
    if sheet is None:
        table = read_table(body)
        columns = {name: table.columns[name] for name in _BARS}
        sheet = sheet_of_columns({"ts": table.times, **columns})
    return replace(sheet, ts=place(sheet.ts))


def read_indicator(body: bytes, interval: Interval) -> Mapping[int, float]:
    """The values of an indicator (RSI, SMA, …) by the open (Unix s) of the bar they belong to.

    Raises:
        Unreadable: it is no table of one value per time.
    """
    table = read_table(body)
    if len(table.columns) != 1 or None in table.times:
        raise Unreadable("it holds not one value per time")
    (values,) = table.columns.values()
    local = np.array(table.times, dtype=np.int64)
    opens = unix_of(NEW_YORK, local) if interval.seconds < _DAY else local
    return {interval.floor(t): number(v) for t, v in zip(opens.tolist(), values, strict=True)}


def _of_json(body: bytes) -> Table:
    answer = msgspec.json.decode(body, type=dict[str, Raw])
    series = [value for key, value in answer.items() if _DATA.search(key)]
    if len(series) != 1:
        raise Unreadable("there is no series in it")
    rows = msgspec.json.decode(series[0], type=dict[str, dict[str, Any]])
    cells = [item for row in rows.values() for item in row.items()]
    names = dict.fromkeys(name for name, cell in cells if not isinstance(cell, dict | list))
    columns = {plain(name): [row.get(name) for row in rows.values()] for name in names}
    return Table([_local(stamp) for stamp in rows], columns or {n: [] for n in _BARS})


def _of_csv(body: bytes) -> Table:
    if not body.endswith(b"\n"):
        raise Unreadable("its last line breaks off")
    names, *rows = [line.split(",") for line in body.decode().split("\n")]
    names = [name.strip() for name in names]
    cells = [[cell.strip() for cell in row] for row in rows if row != [""]]
    if names[0] not in _STAMPS or any(len(row) != len(names) for row in cells):
        raise Unreadable("it is no table with times")
    times, *columns = zip(*cells, strict=True) if cells else ([],) * len(names)
    named = {plain(n): list[Text](c) for n, c in zip(names[1:], columns, strict=True)}
    return Table([_local(stamp) for stamp in times], named)


def _local(stamp: str) -> int | None:
    """``2026-05-15``, ``2017-12-20 14:00`` and ``2017-12-20 14:00:00`` as local seconds."""
    try:
        return int(datetime.fromisoformat(stamp).replace(tzinfo=UTC).timestamp())
    except ValueError:
        return None


def _quick(body: bytes) -> Sheet | None:
    """A CSV table of nothing but plain numbers, None if it is not that."""
    head, _, rows = body.replace(b"\r\n", b"\n").partition(b"\n")
    names = head.decode().split(",")
    if names[0] not in _STAMPS or b",-" in rows or not rows.endswith(b"\n"):
        return None
    cells = rows.rstrip(b"\n").translate(None, _SIGNS)
    if not cells or cells.translate(None, _PLAIN):
        return None
    places = {name: names.index(name) for name in _BARS}
    table = b"".join((b"[[", cells.replace(b"\n", b"],["), b"]]"))
    sheet = sheet_of_rows(table, Layout(ts=0, **places))
    ts = _seconds(sheet.ts)
    return None if sheet.unread or ts is None else replace(sheet, ts=ts)


def _seconds(stamps: Ints) -> Ints | None:
    """The stamps as local seconds; None if one names no day or time."""
    if int(stamps.min()) < _LAST_DATE:
        stamps = stamps * 1_000_000
    date, time = np.divmod(stamps, 1_000_000)
    months = (date // 10_000 - 1970) * 12 + date // 100 % 100 - 1
    days = months.astype("datetime64[M]").astype("datetime64[D]") + (date % 100 - 1)
    hour, minute, second = time // 10_000, time // 100 % 100, time % 100
    exists = (date // 100 % 100 - 1 < 12) & (hour < 24) & (minute < 60) & (second < 60)
    exists &= days.astype("datetime64[M]").astype(np.int64) == months
    if not exists.all():
        return None
    local: Ints = days.astype(np.int64) * _DAY + hour * 3600 + minute * 60 + second
    return local
