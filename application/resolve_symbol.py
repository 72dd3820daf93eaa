"""Find the instrument that a person means."""

from domain.errors import UnknownInstrument
from domain.instrument import (
    BASE_ASSETS,
    QUOTE_ASSETS,
    AssetClass,
    Instrument,
    clean_symbol,
    resolve_symbol,
)
from domain.meaning import meant
from domain.renames import has_changed, holder
from ports.clock import Clock
from ports.instrument_store import InstrumentStore


class ResolveSymbol:
    """Spelling first, the providers' lists second.

    - a spelling that is plainly a pair or a contract needs no look-up;
    - what would otherwise be taken for a stock ticker is looked up in the stored instrument
      lists, because new coins have names nobody knows yet, and so are the decade of a contract
      and what looks like no symbol of ours, such as a coin's id;
    - a ticker means the instrument that held it at the time in question (META was a fund before
      it was the company): for a range of bars that is its end, so that no answer joins two;
    - the spelling of a provider that is named comes before that of others;
    - a bare crypto asset takes the configured quote.
    """

    def __init__(
        self, instruments: InstrumentStore, clock: Clock, default_quote: str = "USDT"
    ) -> None:
        """Take the lists and the quote for bare assets."""
        self._instruments = instruments
        self._clock = clock
        self._default_quote = default_quote

    async def __call__(
        self, text: str, at: int | None = None, provider: str | None = None
    ) -> Instrument:
        """The instrument at ``at`` (Unix s; None or in the future: now).

        Raises:
            InvalidRequest: the text is no symbol.
            UnknownInstrument: it names something that is not known here.
            StoreUnavailable: the lists cannot be asked.
        """
        symbol, now = clean_symbol(text), self._clock.now()
        moment = now if at is None else min(float(at), now)
        doubt: UnknownInstrument | None = None
        guess: Instrument | None = None
        try:
            guess = resolve_symbol(text, self._default_quote, moment)
        except UnknownInstrument as error:
            doubt = error
        if guess is not None and _is_plain(guess, symbol, provider):
            return _then(guess, moment)
        listings = await self._instruments.spelled(symbol)
        found = meant(listings, text.strip(), moment, provider) or guess
        if found is None:
            raise doubt or UnknownInstrument(f"{symbol} is not known.")
        return found


def _is_plain(guess: Instrument, symbol: str, provider: str | None) -> bool:
    """Whether no list could know better; a provider may have names of its own for coins."""
    if guess.asset_class is AssetClass.CRYPTO:
        is_known = provider is None or guess.base in BASE_ASSETS
        return is_known and guess.quote in QUOTE_ASSETS
    return guess.id == symbol if guess.asset_class is AssetClass.FUTURE else has_changed(guess.id)


def _then(guess: Instrument, moment: float) -> Instrument:
    if guess.asset_class is not AssetClass.STOCK:
        return guess
    return Instrument.stock(holder(guess.id, moment))
