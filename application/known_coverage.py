"""What is known of a series: what the store was told, and when the market is closed."""

from collections.abc import Mapping

from domain.coverage import Coverage
from domain.instrument import SeriesKey
from domain.sessions import ALWAYS, calendar_of
from domain.timerange import TimeRange
from ports.bar_store import BarStore


async def known_coverage(
    store: BarStore, key: SeriesKey, span: TimeRange, as_of: int | None = None
) -> Coverage:
    """As :meth:`BarStore.coverage`; closed slots need nobody's word to be known as empty.

    They are the same at any ``as_of``: the calendar is no part of what was learned.
    """
    return _with_closed(key, await store.coverage(key, span, as_of))


async def known_coverages(
    store: BarStore, parts: Mapping[SeriesKey, TimeRange]
) -> Mapping[SeriesKey, Coverage]:
    """As :func:`known_coverage` for now, of many series at once."""
    told = await store.coverages(parts)
    return {key: _with_closed(key, coverage) for key, coverage in told.items()}


def _with_closed(key: SeriesKey, coverage: Coverage) -> Coverage:
    calendar = calendar_of(key.instrument)
    if calendar is ALWAYS:
        return coverage
    return coverage.with_closed(calendar.closed(key.interval, coverage.range))
