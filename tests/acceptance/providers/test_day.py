"""A day of mixed load on every provider at once, in virtual time: nobody ever limits our rate."""

import asyncio
from collections.abc import Coroutine
from random import Random
from typing import Any

import httpx
import pytest

from adapters_in.simulator.faults import Fault, FaultKind
from adapters_in.simulator.simulator import Simulator, discover
from adapters_out.memory.budget_book import MemoryBudgetBook
from adapters_out.memory.clock import FixedChance, LoopClock, VirtualTimeLoop
from adapters_out.memory.health_board import MemoryHealthBoard
from adapters_out.memory.telemetry import RecordingTelemetry
from adapters_out.provider_kit.kit_provider import KitProvider
from adapters_out.provider_kit.pacer import SharedPacer
from adapters_out.provider_kit.settings import ProviderSettings
from domain.budget import rate
from domain.errors import MarketDataError
from domain.instrument import AssetClass, Instrument
from domain.provider import BarsAsk, Basis, Priority
from domain.secret import Secret
from domain.timerange import TimeRange
from ports.market_data import CallContext
from tests.acceptance.providers.stage import PROVIDERS
from tests.acceptance.providers.transport import scripted

MIDNIGHT = 1_763_164_800.0  # Saturday, 2025-11-15, 00:00 UTC
HOUR, DAY = 3600, 86_400
IN_A_BURST = 15
SPOKEN = sorted(name for name, p in PROVIDERS.items() if name in discover() and p.bars is not None)
EXAMPLES = {
    AssetClass.STOCK: Instrument.stock("AAPL"),
    AssetClass.CRYPTO: Instrument.pair("BTC", "USDT"),
    AssetClass.FUTURE: Instrument.future("ES", "Z", 2026),
}


class Day:
    """Every provider before a simulator that limits it exactly as its policy says it does."""

    def __init__(self) -> None:
        self.clock = LoopClock(MIDNIGHT)
        self.simulator = Simulator(self.clock, seed=3)
        self.book = MemoryBudgetBook(self.clock)
        self.health = MemoryHealthBoard(self.clock)
        self.refused: list[str] = []
        self.restart()
        for name, kit in self.kits.items():
            limits = [(w.limit, w.seconds) for w in kit.policy.windows]
            for limit, seconds in (*limits, (max(1.0, rate(kit.policy)), 1)):
                # Of requests a second there is no weight: only bounds of weight are judged so.
                if seconds > 1 or not limits:
                    fault = Fault(
                        FaultKind.RATE_LIMIT, name, limit=limit, window_s=seconds, patience=10**6
                    )
                    self.simulator.faults.add(fault, self.clock.monotonic())

    def restart(self) -> None:
        """New processes: only what is shared, and what is stored, has outlived the old ones."""
        self.kits = {name: self._kit(name) for name in SPOKEN}

    def _kit(self, name: str) -> KitProvider:
        telemetry = RecordingTelemetry()
        return KitProvider(
            PROVIDERS[name],
            ProviderSettings(base_url=f"http://simulator/{name}", api_key=Secret("a-made-up-key")),
            pacer=SharedPacer(self.book, self.clock, telemetry),
            health=self.health,
            clock=self.clock,
            chance=FixedChance(),
            telemetry=telemetry,
            transport=httpx.MockTransport(scripted(self.simulator, self.clock)),
        )

    async def ask(self, name: str, k: int) -> None:
        """A price or some bars, for a caller or for a back-fill."""
        kit = self.kits[name]
        can = kit.capabilities
        instrument = next(i for kind, i in EXAMPLES.items() if kind in can.asset_classes)
        if can.basis is Basis.AGGREGATE:
            instrument = Instrument.pair("BTC", "USD")
        until = self.clock.monotonic() + 10.0
        try:
            if k % 3 == 0 and PROVIDERS[name].price is not None:
                await kit.price(instrument, CallContext(until))
            else:
                interval = can.intervals[k % len(can.intervals)]
                end = interval.floor(int(self.clock.now()))
                span = TimeRange(interval.shift(end, -5), end)
                context = CallContext(until, Priority(k % 3))
                async for _ in kit.bars(BarsAsk(instrument, interval, span), context):
                    pass
        except MarketDataError as error:
            self.refused.append(error.code)

    def limited(self) -> list[tuple[str, int]]:
        """Calls that were answered with a limit."""
        seen = self.simulator.arrivals()
        return [(a.provider, a.status) for a in seen if a.status in {402, 418, 429}]


def in_virtual_time(day: Coroutine[Any, Any, None]) -> None:
    """Run on a loop whose waiting costs nothing."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        runner.run(day)


def test_a_day_of_bursts_on_all_providers() -> None:
    """Every hour a burst on each, in mixed kinds and priorities: not one 429."""

    async def scene() -> None:
        day, chance = Day(), Random(5)  # noqa: S311  # a load, not a secret
        for hour in range(24):
            calls = (day.ask(name, k) for name in SPOKEN for k in range(IN_A_BURST))
            await asyncio.gather(*calls)
            if hour == 12:
                day.restart()
            await day.clock.sleep(chance.uniform(0.5, 1.0) * HOUR)
        assert day.limited() == []
        arrivals = [a.provider for a in day.simulator.arrivals()]
        assert set(arrivals) == set(SPOKEN)
        assert min(arrivals.count(name) for name in SPOKEN) >= 24

    in_virtual_time(scene())


@pytest.mark.parametrize(
    "name",
    [n for n in SPOKEN if any(w.is_durable for w in PROVIDERS[n].policy.windows)],
)
def test_a_daily_quota_holds_over_restarts(name: str) -> None:
    """More than a day's calls are asked for; what leaves weighs no more than the plan allows."""

    async def scene() -> None:
        day = Day()
        windows = (w for w in day.kits[name].policy.windows if w.is_durable)
        window = min(windows, key=lambda w: w.limit)
        quota, spare = window.limit, 30.0
        await day.clock.sleep(60.0)  # a report in the first second may be about yesterday
        policy = day.kits[name].policy
        await day.book.correct(name, policy, window.seconds, max(0.0, quota - spare))
        for _ in range(3):
            for k in range(40):
                await day.ask(name, k)
            day.restart()
        weighed = sum(a.weight for a in day.simulator.arrivals())
        assert 0 < weighed <= min(spare, quota)
        assert "quota-exhausted" in day.refused
        # A sliding window counts the oldest of its sixty slots whole.
        await day.clock.sleep(window.seconds * 1.04)
        day.refused.clear()
        await day.ask(name, 0)
        assert day.refused == []

    in_virtual_time(scene())
