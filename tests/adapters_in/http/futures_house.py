"""A house whose only provider is the real one of futures, before the simulator, in memory."""

from collections.abc import Mapping
from typing import Any

import httpx

from adapters_in.simulator.faults import Fault, FaultKind
from adapters_in.simulator.simulator import Simulator
from adapters_out.memory.budget_book import MemoryBudgetBook
from adapters_out.memory.clock import FixedChance, ManualClock
from adapters_out.memory.health_board import MemoryHealthBoard
from adapters_out.memory.telemetry import RecordingTelemetry
from adapters_out.provider_kit.kit_provider import KitProvider
from adapters_out.provider_kit.pacer import SharedPacer
from adapters_out.provider_kit.settings import ProviderSettings
from adapters_out.providers.massive_futures import PROVIDER
from domain.secret import Secret
from ports.market_data import MarketDataProvider
from tests.acceptance.providers.transport import scripted
from tests.adapters_in.http.house import Answer, House, Sources
from tests.runner import Run

NOW = 1_763_474_430.5  # Tuesday 2025-11-18 14:00:30.5 UTC
KEY = Secret("a-key-of-ours")


class Pit(Sources):
    """One provider."""

    def __init__(self, kit: KitProvider) -> None:
        self._kit = kit

    def all(self) -> Mapping[str, MarketDataProvider]:
        return {self._kit.name: self._kit}

    def source(self, name: str) -> KitProvider:
        assert name == self._kit.name
        return self._kit


class FuturesHouse:
    """The service, its provider, and the simulator behind that."""

    def __init__(self, run: Run, *, now: float = NOW, key: Secret | None = KEY) -> None:
        self.clock = ManualClock(now)
        self.simulator = Simulator(self.clock, seed=3)
        self.simulator.origin = "http://simulator"
        telemetry = RecordingTelemetry()
        kit = KitProvider(
            PROVIDER,
            ProviderSettings(
                base_url="http://simulator/massive_futures", api_key=key, key_name="MASSIVE_API_KEY"
            ),
            pacer=SharedPacer(MemoryBudgetBook(self.clock), self.clock, telemetry),
            health=MemoryHealthBoard(self.clock),
            clock=self.clock,
            chance=FixedChance(),
            telemetry=telemetry,
            transport=httpx.MockTransport(scripted(self.simulator, self.clock)),
        )
        self.house = House(run, clock=self.clock, sources=Pit(kit), deadline_s=60.0)

    def ask(self, target: str) -> Answer:
        """Below the futures API, or from the root."""
        path = target if target.startswith("/") else f"/api/v1/futures/{target}"
        return self.house.ask(path)

    def data(self, target: str) -> list[dict[str, Any]]:
        """The rows of an answer."""
        answer = self.ask(target)
        assert answer.status == 200, answer.body
        rows: list[dict[str, Any]] = answer.json["data"]
        return rows

    def calls(self) -> list[str]:
        """What the provider was asked, path and query."""
        return [f"{a.path}?{a.query}" for a in self.simulator.arrivals()]

    def trouble(self, status: int) -> None:
        """Every call is refused from now on."""
        fault = Fault(FaultKind("status"), provider="massive_futures", status=status)
        self.simulator.faults.add(fault, self.clock.monotonic())
