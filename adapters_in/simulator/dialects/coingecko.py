"""CoinGecko v3 as its OpenAPI and documentation (2026) describe it.

Candles carry the time of their close and no volume; how long they are follows from the days that
are asked for. What is unknown is silently left out of prices. Errors come in four envelopes. It
is the demo host, and below ``/pro`` that of the paid plans, which has hours and days of a range.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from http import HTTPStatus

from msgspec.structs import replace

from adapters_in.simulator.assets import Asset
from adapters_in.simulator.coins import Coin, coins, pair
from adapters_in.simulator.columns import BarColumns, Grid
from adapters_in.simulator.wire import Dialect, Reply, Request, World, decimal

_DAY = 86_400
GRIDS: Mapping[int, Grid] = {
    1: Grid("30m", 1800),
    **dict.fromkeys((7, 14, 30), Grid("4h", 4 * 3600)),
    **dict.fromkeys((90, 180, 365), Grid("4d", 4 * _DAY)),
}
RANGES: Mapping[str, tuple[Grid, int]] = {
    "hourly": (Grid("1h", 3600), 31 * _DAY),
    "daily": (Grid("1d", _DAY), 180 * _DAY),
}
_COIN = re.compile(r"/coins/([^/]+)(/ohlc)?")
_RANGE = re.compile(r"/coins/([^/]+)/ohlc/range")
_PRO = "/pro"
_TWINS = (("bitcoin-twin", "btc"), ("other-twin", "twin"), ("another-twin", "twin"))
_MONEY = frozenset({"usd", "eur"})
_LIMITED = "You've exceeded the Rate Limit."
_BLOCKED = (403, 451, 502, 520)  # the edge server answers these itself


def _answer(request: Request, world: World) -> Reply:
    if request.path.startswith(f"{_PRO}/"):
        return _answer_pro(request, world)
    if request.headers.get("x-cg-pro-api-key"):
        return _other_host(10010, "Pro API key", "pro-api.coingecko.com", world)
    return _answered(request, world)


def _answer_pro(request: Request, world: World) -> Reply:
    """The host of the paid plans."""
    if request.headers.get("x-cg-demo-api-key"):
        return _other_host(10011, "Demo API key", "api.coingecko.com", world)
    if not request.headers.get("x-cg-pro-api-key"):
        said = {"error_code": 10002, "error_message": "API Key Missing"}
        return Reply.json({"error": {"status": said}}, 401)
    request = replace(request, path=request.path.removeprefix(_PRO))
    found = _RANGE.fullmatch(request.path)
    if found is None:
        return _answered(request, world)
    coin = _by_slug(world).get(found[1])
    if coin is None:
        return Reply.json({"error": "coin not found"}, 404)
    return _range(request, world, coin)


def _other_host(code: int, key: str, host: str, world: World) -> Reply:
    text = f"If you are using {key}, please change your root URL to {host}"
    beside = {"error_code": code, "status": {"error_message": text}}
    return Reply.json({"timestamp": _iso(world.now), **beside}, 400)


def _range(request: Request, world: World, coin: Coin) -> Reply:
    """Candles that close within a range, both ends inclusive; no more than are allowed at once."""
    asset = _quoted(coin, request.one("vs_currency") or "")
    if asset is None:
        return Reply.json({"error": "invalid vs_currency"}, 400)
    try:
        grid, longest = RANGES[request.one("interval") or ""]
        start, end = (_moment(request.one(name) or "") for name in ("from", "to"))
    except (KeyError, ValueError):
        return Reply.json({"error": "Invalid parameters"}, 400)
    if end - start > longest:
        return Reply.json({"error": "The range is too long for the interval"}, 400)
    rows = world.rows(
        asset, grid, start=start - grid.seconds, end=end - grid.seconds + 1, limit=10_000
    )
    return Reply(_rendered(rows, grid, asset.decimals).encode())


def _moment(text: str) -> int:
    """An ISO date, with or without a time, or Unix seconds."""
    if text.isdecimal() and len(text) > len("20251201"):
        return int(text)
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def _answered(request: Request, world: World) -> Reply:
    """What both hosts know."""
    handler = _ROUTES.get(request.path)
    if handler is not None:
        return handler(request, world)
    found = _COIN.fullmatch(request.path)
    coin = _by_slug(world).get(found[1]) if found else None
    if found is None or coin is None:
        return Reply.json({"error": "coin not found"}, 404)
    return _ohlc(request, world, coin) if found[2] else _about(coin)


def _by_slug(world: World) -> Mapping[str, Coin]:
    return {coin.slug: coin for coin in coins(world)}


def _ohlc(request: Request, world: World, coin: Coin) -> Reply:
    asset = _quoted(coin, request.one("vs_currency") or "")
    if asset is None:
        return Reply.json({"error": "invalid vs_currency"}, 400)
    days = request.one("days") or ""
    if days == "max":
        said = {"error_code": 10012, "error_message": "Limited to the past 365 days."}
        return Reply.json({"error": {"status": {"timestamp": _iso(world.now), **said}}}, 401)
    grid = GRIDS.get(int(days)) if days.isdecimal() and len(days) < 4 else None  # noqa: PLR2004  # 365 is the longest
    if grid is None:
        return Reply.json({"error": "Invalid days parameter"}, 400)
    start = math.floor(world.now) - int(days) * _DAY
    rows = world.rows(asset, grid, start=start, end=None, limit=10_000)
    return Reply(_rendered(rows, grid, asset.decimals).encode())


def _rendered(rows: BarColumns, grid: Grid, places: int) -> str:
    """Milliseconds of the close, then the prices as numbers."""
    prices = (rows.open, rows.high, rows.low, rows.close)
    lines = [
        f"[{(ts + grid.seconds) * 1000},{','.join(decimal(price, places) for price in row)}]"
        for ts, *row in zip(*(each.tolist() for each in (rows.ts, *prices)), strict=True)
    ]
    return f"[{','.join(lines)}]"


def _prices(request: Request, world: World) -> Reply:
    """Unknown coins and currencies are left out without a word."""
    known = _by_slug(world)
    wanted = (request.one("ids") or "").split(",")
    currencies = (request.one("vs_currencies") or "").split(",")
    dated = request.one("include_last_updated_at") == "true"
    stamp = {"last_updated_at": math.floor(world.now)} if dated else {}
    return Reply.json(
        {
            slug: _prices_of(known[slug], currencies, world) | stamp
            for slug in wanted
            if slug in known
        }
    )


def _quoted(coin: Coin, currency: str) -> Asset | None:
    """In money; stable coins are none."""
    return pair(coin, currency.upper()) if currency in _MONEY else None


def _prices_of(coin: Coin, currencies: Sequence[str], world: World) -> dict[str, object]:
    quoted = ((currency, _quoted(coin, currency)) for currency in currencies)
    return {currency: world.price(asset) for currency, asset in quoted if asset is not None}


def _list(_: Request, world: World) -> Reply:
    rows = [(coin.slug, coin.code.lower(), coin.name) for coin in coins(world)]
    twins = [(slug, symbol, f"The other {symbol}") for slug, symbol in _TWINS]
    return Reply.json([{"id": i, "symbol": s, "name": n} for i, s, n in (*rows, *twins)])


def _markets(request: Request, world: World) -> Reply:
    if request.one("vs_currency") != "usd":
        return Reply.json({"error": "Missing parameter vs_currency"}, 422)
    chosen = _chosen(request, coins(world))
    return Reply.json([_market(coin, world) for coin in chosen])


def _chosen(request: Request, everything: Sequence[Coin]) -> Sequence[Coin]:
    """By ids, by symbols, else a page."""
    ids, symbols = request.one("ids"), request.one("symbols")
    if ids or symbols:
        wanted = (ids or symbols or "").split(",")
        return [c for c in everything if (c.slug if ids else c.code.lower()) in wanted]
    size, page = int(request.one("per_page") or 100), int(request.one("page") or 1)
    return everything[(page - 1) * size : page * size]


def _market(coin: Coin, world: World) -> dict[str, object]:
    price, day = world.price(coin.traded), world.day(coin.traded)
    return {
        "id": coin.slug,
        "symbol": coin.code.lower(),
        "name": coin.name,
        "image": None,
        "current_price": price,
        "market_cap": price * coin.supply,
        "market_cap_rank": coin.rank,
        "fully_diluted_valuation": None if coin.most is None else price * coin.most,
        "total_volume": float(day.turnover[0]),
        "high_24h": float(day.high[0]),
        "low_24h": float(day.low[0]),
        "price_change_percentage_24h": (price / float(day.open[0]) - 1) * 100,
        "circulating_supply": coin.supply,
        "total_supply": coin.supply,
        "max_supply": coin.most,
        "roi": None,
        "last_updated": _iso(world.now),
    }


def _iso(ts: float) -> str:
    at = datetime.fromtimestamp(ts, UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"


def _about(coin: Coin) -> Reply:
    return Reply.json(
        {
            "id": coin.slug,
            "symbol": coin.code.lower(),
            "name": coin.name,
            "hashing_algorithm": None,
            "categories": ["Synthetic"],
            "description": {"en": f"{coin.name} of the synthetic market."},
            "links": {"homepage": [""], "blockchain_site": []},
            "genesis_date": datetime.fromtimestamp(coin.traded.listed, UTC).strftime("%Y-%m-%d"),
        }
    )


def _ping(_: Request, __: World) -> Reply:
    return Reply.json({"gecko_says": "(V3) To the Moon!"})


def _key(_: Request, world: World) -> Reply:
    limits = {"rate_limit_request_per_minute": 100, "monthly_call_credit": 10_000}
    used = {"current_total_monthly_calls": world.used_weight}
    left = {"current_remaining_monthly_calls": 10_000 - world.used_weight}
    return Reply.json({"plan": "Demo", **limits, **used, **left})


_ROUTES: Mapping[str, Callable[[Request, World], Reply]] = {
    "/ping": _ping,
    "/key": _key,
    "/simple/price": _prices,
    "/coins/list": _list,
    "/coins/markets": _markets,
}


def _coded(code: int, message: str, status: int) -> Reply:
    return Reply.json({"status": {"error_code": code, "error_message": message}}, status)


def _refuse(status: int, code: str | None, _now: float, _retry_after_s: float | None) -> Reply:
    if status in _BLOCKED:
        return Reply.html(f"{status} error", status, "cloudflare 1020")
    phrase = HTTPStatus(status).phrase if status in set(HTTPStatus) else "Error"
    if status == HTTPStatus.UNAUTHORIZED:
        said = {"error_code": 10002, "error_message": "API Key Missing"}
        return Reply.json({"error": {"status": said}}, status)
    if status in {HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND} and code is None:
        return Reply.json({"error": phrase}, status)
    return _coded(int(code) if code else status, phrase, status)


def _limit(_banned: bool, _now: float, _retry_after_s: float | None) -> Reply:  # noqa: FBT001  # Dialect.limit
    return _coded(429, _LIMITED, 429)


def _weigh(_: Request) -> int:
    return 1


DIALECT = Dialect(_answer, _refuse, _limit, _weigh, frozenset())
