"""A request for bars, checked, with the stretch of time that it means now."""

from collections.abc import Sequence

from msgspec import Struct

from domain.errors import InvalidRequest, NoData
from domain.instrument import SeriesKey
from domain.query import BarQuery, BarWindow, choose_window
from domain.timerange import TimeRange

_YEAR_9999 = 253_402_300_800


class Question(Struct, frozen=True):
    """A query, its window at one moment, and who could answer, most preferred first.

    ``keyless`` are those of them that cannot be asked for want of a key, ``volumeless`` those whose
    bars of such an instrument come without a volume. ``instead``: somebody else was asked first,
    whose prices stand for something else, but does not list the instrument.
    """

    query: BarQuery
    span: TimeRange
    rest: int | None
    names: tuple[str, ...]
    keyless: tuple[str, ...] = ()
    volumeless: tuple[str, ...] = ()
    instead: bool = False

    @property
    def window(self) -> BarWindow:
        """The window before anything is known about it."""
        return BarWindow(self.span, self.rest)

    @property
    def is_for_latest(self) -> bool:
        """Whether the newest bars of all are meant."""
        return self.query.start is None and self.query.end is None

    def is_substitute(self, name: str) -> bool:
        """Whether a more preferred provider could have been asked."""
        before = self.names[: self.names.index(name)]
        return self.instead or any(other not in self.keyless for other in before)

    def key(self, name: str) -> SeriesKey:
        """The series of one provider."""
        return SeriesKey(self.query.instrument.id, self.query.interval, name)


def pose(
    query: BarQuery,
    names: Sequence[str],
    now: float,
    keyless: Sequence[str] = (),
    volumeless: Sequence[str] = (),
) -> Question:
    """Choose the window at ``now`` (Unix s).

    Raises:
        InvalidRequest: the range is empty or lies outside of 1970 to 9999, or nothing is wanted.
        NoData: no bar of the range has closed yet, or opens in it.
    """
    _check(query)
    window = choose_window(query, now)
    if window.range is None:
        raise NoData(_none(query))
    lacking = (tuple(keyless), tuple(volumeless))
    return Question(query, window.range, window.rest, tuple(names), *lacking)


def _none(query: BarQuery) -> str:
    """Why a range holds no bar: it is too narrow, or too new."""
    interval, start, end = query.interval, query.start, query.end
    if start is not None and end is not None and interval.ceil(start) >= interval.ceil(end):
        return f"No {interval.value} bar opens in that range: widen it."
    then = "yet" if query.as_of is None else "by then"
    return f"No {interval.value} bar of that range has closed {then}."


def _check(query: BarQuery) -> None:
    for name, value in (("start", query.start), ("end", query.end)):
        if value is not None and not 0 <= value < _YEAR_9999:
            message = f"{name} must be Unix seconds between 1970 and 9999, not milliseconds."
            raise InvalidRequest(message, name)
    if query.limit < 1:
        raise InvalidRequest("limit must be at least 1.", "limit")
    if query.start is not None and query.end is not None and query.end <= query.start:
        raise InvalidRequest("The range is empty: end must lie after start.", "end")
