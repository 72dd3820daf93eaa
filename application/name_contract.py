"""Tell which contract a ticker means, in a place where only contracts are meant."""

from contextlib import suppress
from datetime import UTC, datetime

from application.resolve_symbol import ResolveSymbol
from domain.contract_names import contract_of, ticker_of
from domain.errors import InvalidRequest, UnknownInstrument
from domain.instrument import AssetClass, Instrument
from ports.clock import Clock


class NameContract:
    """The lists first, then the nearest year: in these routes ``ABEV3`` is no stock.

    Spreads and other tickers of their own form are nobody's instrument; they stay as they are.
    """

    def __init__(self, resolve: ResolveSymbol, clock: Clock) -> None:
        """Take the collaborators."""
        self._resolve = resolve
        self._clock = clock

    async def __call__(self, text: str) -> tuple[str, Instrument | None]:
        """The exchange's ticker, and the contract if it is one.

        Raises:
            StoreUnavailable: the lists cannot be asked.
        """
        ticker = text.strip().upper()
        year = datetime.fromtimestamp(self._clock.now(), UTC).year
        contract = contract_of(ticker, year)
        if contract is None:
            return ticker, None
        with suppress(InvalidRequest, UnknownInstrument):
            found = await self._resolve(ticker)
            if found.asset_class is AssetClass.FUTURE:
                contract = found
        return ticker_of(contract), contract
