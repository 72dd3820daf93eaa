"""Indicators over the bars of an answer, warmed up with the bars before it."""

import numpy as np
from msgspec import Struct

from application.adjust_bars import AdjustBars
from application.answers import BarsAnswer
from domain.adjustment import Adjust
from domain.bars import BarSeries, Floats
from domain.errors import NoData, NoProviderAvailable, RangeUnavailable
from domain.indicators import Columns, Indicator, compute_all
from domain.query import BarQuery
from ports.market_data import CallContext


class IndicatorsAnswer(Struct, frozen=True):
    """The bars' answer and one column per indicator, as long as its series.

    ``warmup`` is how many earlier bars went into them, ``wanted`` how many were wished for.
    """

    bars: BarsAnswer
    columns: Columns
    warmup: int
    wanted: int


class ComputeIndicators:
    """Bars with indicators.

    - the same moment has the same value whatever window is asked for: as many bars before it are
      taken as the slowest indicator needs to forget its start;
    - where history begins later, a value is absent until it is defined;
    - the bars before come from the provider that gave the bars, or not at all.
    """

    def __init__(self, adjust_bars: AdjustBars) -> None:
        """Take the way to bars."""
        self._bars = adjust_bars

    async def __call__(
        self,
        query: BarQuery,
        indicators: tuple[Indicator, ...],
        mode: Adjust,
        context: CallContext,
    ) -> IndicatorsAnswer:
        """The answer.

        Raises:
            As :class:`AdjustBars` for the bars that were asked for.
        """
        answer = await self._bars(query, mode, context)
        wanted = max(indicator.warmup for indicator in indicators)
        before = await self._before(query, answer, wanted, mode, context)
        whole = BarSeries.concat(answer.interval, (before, answer.series))
        columns = compute_all(whole, indicators)
        return IndicatorsAnswer(
            answer, {name: _end(c, answer) for name, c in columns.items()}, len(before), wanted
        )

    async def _before(
        self, query: BarQuery, answer: BarsAnswer, wanted: int, mode: Adjust, context: CallContext
    ) -> BarSeries:
        none = BarSeries.empty(answer.interval)
        if not wanted or not len(answer.series):
            return none
        earlier = BarQuery(
            symbol=query.symbol,
            instrument=query.instrument,
            interval=query.interval,
            limit=wanted,
            end=int(answer.series.ts[0]),
            provider=answer.provider,
            as_of=query.as_of,
        )
        try:
            return (await self._bars(earlier, mode, context)).series
        except (NoData, RangeUnavailable, NoProviderAvailable):
            return none


def _end(column: Floats, answer: BarsAnswer) -> Floats:
    found: Floats = column[len(column) - len(answer.series) :]
    return np.ascontiguousarray(found)
