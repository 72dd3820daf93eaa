"""How providers are doing, as all processes see it."""

from collections.abc import Mapping

from msgspec import Struct

from domain.budget import BudgetView
from domain.circuit import ProviderHealth
from ports.health_board import HealthBoard
from ports.market_data import MarketDataProvider
from ports.pacing import Pacer


class ProviderState(Struct, frozen=True):
    """The health and budget of one provider."""

    health: ProviderHealth
    budget: BudgetView


async def states_of(
    providers: Mapping[str, MarketDataProvider], health: HealthBoard, pacer: Pacer
) -> Mapping[str, ProviderState]:
    """The states by name, in two round trips however many they are, in none for nobody."""
    if not providers:
        return {}
    healths = await health.views(tuple(providers))
    budgets = await pacer.views({name: provider.policy for name, provider in providers.items()})
    return {name: ProviderState(healths[name], budgets[name]) for name in providers}
