"""Yahoo's charts as captured in 2025: parallel arrays with nulls, single precision, one live row.

Days are stamped with the moment of their open. Minutes without a trade are rows of nulls. Finer
bars are kept for some weeks, minutes come a week at a time. What does not look like a browser is
sent away. Prices are adjusted for splits, dividends too. Quotes take a cookie, which the root gives
under status 404, and a crumb.
"""

import math
import re
from collections.abc import Callable, Mapping
from http import HTTPStatus
from urllib.parse import unquote

import numpy as np

from adapters_in.simulator.actions import ACTIONS
from adapters_in.simulator.assets import Asset, Hours
from adapters_in.simulator.columns import BarColumns, Grid
from adapters_in.simulator.crumbs import cookie, crumb, has_crumb, invalid_crumb
from adapters_in.simulator.noise import Floats, Ints
from adapters_in.simulator.sessions import DAY, new_york_midnight
from adapters_in.simulator.wire import Dialect, Reply, Request, World
from domain.actions import ActionKind
from domain.instrument import AssetClass
from domain.interval import Interval

_OPENS_S = 34_200  # 09:30
_ALL = 50_000
_HUGE = 1e6  # beyond it single precision would show
# How the bars of an interval are cut, and for how many days they are kept.
_GRIDS: Mapping[str, tuple[Grid, int | None]] = {
    "1m": (Grid.of(Interval.M1), 30),
    "5m": (Grid.of(Interval.M5), 60),
    "15m": (Grid.of(Interval.M15), 60),
    "30m": (Grid.of(Interval.M30), 60),
    "60m": (Grid("60m", 3600, anchor=1800), 730),
    "1h": (Grid("60m", 3600, anchor=1800), 730),
    "1d": (Grid.of(Interval.D1), None),
    "1wk": (Grid.of(Interval.W1), None),
    "1mo": (Grid.of(Interval.MO1), None),
}
_WINDOW_S = 8 * DAY
_NUMBER = re.compile(r"-?[0-9]{1,11}")


def _answer(request: Request, world: World) -> Reply:
    if "Mozilla" not in request.headers.get("user-agent", ""):
        return _too_many()
    handler = _ROUTES.get(request.path)
    if handler is not None:
        return handler(request, world)
    head, _, symbol = request.path.rpartition("/")
    if head != "/v8/finance/chart":
        return Reply.html("404 Not Found", 404)
    asset = _assets(world).get(unquote(symbol))
    if asset is None:
        return _error("Not Found", "No data found, symbol may be delisted", 404)
    return _chart(asset, request, world)


def _assets(world: World) -> dict[str, Asset]:
    """Stocks, and coins in dollars."""
    coins = {a.id: a for a in world.assets(AssetClass.CRYPTO) if a.instrument.quote == "USD"}
    return coins | {a.id.replace(".", "-"): a for a in world.assets(AssetClass.STOCK)}


def _chart(asset: Asset, request: Request, world: World) -> Reply:
    name = request.one("interval") or "1d"
    grid, days = _GRIDS.get(name, (None, None))
    if grid is None:
        return _error("Bad Request", f"Invalid input - interval={name} is not supported.", 400)
    span, whole = _span(request, world.now)
    if days is not None:
        refusal = _too_wide(name, days, span, world.now)
        if refusal is not None:
            return refusal
    if span[1] < asset.listed:
        told = f"startDate = {span[0]}, endDate = {span[1]}"
        return _error("Bad Request", f"Data doesn't exist for {told}", 400)
    first, last = _edges(grid, span)
    rows = world.rows(asset, grid, start=first, end=last, limit=_ALL)
    stamps = _stamps(asset, grid, rows, world.now)
    rows, stamps = _within(rows, stamps, span)
    chart = {"meta": _meta(asset, world, name, whole), **_columns(asset, rows, stamps)}
    if "div" in (request.one("events") or ""):
        chart["events"] = _events(asset, span)
    return Reply.json({"chart": {"result": [chart], "error": None}})


