"""Aggregates of Polygon: raw or adjusted for splits, by New York's calendar for stocks."""

import datetime as dt
import math
import re
from typing import NamedTuple

import numpy as np

from adapters_in.simulator.actions import unsplit
from adapters_in.simulator.assets import Asset
from adapters_in.simulator.columns import BarColumns, Grid
from adapters_in.simulator.dialects.polygon.speech import (
    assets,
    cursor_of,
    failed,
    is_pair,
    number,
    request_id,
    volume_of,
)
from adapters_in.simulator.noise import Ints
from adapters_in.simulator.sessions import new_york_midnight
from adapters_in.simulator.wire import Reply, Request, World
from domain.interval import Interval
from domain.renames import holder

_MINUTE, _HOUR, _DAY, _WEEK = 60, 3600, 86_400, 604_800
_SPANS = {"minute": _MINUTE, "hour": _HOUR, "day": _DAY, "week": _WEEK}
_LETTERS = {"minute": "m", "hour": "h", "day": "d", "week": "w"}
_SUNDAY = 3 * _DAY  # 1970-01-04
_MOST = 50_000
_PLACES = 6  # of raw prices and volumes, at most


class _Ask(NamedTuple):
    """One stretch of one series; ``start`` and ``end`` (exclusive) in Unix seconds."""

    asset: Asset
    grid: Grid
    start: int
    end: int
    limit: int
    raw: bool
    newest: bool

    @property
    def page(self) -> int:
        """How many bars a page holds: the limit counts minutes, or days."""
        return max(1, self.limit // (self.grid.seconds // self.unit))

    @property
    def unit(self) -> int:
        """The length of a base aggregate."""
        return _MINUTE if self.grid.seconds < _DAY else _DAY

    @property
    def is_daily(self) -> bool:
        """Whether its bars are days or longer of New York."""
        return self.grid.seconds >= _DAY and not is_pair(self.asset)


def in_range(request: Request, world: World, found: re.Match[str]) -> Reply:
    """The bars of a stretch, page by page."""
    ticker, count, span, first, last = found.groups()
    bounds = _bound(first, "floor"), _bound(last, "ceil")
    # A history is filed under the ticker of the day; ours is told apart by its first day.
    asset = assets(world).get(holder(ticker, bounds[0] or 0))
    grid = _grid(int(count), span, asset)
    limit = int(request.one("limit") or 5000)
    if grid is None or bounds[0] is None or bounds[1] is None or not 0 < limit <= _MOST:
        return failed(400, "ERROR", "error", "Could not parse the time range or timespan")
    if asset is None or bounds[0] >= bounds[1]:
        return _rendered(world, ticker, request, "", None)
    newest = request.one("sort") == "desc"
    raw = request.one("adjusted") == "false"
    ask = _Ask(asset, grid, bounds[0], bounds[1], limit, raw, newest)
    rows = _rows(ask, world)
    link = None if newest else _link(request, world, ask, rows, found)
    return _rendered(world, ticker, request, _lines(ask, rows), link)


def previous(request: Request, world: World, found: re.Match[str]) -> Reply:
    """The day before, stamped at its end: 16:00 in New York, or midnight for a coin."""
    asset = assets(world).get(found[1])
    if asset is None:
        return _rendered(world, found[1], request, "", None)
    today = math.floor(world.now) // _DAY * _DAY
    ask = _Ask(asset, Grid.of(Interval.D1), 0, today, 1, raw=True, newest=True)
    rows = world.rows(asset, ask.grid, start=None, end=today, limit=1)
    closed = rows.ts + _DAY - 1 if is_pair(asset) else new_york_midnight(rows.ts) + 16 * _HOUR
    stamped = f'{{"T":"{found[1]}",' + _line(asset, unsplit(asset, rows), closed, 0)[1:]
    return _rendered(world, found[1], request, stamped, None)


def _grid(count: int, span: str, asset: Asset | None) -> Grid | None:
    """Where its bars open; the domain's own name for corrections."""
    if span == "month":
        return Grid.of(Interval.MO1) if count == 1 else None
    if span not in _SPANS or not count:
        return None
    seconds = count * _SPANS[span]
    if span == "week":
        # The days of a stock are the same from Sunday as from Monday.
        anchor = _SUNDAY if asset is None or is_pair(asset) else _SUNDAY + _DAY
    else:
        anchor = 0 if asset is None or is_pair(asset) or seconds <= _HOUR else 5 * _HOUR
    anchor = 0 if span == "day" else anchor
    return Grid(f"{count}{_LETTERS[span]}", seconds, anchor)


def _bound(text: str, side: str) -> int | None:
    """The first second of a date or at a moment in ms, or the one behind the last."""
    if text.isdecimal():
        ms = int(text)
        return ms // 1000 + 1 if side == "ceil" else -(-ms // 1000)
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        return None
    return (day.toordinal() - dt.date(1970, 1, 1).toordinal() + (side == "ceil")) * _DAY


def _rows(ask: _Ask, world: World) -> BarColumns:
    start, end = ask.start, ask.end
    if ask.is_daily and ask.grid.seconds == _WEEK:  # asked from Sunday, kept from Monday
        start, end = start + _DAY, end + _DAY
    first = None if ask.newest else start
    rows = world.rows(ask.asset, ask.grid, start=first, end=end, limit=ask.page)
    if ask.newest:
        rows = rows.take(slice(None, None, -1))
    return unsplit(ask.asset, rows) if ask.raw else rows


def _link(
    request: Request, world: World, ask: _Ask, rows: BarColumns, found: re.Match[str]
) -> str | None:
    """The following page, its start in ms, if there is anything on it."""
    if len(rows) < ask.page or not len(rows):
        return None
    following = ask.grid.shift(ask.grid.floor(int(rows.ts.max())), 1)
    if not len(world.rows(ask.asset, ask.grid, start=following, end=ask.end, limit=1)):
        return None
    kept = "&".join(f"{n}={request.one(n)}" for n in ("limit", "sort", "adjusted"))
    stamp = int(_stamps(ask, np.array([following], dtype=np.int64))[0]) * 1000
    path = request.path[: found.start(4)] + f"{stamp}{request.path[found.end(4) :]}"
    kept_open = "&".join(f"{n}={v}" for n, v in request.query if n not in {"cursor", "apiKey"})
    return f"{world.origin}{path}?{kept_open}&cursor={cursor_of(kept)}"


def _stamps(ask: _Ask, ts: Ints) -> Ints:
    """When a bar opens by New York's clock; its weeks on Sunday."""
    if not ask.is_daily:
        return ts
    return new_york_midnight(ts - (_DAY if ask.grid.seconds == _WEEK else 0))


def _lines(ask: _Ask, rows: BarColumns) -> str:
    """Only bars in which something was traded."""
    traded = rows.take(rows.trades > 0)
    stamps = _stamps(ask, traded.ts)
    return ",".join(_line(ask.asset, traded, stamps, k) for k in range(len(traded)))


def _line(asset: Asset, rows: BarColumns, stamps: Ints, k: int) -> str:
    places = asset.decimals if is_pair(asset) else _PLACES
    prices = {"o": rows.open[k], "c": rows.close[k], "h": rows.high[k], "l": rows.low[k]}
    written = ",".join(f'"{name}":{number(float(p), places)}' for name, p in prices.items())
    volume = volume_of(float(rows.volume[k]), asset.lots if is_pair(asset) else 2)
    return (
        f'{{"v":{volume},"vw":{number(float(rows.vwap[k]), places + 2)},{written},'
        f'"t":{int(stamps[k]) * 1000},"n":{int(rows.trades[k])}}}'
    )


def _rendered(
    world: World, ticker: str, request: Request, lines: str, next_url: str | None
) -> Reply:
    """No results at all where there are none."""
    adjusted = "false" if request.one("adjusted") == "false" else "true"
    count = lines.count('"t":')
    results = f'"results":[{lines}],' if lines else ""
    link = f'"next_url":"{next_url}",' if next_url else ""
    return Reply(
        f'{{"ticker":"{ticker}","queryCount":{count},"resultsCount":{count},"adjusted":{adjusted},'
        f'{results}{link}"status":"OK","request_id":"{request_id(world, request)}",'
        f'"count":{count}}}'.encode()
    )


def describe(rows: BarColumns) -> dict[str, float]:
    """One bar in a snapshot; all zero where there is none."""
    if not len(rows):
        return dict.fromkeys(("o", "h", "l", "c", "v", "vw"), 0)
    names = {"o": rows.open, "h": rows.high, "l": rows.low, "c": rows.close, "v": rows.volume}
    return {n: float(column[-1]) for n, column in (*names.items(), ("vw", rows.vwap))}
