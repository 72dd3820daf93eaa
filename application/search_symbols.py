"""Search the instrument lists of the providers."""

import asyncio
from collections.abc import Sequence

from application.single_flight import SingleFlight
from domain.errors import DeadlineExceeded, InvalidRequest, ProviderError
from domain.instrument import Listing
from domain.provider import Capability
from ports.clock import Clock
from ports.instrument_store import InstrumentStore
from ports.market_data import CallContext, MarketDataProvider, ProviderCatalogue

MAX_AGE_S = 86_400.0
_RESERVE_S = 0.2  # kept back from the deadline to search what is stored


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
            InvalidRequest: there is no such provider.
            ProviderError, DeadlineExceeded: no list could be fetched and none is stored.
        """
        lists = await asyncio.gather(
            *(self._refresh(source, context) for source in self._sources(provider)),
            return_exceptions=True,
        )
        faults = [fault for fault in lists if fault is not None]
        for fault in faults:
            if len(faults) == len(lists) or not isinstance(fault, ProviderError | DeadlineExceeded):
                raise fault
        found = await self._instruments.search(text.upper(), limit if provider is None else 1000)
        chosen = [item for item in found if provider is None or item.provider == provider]
        return chosen[:limit]

    def _sources(self, only: str | None) -> Sequence[MarketDataProvider]:
        """Who has an instrument list."""
        providers = self._catalogue.all()
        if only is not None and only not in providers:
            message = f"There is no provider {only!r}: use one of {', '.join(providers)}."
            raise InvalidRequest(message, "provider")
        return [
            source
            for name, source in providers.items()
            if only in {None, name} and Capability.INSTRUMENTS in source.capabilities.offers
        ]

    async def _refresh(self, source: MarketDataProvider, context: CallContext) -> None:
        """Return when a list of that provider is stored."""
        fetched_at = await self._instruments.fetched_at(source.name)
        if fetched_at is not None and self._clock.now() - fetched_at < MAX_AGE_S:
            return
        try:
            await self._flights.join_within(
                source.name, lambda: self._fetch(source, context), lambda: self._left(context)
            )
        except (ProviderError, DeadlineExceeded):
            if fetched_at is None:
                raise

    def _left(self, context: CallContext) -> float | None:
        if context.deadline is None:
            return None
        return context.deadline - _RESERVE_S - self._clock.monotonic()

    async def _fetch(self, source: MarketDataProvider, context: CallContext) -> None:
        listings = await source.listings(context)
        await self._instruments.replace(source.name, listings, self._clock.now())
