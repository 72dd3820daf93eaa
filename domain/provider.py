"""Providers as pure data: what they can do and how they want to be treated."""

from enum import Enum, IntEnum

from msgspec import Struct

from domain.bars import Bar, BarSeries
from domain.coverage import GapReason
from domain.instrument import AssetClass, Instrument
from domain.interval import Interval
from domain.session_facts import SessionFacts
from domain.timerange import TimeRange

# Other names by which callers may know a provider.
PROVIDER_ALIASES = {"cmc": "coinmarketcap"}


class Capability(Enum):
    """One thing a provider may be able to answer."""

    BARS = "bars"
    PRICE = "price"
    INSTRUMENTS = "instruments"
    TRADES = "trades"
    QUOTES = "quotes"
    ACTIONS = "actions"
    MARKETS = "markets"
    FUTURES = "futures"


class Priority(IntEnum):
    """Who goes first when the budget is short; lower values go first."""

    INTERACTIVE = 0
    HEALING = 1
    BACKFILL = 2


class Window(Struct, frozen=True):
    """At most ``limit`` weight in any ``seconds`` seconds.

    ``calendar`` windows start over at multiples of ``seconds`` since the epoch, shifted by
    ``offset_s``, as a daily quota does; the others slide.
    """

    limit: float
    seconds: int
    calendar: bool = False
    offset_s: int = 0

    @property
    def is_durable(self) -> bool:
        """Whether it must outlive a restart and an emptied cache (an hour or more)."""
        return self.seconds >= 3600  # noqa: PLR2004  # an hour


class Basis(Enum):
    """What a price stands for: only sources of one basis are comparable.

    One venue's own trades, the consolidated tape of a market, or an average over many venues.
    """

    VENUE = "venue"
    CONSOLIDATED = "consolidated"
    AGGREGATE = "aggregate"


class ProviderPolicy(Struct, frozen=True):
    """How to treat a provider: pure data.

    ``windows`` bound the weight of calls; ``rps`` is a hard cap on *requests* per second,
    whatever their weight; times are in seconds. ``freeze_s`` is the pause after a rate-limit
    answer that names none, ``ban_s`` likewise after a ban.
    """

    rps: float
    windows: tuple[Window, ...] = ()
    timeout_s: float = 10.0
    attempts: int = 3
    backoff_s: float = 0.25
    backoff_max_s: float = 4.0
    freeze_s: float = 10.0
    ban_s: float = 120.0
    concurrency: int = 8
    max_body_bytes: int = 16 * 1024 * 1024


class Capabilities(Struct, frozen=True):
    """What a provider can answer.

    ``history_bars`` is how many bars back it keeps (None: everything); ``holes`` is what a
    missing bar inside an answer means; ``page_bars`` is the most one call returns;
    ``reread_bars`` is how many newest stored bars are read again with the next new ones,
    because providers correct young bars. ``basis`` is what its prices stand for; ``adjusted``
    names the corporate actions that its prices already contain (``splits``) when it has no raw
    ones, empty otherwise; ``volume_adjusted`` says that its volumes of days are split-adjusted
    although its prices are raw. ``tickers_of_the_day``: a stock's history is filed under the ticker
    that it had on each day, not under the one that it has now (:mod:`domain.renames`).
    ``history_s`` tells of intervals of which it keeps only so many seconds. ``without_volume`` are
    the classes of assets whose bars it sends without a volume; the turnover of a day is none.
    ``lacks`` are offers that it makes for its other classes of assets only.
    """

    offers: frozenset[Capability]
    asset_classes: frozenset[AssetClass]
    intervals: tuple[Interval, ...] = ()
    history_bars: int | None = None
    holes: GapReason = GapReason.UNKNOWN
    page_bars: int = 1000
    reread_bars: int = 2
    basis: Basis = Basis.VENUE
    adjusted: str = ""
    volume_adjusted: bool = False
    tickers_of_the_day: bool = False
    history_s: tuple[tuple[Interval, int], ...] = ()
    without_volume: frozenset[AssetClass] = frozenset()
    lacks: frozenset[tuple[Capability, AssetClass]] = frozenset()

    def has_volume(self, asset_class: AssetClass) -> bool:
        """Whether a bar of that class that comes without a volume lacks something."""
        return asset_class not in self.without_volume

    def can(self, capability: Capability, asset_class: AssetClass) -> bool:
        """Whether it answers this for that class of assets."""
        offered = capability in self.offers and asset_class in self.asset_classes
        return offered and (capability, asset_class) not in self.lacks

    def source(self, interval: Interval) -> Interval | None:
        """What bars of ``interval`` are built from: itself, or the longest one that fits."""
        fine = [i for i in self.intervals if i is interval or i.nests_in(interval)]
        return max(fine, key=lambda i: i.seconds, default=None)

    def reaches(self, interval: Interval, start: int, now: float) -> bool:
        """Whether a bar that opened at ``start``, or its parts, are within the kept history."""
        oldest = self.oldest(interval, now)
        return oldest is None or start >= oldest

    def oldest(self, interval: Interval, now: float) -> int | None:
        """From when (Unix s) its bars, or their parts, are kept; None: there is no such limit."""
        source = self.source(interval) or interval
        kept_s = dict(self.history_s).get(source)
        if kept_s is not None:
            return source.ceil(int(now) - kept_s)
        if self.history_bars is None:
            return None
        return source.shift(source.floor(int(now)), -self.history_bars)


class BarsAsk(Struct, frozen=True):
    """A request for the final bars of an aligned range, in ascending pages.

    With ``forming`` the last page also carries the running bar after the range, if it is sent.
    ``asked_at`` (Unix s, 0: unknown) is for providers that count back from now.
    """

    instrument: Instrument
    interval: Interval
    range: TimeRange
    forming: bool = False
    asked_at: int = 0


class RejectedRow(Struct, frozen=True):
    """A row that cannot be a bar: ``ts`` if it could be read, what came, and why it fails."""

    ts: int | None
    content: str
    reason: str


class BarsPage(Struct, frozen=True):
    """One page of a provider's answer.

    ``covers`` is the range that this page answers for good: a slot in it without a bar is a
    hole. ``series`` holds final bars only; ``forming`` the running one if it was sent;
    ``rejected`` rows are never silently dropped; ``facts`` are about the bars of ``series``.
    From ``published`` (Unix s) on it may not have been published yet.
    """

    covers: TimeRange
    series: BarSeries
    forming: Bar | None = None
    rejected: tuple[RejectedRow, ...] = ()
    fetched_at: float = 0.0
    facts: SessionFacts | None = None
    published: int | None = None


class Price(Struct, frozen=True):
    """The last traded price. ``ts`` is the venue's time if it sent one, else the receipt's."""

    instrument: Instrument
    price: float
    ts: int
    provider: str
