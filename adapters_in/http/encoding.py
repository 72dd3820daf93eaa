"""Answers as bytes: JSON rows or columns, CSV, NDJSON.

A JSON answer is kept in two pieces with ``cached``, ``stale`` and ``age_s`` between them, so that
they can be told live without encoding anything again.
"""

import hashlib

import msgspec
from msgspec import UNSET, Struct, UnsetType

from adapters_in.http.bar_columns import Columns, columns_of
from adapters_in.http.bodies_bars import (
    GapView,
    Quality,
    QualityComponents,
    Source,
)
from adapters_in.http.layouts import LABELS, MEDIA_TYPES, Layout, lay_out
from adapters_in.http.replies import JSON, Headers, Reply
from application.answers import BarsAnswer
from domain.coverage import Gap
from domain.moment import MICROS
from domain.quality import QualityReport
from domain.query import Fill, encode_cursor

_PURE_S = 86_400  # an answer as of a moment never changes

_json = msgspec.json.Encoder()


class Encoded(Struct, frozen=True):
    """A finished answer but for what changes by the second.

    ``tail`` is None where nothing does. ``learned_at`` and ``fresh_until`` are Unix seconds.
    """

    head: bytes
    tail: bytes | None
    media_type: str
    headers: Headers
    learned_at: float
    fresh_until: float
    stale: bool

    def body(self, now: float, *, cached: bool) -> bytes:
        """The bytes at ``now``."""
        if self.tail is None:
            return self.head
        age = max(0, int(now - self.learned_at))
        live = b'"cached":%b,"stale":%b,"age_s":%d,' % (_word(cached), _word(self.stale), age)
        return b"".join((self.head, live, self.tail))

    def cache_control(self, now: float) -> str:
        """Until the next bar closes; a stale answer is not to be kept."""
        if self.stale:
            return "no-store"
        return f"max-age={int(min(_PURE_S, max(0.0, self.fresh_until - now)))}"

    def reply(self, now: float, *, cached: bool, cache_control: str | None = None) -> Reply:
        """The answer with its headers."""
        control = cache_control or self.cache_control(now)
        headers = (*self.headers, ("cache-control", control))
        return Reply(self.body(now, cached=cached), self.media_type, headers=headers)


class _Head(Struct, frozen=True):
    symbol: str
    instrument: str
    interval: str
    provider: str
    rolled_up_from: str | UnsetType = UNSET
    adjusted: str | UnsetType = UNSET
    actions_from: str | UnsetType = UNSET


class _BeforeBars(Struct, frozen=True):
    substituted: bool
    demo: bool
    as_of: int | float | None


class _BehindBars(Struct, frozen=True):
    quality: Quality
    gaps: tuple[GapView, ...]
    sources: tuple[Source, ...]
    next: str | None


def encode_bars(
    answer: BarsAnswer,
    layout: Layout = Layout.ROWS,
    fill: Fill = Fill.NONE,
    *,
    demo: bool = False,
    link: str | None = None,
) -> Encoded:
    """Encode once; ``link`` is the address of the next page without its cursor's value."""
    columns = columns_of(answer, fill)
    data = lay_out(columns, layout, demo=demo)
    cursor = None if answer.next_start is None else encode_cursor(answer.next_start)
    plain = layout in MEDIA_TYPES
    head, tail = (data, None) if plain else _envelope(answer, data, cursor, demo=demo)
    if answer.as_of is not None and tail is not None:
        head, tail = b'%b"cached":null,"stale":null,"age_s":null,%b' % (head, tail), None
    headers = [("etag", _etag(answer, columns, layout, weak=tail is not None))]
    if plain:
        headers += _labels(answer, demo=demo)
    if link is not None and cursor is not None:
        headers.append(("link", f'<{link}{cursor}>; rel="next"'))
    return Encoded(
        head=head,
        tail=tail,
        media_type=MEDIA_TYPES.get(layout, JSON),
        headers=tuple(headers),
        learned_at=answer.learned_at,
        fresh_until=answer.fresh_until if answer.as_of is None else float("inf"),
        stale=answer.stale,
    )


def quality_of(report: QualityReport) -> Quality:
    """The verdict as it is shown."""
    score = report.score
    parts = QualityComponents(score.completeness, score.freshness, score.outliers)
    return Quality(score.score, score.status, parts, report.issues)


def gap_of(gap: Gap) -> GapView:
    """A gap as it is shown."""
    return GapView(gap.start, gap.end, gap.reason.value)


def seconds_of(micros: int) -> int | float:
    """Unix seconds; whole ones as an integer."""
    return micros // MICROS if micros % MICROS == 0 else micros / MICROS


def _envelope(
    answer: BarsAnswer, data: bytes, cursor: str | None, *, demo: bool
) -> tuple[bytes, bytes]:
    """What stands before and behind the live part; the bars are long, so they are copied once."""
    finer = answer.rolled_up_from
    head = _Head(
        answer.symbol,
        answer.instrument.id,
        answer.interval.value,
        answer.provider,
        UNSET if finer is None else finer.value,
        answer.adjusted or UNSET,
        answer.actions_from or UNSET,
    )
    as_of = None if answer.as_of is None else seconds_of(answer.as_of)
    before = _BeforeBars(answer.substituted, demo, as_of)
    behind = _BehindBars(
        quality=quality_of(answer.quality),
        gaps=tuple(gap_of(gap) for gap in answer.gaps),
        sources=tuple(
            Source(part.provider, part.start, part.end, part.fetched_at) for part in answer.sources
        ),
        next=cursor,
    )
    pieces = (_json.encode(before)[1:-1], b',"data":', data, b",", _json.encode(behind)[1:])
    return _json.encode(head)[:-1] + b",", b"".join(pieces)


def _etag(answer: BarsAnswer, columns: Columns, layout: Layout, *, weak: bool) -> str:
    """Of the bars and what explains them; not of age and freshness, which tick by themselves.

    The bars count as they are in memory: that is half of their text.
    """
    sent = columns.named()
    facts = (
        *(answer.symbol, answer.provider, answer.gaps, answer.stale, answer.next_start),
        *(layout, tuple(sent)),
    )
    digest = hashlib.sha256(_json.encode(facts))  # processors have it built in
    for column in sent.values():
        digest.update(column.data)
    tag = digest.hexdigest()[:24]
    return f'W/"{tag}"' if weak else f'"{tag}"'


def _labels(answer: BarsAnswer, *, demo: bool) -> Headers:
    """What a format without an envelope says in headers; stale is not said as of a moment."""
    finer = answer.rolled_up_from
    said = (
        answer.provider,
        None if answer.as_of is not None else _word(answer.stale).decode(),
        _word(answer.substituted).decode(),
        _word(demo).decode(),
        None if finer is None else finer.value,
        answer.adjusted,
        answer.actions_from,
    )
    return tuple((name.lower(), text) for name, text in zip(LABELS, said, strict=True) if text)


def _word(value: bool) -> bytes:
    return b"true" if value else b"false"
