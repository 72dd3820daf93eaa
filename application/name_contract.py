"""Tell which contract a ticker means, in a place where only contracts are meant."""

from contextlib import suppress

from application.get_futures import GetFutures
from application.resolve_symbol import ResolveSymbol
from domain.contract_names import contract_of, delivery_end, ticker_of
from domain.errors import InvalidRequest, MarketDataError, UnknownInstrument
from domain.futures import Contract, FuturesAsk, FuturesKind
from domain.instrument import AssetClass, Instrument
from ports.clock import Clock
from ports.market_data import CallContext

_IN_DOUBT_S = 4 * 366 * 86_400  # so far from now, the contract ten years on is as likely


class NameContract:
    """The decade of a ticker: by the provider's lists, else the nearest year.

    - in these routes ``ABEV3`` is no stock;
    - where two decades are about equally near, the provider is asked which it lists;
    - spreads and other tickers of their own form are no instruments; they stay as they are.
    """

    def __init__(self, resolve: ResolveSymbol, get_futures: GetFutures, clock: Clock) -> None:
        """Take the collaborators."""
        self._resolve = resolve
        self._get_futures = get_futures
        self._clock = clock

    async def __call__(self, text: str, context: CallContext) -> tuple[str, Instrument | None]:
        """The exchange's ticker, and the contract if it is one.

        Raises:
            StoreUnavailable: the lists cannot be asked.
        """
        symbol, now = text.strip().upper(), self._clock.now()
        contract = contract_of(symbol, now)
        if contract is None:
            return symbol, None
        ticker = ticker_of(contract)
        if symbol == contract.id:
            return ticker, contract
        with suppress(InvalidRequest, UnknownInstrument):
            found = await self._resolve(symbol)
            contract = found if found.asset_class is AssetClass.FUTURE else contract
        if abs(delivery_end(contract) - now) > _IN_DOUBT_S:
            contract = await self._listed(ticker, context) or contract
        return ticker, contract

    async def _listed(self, ticker: str, context: CallContext) -> Instrument | None:
        """The contract that the provider lists under the ticker; a failure tells nothing."""
        ask = FuturesAsk(kind=FuturesKind.CONTRACTS, filters=(("ticker", ticker),))
        with suppress(MarketDataError):
            page = await self._get_futures(ask, 1, context)
            for record in page.records:
                if isinstance(record, Contract):
                    return record.instrument
        return None