def _span(request: Request, now: float) -> tuple[tuple[int, int], str]:
    """From when to when, and the name of the range if it has one."""
    start, end = (request.one(name) for name in ("period1", "period2"))
    if start and end and _NUMBER.fullmatch(start) and _NUMBER.fullmatch(end):
        return (int(start), int(end)), ""
    return (math.floor(now) - DAY, math.floor(now) + 1), request.one("range") or "1d"


def _too_wide(name: str, days: int, span: tuple[int, int], now: float) -> Reply | None:
    told = f"{name} data not available for startTime={span[0]} and endTime={span[1]}. "
    if span[0] < now - days * DAY:
        reason = f"The requested range must be within the last {days} days."
        return _error("Unprocessable Entity", told + reason, 422)
    if name == "1m" and span[1] - span[0] > _WINDOW_S:
        reason = "Only 8 days worth of 1m granularity data are allowed to be fetched per request."
        return _error("Unprocessable Entity", told + reason, 422)
    return None


def _edges(grid: Grid, span: tuple[int, int]) -> tuple[int, int]:
    """Where bars may open whose stamps lie in the span; days are stamped after their date began."""
    if grid.seconds < DAY:
        return max(0, span[0]), span[1] + 1
    return grid.floor(max(0, span[0] - DAY)), span[1] + 1


