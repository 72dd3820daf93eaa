"""The lengths of aggregates of futures: a count and a unit, such as ``15min`` or ``1session``."""

import re

from domain.errors import InvalidRequest, UnsupportedInterval
from domain.interval import Interval

PATTERN = r"[1-9][0-9]?(sec|min|hour|day|session|week|month|quarter|year)"
_LETTERS = {"min": "m", "hour": "h", "day": "d", "session": "d", "week": "w", "month": "mo"}
_BELOW_AN_HOUR = frozenset({"sec", "min"})
_MOST = 59


def read_resolution(text: str) -> str:
    """The resolution; a day of futures is a session.

    Raises:
        InvalidRequest: it is no count with a unit.
        UnsupportedInterval: 60 minutes or more are hours.
    """
    if not re.fullmatch(PATTERN, text, re.ASCII):
        message = "The resolution must be a count and a unit, such as 1min, 15min or 1session."
        raise InvalidRequest(message, "resolution")
    count, unit = _parts(text)
    if unit in _BELOW_AN_HOUR and count > _MOST:
        message = f"There are no aggregates of {text}: up to 59{unit}, then use the next unit."
        raise UnsupportedInterval(message, "resolution")
    return f"{count}session" if unit == "day" else text


def interval_of(resolution: str) -> Interval | None:
    """The interval of our bars that is meant, None if it is another length."""
    count, unit = _parts(resolution)
    spelled = f"{count}{_LETTERS.get(unit, '?')}"
    return next((interval for interval in Interval if interval.value == spelled), None)


def _parts(text: str) -> tuple[int, str]:
    digits = text.rstrip("abcdefghijklmnopqrstuvwxyz")
    return int(digits), text.removeprefix(digits)
