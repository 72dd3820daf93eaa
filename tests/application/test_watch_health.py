"""Closing circuits without traffic, and telling how providers and the service are."""

import asyncio

import pytest

from adapters_out.memory.bar_store import MemoryBarStore
from adapters_out.memory.budget_book import MemoryBudgetBook
from adapters_out.memory.telemetry import RecordingTelemetry
from application.list_providers import ListProviders
from application.report_status import PartStatus, ReportStatus
from application.watch_health import WatchHealth
from domain.circuit import CircuitState, Outcome
from domain.errors import BudgetUnavailable, StoreUnavailable
from ports.market_data import CallContext
from tests.application.scripted_market import Catalogue, ScriptedProvider
from tests.application.world import (
    DOWN,
    NOW,
    WatchedHealth,
    WatchedPacer,
    World,
    in_virtual_time,
)


class Probed(ScriptedProvider):
    """Claims the probe and records its outcome, as the provider kit does."""

    def __init__(self, name: str, world: World) -> None:
        super().__init__(name, world.clock)
        self._world = world

    async def ping(self, context: CallContext) -> None:
        assert await self._world.health.claim_probe(self.name)
        ok = False
        try:
            await super().ping(context)
            ok = True
        finally:
            at = self._world.clock.now()
            outcome = Outcome(ok=ok, latency_s=0.1, at=at, probe=True)
            await self._world.health.record(self.name, outcome)


def watch(world: World, *providers: ScriptedProvider) -> WatchHealth:
    """The use case over the given providers."""
    return WatchHealth(Catalogue(*providers), world.health, RecordingTelemetry(), world.clock)


async def state(world: World, provider: ScriptedProvider) -> CircuitState:
    """How the circuit stands."""
    return (await world.health.view(provider.name)).state


def test_only_circuits_whose_cool_down_has_passed_are_probed() -> None:
    """A healthy provider is left in peace, and so is one that rests."""

    async def scene() -> None:
        world = World()
        well, ill = Probed("well", world), Probed("ill", world)
        await world.health.open_circuit("ill", world.clock.now())
        look = watch(world, well, ill)
        assert await look() == 0
        assert (well.pings, ill.pings) == ([], [])
        await world.clock.sleep(2.1)
        assert await look() == 1
        assert (well.pings, len(ill.pings)) == ([], 1)
        assert await state(world, ill) is CircuitState.CLOSED

    in_virtual_time(scene())


def test_a_provider_that_fails_its_probe_does_not_stop_the_round() -> None:
    """The one after it is probed all the same."""

    async def scene() -> None:
        world = World()
        down, up = Probed("down", world), Probed("up", world)
        down.fails = DOWN
        for name in ("down", "up"):
            await world.health.open_circuit(name, world.clock.now())
        await world.clock.sleep(2.1)
        assert await watch(world, down, up)() == 1
        assert await state(world, down) is CircuitState.OPEN
        assert await state(world, up) is CircuitState.CLOSED

    in_virtual_time(scene())


@pytest.mark.parametrize("outage_s", [1.0, 20.0, 100.0, 1000.0])
def test_a_circuit_closes_within_thirty_seconds_of_the_recovery(outage_s: float) -> None:
    """Without any traffic, however long it was down, beside others that hang for ever."""

    async def scene() -> None:
        world = World()
        ill = Probed("ill", world)
        hung = [Probed(f"hung{k}", world) for k in range(5)]
        for provider in (*hung, ill):
            provider.hang()
            await world.health.open_circuit(provider.name, world.clock.now())
        watching = asyncio.ensure_future(watch(world, *hung, ill).forever())
        await world.clock.sleep(outage_s)
        ill.recover()
        await world.clock.sleep(30.0)
        assert await state(world, ill) is CircuitState.CLOSED
        assert len(ill.pings) <= 3 + outage_s / 8  # it was not hammered either
        watching.cancel()
        await asyncio.wait([watching])

    in_virtual_time(scene())


