"""What Alpha Vantage tells beside tables: prices, rates, names."""

import math

import numpy as np

from adapters_in.simulator.columns import Grid
from adapters_in.simulator.dialects.alpha_vantage.words import coin, stamps_of, stock, unknown
from adapters_in.simulator.wire import Reply, Request, World, decimal
from domain.interval import Interval


def quote(request: Request, world: World) -> Reply:
    """The last price and the day; nothing at all of a symbol that nobody knows."""
    asset = stock(request, world)
    if asset is None:
        return Reply.json({"Global Quote": {}})
    days = world.rows(asset, Grid.of(Interval.D1), start=None, end=None, limit=2)
    (opened, high, low, volume) = (
        float(column[-1]) for column in (days.open, days.high, days.low, days.volume)
    )
    price, before = world.price(asset), float(days.close[0])
    values = (
        ("symbol", asset.id),
        ("open", decimal(opened, 4)),
        ("high", decimal(high, 4)),
        ("low", decimal(low, 4)),
        ("price", decimal(price, 4)),
        ("volume", decimal(volume, 0)),
        ("latest trading day", stamps_of(days.ts[-1:])[0]),
        ("previous close", decimal(before, 4)),
        ("change", decimal(price - before, 4)),
        ("change percent", f"{decimal((price / before - 1) * 100, 4)}%"),
    )
    told = {f"{place:02}. {name}": value for place, (name, value) in enumerate(values, 1)}
    return Reply.json({"Global Quote": told})


def rate(request: Request, world: World) -> Reply:
    """What a coin costs."""
    asset = coin(request, world, "from_currency", "to_currency")
    if asset is None:
        return unknown(request)
    price, now = world.price(asset), np.array([math.floor(world.now)], dtype=np.int64)
    values = (
        ("From_Currency Code", asset.instrument.base),
        ("From_Currency Name", asset.instrument.base),
        ("To_Currency Code", asset.instrument.quote),
        ("To_Currency Name", asset.instrument.quote),
        ("Exchange Rate", decimal(price, 8)),
        ("Last Refreshed", stamps_of(now)[0]),
        ("Time Zone", "UTC"),
        ("Bid Price", decimal(price, 8)),
        ("Ask Price", "-"),
    )
    told = {f"{place}. {name}": value for place, (name, value) in enumerate(values, 1)}
    return Reply.json({"Realtime Currency Exchange Rate": told})


def status(_: Request, __: World) -> Reply:
    """Nothing that anybody reads."""
    return Reply.json({"endpoint": "Global Market Open & Close Status", "markets": []})
