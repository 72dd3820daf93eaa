"""Quotes, actions and the lists of EODHD."""

import math

from adapters_in.simulator.actions import ACTIONS
from adapters_in.simulator.dialects.eodhd.speech import (
    assets,
    code_of,
    date,
    failed,
    is_pair,
    number,
    price,
)
from adapters_in.simulator.wire import Reply, Request, World
from domain.actions import ActionKind, CorporateAction

_NA = "NA"
_VALUES = ("open", "high", "low", "close", "volume", "previousClose", "change", "change_p")


def real_time(request: Request, world: World, symbol: str) -> Reply:
    """An object for one, a list for several; NA for who is unknown."""
    more = request.one("s")
    if more is None:
        return Reply(_quote(symbol, world).encode())
    quotes = (_quote(name, world) for name in (symbol, *more.split(",")))
    return Reply(f"[{','.join(quotes)}]".encode())


def _quote(symbol: str, world: World) -> str:
    asset = assets(world).get(symbol)
    head = f'{{"code":"{symbol}","gmtoffset":0,'
    if asset is None:
        absent = ",".join(f'"{name}":"{_NA}"' for name in ("timestamp", *_VALUES))
        return head + absent + "}"
    day = world.day(asset)
    values = {
        "timestamp": str(math.floor(world.now) - 1),
        "open": price(float(day.open[0]), asset) if len(day) else f'"{_NA}"',
        "close": price(world.price(asset), asset),
        "volume": number(float(day.volume[0]), asset.lots) if len(day) else f'"{_NA}"',
    }
    return head + ",".join(f'"{name}":{text}' for name, text in values.items()) + "}"


def _actions(world: World, symbol: str, kind: ActionKind) -> list[CorporateAction] | None:
    asset = assets(world).get(symbol)
    if asset is None:
        return None
    of_one = ACTIONS.get(asset.id, ())
    return [a for a in of_one if a.kind is kind and a.ex_date <= world.now]


def splits(_: Request, world: World, symbol: str) -> Reply:
    """New shares to old ones, six decimals."""
    found = _actions(world, symbol, ActionKind.SPLIT)
    if found is None:
        return failed(404, "Ticker Not Found.")
    return Reply.json(
        [{"date": date(a.ex_date), "split": f"{a.ratio:.6f}/1.000000"} for a in found]
    )


def dividends(_: Request, world: World, symbol: str) -> Reply:
    """The value is adjusted for later splits."""
    found = _actions(world, symbol, ActionKind.DIVIDEND)
    later = _actions(world, symbol, ActionKind.SPLIT)
    if found is None or later is None:
        return failed(404, "Ticker Not Found.")
    return Reply.json(
        [
            {
                "date": date(a.ex_date),
                "declarationDate": None,
                "period": "Quarterly",
                "value": a.amount / math.prod(s.ratio for s in later if s.ex_date > a.ex_date),
                "unadjustedValue": a.amount,
                "currency": a.currency,
            }
            for a in found
        ]
    )


def symbols(_: Request, world: World, exchange: str) -> Reply:
    """Stocks of the US, or coins; nothing at all elsewhere."""
    if exchange not in {"US", "CC"}:
        return failed(404, "Exchange Not Found.")
    return Reply.json(
        [
            {
                "Code": code_of(asset),
                "Name": f"{code_of(asset)} Inc",
                "Country": "Unknown" if is_pair(asset) else "USA",
                "Exchange": "CC" if is_pair(asset) else "NASDAQ",
                "Currency": "USD",
                "Type": "Currency" if is_pair(asset) else "Common Stock",
                "Isin": None,
            }
            for asset in assets(world).values()
            if is_pair(asset) == (exchange == "CC")
        ]
    )
