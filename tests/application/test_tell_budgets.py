"""How full the budgets are, in the metrics."""

from collections.abc import Mapping

from adapters_out.memory.budget_book import MemoryBudgetBook
from adapters_out.provider_kit.pacer import SharedPacer
from application.tell_budgets import TellBudgets
from domain.budget import BudgetView
from domain.provider import Priority, ProviderPolicy
from tests.application.world import World, in_virtual_time


def told(world: World) -> Mapping[str, float]:
    """What the metrics show last."""
    found: dict[str, float] = {}
    for each in world.told.named("budget_used"):
        fraction = each["fraction"]
        assert isinstance(fraction, float)
        found[str(each["provider"])] = fraction
    return found


class DeafPacer(SharedPacer):
    """Its book does not answer for an hour."""

    def __init__(self, world: World) -> None:
        super().__init__(MemoryBudgetBook(world.clock), world.clock, world.told)
        self._wall = world.clock

    async def views(self, policies: Mapping[str, ProviderPolicy]) -> Mapping[str, BudgetView]:
        await self._wall.sleep(3600.0)
        return await super().views(policies)


def test_what_is_used_falls_when_the_window_has_passed() -> None:
    """Without a call in between: the book is looked at when somebody asks."""

    async def scene() -> None:
        world = World()
        tell = TellBudgets(world.catalogue, world.pacer, world.told)
        for _ in range(5):
            policy = world.first.policy
            await world.pacer.acquire("first", policy, 1.0, Priority.INTERACTIVE, None)
        await tell()
        assert told(world)["first"] >= 0.4
        assert told(world)["second"] == 0.0
        await world.clock.sleep(90.0)
        await tell()
        assert told(world) == {"first": 0.0, "second": 0.0}

    in_virtual_time(scene())


def test_a_book_that_hangs_delays_nobody_for_long() -> None:
    """What was told last stays."""

    async def scene() -> None:
        world = World()
        tell, before = TellBudgets(world.catalogue, DeafPacer(world), world.told), world.clock.now()
        world.told.budget_used("first", 0.7)
        await tell()
        assert world.clock.now() - before <= 1.0
        assert told(world) == {"first": 0.7}

    in_virtual_time(scene())
