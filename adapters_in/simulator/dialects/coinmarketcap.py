"""CoinMarketCap Pro as its documentation (2026) describes it.

v1 and v2 send error codes as numbers, v3 as texts; v3 sends coins and quotes as lists. Bars are of
hours or days and final; the start of a range is exclusive, its end inclusive. A volume is that of
the last 24 hours in the quote currency.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from http import HTTPStatus

from adapters_in.simulator.assets import Asset
from adapters_in.simulator.coins import Coin, coins, pair
from adapters_in.simulator.columns import BarColumns, Grid
from adapters_in.simulator.wire import Dialect, Reply, Request, World

GRIDS: Mapping[str, Grid] = {"hourly": Grid("1h", 3600), "daily": Grid("1d", 86_400)}
_KEY = "x-cmc_pro_api_key"
_MOST, _LARGEST_LIST = 10_000, 5000
_DEFAULT = {"count": 10, "limit": 100, "start": 1}
_TWIN = {"id": 999_999, "rank": 4999, "name": "Bitcoin Twin", "symbol": "BTC", "slug": "btc-twin"}
_MESSAGES = {
    1001: "This API Key is invalid.",
    1002: "API key missing.",
    1006: "Your API Key subscription plan doesn't support this endpoint.",
    1008: "You've exceeded your API Key's HTTP request rate limit.",
}
_CODE_OF_STATUS = {401: 1002, 402: 1004, 403: 1006, 429: 1008}
_EDGE = (451, 502, 520)  # the edge server answers these itself


def _answer(request: Request, world: World) -> Reply:
    handler = _ROUTES.get(request.path)
    if handler is None:
        return _error(404, "The requested endpoint does not exist.", 404)
    if not request.headers.get(_KEY):
        return _error(1002, _MESSAGES[1002], 401)
    try:
        return handler(request, world)
    except _RefusedValueError as fault:
        return _error(400, str(fault), 400)


class _RefusedValueError(ValueError):
    """A parameter that is not taken, in the provider's words."""

    def __init__(self, name: str, value: str | None) -> None:
        super().__init__(f'Invalid value for "{name}": "{value}"')


def _number(request: Request, name: str, most: int) -> int:
    text = request.one(name)
    if text is None:
        return _DEFAULT[name]
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text[:9]) <= most:
        raise _RefusedValueError(name, text)
    return int(text)


def _coin(request: Request, world: World) -> Coin:
    """By id; the other ways are not played."""
    number = request.one("id")
    found = next((coin for coin in coins(world) if str(coin.number) == number), None)
    if found is None:
        raise _RefusedValueError("id", number)
    return found


def _quoted(coin: Coin, request: Request) -> tuple[Asset, str]:
    currency = request.one("convert") or "USD"
    asset = pair(coin, currency)
    if asset is None:
        raise _RefusedValueError("convert", currency)
    return asset, currency


def _historical(request: Request, world: World) -> Reply:
    coin, grid = _coin(request, world), GRIDS.get(request.one("time_period") or "daily")
    if grid is None:
        raise _RefusedValueError("time_period", request.one("time_period"))
    asset, currency = _quoted(coin, request)
    count = _number(request, "count", _MOST)
    start, end = (_seconds(request, name) for name in ("time_start", "time_end"))
    first = None if start is None else start + 1
    stop = math.floor(world.now) + 1 if end is None else end + 1
    rows = world.rows(asset, grid, start=first, end=stop, limit=count)
    final = rows.take(rows.closes <= world.now)
    head = {"id": coin.number, "name": coin.name, "symbol": coin.code}
    return _data(head | {"quotes": _periods(final, currency, grid)})


def _seconds(request: Request, name: str) -> int | None:
    text = request.one(name)
    try:
        return int(datetime.fromisoformat(text).timestamp()) if text else None
    except ValueError:
        raise _RefusedValueError(name, text) from None


def _periods(rows: BarColumns, currency: str, grid: Grid) -> Sequence[object]:
    columns = (rows.ts, rows.open, rows.high, rows.low, rows.close, rows.turnover, rows.volume)
    days = 86_400 / grid.seconds
    return [
        {
            "time_open": _iso(ts),
            "time_close": _iso(ts + grid.seconds, -1),
            "time_high": _iso(ts),
            "time_low": _iso(ts),
            "quote": {
                currency: {
                    "open": o,
                    "high": h,
                    "low": low,
                    "close": c,
                    "volume": turnover * days if volume >= 0 else volume,
                    "market_cap": None,
                    "timestamp": _iso(ts + grid.seconds, -1),
                }
            },
        }
        for ts, o, h, low, c, turnover, volume in zip(
            *(each.tolist() for each in columns), strict=True
        )
    ]


