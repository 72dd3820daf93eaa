"""Alpha Vantage's tables of bars: CSV or JSON, newest first, the running bar among them."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime

import numpy as np

from adapters_in.simulator.actions import ACTIONS, unsplit
from adapters_in.simulator.assets import Asset
from adapters_in.simulator.columns import BarColumns, Grid
from adapters_in.simulator.dialects.alpha_vantage.words import (
    coin,
    is_free,
    said,
    stamps_of,
    stock,
    unknown,
)
from adapters_in.simulator.sessions import DAY, new_york_midnight
from adapters_in.simulator.wire import Reply, Request, World, decimal
from domain.actions import ActionKind
from domain.interval import Interval

_COMPACT, _ALL = 100, 50_000
_MONTH_S = 30 * DAY
_CSV = "application/x-download"
# The hours of New York open at half past, as its sessions do.
GRIDS: Mapping[str, Grid] = {
    "1min": Grid.of(Interval.M1),
    "5min": Grid.of(Interval.M5),
    "15min": Grid.of(Interval.M15),
    "30min": Grid.of(Interval.M30),
    "60min": Grid("60min", 3600, anchor=1800),
}
_BARS = ("open", "high", "low", "close", "volume")


def intraday(request: Request, world: World) -> Reply:
    """A month, or the last thirty days; minutes without a trade are left out."""
    asset, grid = stock(request, world), GRIDS.get(request.one("interval") or "")
    span = _month(request.one("month"), world.now)
    if asset is None or grid is None or span is None:
        return unknown(request)
    full = request.one("outputsize") == "full"
    rows = world.rows(asset, grid, start=span[0] if full else None, end=span[1], limit=_ALL)
    if request.one("adjusted") == "false":
        rows = unsplit(asset, rows)
    rows = rows.take(rows.trades > 0)
    midnight = rows.ts // DAY * DAY
    stamps = stamps_of(rows.ts + midnight - new_york_midnight(midnight))
    title = f"Time Series ({request.one('interval')})"
    return _series(request, title, stamps, _plain(rows), None if full else _COMPACT)


def _month(text: str | None, now: float) -> tuple[int, int] | None:
    """What a month spans, the last thirty days if none is named, None if there is no such."""
    if text is None:
        return math.floor(now) - _MONTH_S, math.floor(now) + DAY
    try:
        first = int(datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC).timestamp())
    except ValueError:
        return None
    return first, Interval.MO1.shift(first, 1)


def days(request: Request, world: World) -> Reply:
    """Raw days: a hundred of them, or all for those who pay."""
    asset, full = stock(request, world), request.one("outputsize") == "full"
    if asset is None:
        return unknown(request)
    adjusted = request.one("function") == "TIME_SERIES_DAILY_ADJUSTED"
    if is_free(request) and (full or adjusted):
        return said("premium")
    market = world.rows(asset, Grid.of(Interval.D1), start=None, end=None, limit=_ALL)
    rows = unsplit(asset, market)
    columns = _with_actions(asset, rows, market) if adjusted else _plain(rows)
    size = None if full else _COMPACT
    return _series(request, "Time Series (Daily)", stamps_of(rows.ts), columns, size)


def _with_actions(asset: Asset, rows: BarColumns, market: BarColumns) -> dict[str, list[str]]:
    paid, split = np.zeros(len(rows)), np.ones(len(rows))
    for action in ACTIONS.get(asset.id, ()):
        on = rows.ts == action.ex_date
        paid[on] += action.amount
        if action.kind is ActionKind.SPLIT:
            split[on] = action.ratio
    *prices, volume = _plain(rows).items()
    return dict(
        [
            *prices,
            ("adjusted close", [decimal(x, 4) for x in market.close.tolist()]),
            volume,
            ("dividend amount", [decimal(x, 4) for x in paid.tolist()]),
            ("split coefficient", [decimal(x, 1) for x in split.tolist()]),
        ]
    )


def periods(request: Request, world: World) -> Reply:
    """Weeks or months of a stock, each dated on its last day of trading so far."""
    asset, weekly = stock(request, world), request.one("function") == "TIME_SERIES_WEEKLY"
    if asset is None:
        return unknown(request)
    grid = Grid.of(Interval.W1 if weekly else Interval.MO1)
    rows = unsplit(asset, world.rows(asset, grid, start=None, end=None, limit=_ALL))
    days = world.rows(asset, Grid.of(Interval.D1), start=None, end=None, limit=_ALL).ts
    last = days[np.searchsorted(days, rows.closes) - 1]
    title = f"{'Weekly' if weekly else 'Monthly'} Time Series"
    return _series(request, title, stamps_of(last), _plain(rows), None)


COIN_PERIODS = {"DAILY": Interval.D1, "WEEKLY": Interval.W1, "MONTHLY": Interval.MO1}


def coin_periods(request: Request, world: World) -> Reply:
    """About a year of days, or all weeks and months, dated at their last day."""
    asset = coin(request, world, "symbol", "market")
    name = (request.one("function") or "").rpartition("_")[2]
    if asset is None:
        return unknown(request)
    limit = 350 if name == "DAILY" else _ALL
    grid = Grid.of(COIN_PERIODS[name])
    rows = world.rows(asset, grid, start=None, end=None, limit=limit)
    today = math.floor(world.now) // DAY * DAY
    last = rows.ts if name == "DAILY" else np.minimum(rows.closes - DAY, today)
    title = f"Time Series (Digital Currency {name.capitalize()})"
    return _series(request, title, stamps_of(last), _plain(rows, 8, asset.lots), None)


def coin_intraday(request: Request, world: World) -> Reply:
    """The newest thousand at most, for those who pay."""
    asset = coin(request, world, "symbol", "market")
    grid = GRIDS.get(request.one("interval") or "")
    if is_free(request):
        return said("premium")
    if asset is None or grid is None:
        return unknown(request)
    limit = 1000 if request.one("outputsize") == "full" else _COMPACT
    if grid.anchor:
        grid = Grid.of(Interval.H1)
    rows = world.rows(asset, grid, start=None, end=None, limit=limit)
    title = f"Time Series Crypto ({request.one('interval')})"
    return _series(request, title, stamps_of(rows.ts), _plain(rows, 5, asset.lots), None)


def _plain(rows: BarColumns, places: int = 4, lots: int = 0) -> dict[str, list[str]]:
    """The five columns as text."""
    columns = {
        name: [decimal(x, places) for x in getattr(rows, name).tolist()] for name in _BARS[:4]
    }
    return columns | {"volume": [decimal(x, lots) for x in rows.volume.tolist()]}


def _series(
    request: Request,
    title: str,
    stamps: list[str],
    columns: Mapping[str, list[str]],
    newest: int | None,
) -> Reply:
    """A table as it was asked for, newest first."""
    lines = list(zip(stamps, *columns.values(), strict=True))[::-1][:newest]
    if request.one("datatype") == "csv":
        head = ",".join(("timestamp", *(name.replace(" ", "_") for name in columns)))
        text = "".join(f"{line}\r\n" for line in (head, *map(",".join, lines)))
        return Reply(text.encode(), content_type=_CSV)
    names = [f"{place}. {name}" for place, name in enumerate(columns, 1)]
    zone = {"4. Time Zone": "US/Eastern"}
    meta = {"1. Information": title, "2. Symbol": request.one("symbol")}
    if lines:
        meta["3. Last Refreshed"] = lines[0][0]
    rows = {stamp: dict(zip(names, cells, strict=True)) for stamp, *cells in lines}
    return Reply.json({"Meta Data": meta | zone, title: rows})
