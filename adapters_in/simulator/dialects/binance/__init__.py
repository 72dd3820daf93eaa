"""Binance spot as binance-spot-api-docs (2026-07) describes it.

Binance writes a flat row with volume 0 for a minute without trades, and leaves a hole where it
was down itself. ``limit`` above 1000 means 1000; an empty range is ``[]``.
"""

from collections.abc import Callable, Mapping

from adapters_in.simulator.dialects.binance.bars import klines
from adapters_in.simulator.dialects.binance.call import Call
from adapters_in.simulator.dialects.binance.errors import Refused, limit, refuse
from adapters_in.simulator.dialects.binance.market import books, days, exchange, ping, prices, time
from adapters_in.simulator.dialects.binance.trades import trades
from adapters_in.simulator.wire import Dialect, Reply, Request, World


def _answer(request: Request, world: World) -> Reply:
    route = _ROUTES.get(request.path)
    if route is None or request.method != "GET":
        return Reply.html("404 Not Found", 404)
    known, handler = route
    micro = request.headers.get("x-mbx-time-unit", "").upper() == "MICROSECOND"
    try:
        _check_names(request, known)
        reply = handler(Call(request, world, 10**6 if micro else 1000))
    except Refused as refused:
        reply = refused.reply
    used = str(world.used_weight)
    return reply.with_headers(("X-MBX-USED-WEIGHT", used), ("X-MBX-USED-WEIGHT-1M", used))


def _check_names(request: Request, known: frozenset[str]) -> None:
    names = [name for name, _ in request.query]
    for name in names:
        if names.count(name) > 1:
            raise Refused(-1101, f"Duplicate values for parameter '{name}' detected.")
    read = sum(name in known for name in names)
    if read < len(names):
        raise Refused(
            -1104,
            f"Not all sent parameters were read; read '{read}' parameter(s) "
            f"but was sent '{len(names)}'.",
        )


_Handler = Callable[[Call], Reply]
_SYMBOLS = frozenset({"symbol", "symbols", "symbolStatus"})
_ROUTES: Mapping[str, tuple[frozenset[str], _Handler]] = {
    "/api/v3/klines": (
        frozenset({"symbol", "interval", "startTime", "endTime", "timeZone", "limit"}),
        klines,
    ),
    "/api/v3/aggTrades": (
        frozenset({"symbol", "fromId", "startTime", "endTime", "limit"}),
        trades,
    ),
    "/api/v3/ticker/price": (_SYMBOLS, prices),
    "/api/v3/ticker/bookTicker": (_SYMBOLS, books),
    "/api/v3/ticker/24hr": (_SYMBOLS | {"type"}, days),
    "/api/v3/exchangeInfo": (_SYMBOLS | {"permissions", "showPermissionSets"}, exchange),
    "/api/v3/time": (frozenset(), time),
    "/api/v3/ping": (frozenset(), ping),
}


def _weigh(request: Request) -> int:
    single = request.one("symbol") is not None
    weights = {
        "/api/v3/klines": 2,
        "/api/v3/aggTrades": 4,
        "/api/v3/ticker/price": 2 if single else 4,
        "/api/v3/ticker/bookTicker": 2 if single else 4,
        "/api/v3/ticker/24hr": _weigh_day((request.one("symbols") or "").count('"') // 2, single),
        "/api/v3/exchangeInfo": 20,
    }
    return weights.get(request.path, 1)


def _weigh_day(symbols: int, single: bool) -> int:  # noqa: FBT001  # one symbol or a list
    bands = ((20, 2), (100, 40))
    if single or symbols:
        return next((weight for most, weight in bands if symbols <= most), 80)
    return 80


DIALECT = Dialect(_answer, refuse, limit, _weigh, frozenset({"startTime", "endTime", "fromId"}))
