"""A provider without a network: prices by a formula, faults on demand."""

import asyncio
from collections.abc import AsyncGenerator, Sequence

import numpy as np

from domain.actions import CorporateAction
from domain.bars import Bar, BarSeries, Ints
from domain.coverage import GapReason
from domain.errors import MarketDataError, NotListed
from domain.futures import FuturesAsk, FuturesPart
from domain.instrument import AssetClass, Instrument, Listing
from domain.interval import Interval
from domain.provider import (
    BarsAsk,
    BarsPage,
    Capabilities,
    Capability,
    Price,
    ProviderPolicy,
)
from ports.actions import ActionSource
from ports.clock import Clock
from ports.futures import FuturesSource
from ports.market_data import CallContext, MarketDataProvider
from tests.adapters_in.http.paper_survey import PaperSurvey
from tests.adapters_in.http.paper_tape import PaperTape

LISTED = tuple(Instrument.pair(base, "USDT") for base in ("BTC", "ETH", "SOL"))


class PaperExchange(MarketDataProvider, ActionSource, FuturesSource, PaperTape, PaperSurvey):
    """Lists three pairs; every bar follows from its time; the running one is always sent.

    ``fault`` makes every call fail; ``holes`` are opens that it leaves out; ``shift`` corrects
    all prices; ``quiet`` sends neither vwap nor trades nor volume; ``hang`` lets calls wait
    for ever; ``asked`` counts bar calls.
    """

    needs_key = has_key = False
    key_mark = ""
    policy = ProviderPolicy(rps=10.0)
    capabilities = Capabilities(
        offers=frozenset(Capability),
        asset_classes=frozenset({AssetClass.CRYPTO}),
        intervals=tuple(i for i in Interval if i is not Interval.M3),
        holes=GapReason.PROVIDER_OUTAGE,
    )

    def __init__(self, clock: Clock, name: str = "paper") -> None:
        self._name = name
        self.fault: MarketDataError | None = None
        self.holes: frozenset[int] = frozenset()
        self.shift = 0.0
        self.quiet = False
        self.hang = False
        self.asked = 0
        self._clock = clock
        PaperTape.__init__(self, clock)
        PaperSurvey.__init__(self, clock)

    @property
    def name(self) -> str:
        return self._name

    async def futures(
        self, ask: FuturesAsk, context: CallContext, *, after: str | None = None
    ) -> FuturesPart:
        """There are no contracts of paper."""
        del ask, context, after
        if self.fault is not None:
            raise self.fault
        return FuturesPart(())

    async def bars(self, ask: BarsAsk, context: CallContext) -> AsyncGenerator[BarsPage]:
        del context
        self.asked += 1
        if self.hang:
            await asyncio.Event().wait()
        self._check(ask.instrument)
        grid = ask.interval.grid(ask.range.start, ask.range.end)
        series = self._series(ask.interval, grid[~np.isin(grid, list(self.holes))])
        now = ask.interval.floor(int(self._clock.now()))
        forming = Bar(ts=now, open=1.5, high=2.0, low=1.0, close=1.75, volume=9.0, final=False)
        yield BarsPage(ask.range, series, forming=forming, fetched_at=self._clock.now())

    async def price(self, instrument: Instrument, context: CallContext) -> Price:
        del context
        self._check(instrument)
        return Price(instrument, 64_123.45, int(self._clock.now()), self.name)

    async def actions(
        self, instrument: Instrument, context: CallContext
    ) -> Sequence[CorporateAction]:
        del instrument, context
        return ()

    async def listings(self, context: CallContext) -> Sequence[Listing]:
        del context
        self._check(LISTED[0])
        return [Listing(self.name, f"{each.base}{each.quote}", each) for each in LISTED]

    async def ping(self, context: CallContext) -> None:
        del context
        self._check(LISTED[0])

    def _check(self, instrument: Instrument) -> None:
        if self.fault is not None:
            raise self.fault
        if instrument not in LISTED:
            message = f"{self.name} does not list {instrument.id}."
            raise NotListed(message, provider=self.name)

    def _series(self, interval: Interval, ts: Ints) -> BarSeries:
        close = np.round(100.0 + self.shift + (ts // interval.seconds % 97) * 0.1, 2)
        nothing = np.full(len(ts), np.nan)
        return BarSeries(
            interval,
            ts,
            open=close - 0.5,
            high=close + 1.0,
            low=close - 1.0,
            close=close,
            volume=nothing if self.quiet else close * 2,
            vwap=nothing if self.quiet else close,
            trades=np.full(len(ts), -1 if self.quiet else 42, dtype=np.int64),
        )
