"""Binance's error bodies: a code below zero and a sentence, or a page of its edge."""

from http import HTTPStatus

from adapters_in.simulator.wire import Reply

MESSAGES = {
    0: "Service unavailable from a restricted location according to 'b. Eligibility' in "
    "https://www.binance.com/en/terms. Please contact customer service if you believe you "
    "received this message in error.",
    -1000: "An unknown error occurred while processing the request.",
    -1001: "Internal error; unable to process your request. Please try again.",
    -1003: "Too much request weight used; current limit is 6000 request weight per 1 MINUTE. "
    "Please use WebSocket Streams for live updates to avoid polling the API.",
    -1006: "An unexpected response was received from the message bus. Execution status unknown.",
    -1007: "Timeout waiting for response from backend server. Send status unknown; "
    "execution status unknown.",
    -1008: "Server is currently overloaded with other requests. Please try again in a few minutes.",
    -1016: "This service is no longer available.",
    -1021: "Timestamp for this request is outside of the recvWindow.",
    -1100: "Illegal characters found in a parameter.",
    -1120: "Invalid interval.",
    -1121: "Invalid symbol.",
    -1122: "Invalid symbolStatus.",
    -1127: "More than 24 hours between startTime and endTime.",
    -2014: "API-key format invalid.",
}
_CODE_OF_STATUS = {400: -1100, 401: -2014, 418: -1003, 429: -1003, 451: 0, 500: -1001, 503: -1008}


class Refused(Exception):
    """A parameter that Binance does not take."""

    def __init__(self, code: int, message: str | None = None) -> None:
        super().__init__(message)
        self.reply = error(400, code, message)


def refuse(status: int, code: str | None, now: float, retry_after_s: float | None) -> Reply:
    """What a status comes with; ``code`` overrides the usual error code."""
    if code is None and status not in _CODE_OF_STATUS:
        phrase = HTTPStatus(status).phrase if status in set(HTTPStatus) else "Error"
        return Reply.html(f"{status} {phrase}", status, "Request blocked.")
    number = int(code) if code is not None else _CODE_OF_STATUS[status]
    message = None
    if status == HTTPStatus.IM_A_TEAPOT:
        until = int((now + (retry_after_s or 120)) * 1000)
        message = (
            f"Way too much request weight used; IP banned until {until}. "
            "Please use WebSocket Streams for live updates to avoid bans."
        )
    return error(status, number, message)


def error(status: int, code: int, message: str | None = None) -> Reply:
    """Binance's own error object."""
    text = message or MESSAGES.get(code, "An unknown error occurred.")
    return Reply.json({"code": code, "msg": text}, status)


def limit(banned: bool, now: float, retry_after_s: float | None) -> Reply:  # noqa: FBT001  # Dialect.limit
    """429, then 418 for those who go on."""
    return refuse(418 if banned else 429, None, now, retry_after_s)