def test_every_provider_is_listed_with_health_and_budget_in_order_of_preference() -> None:
    """One without its key too, as not enabled."""

    async def scene() -> None:
        world = World()
        world.second.key_needed = True
        await world.health.open_circuit("first", world.clock.now())
        await world.pacer.freeze("second", NOW + 90.0, banned=True)
        facts = await ListProviders(world.catalogue, world.health, world.pacer)()
        assert [(f.name, f.enabled, f.health.state) for f in facts] == [
            ("first", True, CircuitState.OPEN),
            ("second", False, CircuitState.CLOSED),
        ]
        assert [f.budget.frozen_until for f in facts] == [None, NOW + 90.0]

    in_virtual_time(scene())


class Store(MemoryBarStore):
    """Answers its check as told."""

    fault: StoreUnavailable | None = None
    hangs = False

    def __init__(self, world: World) -> None:
        super().__init__(world.clock)
        self._world = world

    async def check(self) -> None:
        if self.hangs:
            await self._world.clock.sleep(1e6)
        if self.fault is not None:
            raise self.fault


class Book(MemoryBudgetBook):
    """Cannot be asked."""

    async def check(self) -> None:
        raise BudgetUnavailable("Redis is away.")


def test_a_service_is_ready_when_store_and_budgets_answer_and_until_it_drains() -> None:
    """Draining turns it off for good; what is told is when it came up."""

    async def scene() -> None:
        world = World()
        report = ReportStatus(Store(world), world.catalogue, world.pacer, world.clock)
        await world.clock.sleep(5.0)
        assert (await report()).ready
        assert (report.started_at, report.draining) == (NOW + 30, False)
        report.drain()
        status = await report()
        assert (status.ready, status.draining, report.draining) == (False, True, True)
        assert all(part.ok for part in status.parts)

    in_virtual_time(scene())


def test_a_part_that_fails_is_named_with_its_reason() -> None:
    """Store and budgets each speak for themselves."""

    async def scene() -> None:
        world = World()
        store = Store(world)
        store.fault = StoreUnavailable("The database is away.")
        pacer = WatchedPacer(Book(world.clock), world.clock, world.told)
        status = await ReportStatus(store, world.catalogue, pacer, world.clock)()
        assert not status.ready
        assert status.parts == (
            PartStatus("store", ok=False, detail="The database is away."),
            PartStatus("budgets", ok=False, detail="Redis is away."),
        )

    in_virtual_time(scene())


def test_a_part_that_hangs_is_said_to_after_two_seconds() -> None:
    """Readiness itself never hangs."""

    async def scene() -> None:
        world = World()
        store = Store(world)
        store.hangs = True
        status = await ReportStatus(store, world.catalogue, world.pacer, world.clock)()
        assert world.clock.monotonic() == pytest.approx(2.0)
        assert [(part.name, part.ok) for part in status.parts] == [
            ("store", False),
            ("budgets", True),
        ]

    in_virtual_time(scene())


def test_a_health_board_that_forgets_is_a_healthy_one() -> None:
    """Nothing is probed where nothing is known to be ill."""

    async def scene() -> None:
        world = World()
        provider = Probed("any", world)
        telemetry, health = RecordingTelemetry(), WatchedHealth(world.clock)
        assert await WatchHealth(Catalogue(provider), health, telemetry, world.clock)() == 0
        assert provider.pings == []

    in_virtual_time(scene())


def test_the_metrics_show_what_another_process_did_to_a_circuit() -> None:
    """Closed from the first look on, and open as soon as anybody has opened it."""

    async def scene() -> None:
        world = World()
        provider, telemetry = Probed("any", world), RecordingTelemetry()
        look = WatchHealth(Catalogue(provider), world.health, telemetry, world.clock)
        await look()
        await world.health.open_circuit("any", world.clock.now())
        await look()
        seen = [(f["provider"], f["state"]) for f in telemetry.named("circuit_seen")]
        assert seen == [("any", "closed"), ("any", "open")]

    in_virtual_time(scene())
