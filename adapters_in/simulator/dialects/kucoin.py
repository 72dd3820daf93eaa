"""KuCoin spot as its docs and its universal SDK (2025-11) describe it.

Every body is ``{"code", "data"}`` or ``{"code", "msg"}``, often with status 200. A bar without
trades is left out, rows are strings and come newest first: open, CLOSE, HIGH, LOW. A range of
more than 1500 bars loses its oldest silently, a nonsensical one is empty. Weeks open on Thursday.
"""

import math
import re
from collections.abc import Callable, Mapping
from http import HTTPStatus

from adapters_in.simulator.assets import Asset
from adapters_in.simulator.columns import BarColumns, Grid
from adapters_in.simulator.wire import Dialect, Reply, Request, World, decimal
from domain.instrument import AssetClass

_UNITS = (
    ("min", "m", 60, (1, 3, 5, 15, 30)),
    ("hour", "h", 3600, (1, 2, 4, 6, 8, 12)),
    ("day", "d", 86_400, (1,)),
    ("week", "w", 604_800, (1,)),
)
GRIDS: Mapping[str, Grid] = {
    f"{n}{word}": Grid(f"{n}{letter}", n * seconds)
    for word, letter, seconds, counts in _UNITS
    for n in counts
}
_MOST = 1500
_LAST = 100
_POOL, _POOL_S = 2000, 30
_QUOTES = frozenset({"USDT", "USDC", "EUR"})  # there is no USD
_NUMBER = re.compile(r"[0-9]{1,11}")
_MESSAGES = {
    "400000": "Bad Request",
    "400001": "Please check the header of your request for KC-API-KEY",
    "400302": "Our services are currently unavailable in your location",
    "404000": "Url Not Found",
    "429000": "Too Many Requests",
    "500000": "Internal Server Error",
}
_CODE_OF_STATUS = {
    400: "400100",
    401: "400001",
    404: "404000",
    429: "429000",
    451: "400302",
    500: "500000",
}


def _answer(request: Request, world: World) -> Reply:
    handler = _ROUTES.get(request.path)
    reply = _error("404000", 404) if handler is None else handler(request, world)
    left = max(0, _POOL - world.used_weight)  # of the running minute, which is stricter
    reset = (_POOL_S - world.now % _POOL_S) * 1000
    return reply.with_headers(
        ("gw-ratelimit-limit", str(_POOL)),
        ("gw-ratelimit-remaining", str(left)),
        ("gw-ratelimit-reset", str(math.ceil(reset))),
    )


def _candles(request: Request, world: World) -> Reply:
    asset, grid = (
        _assets(world).get(request.one("symbol") or ""),
        GRIDS.get(request.one("type") or ""),
    )
    if asset is None:
        return _error("400100", 400, "Unsupported trading pair.")
    if grid is None:
        return _error("400100", 400, "This type of Candlestick is currently not provided.")
    start, end = (_number(request.one(name)) for name in ("startAt", "endAt"))
    if start is not None and end is not None and start >= end:
        return _data([])
    stop = math.floor(world.now) + 1 if end is None else min(end, math.floor(world.now) + 1)
    first = max(start or 0, grid.ceil(stop) - _MOST * grid.seconds)
    return _rendered(world.rows(asset, grid, start=first, end=stop, limit=_MOST), asset)


def _number(text: str | None) -> int | None:
    """Nothing for what is no number or 0, which means the same."""
    return int(text) or None if text and _NUMBER.fullmatch(text) else None


def _rendered(rows: BarColumns, asset: Asset) -> Reply:
    """Seven strings a row; only bars in which something was traded."""
    traded = rows.take(rows.trades > 0).take(slice(None, None, -1))
    d, places, lots = decimal, asset.decimals, asset.lots
    lines = [
        f'["{ts}","{d(o, places)}","{d(c, places)}","{d(h, places)}","{d(lo, places)}",'
        f'"{d(v, lots)}","{d(turnover, 9)}"]'
        for ts, o, c, h, lo, v, turnover in zip(
            *(
                column.tolist()
                for column in (
                    *(traded.ts, traded.open, traded.close, traded.high, traded.low),
                    *(traded.volume, traded.turnover),
                )
            ),
            strict=True,
        )
    ]
    return Reply(f'{{"code":"200000","data":[{",".join(lines)}]}}'.encode())


