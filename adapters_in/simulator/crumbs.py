"""Yahoo's cookie, and the crumb that is given for it."""

from adapters_in.simulator.wire import Reply, Request, World

_COOKIE, _WORD = "A3=d=AQABBSynthetic&S=AQAAAOfTheSimulator", "syntheticCr.mb"
_LIFE = "Expires=Thu, 31 Dec 2099 23:59:59 GMT; Domain=.yahoo.com; Path=/; Secure"


def cookie(_: Request, __: World) -> Reply:
    """Nothing is there, but a cookie comes along."""
    return Reply.html("404 Not Found", 404).with_headers(("Set-Cookie", f"{_COOKIE}; {_LIFE}"))


def crumb(request: Request, _: World) -> Reply:
    """A word for whoever brings the cookie."""
    if _COOKIE not in request.headers.get("cookie", ""):
        return invalid_crumb()
    return Reply(_WORD.encode(), 200, "text/plain;charset=utf-8")


def has_crumb(request: Request) -> bool:
    """Whether both are there."""
    return request.one("crumb") == _WORD and _COOKIE in request.headers.get("cookie", "")


def invalid_crumb() -> Reply:
    """What is said to all others."""
    trouble = {"code": "Unauthorized", "description": "Invalid Crumb"}
    return Reply.json({"finance": {"result": None, "error": trouble}}, 401)
