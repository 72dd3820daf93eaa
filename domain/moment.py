"""Moments as people write them: Unix seconds or ISO 8601."""

import re
from datetime import UTC, date, datetime, time

from domain.errors import InvalidRequest

MICROS = 1_000_000
LATEST = 4_102_444_800  # 2100-01-01: beyond it a number is milliseconds, or a mistake
_DIGITS = re.compile(r"[0-9]{1,19}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,6})?)?"
    r"(Z|[+-][0-9]{2}:?[0-9]{2})?",
    re.IGNORECASE,
)
_EXAMPLE = "such as 1732646400 or 2024-11-26T18:40:00Z"


def parse_micros(text: str, parameter: str) -> int:
    """Microseconds since the epoch; a time without zone, like a bare date, is UTC.

    Raises:
        InvalidRequest: not a moment, before 1970, after 2099, or apparently milliseconds.
    """
    if _DIGITS.fullmatch(text):
        return _checked(int(text) * MICROS, text, parameter)
    try:
        if _DATE.fullmatch(text):
            moment = datetime.combine(date.fromisoformat(text), time(), UTC)
        elif _MOMENT.fullmatch(text):
            moment = datetime.fromisoformat(text.upper())
        else:
            raise ValueError  # noqa: TRY301  # the same answer as for an impossible date
    except ValueError:
        message = f"{parameter} must be a time in Unix seconds or ISO 8601, {_EXAMPLE}."
        raise InvalidRequest(message, parameter) from None
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    micros = (since.days * 86_400 + since.seconds) * MICROS + since.microseconds
    return _checked(micros, text, parameter)


def parse_seconds(text: str, parameter: str) -> int:
    """Whole Unix seconds.

    Raises:
        InvalidRequest: as :func:`parse_micros`, or a fraction of a second.
    """
    micros = parse_micros(text, parameter)
    if micros % MICROS:
        message = f"{parameter} must be a whole second, {_EXAMPLE}."
        raise InvalidRequest(message, parameter)
    return micros // MICROS


def iso(seconds: int) -> str:
    """A moment as ISO 8601 in UTC, such as ``2024-11-26T18:40:00Z``."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _checked(micros: int, text: str, parameter: str) -> int:
    if 0 <= micros < LATEST * MICROS:
        return micros
    if text.isdigit():
        message = f"{parameter} must be Unix seconds, {_EXAMPLE}; this looks like milliseconds."
    else:
        message = f"{parameter} must lie between 1970 and 2099, {_EXAMPLE}."
    raise InvalidRequest(message, parameter)