def _level1(request: Request, world: World) -> Reply:
    """Nothing at all for a pair that nobody knows, and the code of success."""
    asset = _assets(world).get(request.one("symbol") or "")
    if asset is None:
        return _data(None)
    price, tick = world.price(asset), 10.0**-asset.decimals
    size = decimal(asset.volume / asset.trades, asset.lots)
    return _data(
        {
            "time": int(world.now * 1000),
            "sequence": str(math.floor(world.now)),
            "price": decimal(price, asset.decimals),
            "size": size,
            "bestBid": decimal(price, asset.decimals),
            "bestBidSize": size,
            "bestAsk": decimal(price + tick, asset.decimals),
            "bestAskSize": size,
        }
    )


def _histories(request: Request, world: World) -> Reply:
    """The last hundred trades, ascending, in nanoseconds."""
    asset = _assets(world).get(request.one("symbol") or "")
    if asset is None:
        return _data(None)
    tape = world.tape(asset)
    return _data(
        [
            {
                "sequence": str(t.id),
                "price": decimal(t.price, asset.decimals),
                "size": decimal(t.size, asset.lots),
                "side": "buy" if t.bought else "sell",
                "time": t.ts_ns,
            }
            for t in tape.between(tape.last_id - _LAST + 1, tape.last_id + 1)
        ]
    )


def _symbols(_: Request, world: World) -> Reply:
    return _data([_listing(name, asset) for name, asset in _assets(world).items()])


def _listing(name: str, asset: Asset) -> dict[str, object]:
    base, quote = asset.instrument.base, asset.instrument.quote
    return {
        "symbol": name,
        "name": name,
        "baseCurrency": base,
        "quoteCurrency": quote,
        "feeCurrency": quote,
        "market": "USDS",
        "baseMinSize": decimal(10.0**-asset.lots, asset.lots),
        "baseIncrement": decimal(10.0**-asset.lots, asset.lots),
        "priceIncrement": decimal(10.0**-asset.decimals, asset.decimals),
        "isMarginEnabled": True,
        "enableTrading": True,
        "feeCategory": 1,
        "st": False,
        "tradingStartTime": None,
    }


def _assets(world: World) -> dict[str, Asset]:
    return {
        f"{a.instrument.base}-{a.instrument.quote}": a
        for a in world.assets(AssetClass.CRYPTO)
        if a.instrument.quote in _QUOTES
    }


def _time(_: Request, world: World) -> Reply:
    return _data(int(world.now * 1000))


def _status(_: Request, __: World) -> Reply:
    return _data({"status": "open", "msg": ""})


_ROUTES: Mapping[str, Callable[[Request, World], Reply]] = {
    "/api/v1/market/candles": _candles,
    "/api/v1/market/orderbook/level1": _level1,
    "/api/v1/market/histories": _histories,
    "/api/v2/symbols": _symbols,
    "/api/v1/timestamp": _time,
    "/api/v1/status": _status,
}
_WEIGHTS = {"/api/v1/market/orderbook/level1": 2, "/api/v2/symbols": 4}


def _data(content: object) -> Reply:
    return Reply.json({"code": "200000", "data": content})


def _error(code: str, status: int, message: str = "") -> Reply:
    return Reply.json({"code": code, "msg": message or _MESSAGES.get(code, "Bad Request")}, status)


def _refuse(status: int, code: str | None, _now: float, _retry_after_s: float | None) -> Reply:
    if code is not None or status in _CODE_OF_STATUS:
        return _error(code or _CODE_OF_STATUS[status], status)
    phrase = HTTPStatus(status).phrase if status in set(HTTPStatus) else "Error"
    return Reply.html(f"{status} {phrase}", status, "cloudflare")


def _limit(_banned: bool, _now: float, _retry_after_s: float | None) -> Reply:  # noqa: FBT001  # Dialect.limit
    """The window is used up, for the first call too many as for the tenth."""
    wait = math.ceil((_retry_after_s or _POOL_S) * 1000)
    spent = (("gw-ratelimit-remaining", "0"), ("gw-ratelimit-reset", str(wait)))
    return _error("429000", 429).with_headers(("gw-ratelimit-limit", str(_POOL)), *spent)


def _weigh(request: Request) -> int:
    return _WEIGHTS.get(request.path, 3)


DIALECT = Dialect(_answer, _refuse, _limit, _weigh, frozenset({"startAt", "endAt"}))
