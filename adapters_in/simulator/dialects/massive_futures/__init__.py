"""Massive futures as its documents and a live probe (2026) describe it: v1 of the API.

A key is needed for everything. A window without trades is left out, times are ns, and what goes
on has a ``next_url``. An expired contract keeps its past.
"""

import math
import re
from collections.abc import Callable, Mapping

from adapters_in.simulator.assets import Asset
from adapters_in.simulator.dialects.massive_futures import lists, ticks
from adapters_in.simulator.dialects.massive_futures.bars import NS, aggregates
from adapters_in.simulator.dialects.massive_futures.errors import error, limit, missing, refuse
from adapters_in.simulator.dialects.massive_futures.pages import BadValue, body, limited, unfolded
from adapters_in.simulator.wire import Dialect, Reply, Request, World, decimal
from domain.contract_names import ticker_of
from domain.instrument import AssetClass

_PATH = re.compile(r"/futures/v1/([a-z-]+)(?:/([A-Z0-9:. -]{1,40}))?", re.ASCII)
_LISTS: Mapping[str, Callable[[Request, World], Reply]] = {
    "contracts": lists.contracts,
    "products": lists.products,
    "schedules": lists.schedules,
    "market-status": lists.market_status,
    "exchanges": lists.exchanges,
}

_TRADED: Mapping[str, Callable[[Request, World, Asset, str], Reply]] = {
    "aggs": aggregates,
    "trades": ticks.trades,
    "quotes": ticks.quotes,
}


def _answer(request: Request, world: World) -> Reply:
    if not (request.headers.get("authorization") or request.one("apiKey")):
        return error(401, "API Key was not provided")
    found = _PATH.fullmatch(request.path)
    if found is None:
        return Reply(b"404 page not found", 404, "text/plain")
    try:
        return _routed(unfolded(request), world, found[1], found[2])
    except BadValue as fault:
        return error(400, str(fault))


def _routed(request: Request, world: World, what: str, ticker: str | None) -> Reply:
    if ticker is None and what in _LISTS:
        return _LISTS[what](request, world)
    if ticker is None and what == "snapshot":
        return _snapshot(request, world)
    asset = assets(world).get(ticker or "")
    if asset is None or what not in _TRADED:
        return missing()
    return _TRADED[what](request, world, asset, ticker or "")


def assets(world: World) -> dict[str, Asset]:
    """Every contract by its ticker; of two decades the one that was listed later."""
    found = sorted(world.assets(AssetClass.FUTURE), key=lambda a: a.listed)
    return {ticker_of(a.instrument): a for a in found}


def _snapshot(request: Request, world: World) -> Reply:
    """Of one contract, of those of a product, or of all; nothing for what nobody knows."""
    ticker, product = request.one("ticker"), request.one("product_code")
    chosen = {
        name: asset
        for name, asset in assets(world).items()
        if ticker in {None, name} and product in {None, asset.instrument.base}
    }
    rows = sorted(chosen.items())[: limited(request, 100, 50_000)]
    return body(",".join(_snapped(name, asset, world) for name, asset in rows))


def _snapped(ticker: str, asset: Asset, world: World) -> str:
    d, places = decimal, asset.decimals
    price, tick = world.price(asset), 10.0**-asset.decimals
    at = min(math.floor(world.now), asset.expires or math.floor(world.now)) - 0.000001
    at_ns = int(at * 1_000_000) * 1000
    quote = f'"ask":{d(price + tick, places)},"ask_size":3,"bid":{d(price, places)},"bid_size":2'
    return (
        f'{{"details":{{"settlement_date":{(asset.expires or 0) * NS}}},'
        f'"last_minute":{{"close":{d(price, places)},"last_updated":{at_ns // 10**6},'
        f'"timeframe":"REAL-TIME"}},"last_quote":{{{quote},"last_updated":{at_ns},'
        f'"timeframe":"REAL-TIME"}},"last_trade":{{"last_updated":{at_ns},'
        f'"price":{d(price, places)},"size":1,"timeframe":"REAL-TIME"}},'
        f'"product_code":"{asset.instrument.base}","ticker":"{ticker}"}}'
    )


def _weigh(_: Request) -> int:
    return 1


DIALECT = Dialect(_answer, refuse, limit, _weigh, frozenset({"cursor"}))
