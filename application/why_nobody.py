"""Say in one error why nobody could answer, with what may have been meant."""

from collections.abc import Sequence

from application.explain_failure import failure_of
from application.suggest_symbols import SuggestSymbols
from domain.errors import (
    Attempt,
    MarketDataError,
    NoProviderAvailable,
    StoreUnavailable,
    UnknownInstrument,
)
from domain.instrument import Instrument
from ports.health_board import HealthBoard
from ports.instrument_store import InstrumentStore
from ports.market_data import ProviderCatalogue


class WhyNobody:
    """What all failures amount to (:func:`failure_of`), told with the lists that we hold."""

    def __init__(
        self, catalogue: ProviderCatalogue, health: HealthBoard, instruments: InstrumentStore
    ) -> None:
        """Take the collaborators."""
        self._catalogue = catalogue
        self._health = health
        self._instruments = instruments
        self.suggest = SuggestSymbols(instruments)

    async def __call__(
        self, instrument: Instrument, attempts: Sequence[Attempt], *, late: bool
    ) -> MarketDataError:
        """The error that all failures amount to (:func:`failure_of`), with suggestions."""
        places = {name: place for place, name in enumerate(self._catalogue.all())}
        ordered = sorted(attempts, key=lambda a: places.get(a.provider, len(places)))
        try:
            known = await self._instruments.of_instrument(instrument.id)
            listing = {found.provider for found in known if found.active}
            for attempt in ordered:
                if attempt.provider not in listing and await self._may_list(attempt.provider):
                    listing.add(attempt.provider)
        except StoreUnavailable as error:
            return error
        failure = failure_of(instrument.id, ordered, late=late, listing=listing)
        if isinstance(failure, UnknownInstrument):
            return await self.suggest.explained(failure, instrument.id, instrument)
        if isinstance(failure, NoProviderAvailable) and not known:
            near = await self.suggest(instrument.id, instrument)
            return NoProviderAvailable(failure.message, failure.attempts, near)
        return failure

    async def _may_list(self, name: str) -> bool:
        """Whether it has answered this installation, but its list was never fetched."""
        answered = bool((await self._health.view(name)).latencies_s)
        return answered and await self._instruments.fetched_at(name) is None
