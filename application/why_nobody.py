"""Say in one error why nobody could answer, with what may have been meant."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

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
        """The error that all failures amount to (:func:`failure_of`), with suggestions.

        Whose time is up gets none: an answer in time is worth more.
        """
        places = {name: place for place, name in enumerate(self._catalogue.all())}
        ordered = sorted(attempts, key=lambda a: places.get(a.provider, len(places)))
        try:
            known = await self._instruments.of_instrument(instrument.id)
            listing = {found.provider for found in known if found.active}
            others = [a.provider for a in ordered if a.provider not in listing]
            listing |= await self._unlisted(others)
        except StoreUnavailable as error:
            return error
        failure = failure_of(instrument.id, ordered, late=late, listing=listing)
        if late:
            return failure
        if isinstance(failure, UnknownInstrument):
            return await self.suggest.explained(failure, instrument.id, instrument)
        if isinstance(failure, NoProviderAvailable) and not known:
            near = await self.suggest(instrument.id, instrument)
            return NoProviderAvailable(failure.message, failure.attempts, near)
        return failure

    async def _unlisted(self, names: Sequence[str]) -> AbstractSet[str]:
        """Those who may list it: they have answered this installation, but never with a list."""
        healths = await self._health.views(names)
        answered = {name for name in names if healths[name].latencies_s}
        return answered - set(await self._instruments.lists()) if answered else answered
