"""What the store is told and what it answers: batches, receipts, revisions, provenance."""

from msgspec import Struct

from domain.bars import Bar, BarSeries, Ints
from domain.coverage import Gap
from domain.instrument import SeriesKey
from domain.interval import Interval
from domain.provider import RejectedRow
from domain.quality import QualityReport
from domain.session_facts import SessionFacts
from domain.timerange import TimeRange


class Batch(Struct, frozen=True):
    """One answer of a provider, judged and ready to be remembered in one transaction.

    ``asked`` is the range it answers for good; every slot in it is a bar of ``series`` or lies
    in one of ``empty``, which may also explain anew what was known to be empty outside of it.
    ``rejected`` rows go to quarantine. ``fetched_at`` is Unix seconds; ``facts`` are about bars of
    ``series``.
    """

    key: SeriesKey
    asked: TimeRange
    series: BarSeries
    fetched_at: float
    empty: tuple[Gap, ...] = ()
    rejected: tuple[RejectedRow, ...] = ()
    quality: QualityReport | None = None
    request_id: str = ""
    facts: SessionFacts | None = None


class Receipt(Struct, frozen=True):
    """What a committed batch changed; ``known_at`` (µs) is when the store learned it.

    ``known_at`` is None when every bar was already stored with the same values.
    """

    inserted: int
    changed: int
    unchanged: int
    known_at: int | None


class StoredBars(Struct, frozen=True):
    """Bars from the store with, for each, when it was learned (int64 µs since the epoch).

    ``rolled_from`` is the interval of the stored bars that they were rolled up from, None when
    they are stored themselves.
    """

    series: BarSeries
    known_at: Ints
    rolled_from: Interval | None = None


class BarSlice(Struct, frozen=True):
    """Which stored bars: those that open in ``[start, end)``, at most ``limit``.

    The first ones of the range, or the last ones when ``newest`` (the answer ascends anyway).
    """

    range: TimeRange
    limit: int | None = None
    newest: bool = False


class Revision(Struct, frozen=True):
    """A bar that was replaced: its old values, known from ``known_at`` to ``superseded_at`` µs."""

    key: SeriesKey
    bar: Bar
    known_at: int
    superseded_at: int
    replaced_by: Bar


class Provenance(Struct, frozen=True):
    """Where a batch came from; times: ``known_at`` µs, ``fetched_at`` Unix s."""

    key: SeriesKey
    range: TimeRange
    known_at: int
    fetched_at: float
    inserted: int
    changed: int
    request_id: str


class SeriesSummary(Struct, frozen=True):
    """One stored series at a glance; ``first`` and ``last`` are bar opens, None when empty."""

    key: SeriesKey
    bars: int
    first: int | None
    last: int | None
    updated_at: float | None
