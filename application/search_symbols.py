"""Search the instrument lists of the providers."""

import asyncio
from collections.abc import Sequence

from msgspec.structs import replace

from application.offers import either
from application.refresh_listings import RefreshListings
from application.share_time import RESERVE_S, time_left
from domain.alike import closest
from domain.errors import (
    DeadlineExceeded,
    InvalidRequest,
    NotOffered,
    ProviderError,
    quoted,
)
from domain.instrument import Listing
from domain.provider import Capability
from domain.routing import called
from ports.clock import Clock
from ports.instrument_store import InstrumentStore
from ports.market_data import CallContext, MarketDataProvider, ProviderCatalogue

_PATIENCE_S = 2.0  # with lists that take long, once there is another one to search
_OF_A_LIST = (ProviderError, DeadlineExceeded)
_OF_ONE = 1000  # listings looked through for those of one provider


class SearchSymbols:
    """Find listings by their symbol, instrument or name: exactly, by the beginning, by any part.

    - if nothing is spelled like it, what is one slip of the keyboard away;
    - lists are fetched when somebody searches, stored, and fetched again after a day;
    - a list that takes long, as one of many parts and few calls a minute does, is waited for only
      while there is no other; it goes on being fetched;
    - a list that cannot be refreshed is used as it is; without any list the failure is said.
    """

    def __init__(
        self,
        catalogue: ProviderCatalogue,
        instruments: InstrumentStore,
        refresh: RefreshListings,
        clock: Clock,
    ) -> None:
        """Take the collaborators."""
        self._catalogue = catalogue
        self._instruments = instruments
        self._refresh = refresh
        self._clock = clock

    async def __call__(
        self, text: str, limit: int, provider: str | None, context: CallContext
    ) -> Sequence[Listing]:
        """At most ``limit`` listings for the text in upper case.

        Raises:
            InvalidRequest: there is no such provider.
            NotOffered: it publishes no list.
            ProviderError, DeadlineExceeded: no list could be fetched and none is stored.
        """
        providers = self._catalogue.all()
        if provider is not None and provider not in providers:
            message = f"There is no provider {quoted(provider)}: use one of {', '.join(providers)}."
            raise InvalidRequest(message, "provider")
        self._refuse_listless(provider)
        await self._fetch_lists(provider, context)
        wide = limit if provider is None else _OF_ONE
        found = _of(provider, await self._instruments.search(text.upper(), wide))
        if not found:
            found = _of(provider, closest(text, await self._instruments.alike(text)))
        return found[:limit]

    def _refuse_listless(self, provider: str | None) -> None:
        providers = self._catalogue.all().items()
        able = [n for n, p in providers if Capability.INSTRUMENTS in p.capabilities.offers]
        if provider is not None and provider not in able:
            others = f"name {either(able)}, or leave provider out" if able else "no other does"
            message = f"{provider} does not offer {called(Capability.INSTRUMENTS)}: {others}."
            raise NotOffered(message, "provider")

    async def _fetch_lists(self, provider: str | None, context: CallContext) -> None:
        sources = self._refresh.sources(provider)
        hurried = replace(context, deadline=self._soon(context))
        faults = await self._faults(sources, hurried)
        late = any(isinstance(fault, DeadlineExceeded) for fault in faults)
        if late and len(faults) == len(sources):
            faults = await self._faults(sources, context)
        for fault in faults:
            if len(faults) == len(sources) or not isinstance(fault, _OF_A_LIST):
                raise fault

    async def _faults(
        self, sources: Sequence[MarketDataProvider], context: CallContext
    ) -> Sequence[BaseException]:
        """What keeps us from the lists of the sources, before the deadline of ``context``."""
        lists = await asyncio.gather(
            *(
                self._refresh.now(each, context, lambda: time_left(self._clock, context, RESERVE_S))
                for each in sources
            ),
            return_exceptions=True,
        )
        return [fault for fault in lists if fault is not None]

    def _soon(self, context: CallContext) -> float:
        soon = self._clock.monotonic() + _PATIENCE_S + RESERVE_S
        return soon if context.deadline is None else min(soon, context.deadline)


def _of(provider: str | None, listings: Sequence[Listing]) -> Sequence[Listing]:
    return [each for each in listings if provider in {None, each.provider}]
