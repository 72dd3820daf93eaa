"""What the use cases answer: values that every way in renders in its own format."""

from msgspec import Struct

from domain.bars import Bar, BarSeries
from domain.coverage import Gap
from domain.instrument import Instrument
from domain.interval import Interval
from domain.quality import QualityReport
from domain.timerange import TimeRange


class SourcePart(Struct, frozen=True):
    """Which provider answered for which part, and when that was learned (Unix s)."""

    provider: str
    start: int
    end: int
    fetched_at: int


class BarsAnswer(Struct, frozen=True, kw_only=True):
    """Bars with everything one must know to trust them.

    ``cached`` means that no provider was asked for this answer; ``stale`` that bars are missing
    which a provider should have given, or that all who were asked failed; ``substituted`` that
    the first choice did not answer.
    ``learned_at`` (Unix s) is when the newest knowledge in it was gained; ``fresh_until`` when
    the next bar closes. For ``as_of`` answers cached, stale and age are undefined.
    ``window`` is the stretch that was meant, ``next_start`` where the next page begins.
    ``rolled_up_from`` is the interval of the provider's own bars if it has none of this one.
    ``adjusted`` names what the prices are adjusted for (``splits``, ``all``), empty when they are
    as traded; ``actions_from`` whose actions we adjusted by.
    """

    symbol: str
    instrument: Instrument
    interval: Interval
    provider: str
    series: BarSeries
    window: TimeRange
    quality: QualityReport
    gaps: tuple[Gap, ...]
    sources: tuple[SourcePart, ...]
    forming: Bar | None = None
    cached: bool = False
    stale: bool = False
    substituted: bool = False
    as_of: int | None = None
    learned_at: float = 0.0
    fresh_until: float = 0.0
    next_start: int | None = None
    rolled_up_from: Interval | None = None
    adjusted: str = ""
    actions_from: str = ""


class PriceAnswer(Struct, frozen=True, kw_only=True):
    """A last price and how fresh it is; ``age_s`` counts from its receipt."""

    symbol: str
    price: float
    ts: int
    provider: str
    cached: bool
    stale: bool
    age_s: int
    substituted: bool = False
