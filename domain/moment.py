"""Moments as people write them: Unix seconds or ISO 8601."""

import calendar
import re
from datetime import UTC, date, datetime

from domain.errors import InvalidRequest

MICROS = 1_000_000
LATEST = 4_102_444_799  # the last second of 2099
_MILLIS = 100_000_000_000  # in seconds the year 5138, in milliseconds March 1973
_TIME_HINT = "Use Unix seconds such as 1732646400, or ISO 8601 such as 2024-11-26T18:40:00Z."
_ISO = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(?::(\d\d)(?:\.(\d{1,6})\d*)?)?)?"
    r"(?:(Z)|([-+ ])(\d\d):?(\d\d))?",
    re.ASCII | re.IGNORECASE,
)


class NoMoment(ValueError):
    """A text is no moment: ``says`` completes "<name> ...", ``hint`` is the remedy."""

    def __init__(self, says: str, hint: str) -> None:
        """Keep the sentence and the remedy."""
        super().__init__(says)
        self.says = says
        self.hint = hint


def read_micros(text: str) -> int:
    """Microseconds since the epoch; a time without zone, like a bare date, is UTC.

    What is finer than a microsecond is cut off.

    Raises:
        NoMoment: not a moment, before 1970, after 2099, or apparently milliseconds.
    """
    micros = _number(text) if re.fullmatch(r"[-+]?[0-9.]+", text, re.ASCII) else _iso(text)
    if not 0 <= micros <= LATEST * MICROS:
        raise NoMoment("lies outside of 1970 to 2099", _TIME_HINT)
    return micros


def read_seconds(text: str) -> int:
    """Whole Unix seconds.

    Raises:
        NoMoment: as :func:`read_micros`, or a fraction of a second.
    """
    micros = read_micros(text)
    if micros % MICROS:
        raise NoMoment("has a fraction of a second", f"Times are whole seconds. {_TIME_HINT}")
    return micros // MICROS


def parse_micros(text: str, parameter: str) -> int:
    """As :func:`read_micros`, with the parameter named.

    Raises:
        InvalidRequest: the text is no moment.
    """
    try:
        return read_micros(text)
    except NoMoment as fault:
        raise InvalidRequest(f"{parameter} {fault.says}. {fault.hint}", parameter) from None


def parse_seconds(text: str, parameter: str) -> int:
    """As :func:`read_seconds`, with the parameter named.

    Raises:
        InvalidRequest: the text is no whole second.
    """
    try:
        return read_seconds(text)
    except NoMoment as fault:
        raise InvalidRequest(f"{parameter} {fault.says}. {fault.hint}", parameter) from None


def iso(seconds: int) -> str:
    """A moment as ISO 8601 in UTC, such as ``2024-11-26T18:40:00Z``."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _number(text: str) -> int:
    """Unix seconds in µs."""
    match = re.fullmatch(r"(-?)([0-9]{1,40})(?:\.([0-9]{1,6})[0-9]{0,9})?", text, re.ASCII)
    if match is None:
        raise NoMoment("is not a time", _TIME_HINT)
    sign, whole, fraction = match.groups()
    if int(whole) >= _MILLIS and not sign:
        raise NoMoment(*_too_fine(int(whole)))
    micros = int(whole) * MICROS + int((fraction or "").ljust(6, "0"))
    return -micros if sign else micros


def _too_fine(value: int) -> tuple[str, str]:
    """What is wrong with a huge number, and what was probably meant."""
    for unit, name in ((3, "milliseconds"), (6, "microseconds"), (9, "nanoseconds")):
        seconds = value // 10**unit
        if seconds <= LATEST:
            return f"looks like {name}", f"Times are Unix seconds: {seconds} rather than {value}."
    return "lies outside of 1970 to 2099", _TIME_HINT


def _iso(text: str) -> int:
    """ISO 8601 in µs; an unescaped ``+`` arrives as a blank."""
    match = _ISO.fullmatch(text)
    if match is None:
        raise NoMoment("is not a time", _TIME_HINT)
    day, minute, second, fraction, _zulu, sign, hours, minutes = match.groups()
    try:
        at = datetime.combine(
            date.fromisoformat(day),
            datetime.strptime(f"{minute or '00:00'}:{second or '00'}", "%H:%M:%S").time(),  # noqa: DTZ007  # the offset follows
        )
    except ValueError:
        raise NoMoment("names no real day or time", _TIME_HINT) from None
    offset = int(hours or 0) * 3600 + int(minutes or 0) * 60
    if offset > 14 * 3600:
        raise NoMoment("has an impossible offset from UTC", _TIME_HINT)
    seconds = calendar.timegm(at.timetuple()) + (offset if sign == "-" else -offset)
    return seconds * MICROS + int((fraction or "").ljust(6, "0"))
