"""Trades and quotes of Polygon, from the tape, in nanoseconds."""

import datetime as dt
import re
from collections.abc import Callable
from typing import NamedTuple

from adapters_in.simulator.assets import Asset
from adapters_in.simulator.dialects.polygon.speech import (
    assets,
    cursor_of,
    failed,
    is_pair,
    listed,
    text_of,
)
from adapters_in.simulator.tape import Printed, Tape
from adapters_in.simulator.wire import Reply, Request, World
from domain.renames import holder

_MOST, _DAY_NS = 50_000, 86_400 * 10**9
# By how much a bound moves the first tick that counts, or the first that does not.
_FIRST, _STOP = {"gte": 0, "gt": 1}, {"lt": 0, "lte": 1}


class _Ask(NamedTuple):
    """The numbers ``[first, stop)`` of trades, from one end, so many a page."""

    first: int
    stop: int
    limit: int
    newest: bool
    at: int

    @property
    def page(self) -> tuple[int, int]:
        """The numbers of this page."""
        if self.newest:
            return max(self.first, self.stop - self.limit), self.stop
        return self.first, min(self.stop, self.first + self.limit)

    @property
    def rest(self) -> "_Ask":
        """What is left for the next pages."""
        first, stop = self.page
        return self._replace(stop=first) if self.newest else self._replace(first=stop)


def ticks(request: Request, world: World, found: re.Match[str]) -> Reply:
    """A page of trades or quotes; of nobody there are none."""
    kind, ticker = found.groups()
    # A tape is filed under the ticker of the day; ours is told apart by where reading begins.
    at = _moment(request, world)
    asset = assets(world).get(holder(ticker, at))
    if asset is None:
        return listed(world, [])
    if kind == "quotes" and is_pair(asset):
        return failed(400, "ERROR", "error", "Quotes are not available for this ticker")
    tape = world.tape(asset)
    ask = _asked(request, tape, at)
    if ask is None:
        return failed(400, "ERROR", "error", "Could not parse the time parameter")
    rows = [_RENDER[kind](trade, asset) for trade in tape.between(*ask.page)]
    rest, link = ask.rest, None
    if rest.first < rest.stop:
        cursor = cursor_of(",".join(map(str, map(int, rest))))
        link = f"{world.origin}{request.path}?cursor={cursor}"
    return listed(world, rows[::-1] if ask.newest else rows, link)


def _moment(request: Request, world: World) -> int:
    """Where reading begins (Unix s): at the end of the stretch, or at its start."""
    cursor = request.one("cursor")
    if cursor:
        return int(text_of(cursor).split(",")[-1])
    newest = request.one("order") != "asc"
    bound = "timestamp.lt" if newest else "timestamp.gte"
    text = request.one(bound) or ""
    if not text.isdecimal():
        return int(world.now) if newest else 0
    return (int(text) - newest) // 10**9


def _asked(request: Request, tape: Tape, at: int) -> _Ask | None:
    cursor = request.one("cursor")
    if cursor:
        first, stop, limit, newest, _ = map(int, text_of(cursor).split(","))
        return _Ask(first, stop, limit, bool(newest), at)
    try:
        first, stop = _bounds(request, tape)
        limit = int(request.one("limit") or 1000)
    except ValueError:
        return None
    newest = request.one("order") != "asc"
    return _Ask(first, stop, limit, newest, at) if 0 < limit <= _MOST else None


def _bounds(request: Request, tape: Tape) -> tuple[int, int]:
    first, stop = 1, tape.last_id + 1
    for name, text in request.query:
        bound = name.removeprefix("timestamp.")
        if bound in _FIRST:
            first = max(first, tape.first_from(_us(text, _FIRST[bound])))
        elif bound in _STOP:
            stop = min(stop, tape.first_from(_us(text, _STOP[bound])))
    return first, max(first, stop)


def _us(text: str, step: int) -> int:
    """A moment in ns, or a date, as the first whole microsecond that is not before it."""
    if text.isdecimal():
        return -(-(int(text) + step) // 1000)
    day = dt.date.fromisoformat(text).toordinal() - dt.date(1970, 1, 1).toordinal()
    return (day + step) * _DAY_NS // 1000


def _trade(trade: Printed, asset: Asset) -> dict[str, object]:
    """Pairs have no tape, but say who took: 1 the seller, 2 the buyer."""
    shared = {"id": str(trade.id), "price": trade.price, "participant_timestamp": trade.ts_ns}
    if is_pair(asset):
        side = [2] if trade.bought else [1]
        return shared | {"exchange": 1, "conditions": side, "size": trade.size}
    return shared | {
        "conditions": [12, 37],
        "exchange": 11,
        "sequence_number": trade.id,
        "sip_timestamp": trade.ts_ns,
        "size": round(trade.size),
        "decimal_size": f"{trade.size:.6f}",
        "tape": 3,
    }


def _quote(trade: Printed, _: Asset) -> dict[str, object]:
    """The book around a trade; every hundredth has nobody who sells."""
    empty = trade.id % 100 == 0
    return {
        "ask_exchange": 12,
        "ask_price": 0 if empty else round(trade.price + 0.01, 2),
        "ask_size": 0 if empty else 300,
        "bid_exchange": 11,
        "bid_price": trade.price,
        "bid_size": 200,
        "participant_timestamp": trade.ts_ns,
        "sequence_number": trade.id,
        "sip_timestamp": trade.ts_ns,
        "tape": 3,
    }


_RENDER: dict[str, Callable[[Printed, Asset], dict[str, object]]] = {
    "trades": _trade,
    "quotes": _quote,
}
