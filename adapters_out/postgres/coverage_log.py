"""The table ``coverage``: which ranges were asked for and which are known to be empty."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from adapters_out.postgres.columns import FOREVER, Moment, Moments
from adapters_out.postgres.pool import Connection
from adapters_out.postgres.series_reading import PARTS, limits, named
from domain.bars import Ints
from domain.coverage import Emptiness, Gap, GapReason, held_ranges
from domain.emptiness import EmptySpan, learn
from domain.instrument import SeriesKey
from domain.ledger import Batch
from domain.timerange import RangeSet, TimeRange

_CURRENT = """
SELECT id, extract(epoch FROM start_at)::bigint, extract(epoch FROM end_at)::bigint, reason,
  (extract(epoch FROM known_at) * 1000000)::bigint, extract(epoch FROM checked_at)::bigint
FROM coverage
WHERE series_id = %s AND end_at > %s AND start_at < %s AND superseded_at = 'infinity'
"""
_FORGET = "DELETE FROM coverage WHERE id = ANY (%s)"
_ADD = """
INSERT INTO coverage (series_id, start_at, end_at, reason, known_at, superseded_at, checked_at)
SELECT %s, start_at, end_at, reason, known_at, superseded_at,
  CASE WHEN reason IS NOT NULL THEN checked_at END
FROM unnest(%s, %s, %s::text[], %s, %s, %s)
  AS fresh (start_at, end_at, reason, known_at, superseded_at, checked_at)
"""
_WITHIN = """
SELECT extract(epoch FROM start_at)::bigint, extract(epoch FROM end_at)::bigint, reason,
  floor(extract(epoch FROM CASE WHEN %(pure)s THEN known_at ELSE checked_at END))::bigint
FROM coverage
WHERE end_at > %(start)s AND start_at < %(end)s
  AND known_at <= %(as_of)s AND superseded_at > %(as_of)s
  AND series_id = (
    SELECT id FROM series
    WHERE instrument = %(instrument)s AND bar_interval = %(interval)s AND provider = %(provider)s
  )
ORDER BY start_at
"""
_WITHIN_PARTS = f"""
SELECT place, extract(epoch FROM told.start_at)::bigint, extract(epoch FROM told.end_at)::bigint,
  told.reason, extract(epoch FROM told.checked_at)::bigint
FROM {PARTS} JOIN coverage AS told
  ON told.series_id = series.id AND told.end_at > wanted.start_at
    AND told.start_at < wanted.end_at AND told.superseded_at = 'infinity'
ORDER BY place, told.start_at
""".encode()  # noqa: S608 - put together from constants


class Known(Struct, frozen=True):
    """What the table knows about a span."""

    asked: RangeSet = RangeSet()
    empty: tuple[Emptiness, ...] = ()


async def remember_coverage(
    connection: Connection, series_id: int, batch: Batch, *, ts: Ints, known_at: int
) -> bool:
    """Take in what the batch answers; whether anything of it was new.

    ``ts`` are all bars that we hold within :func:`window`, those of the batch included.
    """
    frame = window(batch)
    limits = (series_id, Moment(seconds=frame.start), Moment(seconds=frame.end))
    cursor = await connection.execute(_CURRENT, limits)
    rows = await cursor.fetchall()
    asked = RangeSet.of(TimeRange(row[1], row[2]) for row in rows if row[3] is None)
    added = [_row(part, None, known_at, 0) for part in RangeSet((batch.asked,)).subtract(asked)]
    believed = {_span(row): row[0] for row in rows if row[3] is not None}
    is_new = bool(added)
    if believed or batch.empty:
        lesson = learn(
            tuple(believed),
            batch.empty,
            held_ranges(batch.key.interval, ts),
            known_at=known_at,
            checked_at=int(batch.fetched_at),
        )
        is_new = is_new or lesson.is_new
        added += [_row_of(span) for span in lesson.added]
        if lesson.removed:
            await connection.execute(_FORGET, ([believed[span] for span in lesson.removed],))
    if added:
        await connection.execute(_ADD, (series_id, *_columns(added)))
    return is_new


def window(batch: Batch) -> TimeRange:
    """The smallest range that holds everything the batch speaks of."""
    ts = batch.series.ts
    edges = [batch.asked, *(gap.range for gap in batch.empty)]
    if len(ts):
        edges.append(TimeRange(int(ts[0]), batch.key.interval.close(int(ts[-1]))))
    return TimeRange(min(r.start for r in edges), max(r.end for r in edges))


async def known_within(
    connection: Connection, key: SeriesKey, span: TimeRange, as_of: int | None
) -> Known:
    """What was asked and known to be empty within ``span``, now or at ``as_of`` (µs).

    As of a past moment ``checked_at`` is the moment it was learned: later looks do not count.
    """
    values = {
        "start": Moment(seconds=span.start),
        "end": Moment(seconds=span.end),
        "as_of": Moment(us=FOREVER - 1 if as_of is None else as_of),
        "pure": as_of is not None,
        "instrument": key.instrument,
        "interval": key.interval.value,
        "provider": key.provider,
    }
    cursor = await connection.execute(_WITHIN, values)
    return _known(await cursor.fetchall(), span)


async def known_of_all(
    connection: Connection, parts: Mapping[SeriesKey, TimeRange]
) -> Mapping[SeriesKey, Known]:
    """As :func:`known_within` for now, of each part of which anything is known."""
    keys = list(parts)
    cursor = await connection.execute(_WITHIN_PARTS, named(keys) | limits(parts))
    rows: dict[SeriesKey, list[tuple[Any, ...]]] = {}
    for place, *told in await cursor.fetchall():
        rows.setdefault(keys[place - 1], []).append(tuple(told))
    return {key: _known(found, parts[key]) for key, found in rows.items()}


def _known(rows: Sequence[tuple[Any, ...]], span: TimeRange) -> Known:
    return Known(_asked(rows, span), tuple(_emptinesses(rows, span)))


def _asked(rows: Sequence[tuple[Any, ...]], span: TimeRange) -> RangeSet:
    asked = RangeSet.of(TimeRange(row[0], row[1]) for row in rows if row[2] is None)
    return asked.intersect(RangeSet((span,)))


def _emptinesses(rows: Sequence[tuple[Any, ...]], span: TimeRange) -> Iterable[Emptiness]:
    for start, end, reason, checked_at in rows:
        if reason is not None:
            gap = Gap(max(start, span.start), min(end, span.end), GapReason(reason))
            yield Emptiness(gap, checked_at)


def _span(row: tuple[Any, ...]) -> EmptySpan:
    _, start, end, reason, known_at, checked_at = row
    return EmptySpan(
        range=TimeRange(start, end),
        reason=GapReason(reason),
        known_at=known_at,
        checked_at=checked_at,
    )


_Row = tuple[int, int, str | None, int, int, int]


def _row_of(span: EmptySpan) -> _Row:
    ended = FOREVER if span.superseded_at is None else span.superseded_at
    return _row(span.range, span.reason.value, span.known_at, span.checked_at, ended)


def _row(
    part: TimeRange, reason: str | None, known_at: int, checked_at: int, ended: int = FOREVER
) -> _Row:
    us = 1_000_000
    return part.start * us, part.end * us, reason, known_at, ended, checked_at * us


def _columns(rows: Sequence[_Row]) -> tuple[Moments | list[str | None], ...]:
    start, end, reason, known_at, ended, checked_at = zip(*rows, strict=True)
    return (
        *(Moments(start), Moments(end), list(reason)),
        *(Moments(known_at), Moments(ended), Moments(checked_at)),
    )
