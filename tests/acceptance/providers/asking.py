"""What a caller does with a provider, and what came of it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import numpy as np

from adapters_in.simulator.columns import BarColumns, Grid
from domain.bars import Bar, BarSeries
from domain.errors import MarketDataError
from domain.instrument import resolve_symbol
from domain.interval import Interval
from domain.provider import BarsAsk, BarsPage, Price, Priority
from domain.timerange import RangeSet, TimeRange
from ports.market_data import CallContext
from tests.acceptance.providers.stage import Stage


@dataclass
class Answer:
    """What came of the last question."""

    symbol: str = ""
    interval: Interval = Interval.M1
    range: TimeRange | None = None
    pages: list[BarsPage] = field(default_factory=list)
    prices: list[Price] = field(default_factory=list)
    errors: list[MarketDataError] = field(default_factory=list)
    began: float = 0.0
    ended: float = 0.0
    seconds: float = 0.0

    @property
    def series(self) -> BarSeries:
        """All final bars; raises if pages overlap or are out of order."""
        return BarSeries.concat(self.interval, (page.series for page in self.pages))

    @property
    def forming(self) -> list[Bar]:
        """The bars that were told apart as forming."""
        return [page.forming for page in self.pages if page.forming is not None]

    @property
    def covered(self) -> RangeSet:
        """What the provider has answered for."""
        return RangeSet.of(page.covers for page in self.pages)

    @property
    def error(self) -> MarketDataError:
        """The one error."""
        assert len(self.errors) == 1, self.errors
        return self.errors[0]


async def _timed(stage: Stage, answer: Answer, work: Callable[[], Awaitable[None]]) -> None:
    answer.began, began = stage.clock.now(), stage.clock.monotonic()
    try:
        await work()
    except MarketDataError as error:
        answer.errors.append(error)
    answer.ended, answer.seconds = stage.clock.now(), stage.clock.monotonic() - began


def _context(stage: Stage, patience_s: float | None, priority: Priority) -> CallContext:
    deadline = None if patience_s is None else stage.clock.monotonic() + patience_s
    return CallContext(deadline=deadline, priority=priority)


def ask_bars(
    stage: Stage,
    symbol: str,
    interval: Interval,
    span: tuple[int, int],
    patience_s: float | None = None,
) -> Answer:
    """Ask for the bars that open in ``span``."""
    symbol = stage.cast(symbol)
    answer = Answer(symbol, interval, TimeRange(*span))
    question = BarsAsk(resolve_symbol(symbol), interval, TimeRange(*span))

    async def ask() -> None:
        context = _context(stage, patience_s, Priority.INTERACTIVE)
        async for page in stage.source.bars(question, context):
            answer.pages.append(page)

    stage.run(_timed(stage, answer, ask))
    return answer


async def price(
    stage: Stage,
    symbol: str,
    patience_s: float | None = None,
    priority: Priority = Priority.INTERACTIVE,
) -> Answer:
    """Ask for one price."""
    symbol = stage.cast(symbol)
    answer = Answer(symbol)

    async def ask() -> None:
        context = _context(stage, patience_s, priority)
        answer.prices.append(await stage.source.price(resolve_symbol(symbol), context))

    await _timed(stage, answer, ask)
    return answer


def traded(stage: Stage, symbol: str, interval: Interval, span: tuple[int, int]) -> BarColumns:
    """What the synthetic market knows of these bars."""
    edges = Grid.of(interval).edges(span[0], interval.count(*span))
    return stage.market.bars(stage.asset(symbol), edges, 4e9)


def assert_traded(stage: Stage, answer: Answer) -> None:
    """Every bar of the answer has the values of the market.

    The average price only about: it is rounded on the wire, or a quotient of rounded numbers.
    Who has no volumes sends none at all.
    """
    assert answer.range is not None
    series = answer.series
    market = traded(stage, answer.symbol, answer.interval, (answer.range.start, answer.range.end))
    market = market.take(np.isin(market.ts, series.ts))
    assert np.array_equal(market.ts, series.ts)
    for name in ("open", "high", "low", "close", "volume"):
        if name == "volume" and not stage.has_volume(answer.symbol):
            assert np.isnan(series.volume).all()
            continue
        assert np.array_equal(getattr(market, name), getattr(series, name)), name
    known = series.trades >= 0
    assert np.array_equal(market.trades[known], series.trades[known])
    sent = ~np.isnan(series.vwap)
    assert np.array_equal(sent, sent & (market.volume > 0))
    np.testing.assert_allclose(series.vwap[sent], market.vwap[sent], rtol=1e-3)
