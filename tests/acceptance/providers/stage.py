"""A provider of the project before a provider of the simulator, in one of two rings.

*scripted*: the real provider file and the real kit over ``httpx.MockTransport``, in virtual time.
*wire*: the same over TCP on loopback, in real time.
"""

import asyncio
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from typing import Any, TypeVar

import httpx
import msgspec

from adapters_in.simulator.assets import ASSETS, Asset
from adapters_in.simulator.columns import Grid
from adapters_in.simulator.faults import Fault, FaultKind
from adapters_in.simulator.market import SyntheticMarket
from adapters_in.simulator.server import SimulatorServer
from adapters_in.simulator.simulator import Arrival, Simulator
from adapters_in.simulator.simulator import discover as discover_dialects
from adapters_in.simulator.wire import Request
from adapters_out.memory.budget_book import MemoryBudgetBook
from adapters_out.memory.clock import FixedChance, LoopClock, VirtualTimeLoop
from adapters_out.memory.health_board import MemoryHealthBoard
from adapters_out.memory.telemetry import RecordingTelemetry
from adapters_out.provider_kit.discovery import discover
from adapters_out.provider_kit.kit_provider import KitProvider
from adapters_out.provider_kit.pacer import SharedPacer
from adapters_out.provider_kit.provider import Provider
from adapters_out.provider_kit.settings import ProviderSettings
from adapters_out.system.clock import SystemClock
from domain.instrument import resolve_symbol
from domain.interval import Interval
from domain.secret import Secret
from ports.clock import Clock
from tests.acceptance.providers.casting import (
    SESSION,
    STOCK_PLAYERS,
    TROUPES,
    ShiftedClock,
    unit_of,
)
from tests.acceptance.providers.roles import role_of
from tests.acceptance.providers.transport import scripted

T = TypeVar("T")

RINGS = ("scripted", "wire")
PROVIDERS = discover()
DIALECTS = discover_dialects()
_SATURDAY_NOON = 1_763_208_030.5  # 2025-11-15 12:00:30.5 UTC
_SEED = 3
KEY = Secret("some-key-of-ours")
_ROLLING_S = 1.0


