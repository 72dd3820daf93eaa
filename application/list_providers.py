"""Tell what every provider can do and how it is doing."""

import asyncio
from collections.abc import Sequence

from msgspec import Struct

from domain.budget import BudgetView
from domain.circuit import ProviderHealth
from domain.provider import Capabilities, ProviderPolicy
from ports.health_board import HealthBoard
from ports.market_data import MarketDataProvider, ProviderCatalogue
from ports.pacing import Pacer


class ProviderFacts(Struct, frozen=True):
    """One provider at a glance."""

    name: str
    policy: ProviderPolicy
    capabilities: Capabilities
    needs_key: bool
    has_key: bool
    health: ProviderHealth
    budget: BudgetView

    @property
    def enabled(self) -> bool:
        """Whether it can be asked at all."""
        return self.has_key or not self.needs_key


class ListProviders:
    """Every configured provider in order of preference; one without a key is listed as such."""

    def __init__(self, catalogue: ProviderCatalogue, health: HealthBoard, pacer: Pacer) -> None:
        """Take the collaborators."""
        self._catalogue = catalogue
        self._health = health
        self._pacer = pacer

    async def __call__(self) -> Sequence[ProviderFacts]:
        """The facts now."""
        facts = (self._facts(provider) for provider in self._catalogue.all().values())
        return await asyncio.gather(*facts)

    async def _facts(self, provider: MarketDataProvider) -> ProviderFacts:
        return ProviderFacts(
            name=provider.name,
            policy=provider.policy,
            capabilities=provider.capabilities,
            needs_key=provider.needs_key,
            has_key=provider.has_key,
            health=await self._health.view(provider.name),
            budget=await self._pacer.view(provider.name, provider.policy),
        )
