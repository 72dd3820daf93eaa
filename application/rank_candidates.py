"""Find out which providers could answer, with today's facts about each."""

from collections.abc import Sequence

from domain.errors import InvalidRequest, UnknownInstrument, UnsupportedInterval
from domain.instrument import Instrument
from domain.interval import Interval
from domain.provider import Capability
from domain.routing import Candidate, Ranking, rank
from ports.clock import Clock
from ports.health_board import HealthBoard
from ports.market_data import MarketDataProvider, ProviderCatalogue
from ports.pacing import Pacer


class RankCandidates:
    """Gather health and budget of every provider and rank them by :func:`domain.routing.rank`."""

    def __init__(
        self, catalogue: ProviderCatalogue, health: HealthBoard, pacer: Pacer, clock: Clock
    ) -> None:
        """Take the collaborators."""
        self._catalogue = catalogue
        self._health = health
        self._pacer = pacer
        self._clock = clock

    def provider(self, name: str) -> MarketDataProvider | None:
        """The provider of that name, if it is configured."""
        return self._catalogue.all().get(name)

    def capable(
        self, instrument: Instrument, interval: Interval, only: str | None = None
    ) -> Sequence[str]:
        """Who offers bars of that kind at all, in the operator's order; asks nobody.

        Raises:
            InvalidRequest: ``only`` names no configured provider.
            UnknownInstrument: nobody offers that class of assets.
            UnsupportedInterval: somebody does, but not that interval.
        """
        providers = self._catalogue.all()
        if only is not None and only not in providers:
            message = f"There is no provider {only!r}: use one of {', '.join(providers)}."
            raise InvalidRequest(message, "provider")
        asked = {only: providers[only]} if only else providers
        offers = {
            name: provider.capabilities
            for name, provider in asked.items()
            if provider.capabilities.can(Capability.BARS, instrument.asset_class)
        }
        if not offers:
            whom = only or "any configured provider"
            message = f"{instrument.id} is a {instrument.asset_class.value}, not listed by {whom}."
            raise UnknownInstrument(message)
        names = tuple(name for name, can in offers.items() if interval in can.intervals)
        if not names:
            known = sorted({i for can in offers.values() for i in can.intervals}, key=_length)
            message = (
                f"No provider of {instrument.id} offers {interval.value} bars: "
                f"use one of {', '.join(i.value for i in known)}."
            )
            raise UnsupportedInterval(message, "interval")
        return names

    async def __call__(
        self,
        capability: Capability,
        instrument: Instrument,
        interval: Interval | None = None,
        start: int | None = None,
        only: str | None = None,
    ) -> Ranking:
        """Rank for one question; ``start`` (Unix s) is the oldest bar wanted."""
        providers = self._catalogue.all()
        candidates = [
            await self._facts(provider)
            for name, provider in providers.items()
            if only is None or name == only
        ]
        return rank(
            candidates,
            capability,
            instrument,
            interval,
            start,
            self._clock.now(),
            tuple(providers),
            only,
        )

    async def _facts(self, provider: MarketDataProvider) -> Candidate:
        health = await self._health.view(provider.name)
        budget = await self._pacer.view(provider.name, provider.policy)
        return Candidate(
            name=provider.name,
            capabilities=provider.capabilities,
            needs_key=provider.needs_key,
            has_key=provider.has_key,
            health=health,
            # a busy second is waited out, not failed over: only a freeze counts
            frozen_until=budget.frozen_until,
        )


def _length(interval: Interval) -> int:
    return interval.seconds
