"""Show in the metrics how full every provider's budget is."""

import asyncio
from contextlib import suppress

from ports.market_data import ProviderCatalogue
from ports.pacing import Pacer
from ports.telemetry import Telemetry

_PATIENCE_S = 1.0


class TellBudgets:
    """Look when somebody wants to know: what was used falls without any call when time passes.

    One round trip for all providers. Where the book does not answer within a second, what was
    told last stays.
    """

    def __init__(self, catalogue: ProviderCatalogue, pacer: Pacer, telemetry: Telemetry) -> None:
        """Take the collaborators."""
        self._catalogue = catalogue
        self._pacer = pacer
        self._telemetry = telemetry

    async def __call__(self) -> None:
        """Tell; never raises."""
        policies = {name: each.policy for name, each in self._catalogue.all().items()}
        with suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE_S):
                for name, view in (await self._pacer.views(policies)).items():
                    self._telemetry.budget_used(name, view.used_fraction)
