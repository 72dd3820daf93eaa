"""A provider of a deterministic market that does what a test tells it, and counts its calls."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence

from domain.bars import Bar, BarSeries
from domain.coverage import GapReason
from domain.errors import DeadlineExceeded, ProviderError
from domain.instrument import AssetClass, Instrument, Listing
from domain.interval import Interval
from domain.provider import (
    BarsAsk,
    BarsPage,
    Capabilities,
    Capability,
    Price,
    ProviderPolicy,
    RejectedRow,
)
from domain.sessions import ALWAYS, calendar_of
from domain.timerange import RangeSet, TimeRange
from ports.clock import Clock
from ports.market_data import CallContext, MarketDataProvider, ProviderCatalogue

OFFERS = Capabilities(
    frozenset(Capability),
    frozenset({AssetClass.CRYPTO}),
    intervals=tuple(Interval),
    holes=GapReason.NO_TRADES,
    page_bars=500,
)


class ScriptedProvider(MarketDataProvider):
    """Every bar follows from its open, so that any two fetches of it agree.

    Of shares and futures there are none while their market is closed, unless it never ``rests``.

    Knobs, which may be turned at any time:

    - ``fails`` is raised by every call, or only by those of which ``fails_when`` is true;
    - ``delay_s`` is how long each call takes; it ends early, with ``DeadlineExceeded``, at the
      caller's deadline, unless the provider is ``deaf`` to it; ``hang()`` never answers;
    - ``quiet`` slots have no bar, ``is_empty`` means that none has; nothing is older than
      ``listed_from``; a bar is there ``late_s`` after its close;
    - ``corrections`` replace the close of a bar, ``spoilt`` rows are rejected;
    - ``skips`` fills every page with bars: the first ones there are, as Binance does;
    - ``lags`` keeps silent about the newest bar instead of answering that there is none;
    - unless it ``counts`` its bars have no volume.

    ``pages`` are the ranges of the upstream calls for bars, in order.
    """

    counts = True

    def __init__(self, name: str, clock: Clock, capabilities: Capabilities = OFFERS) -> None:
        self._name = name
        self._clock = clock
        self._capabilities = capabilities
        self._policy = ProviderPolicy(rps=10)
        self.fails: ProviderError | None = None
        self.delay_s = 0.0
        self.deaf = False
        self.quiet: set[int] = set()
        self.is_empty = False
        self.listed_from = 0
        self.late_s = 0.0
        self.skips = False
        self.lags = False
        self.rests = True
        self.corrections: dict[int, float] = {}
        self.spoilt: set[int] = set()
        self.fails_at_page: dict[int, ProviderError | DeadlineExceeded] = {}
        self.last_price = 100.0
        self.listed: list[Listing] = []
        self.key_needed = False
        self.pages: list[TimeRange] = []
        self.prices_asked = 0
        self.lists_asked = 0
        self.pings: list[float] = []
        self.open_generators = 0

    @property
    def name(self) -> str:
        return self._name

    @property
    def policy(self) -> ProviderPolicy:
        return self._policy

    @property
    def capabilities(self) -> Capabilities:
        return self._capabilities

    @property
    def needs_key(self) -> bool:
        return self.key_needed

    @property
    def has_key(self) -> bool:
        return False

    @property
    def key_mark(self) -> str:
        return ""

    def hang(self) -> None:
        """Answer nothing for a day."""
        self.delay_s = 86_400.0

    def recover(self) -> None:
        """Answer at once again."""
        self.fails, self.delay_s = None, 0.0

    async def bars(self, ask: BarsAsk, context: CallContext) -> AsyncGenerator[BarsPage, None]:
        self.open_generators += 1
        try:
            start, stop = ask.range.start, ask.range.end
            if self.lags and stop == ask.interval.floor(int(self._clock.now())):
                stop = ask.interval.shift(stop, -1)
            while start < stop:
                first = self._first(ask.interval, start, stop) if self.skips else start
                end = min(ask.interval.shift(first, self.capabilities.page_bars), stop)
                self.pages.append(TimeRange(start, end))
                await self._call(context)
                yield self._page(ask, TimeRange(start, end))
                start = end
        finally:
            self.open_generators -= 1

    async def price(self, instrument: Instrument, context: CallContext) -> Price:
        self.prices_asked += 1
        await self._call(context)
        return Price(instrument, self.last_price, int(self._clock.now()), self.name)

    async def listings(self, context: CallContext) -> Sequence[Listing]:
        self.lists_asked += 1
        await self._call(context)
        return self.listed

    async def ping(self, context: CallContext) -> None:
        self.pings.append(self._clock.now())
        await self._call(context)

    def bar(self, ts: int) -> Bar:
        """The bar that opens at ``ts``."""
        base = 100.0 + ts // 60 % 7
        close = self.corrections.get(ts, base + 0.5)
        high, low = max(base, close) + 1.0, min(base, close) - 1.0
        volume = 5.0 + ts // 60 % 3 if self.counts else None
        return Bar(ts=ts, open=base, high=high, low=low, close=close, volume=volume)

    async def _call(self, context: CallContext) -> None:
        failure = self.fails_at_page.pop(len(self.pages), None) or self.fails
        if self.delay_s:
            await self._wait(context)
        if failure is not None:
            raise failure

    async def _wait(self, context: CallContext) -> None:
        left = None
        if context.deadline is not None and not self.deaf:
            left = context.deadline - self._clock.monotonic()
        try:
            async with asyncio.timeout(left):
                await self._clock.sleep(self.delay_s)
        except TimeoutError:
            message = f"{self.name} did not answer in time."
            raise DeadlineExceeded(message) from None

    def _page(self, ask: BarsAsk, span: TimeRange) -> BarsPage:
        interval, now = ask.interval, self._clock.now()
        present = interval.floor(int(now))
        calendar = calendar_of(ask.instrument.id) if self.rests else ALWAYS
        closed = calendar.closed(interval, span)
        trading = RangeSet((span,)).subtract(closed)
        opens = [t for part in trading for t in interval.grid(part.start, part.end).tolist()]
        there = [t for t in opens if self._has(t) and interval.close(t) + self.late_s <= now]
        rows = (RejectedRow(t, "?", "high below low") for t in there if t in self.spoilt)
        forming = ask.forming and span.end == ask.range.end == present
        return BarsPage(
            covers=span,
            series=BarSeries.of(interval, (self.bar(t) for t in there if t not in self.spoilt)),
            forming=self._forming(present) if forming else None,
            rejected=tuple(rows),
            fetched_at=now,
        )

    def _has(self, ts: int) -> bool:
        return not self.is_empty and ts not in self.quiet and ts >= self.listed_from

    def _first(self, interval: Interval, start: int, stop: int) -> int:
        return next((t for t in interval.grid(start, stop).tolist() if self._has(t)), stop)

    def _forming(self, ts: int) -> Bar:
        bar = self.bar(ts)
        return Bar(ts=ts, open=bar.open, high=bar.high, low=bar.low, close=bar.close, final=False)


class Catalogue(ProviderCatalogue):
    """The given providers, most preferred first."""

    def __init__(self, *providers: MarketDataProvider) -> None:
        self._providers = {provider.name: provider for provider in providers}

    def all(self) -> Mapping[str, MarketDataProvider]:
        return self._providers
