"""Coinbase Exchange as docs.cdp.coinbase.com (2026) describes it.

Who does not say who he is (``User-Agent``) is refused. A bar without trades is left out, rows are
numbers and come newest first. More than 300 at once are refused; half a range is no range.
"""

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from http import HTTPStatus

from adapters_in.simulator.assets import Asset
from adapters_in.simulator.columns import BarColumns, Grid
from adapters_in.simulator.wire import Dialect, Reply, Request, World, decimal
from domain.instrument import AssetClass

_LABELS = {60: "1m", 300: "5m", 900: "15m", 3600: "1h", 21600: "6h", 86400: "1d"}
GRIDS: Mapping[str, Grid] = {str(s): Grid(label, s) for s, label in _LABELS.items()}
_MOST = 300
_MOST_TRADES = 1000
_PRODUCT = re.compile(r"/products/([^/]+)(?:/(candles|ticker|stats|trades))?")
_TOO_MANY = (
    "granularity too small for the requested time range. "
    f"Count of aggregations requested exceeds {_MOST}"
)
_SENTENCES = {404: "NotFound", 429: "Public rate limit exceeded"}
_BLOCKED = (403, 451, 502, 520)  # the edge server answers these itself


def _answer(request: Request, world: World) -> Reply:
    if not request.headers.get("user-agent"):
        return _error(400, "User-Agent header is required.")
    if request.path == "/time":
        return Reply.json({"iso": _iso(world.now), "epoch": round(world.now, 3)})
    assets = {_id(asset): asset for asset in world.assets(AssetClass.CRYPTO)}
    if request.path == "/products":
        return Reply.json([_listing(asset) for asset in assets.values()])
    found = _PRODUCT.fullmatch(request.path)
    asset = assets.get(found[1]) if found else None
    if found is None or asset is None:
        return _error(404, "NotFound")
    if found[2] in {"candles", "trades"}:
        return (_candles if found[2] == "candles" else _trades)(request, world, asset)
    about = {"ticker": _ticker, "stats": _statistics}.get(found[2])
    return Reply.json(_listing(asset) if about is None else about(asset, world))


def _candles(request: Request, world: World, asset: Asset) -> Reply:
    grid = GRIDS.get(request.one("granularity") or "60")
    if grid is None:
        return _error(400, "Unsupported granularity")
    start, end = request.one("start"), request.one("end")
    if not start or not end:  # half a range is no range
        return _rendered(world.rows(asset, grid, start=None, end=None, limit=_MOST), asset)
    first, last = _seconds(start), _seconds(end)
    if first is None or last is None or last < first:
        return _error(400, "Invalid start or end")
    if last - first > _MOST * grid.seconds:
        return _error(400, _TOO_MANY)
    return _rendered(world.rows(asset, grid, start=first, end=last + 1, limit=_MOST), asset)


def _trades(request: Request, world: World, asset: Asset) -> Reply:
    """Newest first; ``after`` an id come older ones. The side is the maker's."""
    limit, after = request.one("limit") or str(_MOST_TRADES), request.one("after")
    if not limit.isdecimal() or not (after is None or after.isdecimal()):
        return _error(400, "Invalid limit or cursor")
    tape = world.tape(asset)
    stop = tape.last_id + 1 if after is None else min(int(after), tape.last_id + 1)
    trades = tape.between(stop - min(int(limit), _MOST_TRADES), stop)[::-1]
    rows = [
        {
            "trade_id": t.id,
            "side": "sell" if t.bought else "buy",
            "size": decimal(t.size, 8),
            "price": decimal(t.price, 8),
            "time": _moment(t.ts_us),
        }
        for t in trades
    ]
    ends = (trades[0].id, trades[-1].id) if trades else (0, 0)
    return Reply.json(rows).with_headers(("CB-BEFORE", str(ends[0])), ("CB-AFTER", str(ends[1])))


