"""EODHD as its docs (2026) and recorded answers show it.

The key is in the address, errors are plain texts labelled as HTML, days come as CSV unless JSON
is asked for, volumes of days are adjusted for splits and prices are not.
"""

import re
from collections.abc import Callable, Mapping
from http import HTTPStatus

from adapters_in.simulator.dialects.eodhd import bars, reference
from adapters_in.simulator.dialects.eodhd.speech import failed
from adapters_in.simulator.wire import Dialect, Reply, Request, World

Handler = Callable[[Request, World, str], Reply]

_ROUTES: Mapping[str, Handler] = {
    "eod": bars.days,
    "intraday": bars.intraday,
    "real-time": reference.real_time,
    "splits": reference.splits,
    "div": reference.dividends,
    "exchange-symbol-list": reference.symbols,
}
_PATH = re.compile(r"/([a-z-]+)/([A-Za-z0-9.-]+)")
_SENTENCES = {
    401: "Unauthenticated",
    402: "You exceeded your daily API requests limit.  Please contact "
    "support@eodhistoricaldata.com",
    403: "Only EOD data allowed for free users. Please, contact our support team: "
    "support@eodhistoricaldata.com",
    404: "Ticker Not Found.",
    429: "Too many requests",
}
_A_MINUTE = 1000
_INTRADAY_WEIGHT = 5
_FIRST_EDGE_STATUS = 500


def _answer(request: Request, world: World) -> Reply:
    left = max(0, _A_MINUTE - world.used_weight)
    return _told(request, world).with_headers(
        ("X-RateLimit-Limit", str(_A_MINUTE)), ("X-RateLimit-Remaining", str(left))
    )


def _told(request: Request, world: World) -> Reply:
    if not request.one("api_token"):
        return failed(401, _SENTENCES[401])
    if request.path == "/internal-user":
        return Reply.json({"name": "Simulated", "apiRequests": 1, "dailyRateLimit": 100_000})
    found = _PATH.fullmatch(request.path)
    handler = _ROUTES.get(found[1]) if found else None
    if found is None or handler is None:
        return failed(404, "Not Found")
    return handler(request, world, found[2])


def _refuse(status: int, code: str | None, _now: float, _retry_after_s: float | None) -> Reply:
    """There are no codes: what is named as one is the text."""
    phrase = HTTPStatus(status).phrase if status in set(HTTPStatus) else "Error"
    if code is None and status >= _FIRST_EDGE_STATUS:
        return Reply.html(f"{status} {phrase}", status, "nginx")
    return failed(status, code or _SENTENCES.get(status, phrase))


def _limit(_banned: bool, _now: float, _retry_after_s: float | None) -> Reply:  # noqa: FBT001  # Dialect.limit
    """It does not ban, it goes on refusing."""
    return failed(429, _SENTENCES[429])


def _weigh(request: Request) -> int:
    return _INTRADAY_WEIGHT if request.path.startswith("/intraday/") else 1


DIALECT = Dialect(_answer, _refuse, _limit, _weigh, frozenset({"from", "to"}))
