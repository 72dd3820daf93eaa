"""Kraken spot, REST version 0, as docs.kraken.com (2026) describes it.

Errors come with status 200. A bar is kept for 720 intervals. Minutes without trades are flat
rows whose vwap is ``"0.0"``. Weeks open on Thursday, like everything that counts from 1970.
"""

import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from adapters_in.simulator.assets import Asset
from adapters_in.simulator.columns import BarColumns, Grid
from adapters_in.simulator.tape import Printed
from adapters_in.simulator.wire import JSON, Dialect, Reply, Request, World, decimal
from domain.instrument import AssetClass

_LABELS = {1: "1m", 5: "5m", 15: "15m", 30: "30m", 60: "1h", 240: "4h", 1440: "1d", 10080: "1w"}
GRIDS: Mapping[str, Grid] = {
    str(minutes): Grid(label, minutes * 60) for minutes, label in (*_LABELS.items(), (21600, "15d"))
}
_KEPT = 720
_MOST_TRADES = 1000
_SECONDS_DIGITS = 12
_MOST_PAIRS = 100  # a longer list breaks the edge server
_CODES = {"BTC": "XBT", "DOGE": "XDG"}
# Assets from before 2016 carry a class prefix: X for coins, Z for money.
_OLD_COINS = frozenset({"XBT", "ETH", "XRP", "LTC", "XLM", "XMR", "ZEC", "ETC"})
_OLD_MONEY = frozenset({"USD", "EUR", "GBP", "JPY", "CAD", "AUD"})
_NUMBER = re.compile(r"[0-9]{1,19}")
_ERROR_OF_STATUS = {
    400: "EGeneral:Invalid arguments",
    401: "EAPI:Invalid key",
    404: "EGeneral:Unknown method",
    429: "EGeneral:Too many requests",
    500: "EGeneral:Internal error",
    503: "EService:Unavailable",
}


def _answer(request: Request, world: World) -> Reply:
    handler = _ROUTES.get(request.path)
    if handler is None:
        return _error("EGeneral:Unknown method")
    return handler(request, world)


def _ohlc(request: Request, world: World) -> Reply:
    pair, since = request.one("pair"), request.one("since")
    grid = GRIDS.get(request.one("interval") or "1")
    if not pair or grid is None or (since is not None and not _NUMBER.fullmatch(since)):
        return _error("EGeneral:Invalid arguments")
    asset = _names(world).get(pair)
    if asset is None:
        return _error("EQuery:Unknown asset pair")
    rows = world.rows(asset, grid, start=None, end=None, limit=_KEPT + 1)
    # Found by the time and not by the place, because a fault may have shuffled the rows.
    committed = rows.ts[rows.closes <= world.now]
    if len(committed) > _KEPT:
        rows = rows.take(slice(1, None))
    last = int(committed.max()) if len(committed) else grid.floor(math.floor(world.now))
    if since is not None:
        rows = rows.take(rows.ts > min(int(since), 2**62))
    table = _rendered(rows, asset)
    return Reply(f'{{"error":[],"result":{{"{_key(asset)}":{table},"last":{last}}}}}'.encode())


def _rendered(rows: BarColumns, asset: Asset) -> str:
    """Eight values a row; vwap stands before volume."""
    places, d = asset.decimals, decimal
    columns = (rows.ts, rows.open, rows.high, rows.low, rows.close, rows.vwap, rows.volume)
    lines = [
        f'[{ts},"{d(o, places)}","{d(h, places)}","{d(lo, places)}","{d(c, places)}",'
        f'"{d(w, places) if n else "0.0"}","{d(v, 8)}",{n}]'
        for ts, o, h, lo, c, w, v, n in zip(
            *(column.tolist() for column in (*columns, rows.trades)), strict=True
        )
    ]
    return f"[{','.join(lines)}]"


