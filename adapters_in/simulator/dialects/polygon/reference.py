"""What Polygon knows of tickers, and whether a market is open."""

import datetime as dt
import re
from collections.abc import Callable

from adapters_in.simulator.actions import ACTIONS
from adapters_in.simulator.assets import Asset
from adapters_in.simulator.dialects.polygon.speech import (
    assets,
    cursor_of,
    failed,
    is_pair,
    listed,
    text_of,
)
from adapters_in.simulator.wire import Reply, Request, World
from domain.actions import ActionKind, CorporateAction

_MARKETS = {"stocks": False, "crypto": True}


def tickers(request: Request, world: World, _: re.Match[str]) -> Reply:
    """The list, page by page; a link says nothing but where it goes on."""
    cursor = request.one("cursor")
    asked = dict(pair.split("=") for pair in text_of(cursor).split("&")) if cursor else {}
    market = asked.get("market") or request.one("market") or ""
    limit = int(asked.get("limit") or request.one("limit") or 100)
    first = int(asked.get("first", 0))
    rows = [
        _ticker(name, asset)
        for name, asset in assets(world).items()
        if market not in _MARKETS or is_pair(asset) == _MARKETS[market]
    ]
    link = None
    if first + limit < len(rows):
        following = cursor_of(f"market={market}&limit={limit}&first={first + limit}")
        link = f"{world.origin}/v3/reference/tickers?cursor={following}"
    page = rows[first : first + limit]
    return listed(world, page, link, count=len(page))


def details(_: Request, world: World, found: re.Match[str]) -> Reply:
    """One ticker."""
    asset = assets(world).get(found[1])
    if asset is None:
        return failed(404, "NOT_FOUND", "message", "Ticker not found.")
    return listed(world, _ticker(found[1], asset) | {"list_date": _date(asset.listed)})


def _ticker(name: str, asset: Asset) -> dict[str, object]:
    shared = {"ticker": name, "active": True, "last_updated_utc": "2025-11-15T00:00:00Z"}
    if is_pair(asset):
        base, quote = asset.instrument.base, asset.instrument.quote
        codes = {"base_currency_symbol": base, "currency_symbol": quote}
        return shared | codes | {"market": "crypto", "locale": "global", "name": f"{base}/{quote}"}
    where = {"market": "stocks", "locale": "us", "primary_exchange": "XNAS", "type": "CS"}
    return shared | where | {"name": f"{name} Inc.", "currency_name": "usd"}


def _date(ts: int) -> str:
    return dt.datetime.fromtimestamp(ts, dt.UTC).strftime("%Y-%m-%d")


def actions(request: Request, world: World, found: re.Match[str]) -> Reply:
    """Splits or dividends, the latest first."""
    kind = ActionKind(found[1].removesuffix("s"))
    ticker = request.one("ticker")
    told = [
        _TOLD[kind](name, action)
        for name, of_one in ACTIONS.items()
        for action in reversed(of_one)
        if ticker in {None, name} and action.kind is kind and action.ex_date <= world.now
    ]
    return listed(world, told)


def _split(ticker: str, action: CorporateAction) -> dict[str, object]:
    return {
        "execution_date": _date(action.ex_date),
        "split_from": 1,
        "split_to": action.ratio,
        "ticker": ticker,
    }


def _dividend(ticker: str, action: CorporateAction) -> dict[str, object]:
    return {
        "cash_amount": action.amount,
        "currency": action.currency,
        "dividend_type": "CD",
        "ex_dividend_date": _date(action.ex_date),
        "frequency": 4,
        "ticker": ticker,
    }


_TOLD: dict[ActionKind, Callable[[str, CorporateAction], dict[str, object]]] = {
    ActionKind.SPLIT: _split,
    ActionKind.DIVIDEND: _dividend,
}


def market_status(_: Request, world: World, __: re.Match[str]) -> Reply:
    """No envelope; coins never rest."""
    now = dt.datetime.fromtimestamp(world.now, dt.UTC)
    return Reply.json(
        {
            "market": "open",
            "serverTime": now.isoformat(timespec="seconds"),
            "exchanges": {"nyse": "open", "nasdaq": "open", "otc": "open"},
            "currencies": {"fx": "open", "crypto": "open"},
        }
    )