def _stamps(asset: Asset, grid: Grid, rows: BarColumns, now: float) -> Ints:
    """When a bar begins where it is traded; the running one of a day or longer is of now."""
    if grid.seconds < DAY:
        return rows.ts
    stamps = rows.ts
    if asset.hours is Hours.NEW_YORK:
        stamps = new_york_midnight(rows.ts // DAY * DAY) + rows.ts % DAY
        stamps = stamps + (_OPENS_S if grid.seconds == DAY else 0)
    if rows.forming and len(rows):
        stamps = np.append(stamps[:-1], math.floor(now))
    return stamps


def _within(rows: BarColumns, stamps: Ints, span: tuple[int, int]) -> tuple[BarColumns, Ints]:
    keep = np.flatnonzero((stamps >= span[0]) & (stamps <= span[1]))
    return rows.take(keep), stamps[keep]


def _meta(asset: Asset, world: World, name: str, whole: str) -> dict[str, object]:
    stock = asset.hours is Hours.NEW_YORK
    return {
        "currency": "USD",
        "symbol": asset.id,
        "exchangeName": "NMS" if stock else "CCC",
        "instrumentType": "EQUITY" if stock else "CRYPTOCURRENCY",
        "firstTradeDate": asset.listed,
        "regularMarketTime": _last_trade(asset, world),
        "hasPrePostMarketData": stock,
        "gmtoffset": -18_000 if stock else 0,
        "timezone": "EST" if stock else "UTC",
        "exchangeTimezoneName": "America/New_York" if stock else "UTC",
        "regularMarketPrice": world.price(asset),
        "priceHint": asset.decimals,
        "dataGranularity": name,
        "range": whole,
        "validRanges": ["1d", "5d", "1mo", "3mo", "6mo", "1y", "2y", "5y", "10y", "ytd", "max"],
    }


def _last_trade(asset: Asset, world: World) -> int:
    """Now, or the end of the last minute in which the market was open."""
    now = math.floor(world.now)
    edges = Grid.of(Interval.M1).edges(now // 60 * 60 - 4 * DAY, 4 * 1440 + 1)
    return min(now, int(world.market.bars(asset, edges, world.now).closes[-1]))


def _columns(asset: Asset, rows: BarColumns, stamps: Ints) -> dict[str, object]:
    if not len(rows):
        return {"indicators": {"quote": [{}]}}
    quiet = rows.trades == 0
    stock = asset.hours is Hours.NEW_YORK
    volume = rows.volume if stock else np.copysign(np.rint(rows.turnover), rows.volume)
    quote: dict[str, object] = {
        name: _cells(_single(getattr(rows, name)), quiet)
        for name in ("high", "open", "close", "low")
    }
    quote["volume"] = _cells(volume, quiet, whole=True)
    return {"timestamp": stamps.tolist(), "indicators": {"quote": [quote]}}


def _single(prices: Floats) -> Floats:
    """With the noise of single precision."""
    return np.where(np.abs(prices) < _HUGE, prices.astype(np.float32).astype(np.float64), prices)


def _cells(values: Floats, quiet: np.ndarray, *, whole: bool = False) -> list[object]:
    cells: list[object] = [int(v) if whole else v for v in values.tolist()]
    return [None if q else cell for q, cell in zip(quiet.tolist(), cells, strict=True)]


def _events(asset: Asset, span: tuple[int, int]) -> dict[str, object]:
    """What was paid, less what later splits made of it; both at the open of their day."""
    dividends: dict[str, object] = {}
    splits: dict[str, object] = {}
    actions = ACTIONS.get(asset.id, ())
    for action in actions:
        midnight = new_york_midnight(np.array([action.ex_date], dtype=np.int64))
        date = int(midnight[0]) + _OPENS_S
        if not span[0] <= date <= span[1]:
            continue
        if action.kind is ActionKind.SPLIT:
            ratio = {"numerator": action.ratio, "denominator": 1, "splitRatio": f"{action.ratio}:1"}
            splits[str(date)] = {"date": date, **ratio}
            continue
        later = [a.ratio for a in actions if a.ratio and a.ex_date > action.ex_date]
        amount = action.amount / math.prod(later)
        dividends[str(date)] = {"amount": amount, "date": date}
    return {"dividends": dividends, "splits": splits}


def _quote(request: Request, world: World) -> Reply:
    """What is unknown is left out; a lot is a hundred."""
    if not has_crumb(request):
        return invalid_crumb()
    known = _assets(world)
    named = (unquote(name) for name in (request.one("symbols") or "").split(","))
    found = [_quoted(name, known[name], world) for name in named if name in known]
    return Reply.json({"quoteResponse": {"result": found, "error": None}})


def _quoted(symbol: str, asset: Asset, world: World) -> dict[str, object]:
    price, stock = world.price(asset), asset.hours is Hours.NEW_YORK
    return {
        "symbol": symbol,
        "quoteType": "EQUITY" if stock else "CRYPTOCURRENCY",
        "currency": "USD",
        "exchangeTimezoneName": "America/New_York" if stock else "UTC",
        "regularMarketPrice": price,
        "regularMarketTime": _last_trade(asset, world),
        "bid": price,
        "ask": round(price + 10.0**-asset.decimals, asset.decimals),
        "bidSize": 2,
        "askSize": 1,
    }


_ROUTES: Mapping[str, Callable[[Request, World], Reply]] = {
    "/": cookie,
    "/v1/test/getcrumb": crumb,
    "/v7/finance/quote": _quote,
}


def _error(code: str, description: str, status: int) -> Reply:
    trouble = {"code": code, "description": description}
    return Reply.json({"chart": {"result": None, "error": trouble}}, status)


def _too_many() -> Reply:
    return Reply(b"Edge: Too Many Requests", 429, "text/plain")


_CODES: Mapping[int, Callable[[], Reply]] = {
    401: lambda: Reply.json(
        {"finance": {"result": None, "error": {"code": "Unauthorized", "description": "No"}}}, 401
    ),
    429: _too_many,
}


def _refuse(status: int, code: str | None, _now: float, _retry_after_s: float | None) -> Reply:
    if code is not None:
        return _error(code, code, status)
    if status in _CODES:
        return _CODES[status]()
    phrase = HTTPStatus(status).phrase if status in set(HTTPStatus) else "Error"
    return Reply.html(f"{status} {phrase}", status, "Yahoo")


def _limit(_banned: bool, _now: float, _retry_after_s: float | None) -> Reply:  # noqa: FBT001  # Dialect.limit
    return _too_many()


def _weigh(_: Request) -> int:
    return 1


DIALECT = Dialect(_answer, _refuse, _limit, _weigh, frozenset({"period1", "period2"}))
