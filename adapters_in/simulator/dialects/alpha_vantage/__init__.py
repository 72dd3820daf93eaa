"""Alpha Vantage as its documentation and captures up to 2026-05 describe it.

One path, and status 200 for everything; what is wrong is said in words. Tables are CSV or JSON,
newest first, all values text, the running bar among them. Stocks tell the time of New York. A key
that begins with ``free`` has the free plan, any other one that includes everything.
"""

from collections.abc import Callable, Mapping

from adapters_in.simulator.dialects.alpha_vantage.series import (
    COIN_PERIODS,
    coin_intraday,
    coin_periods,
    days,
    intraday,
    periods,
)
from adapters_in.simulator.dialects.alpha_vantage.told import quote, rate, status
from adapters_in.simulator.dialects.alpha_vantage.words import limit, refuse, said, unknown
from adapters_in.simulator.wire import Dialect, Reply, Request, World


def _answer(request: Request, world: World) -> Reply:
    if request.path != "/query":
        return Reply.html("404 Not Found", 404)
    handler = _FUNCTIONS.get(request.one("function") or "")
    if not request.one("apikey"):
        return said("key")
    return unknown(request) if handler is None else handler(request, world)


_FUNCTIONS: Mapping[str, Callable[[Request, World], Reply]] = {
    "TIME_SERIES_INTRADAY": intraday,
    "TIME_SERIES_DAILY": days,
    "TIME_SERIES_DAILY_ADJUSTED": days,
    "TIME_SERIES_WEEKLY": periods,
    "TIME_SERIES_MONTHLY": periods,
    **dict.fromkeys((f"DIGITAL_CURRENCY_{p}" for p in COIN_PERIODS), coin_periods),
    "CRYPTO_INTRADAY": coin_intraday,
    "GLOBAL_QUOTE": quote,
    "CURRENCY_EXCHANGE_RATE": rate,
    "MARKET_STATUS": status,
}


def _weigh(_: Request) -> int:
    return 1


DIALECT = Dialect(_answer, refuse, limit, _weigh, frozenset({"month"}))