def _iso(ts: float, milliseconds: int = 0) -> str:
    at = datetime.fromtimestamp(ts + milliseconds / 1000, UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"


def _latest(request: Request, world: World) -> Reply:
    coin = _coin(request, world)
    asset, currency = _quoted(coin, request)
    return _data([_listed(coin, asset, currency, world)], "0")


def _listings(request: Request, world: World) -> Reply:
    start = _number(request, "start", _LARGEST_LIST) - 1
    chosen = coins(world)[start : start + _number(request, "limit", _LARGEST_LIST)]
    return _data([_listed(coin, *_quoted(coin, request), world) for coin in chosen], "0")


def _listed(coin: Coin, asset: Asset, currency: str, world: World) -> object:
    price, day = world.price(asset), world.day(asset)
    now = _iso(math.floor(world.now))
    cap = price * coin.supply
    whole = None if coin.most is None else price * coin.most
    return {
        "id": coin.number,
        "name": coin.name,
        "symbol": coin.code,
        "slug": coin.slug,
        "cmc_rank": coin.rank,
        "infinite_supply": coin.most is None,
        "circulating_supply": coin.supply,
        "total_supply": coin.supply,
        "max_supply": coin.most,
        "date_added": _iso(asset.listed),
        "tags": [],
        "platform": None,
        "last_updated": now,
        "quote": [
            {
                "symbol": currency,
                "price": price,
                "volume_24h": float(day.turnover[0]),
                "percent_change_24h": (price / float(day.open[0]) - 1) * 100,
                "market_cap": cap,
                "fully_diluted_market_cap": whole,
                "last_updated": now,
            }
        ],
    }


def _map(request: Request, world: World) -> Reply:
    chosen = coins(world)[: _number(request, "limit", _LARGEST_LIST)]
    rows = [
        {"id": c.number, "rank": c.rank, "name": c.name, "symbol": c.code, "slug": c.slug}
        for c in chosen
    ]
    return _data([row | {"is_active": 1, "platform": None} for row in (*rows, _TWIN)])


def _info(request: Request, world: World) -> Reply:
    coin = _coin(request, world)
    about = {
        "id": coin.number,
        "name": coin.name,
        "symbol": coin.code,
        "slug": coin.slug,
        "category": "coin",
        "description": f"{coin.name} of the synthetic market.",
        "date_added": _iso(coin.traded.listed),
        "tags": ["synthetic"],
        "platform": None,
        "logo": None,
        "urls": {"website": [], "explorer": []},
    }
    return _data({str(coin.number): about})


def _key(_: Request, world: World) -> Reply:
    plan = {"credit_limit_monthly": 15_000, "rate_limit_minute": 30}
    spent = {"credits_used": world.used_weight, "credits_left": 15_000 - world.used_weight}
    return _data({"plan": plan, "usage": {"current_month": spent}})


_ROUTES: Mapping[str, Callable[[Request, World], Reply]] = {
    "/v1/cryptocurrency/map": _map,
    "/v2/cryptocurrency/info": _info,
    "/v2/cryptocurrency/ohlcv/historical": _historical,
    "/v3/cryptocurrency/quotes/latest": _latest,
    "/v3/cryptocurrency/listings/latest": _listings,
    "/v1/key/info": _key,
}


def _data(content: object, code: int | str = 0) -> Reply:
    status = {"error_code": code, "error_message": "", "elapsed": 1, "credit_count": 1}
    return Reply.json({"data": content, "status": status})


def _error(code: int, message: str, status: int) -> Reply:
    said = {"error_code": code, "error_message": message, "elapsed": 0, "credit_count": 0}
    return Reply.json({"status": said}, status)


def _refuse(status: int, code: str | None, _now: float, _retry_after_s: float | None) -> Reply:
    if status in _EDGE:
        return Reply.html(f"{status} error", status, "cloudflare")
    known = int(code) if code else _CODE_OF_STATUS.get(status, status)
    phrase = HTTPStatus(status).phrase if status in set(HTTPStatus) else "Error"
    return _error(known, _MESSAGES.get(known, phrase), status)


def _limit(_banned: bool, _now: float, _retry_after_s: float | None) -> Reply:  # noqa: FBT001  # Dialect.limit
    return _error(1008, _MESSAGES[1008], 429)


_FREE = frozenset({"/v1/cryptocurrency/map", "/v1/key/info"})


def _weigh(request: Request) -> int:
    """Credits: one for every 100 points or 200 coins; the map and the account cost none."""
    if request.path in _FREE:
        return 0
    name, rows = {
        "/v2/cryptocurrency/ohlcv/historical": ("count", 100),
        "/v3/cryptocurrency/listings/latest": ("limit", 200),
    }.get(request.path, ("", 1))
    text = request.one(name) or ""
    return max(1, math.ceil(int(text) / rows)) if text.isdecimal() and len(text) < 6 else 1  # noqa: PLR2004  # no number that long is taken


DIALECT = Dialect(_answer, _refuse, _limit, _weigh, frozenset({"time_start", "time_end"}))
