"""What Binance says about now: prices, books, days and the list of pairs."""

from adapters_in.simulator.assets import Asset
from adapters_in.simulator.dialects.binance.call import (
    DELISTED,
    Call,
    asset_of,
    chosen,
    each,
    symbol_of,
)
from adapters_in.simulator.dialects.binance.errors import MESSAGES, Refused
from adapters_in.simulator.wire import Reply, decimal

_DAY = 86_400
_WEIGHT_LIMIT = 6000


def prices(call: Call) -> Reply:
    """Last prices."""
    return each(
        call,
        lambda asset: {"symbol": symbol_of(asset), "price": decimal(call.world.price(asset), 8)},
    )


def books(call: Call) -> Reply:
    """Best bid and ask, one tick apart."""

    def book(asset: Asset) -> dict[str, str]:
        tick, price = 10.0**-asset.decimals, call.world.price(asset)
        size = decimal(asset.volume / asset.trades * 3, min(8, asset.lots))
        return {
            "symbol": symbol_of(asset),
            "bidPrice": decimal(price, 8),
            "bidQty": decimal(float(size), 8),
            "askPrice": decimal(price + tick, 8),
            "askQty": decimal(float(size) * 2, 8),
        }

    return each(call, book)


def days(call: Call) -> Reply:
    """The rolling 24 hours."""
    if call.request.one("type") not in {None, "FULL", "MINI"}:
        raise Refused(-1130, "Data sent for parameter 'type' is not valid.")
    mini = call.request.one("type") == "MINI"
    return each(call, lambda asset: _statistics(asset, call, mini=mini))


def _statistics(asset: Asset, call: Call, *, mini: bool) -> dict[str, str | int]:
    row = call.world.day(asset)
    price, opened = call.world.price(asset), float(row.open[0])
    more = {
        "priceChange": decimal(price - opened, 8),
        "priceChangePercent": decimal((price / opened - 1) * 100, 3),
        "weightedAvgPrice": decimal(float(row.vwap[0]), 8),
        "prevClosePrice": decimal(opened, 8),
        "lastQty": decimal(asset.volume / asset.trades, asset.lots),
        "bidPrice": decimal(price, 8),
        "askPrice": decimal(price + 10.0**-asset.decimals, 8),
    }
    return {
        "symbol": symbol_of(asset),
        **({} if mini else more),
        "openPrice": decimal(opened, 8),
        "highPrice": decimal(float(row.high[0]), 8),
        "lowPrice": decimal(float(row.low[0]), 8),
        "lastPrice": decimal(price, 8),
        "volume": decimal(float(row.volume[0]), 8),
        "quoteVolume": decimal(float(row.turnover[0]), 8),
        "openTime": int((call.world.now - _DAY) * call.unit),
        "closeTime": int(call.world.now * call.unit),
        "firstId": 1,
        "lastId": int(row.trades[0]),
        "count": int(row.trades[0]),
    }


def exchange(call: Call) -> Reply:
    """Budgets and pairs; one of them is delisted."""
    status = call.request.one("symbolStatus")
    if status not in {None, "TRADING", "HALT", "BREAK"}:
        raise Refused(-1122, MESSAGES[-1122])
    name = call.request.one("symbol")
    only = asset_of(call.world, name) if name else None
    assets = [only] if only else chosen(call)
    symbols = [_listing(a.instrument.base, a.instrument.quote, "TRADING", a) for a in assets]
    if not name and call.request.one("symbols") is None:
        symbols.append(_listing(*DELISTED, "BREAK", None))
    limits = (("REQUEST_WEIGHT", "MINUTE", 1, _WEIGHT_LIMIT), ("RAW_REQUESTS", "MINUTE", 5, 61_000))
    return Reply.json(
        {
            "timezone": "UTC",
            "serverTime": int(call.world.now * call.unit),
            "rateLimits": [
                {"rateLimitType": kind, "interval": unit, "intervalNum": n, "limit": most}
                for kind, unit, n, most in limits
            ],
            "exchangeFilters": [],
            "symbols": [s for s in symbols if status in {None, s["status"]}],
        }
    )


def _listing(base: str, quote: str, status: str, asset: Asset | None) -> dict[str, object]:
    tick, step = (
        10.0 ** -(places if asset else 8)
        for places in (asset.decimals if asset else 8, asset.lots if asset else 8)
    )
    return {
        "symbol": base + quote,
        "status": status,
        "baseAsset": base,
        "baseAssetPrecision": 8,
        "quoteAsset": quote,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "orderTypes": ["LIMIT", "LIMIT_MAKER", "MARKET"],
        "isSpotTradingAllowed": status == "TRADING",
        "isMarginTradingAllowed": False,
        "filters": [
            {
                "filterType": "PRICE_FILTER",
                "minPrice": decimal(tick, 8),
                "maxPrice": "1000000.00000000",
                "tickSize": decimal(tick, 8),
            },
            {
                "filterType": "LOT_SIZE",
                "minQty": decimal(step, 8),
                "maxQty": "92141578.00000000",
                "stepSize": decimal(step, 8),
            },
        ],
        "permissions": [],
        "permissionSets": [["SPOT"]],
    }


def time(call: Call) -> Reply:
    """The exchange's clock."""
    return Reply.json({"serverTime": int(call.world.now * call.unit)})


def ping(_: Call) -> Reply:
    """The cheapest call."""
    return Reply(b"{}")