def _moment(ts_us: int) -> str:
    seconds, us = divmod(ts_us, 1_000_000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{us:06d}Z"


def _rendered(rows: BarColumns, asset: Asset) -> Reply:
    """Six numbers a row, low before high before open; only bars in which something was traded."""
    traded = rows.take(rows.trades > 0).take(slice(None, None, -1))
    d, places, lots = _number, asset.decimals, asset.lots
    lines = [
        f"[{ts},{d(lo, places)},{d(h, places)},{d(o, places)},{d(c, places)},{d(v, lots)}]"
        for ts, lo, h, o, c, v in zip(
            *(
                column.tolist()
                for column in (
                    *(traded.ts, traded.low, traded.high),
                    *(traded.open, traded.close, traded.volume),
                )
            ),
            strict=True,
        )
    ]
    return Reply(f"[{','.join(lines)}]".encode())


def _number(value: float, places: int) -> str:
    """As a number is written where there is no need for zeros: 3300.5, 3300."""
    text = decimal(value, places)
    return text.rstrip("0").rstrip(".") if "." in text else text


def _ticker(asset: Asset, world: World) -> dict[str, object]:
    """The last trade happened in the last whole second."""
    price, lot = world.price(asset), asset.volume / asset.trades
    return {
        "ask": decimal(price + 10.0**-asset.decimals, asset.decimals),
        "bid": decimal(price, asset.decimals),
        "volume": decimal(float(world.day(asset).volume[0]), 8),
        "trade_id": math.floor(world.now),
        "price": decimal(price, asset.decimals),
        "size": decimal(lot, 8),
        "time": _iso(math.floor(world.now) - 0.000001),
        "rfq_volume": "0.000000",
    }


def _statistics(asset: Asset, world: World) -> dict[str, object]:
    day = world.day(asset)
    return {
        "open": decimal(float(day.open[0]), asset.decimals),
        "high": decimal(float(day.high[0]), asset.decimals),
        "low": decimal(float(day.low[0]), asset.decimals),
        "last": decimal(world.price(asset), asset.decimals),
        "volume": decimal(float(day.volume[0]), 8),
        "volume_30day": decimal(asset.volume * 30, 8),
    }


def _listing(asset: Asset) -> dict[str, object]:
    base, quote = asset.instrument.base, asset.instrument.quote
    return {
        "id": _id(asset),
        "base_currency": base,
        "quote_currency": quote,
        "quote_increment": decimal(10.0**-asset.decimals, asset.decimals),
        "base_increment": decimal(10.0**-asset.lots, asset.lots),
        "display_name": f"{base}/{quote}",
        "margin_enabled": False,
        "status": "online",
        "status_message": "",
        "trading_disabled": False,
    }


def _id(asset: Asset) -> str:
    return f"{asset.instrument.base}-{asset.instrument.quote}"


def _seconds(text: str) -> int | None:
    """A moment in ISO 8601 or Unix seconds as the first whole second at or after it."""
    if re.fullmatch(r"[0-9]{1,11}", text):
        return int(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    zoned = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return -((datetime(1970, 1, 1, tzinfo=UTC) - zoned) // timedelta(seconds=1))


def _iso(ts: float) -> str:
    return datetime.fromtimestamp(ts, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _error(status: int, sentence: str) -> Reply:
    return Reply.json({"message": sentence}, status)


def _refuse(status: int, code: str | None, _now: float, _retry_after_s: float | None) -> Reply:
    """There are no codes: what is named as one is the sentence."""
    phrase = HTTPStatus(status).phrase if status in set(HTTPStatus) else "Error"
    if code is None and status in _BLOCKED:
        return Reply.html(f"{status} {phrase}", status, "cloudflare")
    return _error(status, code or _SENTENCES.get(status, phrase))


def _limit(_banned: bool, _now: float, _retry_after_s: float | None) -> Reply:  # noqa: FBT001  # Dialect.limit
    """It does not ban, it goes on refusing."""
    return _error(429, _SENTENCES[429])


def _weigh(_: Request) -> int:
    return 1


DIALECT = Dialect(_answer, _refuse, _limit, _weigh, frozenset({"start", "end", "after"}))
