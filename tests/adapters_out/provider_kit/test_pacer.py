"""How callers wait for the shared budget, in virtual time."""

import asyncio
from collections.abc import Coroutine, Mapping
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters_out.memory.budget_book import MemoryBudgetBook
from adapters_out.memory.clock import LoopClock, VirtualTimeLoop
from adapters_out.memory.telemetry import RecordingTelemetry
from adapters_out.provider_kit.pacer import SharedPacer
from domain.budget import BudgetView, Grant
from domain.errors import (
    Banned,
    BudgetUnavailable,
    DeadlineExceeded,
    QuotaExhausted,
    RateLimited,
)
from domain.provider import Priority, ProviderPolicy, Window
from tests.runner import T

EPOCH = 1_700_000_000.0
TEN = ProviderPolicy(rps=10)
DAILY = ProviderPolicy(rps=10, windows=(Window(2, 86_400, calendar=True),))


class WatchedBook(MemoryBudgetBook):
    """Counts how often it is asked, and can be out of reach."""

    def __init__(self) -> None:
        super().__init__(LoopClock(EPOCH))
        self.asked = 0
        self.reachable = True
        self.delays_s: list[float] = []  # how long the next answers are on their way

    async def take(
        self, provider: str, policy: ProviderPolicy, weight: float, priority: Priority
    ) -> Grant:
        self._reach()
        self.asked += 1
        grant = await super().take(provider, policy, weight, priority)
        await LoopClock(EPOCH).sleep(self.delays_s.pop(0) if self.delays_s else 0.0)
        return grant

    async def freeze(self, provider: str, until: float, *, banned: bool) -> None:
        self._reach()
        await super().freeze(provider, until, banned=banned)

    async def views(self, policies: Mapping[str, ProviderPolicy]) -> Mapping[str, BudgetView]:
        self._reach()
        return await super().views(policies)

    def _reach(self) -> None:
        if not self.reachable:
            raise BudgetUnavailable("The budget cannot be asked.")


class Desk:
    """A pacer, its book, and a record of who was served when (virtual seconds)."""

    def __init__(self) -> None:
        self.book = WatchedBook()
        self.telemetry = RecordingTelemetry()
        self.clock = LoopClock(EPOCH)
        self.pacer = SharedPacer(self.book, self.clock, self.telemetry)
        self.served: list[tuple[str, float]] = []

    async def call(
        self,
        name: str = "call",
        priority: Priority = Priority.INTERACTIVE,
        within: float | None = None,
        *,
        policy: ProviderPolicy = TEN,
        weight: float = 1.0,
        after: float = 0.0,
    ) -> None:
        """One paced call, begun ``after`` seconds, with ``within`` seconds to its deadline."""
        await self.clock.sleep(after)
        deadline = None if within is None else self.clock.monotonic() + within
        await self.pacer.acquire("kraken", policy, weight, priority, deadline)
        self.served.append((name, self.clock.monotonic()))

    def names(self) -> list[str]:
        """Who was served, in order."""
        return [name for name, _ in self.served]


@pytest.fixture
def desk() -> Desk:
    """A fresh pacer."""
    return Desk()


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run in virtual time."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(coroutine)


async def together(*calls: Coroutine[Any, Any, None]) -> list[BaseException | None]:
    """How each of the calls ended."""
    return await asyncio.gather(*calls, return_exceptions=True)


def test_calls_leave_in_order_of_urgency(desk: Desk) -> None:
    """The urgent go first; of equals, who came first."""
    order = (Priority.BACKFILL, Priority.HEALING, Priority.INTERACTIVE)
    run(together(*(desk.call(f"{p.name}{k}", p) for p in order for k in range(2))))
    assert desk.names() == [
        *("BACKFILL0", "INTERACTIVE0", "INTERACTIVE1"),  # the first found nobody waiting
        *("HEALING0", "HEALING1", "BACKFILL1"),
    ]


def test_the_wait_is_exact(desk: Desk) -> None:
    """Each call leaves as soon as the budget allows it and no later."""
    run(together(*(desk.call() for _ in range(50))))
    moments = [moment for _, moment in desk.served]
    assert moments == pytest.approx([0.0, *(0.09 + 0.11 * k for k in range(49))], abs=0.001)


def test_many_waiters_cost_no_more_than_one(desk: Desk) -> None:
    """A hundred waiters ask the book twice per grant altogether."""
    run(together(*(desk.call() for _ in range(100))))
    assert len(desk.served) == 100
    assert desk.book.asked <= 200