def _trades(request: Request, world: World) -> Reply:
    """After ``since`` (ns, or seconds when it is short), or the newest."""
    pair, since, count = (request.one(name) for name in ("pair", "since", "count"))
    numbers = [text for text in (since, count) if text is not None]
    if not pair or not all(_NUMBER.fullmatch(text) for text in numbers):
        return _error("EGeneral:Invalid arguments")
    asset = _names(world).get(pair)
    if asset is None:
        return _error("EQuery:Unknown asset pair")
    tape, most = world.tape(asset), min(int(count or _MOST_TRADES), _MOST_TRADES)
    first = tape.last_id + 1 - most
    if since is not None:
        ns = int(since) * (1 if len(since) > _SECONDS_DIGITS else 10**9)
        first = tape.first_from(ns // 1000 + 1)
    trades = tape.between(first, first + most)
    rows = ",".join(_printed(trade, asset) for trade in trades)
    last = str(trades[-1].ts_ns if trades else since or int(world.now) * 10**9)
    return Reply(f'{{"error":[],"result":{{"{_key(asset)}":[{rows}],"last":"{last}"}}}}'.encode())


def _printed(trade: Printed, asset: Asset) -> str:
    seconds, us = divmod(trade.ts_us, 1_000_000)
    price = decimal(trade.price, max(5, asset.decimals))
    side, kind = "b" if trade.bought else "s", "l" if trade.id % 3 else "m"
    return (
        f'["{price}","{decimal(trade.size, 8)}",{seconds}.{us:06d}0,'
        f'"{side}","{kind}","",{trade.id}]'
    )


def _ticker(request: Request, world: World) -> Reply:
    text = request.one("pair")
    if text is not None and text.count(",") >= _MOST_PAIRS:
        return _refuse(520, None, world.now, None)
    assets = _wanted(text, world)
    if assets is None:
        return _error("EQuery:Unknown asset pair")
    modern = request.one("assetVersion") == "1"
    return _result({_key(a, modern=modern): _statistics(a, world) for a in assets})


def _statistics(asset: Asset, world: World) -> dict[str, object]:
    """Pairs of values are [today, last 24 hours]."""
    price = world.price(asset)
    spans = [
        rows if len(rows := span(asset)) else world.day(asset) for span in (world.today, world.day)
    ]

    def money(value: float) -> str:
        return decimal(value, max(5, asset.decimals))  # as sent

    lot = decimal(asset.volume / asset.trades, 8)
    return {
        "a": [money(price + 10.0**-asset.decimals), "1", "1.000"],
        "b": [money(price), "1", "1.000"],
        "c": [money(price), lot],
        "v": [decimal(float(s.volume[0]), 8) for s in spans],
        "p": [money(float(s.vwap[0])) for s in spans],
        "t": [int(s.trades[0]) for s in spans],
        "l": [money(float(s.low[0])) for s in spans],
        "h": [money(float(s.high[0])) for s in spans],
        "o": money(float(spans[0].open[0])),
    }


def _pairs(request: Request, world: World) -> Reply:
    assets = _wanted(request.one("pair"), world)
    if assets is None:
        return _error("EQuery:Unknown asset pair")
    modern = request.one("assetVersion") == "1"
    return _result({_key(a, modern=modern): _listing(a, modern=modern) for a in assets})


def _listing(asset: Asset, *, modern: bool) -> dict[str, object]:
    base, quote = asset.instrument.base, asset.instrument.quote
    old_base, old_quote = _CODES.get(base, base), _CODES.get(quote, quote)
    return {
        "altname": old_base + old_quote,
        "wsname": f"{base}/{quote}" if modern else f"{old_base}/{old_quote}",
        "aclass_base": "currency",
        "base": base if modern else _prefixed(old_base),
        "aclass_quote": "currency",
        "quote": quote if modern else _prefixed(old_quote),
        "lot": "unit",
        "cost_decimals": 5,
        "pair_decimals": asset.decimals,
        "lot_decimals": 8,
        "lot_multiplier": 1,
        "leverage_buy": [],
        "leverage_sell": [],
        "fees": [[0, 0.4], [10000, 0.35]],
        "fees_maker": [[0, 0.25], [10000, 0.2]],
        "fee_volume_currency": "ZUSD",
        "margin_call": 80,
        "margin_stop": 40,
        "ordermin": decimal(10.0**-asset.lots, asset.lots),
        "costmin": "0.5",
        "tick_size": decimal(10.0**-asset.decimals, asset.decimals),
        "status": "online",
    }


def _wanted(text: str | None, world: World) -> list[Asset] | None:
    """The pairs of a comma list, all without one, None if one of them is unknown."""
    if text is None:
        return list(world.assets(AssetClass.CRYPTO))
    names = _names(world)
    found = [names.get(name) for name in text.split(",")]
    known = [asset for asset in found if asset is not None]
    return known if len(known) == len(found) else None


def _names(world: World) -> dict[str, Asset]:
    """Every spelling that Kraken takes for a pair."""
    spellings: dict[str, Asset] = {}
    for asset in world.assets(AssetClass.CRYPTO):
        base, quote = asset.instrument.base, asset.instrument.quote
        old = _CODES.get(base, base)
        for name in (_key(asset), old + quote, f"{old}/{quote}", base + quote, f"{base}/{quote}"):
            spellings[name] = asset
    return spellings


def _key(asset: Asset, *, modern: bool = False) -> str:
    base, quote = asset.instrument.base, asset.instrument.quote
    if modern:
        return f"{base}/{quote}"
    old = _CODES.get(base, base)
    both = old in _OLD_COINS and quote in _OLD_MONEY
    return _prefixed(old) + _prefixed(quote) if both else old + quote


def _prefixed(code: str) -> str:
    if code in _OLD_COINS or code == "XDG":
        return f"X{code}"
    return f"Z{code}" if code in _OLD_MONEY else code


def _time(_: Request, world: World) -> Reply:
    moment = datetime.fromtimestamp(int(world.now), UTC)
    spelled = moment.strftime("%a, %d %b %y %H:%M:%S +0000")
    return _result({"unixtime": int(world.now), "rfc1123": spelled})


def _status(_: Request, world: World) -> Reply:
    moment = datetime.fromtimestamp(int(world.now), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return _result({"status": "online", "timestamp": moment})


_ROUTES: Mapping[str, Callable[[Request, World], Reply]] = {
    "/0/public/OHLC": _ohlc,
    "/0/public/Ticker": _ticker,
    "/0/public/Trades": _trades,
    "/0/public/AssetPairs": _pairs,
    "/0/public/Time": _time,
    "/0/public/SystemStatus": _status,
}


def _result(result: Mapping[str, object]) -> Reply:
    """Kraken escapes the slash."""
    reply = Reply.json({"error": [], "result": result})
    return Reply(reply.body.replace(b"/", b"\\/"))


def _error(text: str, status: int = 200) -> Reply:
    return Reply(f'{{"error":["{text}"]}}'.encode(), status, JSON)


def _refuse(status: int, code: str | None, _now: float, _retry_after_s: float | None) -> Reply:
    if code is not None:
        return _error(code, status)
    if status in _ERROR_OF_STATUS:
        return _error(_ERROR_OF_STATUS[status], status)
    title = f"api.kraken.com | {status}: Web server is returning an unknown error"
    return Reply.html(title, status, "Cloudflare Ray ID: 0000000000000000")


def _limit(banned: bool, _now: float, _retry_after_s: float | None) -> Reply:  # noqa: FBT001  # Dialect.limit
    return _error("EGeneral:Temporary lockout" if banned else "EGeneral:Too many requests")


def _weigh(_: Request) -> int:
    return 1


DIALECT = Dialect(_answer, _refuse, _limit, _weigh, frozenset({"since"}))
