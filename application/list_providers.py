"""Tell what every provider can do and how it is doing."""

from collections.abc import Sequence

from msgspec import Struct

from application.provider_state import states_of
from domain.budget import BudgetView
from domain.circuit import ProviderHealth
from domain.provider import Capabilities, ProviderPolicy
from ports.health_board import HealthBoard
from ports.market_data import ProviderCatalogue
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
    key_mark: str = ""

    @property
    def enabled(self) -> bool:
        """Whether it can be asked at all."""
        return self.has_key or not self.needs_key

    @property
    def key_refused(self) -> bool:
        """Whether the provider last said that it does not accept the key."""
        return self.health.refuses(self.key_mark)


class ListProviders:
    """Every configured provider in order of preference; one without a key is listed as such."""

    def __init__(self, catalogue: ProviderCatalogue, health: HealthBoard, pacer: Pacer) -> None:
        """Take the collaborators."""
        self._catalogue = catalogue
        self._health = health
        self._pacer = pacer

    async def __call__(self) -> Sequence[ProviderFacts]:
        """The facts now."""
        offers = self._catalogue.all()
        states = await states_of(offers, self._health, self._pacer)
        return [
            ProviderFacts(
                name=name,
                policy=provider.policy,
                capabilities=provider.capabilities,
                needs_key=provider.needs_key,
                has_key=provider.has_key,
                health=states[name].health,
                budget=states[name].budget,
                key_mark=provider.key_mark,
            )
            for name, provider in offers.items()
        ]
