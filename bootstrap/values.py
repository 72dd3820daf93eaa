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
    value = float(text)
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
        value = int(text)
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
    """A parser of plain URLs with one of the schemes; a trailing slash is dropped."""

    def parse(text: str) -> str:
        parts = urlsplit(text)
        if parts.scheme not in schemes or not parts.hostname or parts.query or parts.fragment:
            raise ValueError
        return text.rstrip("/")

    return parse
