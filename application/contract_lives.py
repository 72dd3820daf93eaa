"""Until when a contract was traded, so that its latest bars are its last ones."""

import calendar
from contextlib import suppress
from datetime import timedelta

from msgspec.structs import replace

from application.get_futures import GetFutures
from domain.contract_names import delivery_end, ticker_of
from domain.errors import MarketDataError, NoData, NoProviderAvailable, UnknownInstrument
from domain.futures import FuturesAsk, FuturesKind, iso_date, newest_of
from domain.instrument import AssetClass, Instrument
from domain.moment import iso
from domain.query import BarQuery
from ports.clock import Clock
from ports.futures import FuturesStore
from ports.market_data import CallContext


class ContractLives:
    """Bounds a question for the latest bars of a contract by its last day of trading.

    - what the stored lists say counts; nobody is asked about a contract that may still trade;
    - a contract whose month of delivery is over is looked up once, and if nobody can tell it
      ended with that month.
    """

    def __init__(self, store: FuturesStore, get_futures: GetFutures, clock: Clock) -> None:
        """Take the collaborators."""
        self._store = store
        self._get_futures = get_futures
        self._clock = clock

    async def bounded(
        self, query: BarQuery, context: CallContext, *, ask: bool = False
    ) -> BarQuery:
        """The question with an end, if it has none and the contract is no longer traded.

        With ``ask`` the contract is looked up although, for all we know, it may still trade.

        Raises:
            NoData: it begins when the contract is no longer traded.
        """
        is_open = query.end is None and query.as_of is None
        if query.instrument.asset_class is not AssetClass.FUTURE or not is_open:
            return query
        end = await self._end(query.instrument, context, ask=ask)
        if end is None or end >= self._clock.now():
            return query
        if query.start is not None and query.start >= end:
            message = f"{query.instrument.id} was traded up to {iso(end)} only: ask for before."
            raise NoData(message)
        return replace(query, end=end)

    async def refuse_unlisted(self, instrument: Instrument, context: CallContext) -> None:
        """Nothing was found: see whether there is such a contract at all; a failure tells nothing.

        Raises:
            UnknownInstrument: the provider does not list it.
        """
        if instrument.asset_class is not AssetClass.FUTURE:
            return
        try:
            page = await self._get_futures(question_about(instrument), 1, context)
        except MarketDataError:
            return
        if not page.records:
            message = f"{page.provider} lists no contract {instrument.id}."
            raise UnknownInstrument(message)

    async def _end(self, instrument: Instrument, context: CallContext, *, ask: bool) -> int | None:
        """00:00 UTC after the last day of trading, None if nobody knows and it may lie ahead."""
        known = await self._known(instrument)
        over = delivery_end(instrument) <= self._clock.now()
        if known is None and (over or ask):
            known = await self._asked(instrument, context)
        return delivery_end(instrument) if known is None and over else known

    async def _known(self, instrument: Instrument) -> int | None:
        with suppress(NoProviderAvailable):
            name = self._get_futures.provider
            told = await self._store.contracts(name, ticker_of(instrument))
            newest = newest_of(told, instrument)
            last = None if newest is None else iso_date(newest.last_trade_date)
            if last is not None:
                return calendar.timegm((last + timedelta(days=1)).timetuple())
        return None

    async def _asked(self, instrument: Instrument, context: CallContext) -> int | None:
        """What the provider tells; a failure is no reason to give no bars."""
        try:
            await self._get_futures(question_about(instrument), 1, context)
        except MarketDataError:
            return None
        return await self._known(instrument)


def question_about(instrument: Instrument) -> FuturesAsk:
    """The question for one contract; its ticker comes back every ten years."""
    year = int(instrument.id[-4:])
    filters = (
        ("last_trade_date.gte", f"{year - 1}-01-01"),
        ("last_trade_date.lte", f"{year + 1}-12-31"),
        ("ticker", ticker_of(instrument)),
    )
    return FuturesAsk(kind=FuturesKind.CONTRACTS, filters=filters)
