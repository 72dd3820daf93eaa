"""The bodies of bars and prices as Structs: what is sent and what OpenAPI promises are one thing.

Times are Unix seconds; a value that nobody sent is null; ``demo`` marks synthetic data.
"""

from typing import Literal

from msgspec import UNSET, Struct, UnsetType

GapName = Literal[
    "market_closed",
    "not_listed",
    "no_trades",
    "provider_outage",
    "not_yet_published",
    "lost_by_us",
    "unknown",
]


class BarRow(Struct, frozen=True, gc=False):
    """One bar. ``ts`` and ``timestamp`` are its open; ``filled`` marks a row without a bar.

    ``demo`` is told in the formats that have no envelope to say it.
    """

    ts: int
    timestamp: int
    open: float | None
    high: float | None
    low: float | None
    close: float | None
    volume: float | None
    final: bool
    vwap: float | UnsetType | None = UNSET
    trades: int | UnsetType | None = UNSET
    filled: bool | UnsetType = UNSET
    demo: bool | UnsetType = UNSET


class TsRow(Struct, frozen=True, gc=False):
    """One final bar with ``ts`` alone (two time columns break a consumer)."""

    ts: int
    open: float | None
    high: float | None
    low: float | None
    close: float | None
    volume: float | None
    final: bool


class IsoRow(Struct, frozen=True, gc=False):
    """One final bar; ``timestamp`` is ISO 8601 in UTC."""

    timestamp: str
    open: float | None
    high: float | None
    low: float | None
    close: float | None
    volume: float | None
    final: bool


class BarColumns(Struct, frozen=True, kw_only=True):
    """The same bars column by column, all of one length."""

    ts: tuple[int, ...]
    timestamp: tuple[int, ...]
    open: tuple[float | None, ...]
    high: tuple[float | None, ...]
    low: tuple[float | None, ...]
    close: tuple[float | None, ...]
    volume: tuple[float | None, ...]
    final: tuple[bool, ...]
    vwap: tuple[float | None, ...] | UnsetType = UNSET
    trades: tuple[int | None, ...] | UnsetType = UNSET
    filled: tuple[bool, ...] | UnsetType = UNSET


class QualityComponents(Struct, frozen=True):
    """The parts of a score, 0..100 each."""

    completeness: float
    freshness: float
    outliers: float


class Quality(Struct, frozen=True):
    """How good the bars are; ``issues`` are sentences."""

    score: float
    status: str
    components: QualityComponents
    issues: tuple[str, ...]


class GapView(Struct, frozen=True):
    """Missing bars ``[start, end)`` and why."""

    start: int
    end: int
    reason: GapName


class Source(Struct, frozen=True):
    """Who answered for ``[start, end)``, and when that was fetched."""

    provider: str
    start: int
    end: int
    fetched_at: int


class _BarsBody(Struct, frozen=True, kw_only=True):
    """``cached``, ``stale`` and ``age_s`` are null in answers as of a moment.

    ``rolled_up_from`` is there when the provider has no bars of this interval: then they are
    computed from its finer ones. ``adjusted`` is there when the prices are not as
    traded: ``splits``, or ``all`` with dividends; ``actions_from`` names the provider whose
    actions we adjusted by, and is absent when the bars' provider had adjusted them before.
    """

    symbol: str
    instrument: str
    interval: str
    provider: str
    rolled_up_from: str | UnsetType = UNSET
    adjusted: str | UnsetType = UNSET
    actions_from: str | UnsetType = UNSET
    cached: bool | None
    stale: bool | None
    age_s: int | None
    substituted: bool
    demo: bool
    as_of: float | None
    quality: Quality
    gaps: tuple[GapView, ...]
    sources: tuple[Source, ...]
    next: str | None


class Bars(_BarsBody, frozen=True, kw_only=True):
    """Bars and everything one must know to trust them."""

    data: tuple[BarRow, ...] | BarColumns


class TsBars(_BarsBody, frozen=True, kw_only=True):
    """The same with rows that have ``ts`` only."""

    data: tuple[TsRow, ...]


class IsoBars(_BarsBody, frozen=True, kw_only=True):
    """The same with ISO times in the rows."""

    data: tuple[IsoRow, ...]


class PriceBody(Struct, frozen=True, kw_only=True):
    """A last price; ``age_s`` counts from its receipt."""

    symbol: str
    instrument: str
    price: float
    timestamp: int
    provider: str
    cached: bool
    stale: bool
    age_s: int
    substituted: bool
    demo: bool
