"""The bodies about providers, stored series and symbols. Times are Unix seconds."""

from typing import Literal

from msgspec import Struct

from adapters_in.http.bodies_bars import GapName, Quality


class Health(Struct, frozen=True):
    """A provider's circuit and recent past."""

    state: Literal["closed", "open", "half_open"]
    latency_ms_p50: float | None
    error_rate: float
    score: float


class Budget(Struct, frozen=True):
    """A provider's request budget; ``used_fraction`` of its fullest window, 0..1."""

    limit_per_s: float
    used_fraction: float
    banned_until: int | None


class ProviderView(Struct, frozen=True, kw_only=True):
    """One provider at a glance."""

    name: str
    type: str
    rate_limit: str
    capabilities: tuple[str, ...]
    intervals: tuple[str, ...]
    enabled: bool
    needs_key: bool
    has_key: bool
    key_refused: bool
    health: Health
    budget: Budget


class Providers(Struct, frozen=True):
    """Every configured provider, most preferred first."""

    providers: tuple[ProviderView, ...]
    demo: bool


class Span(Struct, frozen=True):
    """``[start, end)``."""

    start: int
    end: int


class EmptyView(Struct, frozen=True):
    """A stretch that the provider answered without bars, and when it was asked last."""

    start: int
    end: int
    reason: GapName
    checked_at: int


class SeriesCoverage(Struct, frozen=True, kw_only=True):
    """One stored series; ``held`` and ``empty`` are told when a symbol was given."""

    instrument: str
    interval: str
    provider: str
    bars: int
    first: int | None
    last: int | None
    updated_at: int | None
    held: tuple[Span, ...] | None
    empty: tuple[EmptyView, ...] | None


class CoverageBody(Struct, frozen=True):
    """What is held; ``next`` is the ``cursor`` of the series that follow."""

    series: tuple[SeriesCoverage, ...]
    demo: bool
    next: str | None


class SeriesGap(Struct, frozen=True, kw_only=True):
    """One stretch of missing bars of one series."""

    instrument: str
    interval: str
    provider: str
    start: int
    end: int
    bars: int
    reason: GapName


class SeriesSpan(Struct, frozen=True, kw_only=True):
    """Which part of a series was looked at, and how many bars it lacks."""

    instrument: str
    interval: str
    provider: str
    start: int
    end: int
    missing_bars: int


class GapsBody(Struct, frozen=True):
    """What is missing and why; no gap in a series of ``series`` means that it is complete."""

    gaps: tuple[SeriesGap, ...]
    series: tuple[SeriesSpan, ...]
    demo: bool
    next: str | None


class BarValues(Struct, frozen=True):
    """The values of one bar."""

    open: float
    high: float
    low: float
    close: float
    volume: float | None
    vwap: float | None
    trades: int | None


class RevisionView(Struct, frozen=True, kw_only=True):
    """A corrected bar; the ISO times are exact and fit ``as_of``."""

    instrument: str
    interval: str
    provider: str
    ts: int
    old: BarValues
    new: BarValues
    known_at: int
    known_at_iso: str
    superseded_at: int
    superseded_at_iso: str


class RevisionsBody(Struct, frozen=True):
    """What changed when."""

    revisions: tuple[RevisionView, ...]
    demo: bool
    next: str | None


class BatchView(Struct, frozen=True, kw_only=True):
    """One answer of a provider that changed stored bars."""

    instrument: str
    interval: str
    provider: str
    start: int
    end: int
    known_at: int
    known_at_iso: str
    fetched_at: int
    inserted: int
    changed: int
    request_id: str


class LineageBody(Struct, frozen=True):
    """Where the bars came from, newest batch first."""

    batches: tuple[BatchView, ...]
    demo: bool


class SeriesQuality(Struct, frozen=True, kw_only=True):
    """The verdict on a series' newest batch; null before there was one."""

    instrument: str
    interval: str
    provider: str
    bars: int
    last: int | None
    quality: Quality | None


class QualityBody(Struct, frozen=True):
    """Scores with reasons."""

    series: tuple[SeriesQuality, ...]
    demo: bool
    next: str | None


class ListingView(Struct, frozen=True, kw_only=True):
    """One provider's listing of an instrument."""

    provider: str
    symbol: str
    instrument: str
    asset_class: str
    base: str
    quote: str | None
    active: bool
    name: str | None
    valid_from: int | None
    valid_to: int | None


class Symbols(Struct, frozen=True):
    """What was found."""

    symbols: tuple[ListingView, ...]
    demo: bool
