"""Aggregates of futures: bars from the store where they are ours, other lengths as they are."""

import calendar
import math

from msgspec import Struct

from application.answers import BarsAnswer
from application.contract_lives import question_about
from application.get_bars import GetBars
from application.get_futures import FuturesPage, GetFutures
from domain.bars import BarSeries
from domain.contract_names import delivery_end
from domain.errors import (
    MarketDataError,
    NoData,
    NoProviderAvailable,
    UnsupportedInterval,
    ValueRefused,
)
from domain.futures import Aggregate, Contract, FuturesAsk, FuturesKind, iso_date
from domain.instrument import Instrument, SeriesKey
from domain.interval import Interval
from domain.query import BarQuery
from domain.resolution import interval_of
from domain.session_facts import SessionFacts, day_text
from domain.timerange import TimeRange
from ports.bar_store import BarStore
from ports.clock import Clock
from ports.market_data import CallContext, ProviderCatalogue

NS = 10**9
MOST_SLOTS = 50_000  # looked through for the newest ones of a range
_LIFE_S = 6 * 366 * 86_400  # of a contract of which nobody knows when it began


class AggregatesQuery(Struct, frozen=True, kw_only=True):
    """Windows that open in ``[start_ns, end_ns)`` (Unix ns; None: open), of one ticker.

    The last ``limit`` of them in descending order with ``newest``, else the first, ascending.
    ``instrument`` is None for what is no contract of ours, such as a spread; ``onward`` pages may
    be empty.
    """

    ticker: str
    instrument: Instrument | None
    resolution: str
    limit: int
    start_ns: int | None = None
    end_ns: int | None = None
    newest: bool = True
    onward: bool = False


class AggregatesPage(Struct, frozen=True, kw_only=True):
    """Windows in the order that was asked for; ``rest_ns`` bounds the next page, None: last."""

    provider: str
    rows: tuple[Aggregate, ...]
    rest_ns: int | None
    learned_at: float
    cached: bool
    stale: bool