def test_an_urgent_latecomer_overtakes(desk: Desk) -> None:
    """Who comes while backfill waits takes the slot for which backfill waited."""
    calls = [desk.call("bulk", Priority.BACKFILL) for _ in range(3)]
    run(together(*calls, desk.call("page", after=0.05)))
    assert desk.names() == ["bulk", "page", "bulk", "bulk"]
    assert desk.served[1][1] < 0.1


@pytest.mark.parametrize(("banned", "kind"), [(False, RateLimited), (True, Banned)])
def test_a_freeze_beyond_the_deadline_is_told_at_once(
    desk: Desk, *, banned: bool, kind: type[RateLimited]
) -> None:
    """Nobody waits for what cannot come in time; the error says when it may."""

    async def scene() -> float:
        await desk.pacer.freeze("kraken", EPOCH + 60, banned=banned)
        with pytest.raises(RateLimited) as refusal:
            await desk.call(within=10)
        assert type(refusal.value) is kind
        assert (refusal.value.retry_at, refusal.value.provider) == (EPOCH + 60, "kraken")
        return desk.clock.monotonic()

    assert run(scene()) == 0.0


def test_a_freeze_within_the_deadline_is_waited_for(desk: Desk) -> None:
    """Nothing leaves during the pause, and the first call right after it."""

    async def scene() -> None:
        await desk.pacer.freeze("kraken", EPOCH + 8, banned=True)
        await together(*(desk.call(within=10) for _ in range(3)))

    run(scene())
    assert [moment for _, moment in desk.served] == pytest.approx([8.0, 8.09, 8.2], abs=0.001)


def test_a_freeze_stops_those_who_wait_already(desk: Desk) -> None:
    """A ban in the middle of a queue: who has time waits, who has not is told at once."""

    async def scene() -> list[BaseException | None]:
        patient = [desk.call("patient", Priority.BACKFILL) for _ in range(2)]
        hasty = [desk.call("hasty", Priority.INTERACTIVE, 5) for _ in range(10)]
        waiting = asyncio.ensure_future(together(*patient, *hasty))
        await desk.clock.sleep(0.35)
        await desk.pacer.freeze("kraken", EPOCH + 30, banned=True)
        await desk.clock.sleep(0.2)
        assert len([name for name in desk.names() if name == "hasty"]) <= 4
        return await waiting

    ends = run(scene())
    assert {type(end) for end in ends[2:]} == {type(None), Banned}
    assert ends[:2] == [None, None]
    assert not [moment for _, moment in desk.served if 0.36 < moment < 30]


def test_a_newcomer_behind_a_patient_waiter_is_told_at_once(desk: Desk) -> None:
    """What the waiter in front was told holds for those behind it too."""

    async def scene() -> None:
        await desk.pacer.freeze("kraken", EPOCH + 3600, banned=False)
        front = asyncio.ensure_future(desk.call("front"))
        await desk.clock.sleep(1)
        with pytest.raises(RateLimited):
            await desk.call("behind", within=100)
        assert desk.clock.monotonic() == 1.0
        front.cancel()
        await together(asyncio.wait_for(front, None))

    run(scene())


def test_a_used_up_day_is_told_at_once(desk: Desk) -> None:
    """A quota that returns at midnight is not waited for beyond the deadline."""

    async def scene() -> None:
        for _ in range(2):
            await desk.call(policy=DAILY)
        with pytest.raises(QuotaExhausted) as refusal:
            await desk.call(within=10, policy=DAILY)
        assert refusal.value.retry_at is not None
        assert refusal.value.retry_at % 86_400 == pytest.approx(0, abs=0.01)
        assert desk.clock.monotonic() < 0.2

    run(scene())


def test_a_full_queue_ends_at_the_deadline(desk: Desk) -> None:
    """Who is not served in time is told at its deadline, not later; the others are served."""
    ends = run(together(*(desk.call(within=1.0) for _ in range(50))))
    assert len(desk.served) == 10
    assert {type(end) for end in ends if end is not None} == {DeadlineExceeded}
    assert max(moment for _, moment in desk.served) <= 1.0


