"""Moments as providers write them: those of ticks in integer nanoseconds, never through a float."""

import re
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal

from adapters_out.provider_kit.cells import Unreadable, epoch_unit, whole

_NS = 10**9
_SECONDS = re.compile(r"\d{1,12}(?:\.\d{1,18})?", re.ASCII)
_ISO = re.compile(
    r"(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}:\d{2})(?:\.(\d{1,9})\d*)?(Z|[+-]\d{2}:\d{2})", re.ASCII
)


def utc_text(ts: int) -> str:
    """Unix seconds in ISO 8601, such as ``2025-11-20T00:00:00Z``."""
    return datetime.fromtimestamp(ts, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def seconds_of_iso(text: str | None) -> int | None:
    """Unix seconds of an ISO 8601 time, fractions dropped; None if it is none.

    Without a zone it is UTC, wherever we run.
    """
    with suppress(ValueError):
        moment = datetime.fromisoformat(text or "")
        return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
    return None


def ns_of_stamp(cell: object) -> int:
    """A whole Unix stamp in seconds, ms, µs or ns, told apart by its magnitude, as ns.

    Raises:
        Unreadable: no whole number.
    """
    stamp = whole(cell)
    return stamp * (_NS // epoch_unit(stamp))


def seconds_of_stamp(cell: object) -> int:
    """Likewise as Unix seconds, of which it must be a whole number.

    Raises:
        Unreadable: anything else.
    """
    seconds, rest = divmod(ns_of_stamp(cell), _NS)
    if rest:
        raise Unreadable(f"{str(cell)[:40]} is no whole second")
    return seconds


def ns_of_seconds(text: str) -> int:
    """Seconds with decimals as they were written, such as ``1710327959.1733468``, as ns.

    Raises:
        Unreadable: anything else.
    """
    if not _SECONDS.fullmatch(text):
        raise Unreadable(f"{text[:40]!r} is no time in seconds")
    return int(Decimal(text) * _NS)


def ns_of_iso(text: str) -> int:
    """A moment in ISO 8601 with a zone and up to nine decimals as ns.

    Raises:
        Unreadable: anything else; without a zone nobody knows when that was.
    """
    found = _ISO.fullmatch(text)
    if found is None:
        raise Unreadable(f"{text[:40]!r} is no moment in ISO 8601 with a zone")
    day, clock, decimals, zone = found.groups()
    try:
        moment = datetime.fromisoformat(f"{day}T{clock}{'+00:00' if zone == 'Z' else zone}")
    except ValueError:
        raise Unreadable(f"{text[:40]!r} is no moment that exists") from None
    seconds = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // (datetime.resolution * 1_000_000)
    return seconds * _NS + int((decimals or "").ljust(9, "0"))