class Stage:
    """One provider, its simulator, and the loop in which both live."""

    def __init__(
        self, name: str, ring: str, provider: Provider | None = None, below: str = ""
    ) -> None:
        """Open everything; ``close`` ends it.

        ``provider`` stands in for the one of that name, ``below`` is a path of its base URL.
        """
        self.name = name
        self._below = below
        self.provider = PROVIDERS[name] if provider is None else provider
        self._ring = ring
        # A plug-in may have come since; looking for it every time would cost most of a scenario.
        self._spoken = DIALECTS if name in DIALECTS else discover_dialects()
        is_scripted = ring == "scripted"
        self._runner = asyncio.Runner(loop_factory=VirtualTimeLoop if is_scripted else None)
        self.plays_stocks = name in STOCK_PLAYERS
        self.troupe = TROUPES.get(name)
        opened = SESSION if self.troupe else _SATURDAY_NOON
        self.clock: Clock = LoopClock(opened) if is_scripted else SystemClock()
        if self.troupe and not is_scripted:
            self.clock = ShiftedClock(self.clock, SESSION)
        # The allowance of a day and the seconds between calls are not what most are about.
        slow = not is_scripted and self.provider.policy.rps <= 1
        self._settings = ProviderSettings(
            api_key=KEY if self.provider.auth else None, rpd=0.0, rps=20.0 if slow else None
        )
        self.role = role_of(name)
        self._source: KitProvider | None = None
        self._open = AsyncExitStack()
        self.simulator = self.run(self._simulated())
        self.market = SyntheticMarket(_SEED)

    async def _simulated(self) -> Simulator:
        if self._ring == "scripted":
            self._base_url = f"http://simulator/{self.name}"
            simulator = Simulator(self.clock, seed=_SEED, spoken=self._spoken)
            simulator.origin = "http://simulator"
            return simulator
        server = SimulatorServer("127.0.0.1", 0, self.clock, seed=_SEED, spoken=self._spoken)
        await self._open.enter_async_context(server)
        self._base_url = server.base_url(self.name)
        return server.simulator

    def close(self) -> None:
        """End the connections, the simulator and the loop."""
        if self._source is not None:
            self.run(self._source.close())
        self.run(self._open.aclose())
        self._runner.close()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run something in the loop of the stage."""
        return self._runner.run(coroutine)

    def allow(self, **limits: float) -> None:
        """Set the operator's limits, before the first call."""
        self._settings = msgspec.structs.replace(self._settings, **limits)

    @property
    def source(self) -> KitProvider:
        """The provider under test."""
        if self._source is None:
            telemetry = RecordingTelemetry()
            pacer = SharedPacer(MemoryBudgetBook(self.clock), self.clock, telemetry)
            transport = None
            if self._ring == "scripted":
                transport = httpx.MockTransport(scripted(self.simulator, self.clock))
            self._source = KitProvider(
                self.provider,
                msgspec.structs.replace(self._settings, base_url=self._base_url + self._below),
                pacer=pacer,
                health=MemoryHealthBoard(self.clock),
                clock=self.clock,
                chance=FixedChance(),
                telemetry=telemetry,
                transport=transport,
            )
        return self._source

    def trouble(self, kind: str, **parameters: Any) -> None:  # noqa: ANN401  # Fault's fields
        """Set a fault at this provider."""

        async def add() -> None:
            fault = Fault(FaultKind(kind), provider=self.name, **parameters)
            self.simulator.faults.add(fault, self.clock.monotonic())

        self.run(add())

    def now(self) -> float:
        """Unix seconds; in real time not in the last second of a minute, which is ending."""

        async def read() -> float:
            rest = 60 - self.clock.now() % 60
            if rest < _ROLLING_S:
                await self.clock.sleep(rest + 0.01)
            return self.clock.now()

        return self.run(read())

    def cast(self, symbol: str) -> str:
        """Who plays the part of a coin at this provider."""
        return self.troupe.cast(symbol) if self.troupe else self.role.instrument(symbol).id

    def has_volume(self, symbol: str) -> bool:
        """Whether the bars of whoever plays that part have a volume."""
        return self.provider.capabilities.has_volume(resolve_symbol(self.cast(symbol)).asset_class)

    def interval(self, unit: str) -> Interval:
        """What the scenarios call minutes and hours."""
        return unit_of(unit) if self.troupe else self.role.interval(unit)

    def past(self, symbol: str, interval: Interval, count: int) -> tuple[int, int]:
        """The stretch of the last so many closed bars that exist in the market."""
        end = interval.floor(int(self.now()))
        if self.troupe is None:
            return interval.shift(end, -count), end
        first = interval.shift(end, -count * 8)
        edges = Grid.of(interval).edges(first, count * 8)
        known = ASSETS.get(symbol, ASSETS[self.troupe.usual])
        return int(self.market.bars(known, edges, 4e9).ts[-count]), end

    def asset(self, symbol: str) -> Asset:
        """The synthetic instrument behind a canonical id; dollars may be USDT in disguise."""
        instrument = resolve_symbol(symbol)
        return ASSETS.get(instrument.id) or ASSETS[f"{instrument.base}-USDT"]

    def arrivals(self) -> list[Arrival]:
        """Every call that the provider saw."""
        return list(self.simulator.arrivals())

    def price_weight(self) -> int:
        """What a price costs at this provider."""
        endpoint = self.provider.price
        assert endpoint is not None
        call = endpoint.ask(resolve_symbol(self.cast("BTC-USDT")))
        assert not hasattr(call, "send"), "a question of several calls has no single weight"
        pairs = tuple((name, str(value)) for name, value in call.params.items())
        return self.simulator.dialects[self.name].weigh(Request(call.path, pairs))


INTERVALS = {"minutes": Interval.M1, "hours": Interval.H1}
