"""Days and minutes of EODHD."""

import calendar
import datetime as dt
import math

from adapters_in.simulator.actions import unsplit
from adapters_in.simulator.assets import Asset
from adapters_in.simulator.columns import BarColumns, Grid
from adapters_in.simulator.dialects.eodhd.speech import assets, date, failed, number, price
from adapters_in.simulator.wire import Reply, Request, World
from domain.interval import Interval

_DAY = 86_400
_PERIODS = {"d": Interval.D1, "w": Interval.W1, "m": Interval.MO1}
# The longest stretch of each, in days.
_LONGEST = {"1m": 120, "5m": 600, "1h": 7200}
_DEFAULT_DAYS = 120
_ALL = 10_000_000
_HEADER = "Date,Open,High,Low,Close,Adjusted_close,Volume"


def days(request: Request, world: World, symbol: str) -> Reply:
    """The days, weeks or months of a stretch, as CSV unless told otherwise."""
    asset = assets(world).get(symbol)
    interval = _PERIODS.get(request.one("period") or "d")
    if asset is None:
        return failed(404, "Ticker Not Found.")
    bounds = [_midnight(request.one(name)) for name in ("from", "to")]
    if interval is None or "bad" in bounds:
        return failed(422, "Wrong parameters")
    start, last = (bound if isinstance(bound, int) else None for bound in bounds)
    end = None if last is None else last + _DAY
    first = asset.listed if start is None else start
    rows = world.rows(asset, Grid.of(interval), start=first, end=end, limit=_ALL)
    rows = rows.take(rows.trades > 0)
    if request.one("fmt") == "json":
        return Reply(f"[{','.join(_days(asset, rows))}]".encode())
    return _csv(asset, rows)


def _midnight(text: str | None) -> int | str | None:
    if not text:
        return None
    try:
        return calendar.timegm(dt.date.fromisoformat(text).timetuple())
    except ValueError:
        return "bad"


def _cells(asset: Asset, rows: BarColumns, k: int) -> tuple[str, ...]:
    """Open, high, low and close as paid, the close adjusted, the volume adjusted."""
    paid = unsplit(asset, rows.take(slice(k, k + 1)))
    prices = (paid.open[0], paid.high[0], paid.low[0], paid.close[0], rows.close[k])
    return (*(price(float(p), asset) for p in prices), number(float(rows.volume[k]), asset.lots))


def _days(asset: Asset, rows: BarColumns) -> list[str]:
    names = ("open", "high", "low", "close", "adjusted_close", "volume")
    found = []
    for k in range(len(rows)):
        cells = zip(names, _cells(asset, rows, k), strict=True)
        written = ",".join(f'"{name}":{text}' for name, text in cells)
        found.append(f'{{"date":"{date(int(rows.ts[k]))}",{written}}}')
    return found


def _csv(asset: Asset, rows: BarColumns) -> Reply:
    lines = [",".join((date(int(rows.ts[k])), *_cells(asset, rows, k))) for k in range(len(rows))]
    return Reply("\r\n".join((_HEADER, *lines, "")).encode(), content_type="text/html")


def intraday(request: Request, world: World, symbol: str) -> Reply:
    """The minutes or hours of a stretch, both ends included; no longer one than is allowed."""
    asset = assets(world).get(symbol)
    label = request.one("interval") or "5m"
    if asset is None:
        return failed(404, "Ticker Not Found.")
    now = math.floor(world.now)
    end = int(request.one("to") or now)
    start = int(request.one("from") or end - _DEFAULT_DAYS * _DAY)
    if label not in _LONGEST or end - start > _LONGEST[label] * _DAY:
        return failed(422, "Wrong interval, or the period is too long for it")
    grid = Grid.of(Interval(label))
    rows = world.rows(asset, grid, start=start, end=end + 1, limit=_ALL)
    rows = unsplit(asset, rows.take(rows.trades > 0))
    return Reply(f"[{','.join(_minute(asset, rows, k) for k in range(len(rows)))}]".encode())


def _minute(asset: Asset, rows: BarColumns, k: int) -> str:
    ts = int(rows.ts[k])
    moment = dt.datetime.fromtimestamp(ts, dt.UTC).strftime("%Y-%m-%d %H:%M:%S")
    prices = {"open": rows.open, "high": rows.high, "low": rows.low, "close": rows.close}
    written = ",".join(f'"{name}":{price(float(c[k]), asset)}' for name, c in prices.items())
    volume = number(float(rows.volume[k]), max(asset.lots, 2))
    return f'{{"timestamp":{ts},"gmtoffset":0,"datetime":"{moment}",{written},"volume":{volume}}}'
