"""Find the instrument that a person means."""

from domain.instrument import AssetClass, Instrument, clean_symbol, resolve_symbol
from ports.instrument_store import InstrumentStore


class ResolveSymbol:
    """Spelling first, the providers' lists second.

    - a spelling that is plainly a pair needs no look-up;
    - what would otherwise be taken for a stock ticker is looked up in the stored instrument
      lists, because new coins have names nobody knows yet;
    - a bare crypto asset takes the configured quote.
    """

    def __init__(self, instruments: InstrumentStore, default_quote: str = "USDT") -> None:
        """Take the lists and the quote for bare assets."""
        self._instruments = instruments
        self._default_quote = default_quote

    async def __call__(self, text: str) -> Instrument:
        """The instrument.

        Raises:
            InvalidRequest: the text is no symbol.
        """
        guess = resolve_symbol(text, self._default_quote)
        if guess.asset_class is not AssetClass.STOCK:
            return guess
        symbol = clean_symbol(text)
        for listing in await self._instruments.search(symbol, 5):
            if symbol in {listing.symbol, listing.instrument.id}:
                return listing.instrument
        return guess