def test_a_deadline_between_two_slots_is_told_at_once(desk: Desk) -> None:
    """When the next slot lies beyond the deadline there is nothing to wait for."""

    async def scene() -> float:
        await desk.call()
        with pytest.raises(DeadlineExceeded):
            await desk.call(within=0.05)
        return desk.clock.monotonic()

    assert run(scene()) == 0.0


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(list(Priority)),
            st.floats(0, 1.5),
            st.one_of(st.none(), st.floats(0, 2)),
            st.one_of(st.none(), st.floats(0, 2)),
        ),
        min_size=1,
        max_size=30,
    )
)
def test_cancelled_waiters_block_nobody(
    callers: list[tuple[Priority, float, float | None, float | None]],
) -> None:
    """However many come, give up or are cancelled, whoever has no deadline is served soon."""
    desk = Desk()

    async def caller(
        name: str, priority: Priority, after: float, within: float | None, cancel: float | None
    ) -> None:
        task = asyncio.ensure_future(desk.call(name, priority, within, after=after))
        if cancel is not None:
            await desk.clock.sleep(cancel)
            task.cancel()
        await asyncio.wait([task])
        if not task.cancelled():
            assert isinstance(task.exception(), DeadlineExceeded | None)

    async def scene() -> float:
        each = (caller(f"{k}", *caller_of) for k, caller_of in enumerate(callers))
        await asyncio.gather(*each)
        await desk.call("last")
        return desk.clock.monotonic()

    assert run(scene()) < 3.6 + 0.16 * len(callers)
    patient = {f"{k}" for k, c in enumerate(callers) if c[2] is None and c[3] is None}
    assert patient <= set(desk.names())


def test_a_book_out_of_reach_sends_everybody_away(desk: Desk) -> None:
    """One waiter meets the fault and all are told; later the budget works again."""

    async def outage() -> None:
        await desk.clock.sleep(0.3)
        desk.book.reachable = False

    async def scene() -> None:
        ends, _ = await asyncio.gather(together(*(desk.call() for _ in range(100))), outage())
        assert len([end for end in ends if isinstance(end, BudgetUnavailable)]) == 97
        assert desk.clock.monotonic() < 0.5
        desk.book.reachable = True
        await desk.call("later")

    run(scene())
    assert desk.names()[-1] == "later"


def test_a_freeze_that_could_not_be_shared_is_not_forgotten(desk: Desk) -> None:
    """The caller hears that it failed; nothing is sent until the book knows the freeze."""

    async def scene() -> None:
        desk.book.reachable = False
        with pytest.raises(BudgetUnavailable):
            await desk.pacer.freeze("kraken", EPOCH + 60, banned=True)
        desk.book.reachable = True
        with pytest.raises(Banned):
            await desk.call(within=5)
        assert (await desk.book.views({"kraken": TEN}))["kraken"].frozen_until == EPOCH + 60

    run(scene())


def test_waits_and_use_are_told(desk: Desk) -> None:
    """Telemetry learns how long each call waited and how full the budget is."""
    run(together(desk.call(), desk.call("x", Priority.BACKFILL)))
    waits = desk.telemetry.named("budget_waited")
    assert [wait["priority"] for wait in waits] == ["interactive", "backfill"]
    assert [wait["seconds"] for wait in waits] == pytest.approx([0.0, 0.09], abs=0.001)
    used = [each["fraction"] for each in desk.telemetry.named("budget_used")]
    assert used == pytest.approx([0.1, 0.2])


def test_a_view_never_fails(desk: Desk) -> None:
    """Out of reach, the last known state is shown."""

    async def scene() -> float:
        await desk.call()
        seen = await desk.pacer.views({"kraken": TEN})
        desk.book.reachable = False
        assert await desk.pacer.views({"kraken": TEN}) == seen
        assert (await desk.pacer.views({"binance": TEN}))["binance"].limit_per_s == 10
        return seen["kraken"].used_fraction

    assert run(scene()) == pytest.approx(0.1)


def test_a_grant_that_comes_late_lapses(desk: Desk) -> None:
    """A grant that was long on its way would crowd the second: its place is left empty."""
    desk.book.delays_s = [0.0, 0.0, 0.0, 0.0, 0.1]
    run(together(*(desk.call() for _ in range(4))))
    moments = [moment for _, moment in desk.served]
    assert min(b - a for a, b in pairwise(moments)) > 0.08
    assert moments[2] - moments[1] > 0.18


def test_a_book_that_is_always_slow_is_believed(desk: Desk) -> None:
    """What counts is how much later than usual a grant comes, not how far away the book is."""
    desk.book.delays_s = [0.05] * 20
    run(together(*(desk.call() for _ in range(3))))
    assert desk.served[-1][1] - desk.served[0][1] == pytest.approx(0.22, abs=0.11)


def test_a_late_grant_of_a_precious_quota_is_used(desk: Desk) -> None:
    """Where the quota is for a day, no grant of it is thrown away."""
    desk.book.delays_s = [0.0, 0.0, 0.1]
    run(together(*(desk.call(policy=DAILY) for _ in range(2))))
    assert len(desk.served) == 2
