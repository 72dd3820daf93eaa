"""Search the instrument lists of the providers."""

from collections.abc import Sequence

from application.single_flight import SingleFlight
from domain.errors import DeadlineExceeded, ProviderError
from domain.instrument import Listing
from domain.provider import Capability
from ports.clock import Clock
from ports.instrument_store import InstrumentStore
from ports.market_data import CallContext, MarketDataProvider, ProviderCatalogue

MAX_AGE_S = 86_400.0


class SearchSymbols:
    """Find listings by the beginning, then by any part, of symbol or instrument.

    - lists are fetched when somebody searches, stored, and fetched again after a day;
    - a list that cannot be refreshed is used as it is; without any list the failure is said.
    """

    def __init__(
        self, catalogue: ProviderCatalogue, instruments: InstrumentStore, clock: Clock
    ) -> None:
        """Take the collaborators."""
        self._catalogue = catalogue
        self._instruments = instruments
        self._clock = clock
        self._flights: SingleFlight[None] = SingleFlight()

    async def __call__(
        self, text: str, limit: int, provider: str | None, context: CallContext
    ) -> Sequence[Listing]:
        """At most ``limit`` listings for the upper-cased text.

        Raises:
            ProviderError: no list could be fetched and none is stored.
        """
        failures: list[ProviderError | DeadlineExceeded] = []
        known = 0
        for name, source in self._catalogue.all().items():
            if provider is not None and name != provider:
                continue
            if Capability.INSTRUMENTS not in source.capabilities.offers:
                continue
            try:
                known += await self._refresh(source, context)
            except (ProviderError, DeadlineExceeded) as error:
                failures.append(error)
        if failures and not known:
            raise failures[0]
        found = await self._instruments.search(text.upper(), limit if provider is None else 1000)
        chosen = [item for item in found if provider is None or item.provider == provider]
        return chosen[:limit]

    async def _refresh(self, source: MarketDataProvider, context: CallContext) -> int:
        """1 when a list of that provider is stored afterwards."""
        fetched_at = await self._instruments.fetched_at(source.name)
        if fetched_at is not None and self._clock.now() - fetched_at < MAX_AGE_S:
            return 1
        try:
            await self._flights.join(source.name, lambda: self._fetch(source, context))
        except (ProviderError, DeadlineExceeded):
            if fetched_at is None:
                raise
        return 1

    async def _fetch(self, source: MarketDataProvider, context: CallContext) -> None:
        listings = await source.listings(context)
        await self._instruments.replace(source.name, listings, self._clock.now())