class GetAggregates:
    """Aggregates.

    - a length that is one of our intervals is answered like any bars: stored, judged, served
      from the store; what the exchange tells besides (settlement, turnover, session) comes along;
    - any other length, and what is no contract, is the provider's own answer, kept for a while.
    """

    def __init__(
        self,
        get_bars: GetBars,
        get_futures: GetFutures,
        catalogue: ProviderCatalogue,
        store: BarStore,
        clock: Clock,
    ) -> None:
        """Take the collaborators."""
        self._get_bars = get_bars
        self._get_futures = get_futures
        self._catalogue = catalogue
        self._store = store
        self._clock = clock

    async def __call__(self, query: AggregatesQuery, context: CallContext) -> AggregatesPage:
        """The page.

        Raises:
            UnsupportedInterval: the provider has no windows of that length.
            UnknownInstrument, NoData, NoProviderAvailable, DeadlineExceeded, StoreUnavailable:
                as :class:`GetBars` and :class:`GetFutures`.
        """
        interval = interval_of(query.resolution)
        offers = self._catalogue.all()[self._get_futures.provider].capabilities.intervals
        if query.instrument is None or interval not in offers:
            return await self._windows(query, context)
        return await self._bars(query, query.instrument, interval, context)

    async def _windows(self, query: AggregatesQuery, context: CallContext) -> AggregatesPage:
        """Of a length that is none of ours."""
        bounds = (("window_start.gte", query.start_ns), ("window_start.lt", query.end_ns))
        told = [(name, str(bound)) for name, bound in bounds if bound is not None]
        ask = FuturesAsk(
            kind=FuturesKind.AGGREGATES,
            filters=(("resolution", query.resolution), ("ticker", query.ticker), *told),
            sort=f"window_start.{'desc' if query.newest else 'asc'}",
        )
        page = await self._asked(ask, query, context)
        rows = tuple(record for record in page.records if isinstance(record, Aggregate))
        return AggregatesPage(
            provider=page.provider,
            rows=rows,
            rest_ns=None if page.rest is None else _rest(query, rows),
            learned_at=page.fetched_at,
            cached=page.cached,
            stale=page.stale,
        )

    async def _asked(
        self, ask: FuturesAsk, query: AggregatesQuery, context: CallContext
    ) -> FuturesPage:
        """The answer; of a refused question only the length can be wrong, for all we know."""
        try:
            return await self._get_futures(ask, query.limit, context)
        except NoProviderAvailable as error:
            if ValueRefused.code not in {attempt.code for attempt in error.attempts}:
                raise
        message = (
            f"{self._get_futures.provider} gives no aggregates of {query.resolution}: "
            "use another count or the next unit, such as 1min, 15min, 1hour, 1session or 1week."
        )
        raise UnsupportedInterval(message, "resolution")

    async def _bars(
        self,
        query: AggregatesQuery,
        instrument: Instrument,
        interval: Interval,
        context: CallContext,
    ) -> AggregatesPage:
        asked = await self._bar_query(query, instrument, interval, context)
        answer = await self._get_bars(asked, context)
        series = answer.series
        if query.newest and len(series):
            series = series.between(_seconds(query.start_ns) or 0, int(series.ts[-1]) + 1)
        kept = slice(-query.limit, None) if query.newest else slice(0, query.limit)
        rows = await self._rows(query, answer, series.where(kept))
        rest = _rest(query, rows) if len(series) > query.limit else None
        if rest is None and not query.newest and answer.next_start is not None:
            rest = answer.next_start * NS
        return AggregatesPage(
            provider=answer.provider,
            rows=rows,
            rest_ns=rest,
            learned_at=answer.learned_at,
            cached=answer.cached,
            stale=answer.stale,
        )

    async def _bar_query(
        self,
        query: AggregatesQuery,
        instrument: Instrument,
        interval: Interval,
        context: CallContext,
    ) -> BarQuery:
        start, end = _seconds(query.start_ns), _seconds(query.end_ns)
        limit = query.limit + 1  # tells whether there is more
        if not query.newest and start is None:
            start = await self._begun(instrument, context)
        if query.newest and start is not None:
            now = int(self._clock.now()) + 1
            slots = interval.count(start, now if end is None else min(end, now))
            limit = max(slots, 1)
            if slots > MOST_SLOTS:  # too long a way from its start
                start, limit = None, query.limit + 1
        if start is not None and end is not None and end <= start:
            raise NoData(f"There are no windows of {query.ticker} in that stretch of time.")
        provider = self._get_futures.provider
        return BarQuery(
            query.ticker,
            instrument,
            interval,
            limit,
            start,
            end,
            provider,
            onward=query.onward and not query.newest,
        )

    async def _begun(self, instrument: Instrument, context: CallContext) -> int:
        """The first day of trading; some years before the end if nobody can tell it."""
        try:
            page = await self._get_futures.one(question_about(instrument), context)
        except MarketDataError:
            return delivery_end(instrument) - _LIFE_S
        told = [c.first_trade_date for c in page.records if isinstance(c, Contract)]
        day = iso_date(told[0]) if told else None
        if day is None:
            return delivery_end(instrument) - _LIFE_S
        return calendar.timegm(day.timetuple())

    async def _rows(
        self, query: AggregatesQuery, answer: BarsAnswer, series: BarSeries
    ) -> tuple[Aggregate, ...]:
        """The bars with what is told beside them."""
        if not len(series):
            return ()
        key = SeriesKey(answer.instrument.id, answer.interval, answer.provider)
        span = TimeRange(int(series.ts[0]), int(series.ts[-1]) + 1)
        facts = _by_open(await self._store.facts(key, span))
        found = [
            Aggregate(
                ticker=query.ticker,
                ts_ns=bar.ts * NS,
                open=bar.open,
                high=bar.high,
                low=bar.low,
                close=bar.close,
                volume=bar.volume,
                transactions=bar.trades,
                **facts.get(bar.ts, {}),  # type: ignore[arg-type]  # as the record declares them
            )
            for bar in series
        ]
        return tuple(reversed(found) if query.newest else found)


def _by_open(facts: SessionFacts) -> dict[int, dict[str, object]]:
    columns = (facts.session_day, facts.settlement_price, facts.dollar_volume)
    return {
        ts: {
            "session_end_date": day_text(day),
            "settlement_price": None if math.isnan(settlement) else settlement,
            "dollar_volume": None if math.isnan(turnover) else turnover,
        }
        for ts, day, settlement, turnover in zip(
            facts.ts.tolist(), *(column.tolist() for column in columns), strict=True
        )
    }


def _rest(query: AggregatesQuery, rows: tuple[Aggregate, ...]) -> int | None:
    """Where the next page ends (the newest come first) or begins."""
    if not rows:
        return None
    return rows[-1].ts_ns if query.newest else rows[-1].ts_ns + 1


def _seconds(ns: int | None) -> int | None:
    """The first whole second at or after a moment."""
    return None if ns is None else -(-ns // NS)
