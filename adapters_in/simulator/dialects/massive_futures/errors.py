"""How Massive refuses: a status in the body, the text in ``error`` or ``message``."""

from http import HTTPStatus

from adapters_in.simulator.wire import Reply

_REQUEST = "b452e45b7eaad14151c3e1ce5129b558"
_UPGRADE = (
    "You are not entitled to this data. Please upgrade your plan at https://massive.com/pricing"
)
_TEXTS = {
    400: "bad request",
    401: "Unknown API Key",
    429: "You've exceeded the maximum requests per minute, please wait or upgrade your plan.",
}
_BLOCKED = (418, 451, 502, 503, 520)  # the edge server answers these itself


def error(status: int, text: str = "") -> Reply:
    """A refusal of a call."""
    told = text or _TEXTS.get(status) or HTTPStatus(status).phrase
    body = {"status": "ERROR", "request_id": _REQUEST, "error": told}
    return Reply.json(body, status)


def missing(text: str = "The requested resource was not found.") -> Reply:
    """Nothing of that name."""
    body = {"status": "NOT_FOUND", "request_id": _REQUEST, "message": text}
    return Reply.json(body, 404)


def refuse(status: int, code: str | None, _now: float, _retry_after_s: float | None) -> Reply:
    """There are no codes but the status in the body."""
    if code is None and status in _BLOCKED:
        phrase = HTTPStatus(status).phrase if status in set(HTTPStatus) else "Error"
        return Reply.html(f"{status} {phrase}", status, "cloudflare")
    if code == "NOT_AUTHORIZED" or status == 403:  # noqa: PLR2004  # the plan
        body = {"status": "NOT_AUTHORIZED", "request_id": _REQUEST, "message": _UPGRADE}
        return Reply.json(body, status)
    return missing() if status == 404 else error(status, code or "")  # noqa: PLR2004  # likewise


def limit(_banned: bool, _now: float, _retry_after_s: float | None) -> Reply:  # noqa: FBT001  # Dialect.limit
    """It does not ban, it goes on refusing."""
    return error(429)
