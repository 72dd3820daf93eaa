"""Last trades and snapshots of Polygon."""

import math
import re

from adapters_in.simulator.assets import Asset
from adapters_in.simulator.columns import Grid
from adapters_in.simulator.dialects.polygon.bars import describe
from adapters_in.simulator.dialects.polygon.speech import (
    assets,
    failed,
    is_pair,
    listed,
    number,
    request_id,
    ticker_of,
)
from adapters_in.simulator.wire import Reply, Request, World
from domain.interval import Interval

_NS, _MS = 10**9, 1000


def _unknown() -> Reply:
    return failed(404, "NOT_FOUND", "message", "Resource Not Found.")


def _lot(asset: Asset) -> float:
    return max(1.0, asset.volume / asset.trades)


def _price(asset: Asset, world: World) -> str:
    return number(world.price(asset), asset.decimals)


def last_trade(request: Request, world: World, found: re.Match[str]) -> Reply:
    """The last trade of a stock, in the last whole second."""
    asset = assets(world).get(found[1])
    if asset is None or is_pair(asset):
        return _unknown()
    second = math.floor(world.now)
    return Reply(
        f'{{"request_id":"{request_id(world, request)}","results":{{"T":"{found[1]}","c":[37],'
        f'"f":{second * _NS - 3},"i":"{second % 100_000}","p":{_price(asset, world)},'
        f'"q":{second % 10**7},"r":202,"s":{_lot(asset):.0f},"t":{second * _NS - 1},"x":4,"y":'
        f'{second * _NS - 5},"z":3}},"status":"OK"}}'.encode()
    )


def last_of_pair(request: Request, world: World, found: re.Match[str]) -> Reply:
    """The last trade of a coin, in ms."""
    asset = assets(world).get(f"X:{found[1]}{found[2]}")
    if asset is None:
        return _unknown()
    now = math.floor(world.now * _MS)
    return Reply(
        f'{{"last":{{"conditions":[1],"exchange":1,"price":{_price(asset, world)},'
        f'"size":{number(_lot(asset), 5)},"timestamp":{now}}},'
        f'"request_id":"{request_id(world, request)}","status":"success",'
        f'"symbol":"{found[1]}-{found[2]}"}}'.encode()
    )


def snapshot_of_stock(_: Request, world: World, found: re.Match[str]) -> Reply:
    """A stock today: all zero before the open."""
    asset = assets(world).get(found[1])
    if asset is None or is_pair(asset):
        return _unknown()
    second, price = math.floor(world.now), world.price(asset)
    grid = Grid.of(Interval.M1)
    minute = world.rows(asset, grid, start=None, end=None, limit=1)
    days = world.rows(asset, Grid.of(Interval.D1), start=None, end=None, limit=2)
    ticker = {
        "ticker": found[1],
        "day": describe(world.today(asset)),
        "prevDay": describe(days.take(slice(0, 1))),
        "min": describe(minute) | {"t": int(minute.ts[-1]) * _MS},
        "lastTrade": {"c": None, "i": "1", "p": price, "s": 1, "t": second * _NS - 1, "x": 4},
        "updated": second * _NS,
    }
    return Reply.json({"request_id": request_id(world, found[1]), "status": "OK", "ticker": ticker})


def snapshot(request: Request, world: World, _: re.Match[str]) -> Reply:
    """Anything; who is unknown is a row as well."""
    known = assets(world)
    wanted = (request.one("ticker.any_of") or "").split(",")
    return listed(world, [_snapshot(t, known.get(t), world) for t in wanted if t])


def _snapshot(ticker: str, asset: Asset | None, world: World) -> dict[str, object]:
    if asset is None:
        return {"ticker": ticker, "error": "NOT_FOUND", "message": "Ticker not found."}
    stamp = math.floor(world.now) * _NS - 1
    trade = {"price": world.price(asset), "size": _lot(asset), "last_updated": stamp}
    return {
        "ticker": ticker_of(asset),
        "type": "crypto" if is_pair(asset) else "stocks",
        "market_status": "open",
        "last_trade": trade | {"timeframe": "REAL-TIME"},
    }
