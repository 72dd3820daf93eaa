"""Polygon, now Massive, as its OpenAPI document (2026) and recorded answers show it.

The key comes in a header or the address. A bar without trades is left out, so is a list that
would be empty. Stocks are raw; their days, weeks (from Sunday) and longer hours are those of New
York. The free plan's five calls a minute are a matter of the control API.
"""

import re
from collections.abc import Callable, Mapping
from http import HTTPStatus

from adapters_in.simulator.dialects.polygon import bars, prices, reference, ticks
from adapters_in.simulator.dialects.polygon.speech import failed
from adapters_in.simulator.wire import Dialect, Reply, Request, World

Handler = Callable[[Request, World, re.Match[str]], Reply]

_PLAN = "You are not entitled to this data. Please upgrade your plan at https://massive.com/pricing"
_TOO_MANY = (
    "You've exceeded the maximum requests per minute, please wait or upgrade your subscription to "
    "continue. https://massive.com/pricing"
)
_T = r"([A-Za-z0-9.:]+)"
_RANGE = rf"/v2/aggs/ticker/{_T}/range/(\d+)/([a-z]+)/([\d-]+)/([\d-]+)"
_ROUTES: Mapping[re.Pattern[str], Handler] = {
    re.compile(pattern): handler
    for pattern, handler in {
        _RANGE: bars.in_range,
        rf"/v2/aggs/ticker/{_T}/prev": bars.previous,
        rf"/v2/last/trade/{_T}": prices.last_trade,
        r"/v1/last/crypto/([A-Z0-9]+)/([A-Z0-9]+)": prices.last_of_pair,
        rf"/v2/snapshot/locale/us/markets/stocks/tickers/{_T}": prices.snapshot_of_stock,
        r"/v3/snapshot": prices.snapshot,
        rf"/v3/(trades|quotes)/{_T}": ticks.ticks,
        r"/v3/reference/tickers": reference.tickers,
        rf"/v3/reference/tickers/{_T}": reference.details,
        r"/v3/reference/(splits|dividends)": reference.actions,
        r"/v1/marketstatus/now": reference.market_status,
    }.items()
}
_SENTENCES = {
    400: ("ERROR", "error", "bad request"),
    401: ("ERROR", "error", "Unknown API Key"),
    403: ("NOT_AUTHORIZED", "message", _PLAN),
    404: ("NOT_FOUND", "message", "Resource Not Found."),
    429: ("ERROR", "error", _TOO_MANY),
}
_FIRST_EDGE_STATUS = 502


def _answer(request: Request, world: World) -> Reply:
    authorization = request.headers.get("authorization", "")
    if not (authorization.startswith("Bearer ") or request.one("apiKey")):
        return failed(401, "ERROR", "error", "API Key was not provided")
    for pattern, handler in _ROUTES.items():
        found = pattern.fullmatch(request.path)
        if found:
            return handler(request, world, found)
    return Reply(b"404 page not found\n", 404, "text/plain; charset=utf-8")


def _refuse(status: int, code: str | None, _now: float, _retry_after_s: float | None) -> Reply:
    """What is named as a code is the status in the body."""
    phrase = HTTPStatus(status).phrase if status in set(HTTPStatus) else "Error"
    if code is None and status >= _FIRST_EDGE_STATUS:
        return Reply.html(f"{status} {phrase}", status, "nginx")
    named, field, sentence = _SENTENCES.get(status, ("ERROR", "error", phrase))
    return failed(status, code or named, field, sentence)


def _limit(_banned: bool, _now: float, _retry_after_s: float | None) -> Reply:  # noqa: FBT001  # Dialect.limit
    """It does not ban, it goes on refusing."""
    return failed(429, *_SENTENCES[429])


def _weigh(_: Request) -> int:
    return 1


DIALECT = Dialect(_answer, _refuse, _limit, _weigh, frozenset({"cursor"}))
