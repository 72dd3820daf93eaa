"""Bars made comparable across splits and dividends, when somebody asks for it."""

from collections.abc import Sequence

from msgspec.structs import replace

from application.answers import BarsAnswer
from application.find_actions import FindActions
from application.get_bars import GetBars
from application.rank_candidates import RankCandidates
from domain.actions import ActionKind, CorporateAction
from domain.adjustment import (
    MIXED,
    Adjust,
    Factors,
    adjusted,
    chosen,
    dividends_in_new_shares,
    effect_of,
    factors,
)
from domain.bars import Bar, BarSeries
from domain.errors import NoData, UnsupportedInterval
from domain.instrument import AssetClass
from domain.interval import Interval
from domain.query import BarQuery
from ports.actions import KnownActions
from ports.clock import Clock
from ports.market_data import CallContext

_PAGE = 5_000
_LONGEST_HALT_S = 30 * 86_400  # a close that lies further back than this is none


class AdjustBars:
    """Bars with ``adjust``.

    - stored rows are never touched: factors are applied to the answer;
    - the actions are those that the bars' own provider tells, else the next one's, and the
      answer says whose they are;
    - an action counts from its ex-day on, not from its announcement;
    - as of a moment, actions and closes are those that were known then;
    - prices that a provider has adjusted for splits already are not divided again, and volumes
      not multiplied.
    """

    def __init__(
        self,
        get_bars: GetBars,
        find_actions: FindActions,
        candidates: RankCandidates,
        clock: Clock,
    ) -> None:
        """Take the collaborators."""
        self._candidates = candidates
        self._get_bars = get_bars
        self._find_actions = find_actions
        self._clock = clock

    async def __call__(self, query: BarQuery, mode: Adjust, context: CallContext) -> BarsAnswer:
        """The answer, adjusted.

        Raises:
            UnsupportedInterval: bars of that length mix trades of before and after an action.
            NoData: no actions were known at ``as_of``, or there is no close before a dividend.
            NoProviderAvailable, DeadlineExceeded, StoreUnavailable: as :class:`GetBars`, and
                when nobody can tell the actions.
        """
        if mode is Adjust.NONE or query.instrument.asset_class is not AssetClass.STOCK:
            return await self._get_bars(query, context)
        if query.interval in MIXED:
            message = (
                f"There is no adjust={mode.value} for {query.interval.value}: such a bar may hold "
                "trades of before and after an action. Ask for 1d, or for 6h and finer."
            )
            raise UnsupportedInterval(message, "adjust")
        answer = await self._get_bars(query, context)
        known = await self._find_actions(
            query.instrument,
            answer.provider,
            query.as_of,
            context,
            ask_again=not query.use_cache,
        )
        actions = self._effective(answer, known, mode)
        closes = await self._closes(query, answer.provider, actions, context)
        by = factors(actions, closes, query.interval)
        can = self._candidates.offers.provider(answer.provider).capabilities
        is_new = query.interval is Interval.D1 and can.volume_adjusted
        return replace(
            answer,
            series=adjusted(answer.series, by, volume=not is_new),
            forming=_adjusted_forming(answer, by, volume=not is_new),
            adjusted=mode.value,
            actions_from=known.provider,
        )

    def _effective(
        self, answer: BarsAnswer, known: KnownActions, mode: Adjust
    ) -> Sequence[CorporateAction]:
        """What happened after the first bar and by now, and is not in the prices yet."""
        now = self._clock.now() if answer.as_of is None else answer.as_of / 1_000_000
        first = int(answer.series.ts[0]) if len(answer.series) else int(now)
        found = [
            action
            for action in chosen(known.actions, mode)
            if first < effect_of(action, answer.interval) <= now
        ]
        return dividends_in_new_shares(found) if answer.adjusted else found

    async def _closes(
        self,
        query: BarQuery,
        provider: str,
        actions: Sequence[CorporateAction],
        context: CallContext,
    ) -> dict[int, float]:
        """The last daily close before each dividend, by ex-date."""
        days = [a.ex_date for a in actions if a.kind is ActionKind.DIVIDEND]
        if not days:
            return {}
        daily = await self._daily(query, provider, min(days), max(days), context)
        closes: dict[int, float] = {}
        for day in days:
            before = [ts for ts in daily if day - _LONGEST_HALT_S <= ts < day]
            if not before:
                message = f"There is no close of {query.instrument.id} before its dividend."
                raise NoData(message)
            closes[day] = daily[max(before)]
        return closes

    async def _daily(
        self, query: BarQuery, provider: str, first: int, last: int, context: CallContext
    ) -> dict[int, float]:
        closes: dict[int, float] = {}
        start: int | None = first - _LONGEST_HALT_S
        while start is not None:
            asked = BarQuery(
                symbol=query.symbol,
                instrument=query.instrument,
                interval=Interval.D1,
                limit=_PAGE,
                start=start,
                end=last,
                provider=provider,
                as_of=query.as_of,
            )
            page = await self._get_bars(asked, context)
            closes |= dict(zip(page.series.ts.tolist(), page.series.close.tolist(), strict=True))
            start = page.next_start
        return closes


def _adjusted_forming(answer: BarsAnswer, by: Factors, *, volume: bool) -> Bar | None:
    """The running bar like those before it."""
    if answer.forming is None:
        return None
    alone = BarSeries.of(answer.interval, [answer.forming])
    return replace(adjusted(alone, by, volume=volume).bar(0), final=False)
