"""The marks of pages of stored series: ``s1-`` behind a series, ``r1-`` within its revisions."""

import re
from typing import Any

from adapters_in.http.kinds import Text
from adapters_in.http.parameters import Parameter
from application.inspect_series import RevisionPlace
from domain.errors import InvalidRequest
from domain.instrument import SeriesKey
from domain.interval import Interval

_INTERVAL = "|".join(interval.value for interval in Interval)
_SERIES = rf"([a-z][a-z_]{{1,19}})-({_INTERVAL})-([A-Z0-9]+([-/._:][A-Z0-9]+)*)"
_AFTER = f"s1-{_SERIES}"
_PLACE = rf"r1-(0|[1-9][0-9]{{0,8}}|[1-3][0-9]{{9}})-(0|[1-9][0-9]{{0,5}})-{_SERIES}"
_LONGEST = 90
_TEXT = "The value of next: the page that follows."


def after() -> Parameter:
    """The next page of series."""
    return Parameter("cursor", Text(_AFTER, _LONGEST, "the value of next, unchanged"), _TEXT)


def place() -> Parameter:
    """The next page of revisions."""
    return Parameter("cursor", Text(_PLACE, _LONGEST, "the value of next, unchanged"), _TEXT)


def mark_after(key: SeriesKey | None) -> str | None:
    """The mark of the page behind a series."""
    return None if key is None else f"s1-{_spelled(key)}"


def mark_place(where: RevisionPlace | None) -> str | None:
    """The mark of the page that begins at a place."""
    return None if where is None else f"r1-{where.ts}-{where.skip}-{_spelled(where.key)}"


def series_after(values: dict[str, Any]) -> SeriesKey | None:
    """The series behind which the page begins."""
    found = _read(_AFTER, values.get("cursor"))
    return None if found is None else _key(found[1], found[2], found[3])


def revision_place(values: dict[str, Any]) -> RevisionPlace | None:
    """The place at which the page begins."""
    found = _read(_PLACE, values["cursor"])
    if found is None:
        return None
    return RevisionPlace(_key(found[3], found[4], found[5]), int(found[1]), int(found[2]))


def _read(pattern: str, cursor: str | None) -> re.Match[str] | None:
    if cursor is None:
        return None
    found = re.fullmatch(pattern, cursor)
    if found is None:
        message = "The cursor is not one of ours: pass the value of `next` unchanged."
        raise InvalidRequest(message, "cursor")
    return found


def _key(provider: str, interval: str, instrument: str) -> SeriesKey:
    return SeriesKey(instrument, Interval(interval), provider)


def _spelled(key: SeriesKey) -> str:
    """No name of a provider or an interval has a dash in it."""
    return f"{key.provider}-{key.interval.value}-{key.instrument}"
