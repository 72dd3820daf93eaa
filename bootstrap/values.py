"""Parsers of single values; each raises ``ValueError`` for what it does not take."""

import math
from collections.abc import Callable
from urllib.parse import urlsplit

_PORT_MAX = 65_535


def comma_list(text: str | None) -> tuple[str, ...]:
    """The parts of a comma list."""
    return tuple(part.strip() for part in (text or "").split(",") if part.strip())


def finite(text: str) -> float:
    """A number. Raises ``ValueError`` for NaN and infinity too."""
    value = float(_plain(text))
    if not math.isfinite(value):
        raise ValueError
    return value


def positive(text: str) -> float:
    """A number above zero. Raises ``ValueError``."""
    value = finite(text)
    if value <= 0:
        raise ValueError
    return value


def not_negative(text: str) -> float:
    """A number from zero. Raises ``ValueError``."""
    value = finite(text)
    if value < 0:
        raise ValueError
    return value


def between(low: int, high: int) -> Callable[[str], int]:
    """A parser of whole numbers within bounds."""

    def parse(text: str) -> int:
        value = int(_plain(text))
        if not low <= value <= high:
            raise ValueError
        return value

    return parse


def port(text: str) -> int:
    """A TCP port, 0 for one that the system chooses. Raises ``ValueError``."""
    return between(0, _PORT_MAX)(text)


def flag(text: str) -> bool:
    """0 or 1, off or on, false or true. Raises ``ValueError``."""
    values = {"0": False, "false": False, "off": False, "1": True, "true": True, "on": True}
    if text.lower() not in values:
        raise ValueError
    return values[text.lower()]


def one_of(choices: tuple[str, ...]) -> Callable[[str], str]:
    """A parser of one of the words, in any case."""

    def parse(text: str) -> str:
        if text.lower() not in choices:
            raise ValueError
        return text.lower()

    return parse


def auth(text: str) -> str:
    """The only mode of this version. Raises ``ValueError``."""
    return one_of(("off",))(text)


def asset_code(text: str) -> str:
    """An asset code in upper case. Raises ``ValueError``."""
    if not (text.isascii() and text.isalnum()):
        raise ValueError
    return text.upper()


def url(*schemes: str) -> Callable[[str], str]:
    """A parser of plain URLs with one of the schemes; a trailing slash is dropped.

    Plain are those without user, password, query and fragment, and with a port that can be one.
    """

    def parse(text: str) -> str:
        parts = urlsplit(text)
        if parts.scheme not in schemes or not parts.hostname or parts.query or parts.fragment:
            raise ValueError
        if parts.port == 0 or "@" in parts.netloc or not text.isascii() or " " in text:
            raise ValueError
        return text.rstrip("/")

    return parse


def origins(text: str) -> tuple[str, ...]:
    """A comma list of origins: scheme and host, perhaps a port, or ``*``. Raises ``ValueError``."""
    found = comma_list(text)
    for origin in found:
        if origin != "*" and urlsplit(url("http", "https")(origin)).path:
            raise ValueError
    return found


def redis_url(text: str) -> str:
    """The address of a Redis, with the number of a database if any. Raises ``ValueError``."""
    parts = urlsplit(text)
    if parts.scheme == "unix":
        return text
    number = parts.path.removeprefix("/")
    if parts.scheme not in {"redis", "rediss"} or parts.port == 0:
        raise ValueError
    if number and not (number.isascii() and number.isdigit()):
        raise ValueError
    return text


def _plain(text: str) -> str:
    """ASCII without the underscores that Python allows in numbers. Raises ``ValueError``."""
    if not text.isascii() or "_" in text:
        raise ValueError
    return text
