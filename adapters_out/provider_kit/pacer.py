"""One caller at a time asks the book; the others of this process wait in order of priority."""

import asyncio
import heapq
import math
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from domain.budget import BudgetView, Grant
from domain.errors import (
    Banned,
    BudgetUnavailable,
    DeadlineExceeded,
    MarketDataError,
    QuotaExhausted,
    RateLimited,
)
from domain.provider import Priority, ProviderPolicy
from ports.clock import Clock
from ports.pacing import BudgetBook, Pacer
from ports.telemetry import Telemetry

# While it waits for the rate the front waiter asks again at least once a second: its mark in the
# book lasts no longer. Nothing is gained by asking a frozen or exhausted account that often.
_ASK_AGAIN_S = 1.0
_ASK_AGAIN_LATER_S = 30.0
# A grant is for now. One that took this much longer to reach us than others do (the loop was
# busy, the network hiccuped) would make a call arrive just before the next one: let it lapse.
_LATE_S = 0.04
_LAPSES = 2


class SharedPacer(Pacer):
    """Waits for grants of a :class:`BudgetBook`, which all processes share.

    Per provider one waiter stands in front and asks the book; a hundred waiters cost no more
    than one. A waiter whose deadline cannot be met any more is told at once; one that is
    cancelled leaves its place to the next.
    """

    def __init__(self, book: BudgetBook, clock: Clock, telemetry: Telemetry) -> None:
        self._book = book
        self._clock = clock
        self._telemetry = telemetry
        self._queues: dict[str, _Queue] = {}
        self._views: dict[str, BudgetView] = {}
        self._owed: dict[str, tuple[float, bool]] = {}  # freezes that the book does not know yet
        self._quickest_s = math.inf  # the shortest time that the book has taken to answer

    async def acquire(
        self,
        provider: str,
        policy: ProviderPolicy,
        weight: float,
        priority: Priority,
        deadline: float | None,
    ) -> None:
        began = self._clock.monotonic()
        queue = self._queues.setdefault(provider, _Queue())
        waiter = queue.join(provider, policy, weight, priority, deadline)
        try:
            grant = await self._wait(queue, waiter)
        finally:
            queue.leave(waiter)
        waited = self._clock.monotonic() - began
        self._telemetry.budget_waited(provider, priority.name.lower(), waited)
        self._telemetry.budget_used(provider, grant.used_fraction)

    async def freeze(self, provider: str, until: float, *, banned: bool) -> None:
        try:
            await self._book.freeze(provider, until, banned=banned)
        except BudgetUnavailable:
            self._owed[provider] = (until, banned)
            raise

    async def correct(
        self, provider: str, policy: ProviderPolicy, window_s: int, used: float
    ) -> None:
        await self._book.correct(provider, policy, window_s, used)

    async def views(self, policies: Mapping[str, ProviderPolicy]) -> Mapping[str, BudgetView]:
        with suppress(BudgetUnavailable):
            self._views |= await self._book.views(policies)
        unseen = {name: BudgetView(policy.rps, 0.0) for name, policy in policies.items()}
        return {name: self._views.get(name, unseen[name]) for name in policies}

    async def check(self) -> None:
        await self._book.check()

    async def _wait(self, queue: "_Queue", waiter: "_Waiter") -> Grant:
        while True:
            await self._turn(queue, waiter)
            grant = await self._ask(queue, waiter)
            if grant.granted:
                return grant
            block = _Block(grant, self._clock.monotonic() + grant.wait_s, waiter)
            self._refuse_if_hopeless(waiter, block)
            queue.tell(block)
            slow = grant.frozen_until is not None or grant.exhausted
            await self._clock.sleep(min(grant.wait_s, _ASK_AGAIN_LATER_S if slow else _ASK_AGAIN_S))

    async def _ask(self, queue: "_Queue", waiter: "_Waiter") -> Grant:
        provider = waiter.provider
        try:
            while provider in self._owed:
                until, banned = self._owed[provider]
                await self._book.freeze(provider, until, banned=banned)
                if self._owed.get(provider) == (until, banned):
                    del self._owed[provider]
            return await self._take_in_time(waiter)
        except BudgetUnavailable as fault:
            queue.fail(waiter, fault.message)
            raise

    async def _take_in_time(self, waiter: "_Waiter") -> Grant:
        """Ask again, twice at most, while the grant comes too late to be used at once.

        Where a grant is precious, in a quota of an hour or more, a late one is used all the same.
        """
        lapses = 0 if any(window.is_durable for window in waiter.policy.windows) else _LAPSES
        while True:
            asked = self._clock.monotonic()
            grant = await self._book.take(
                waiter.provider, waiter.policy, waiter.weight, waiter.priority
            )
            took = self._clock.monotonic() - asked
            self._quickest_s = min(self._quickest_s, took)
            if not grant.granted or took <= self._quickest_s + _LATE_S or not lapses:
                return grant
            lapses -= 1

    async def _turn(self, queue: "_Queue", waiter: "_Waiter") -> None:
        """Return when the waiter stands in front and its time is not up."""
        while queue.front is not waiter:
            if waiter.fault is not None:
                raise BudgetUnavailable(waiter.fault, provider=waiter.provider)
            self._refuse_if_hopeless(waiter, queue.block)
            waiter.news.clear()
            left = None
            if waiter.deadline is not None:
                left = max(0.0, waiter.deadline - self._clock.monotonic())
            with suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await waiter.news.wait()
            self._refuse_if_late(waiter)
        self._refuse_if_late(waiter)

    def _refuse_if_late(self, waiter: "_Waiter") -> None:
        if waiter.deadline is not None and self._clock.monotonic() >= waiter.deadline:
            raise _no_slot(waiter.provider)

    def _refuse_if_hopeless(self, waiter: "_Waiter", block: "_Block | None") -> None:
        """Raise if nothing can be granted to the waiter before its deadline."""
        if waiter.deadline is None or block is None or not block.holds_up(waiter):
            return
        if block.until > waiter.deadline:
            raise _refusal(waiter.provider, block, self._clock)


@dataclass(eq=False, slots=True)
class _Waiter:
    """One call that waits; ``news`` is set when it should look where it stands.

    ``fault`` says why the book could not be asked when somebody tried for all.
    """

    provider: str
    policy: ProviderPolicy
    weight: float
    priority: Priority
    deadline: float | None
    news: asyncio.Event = field(default_factory=asyncio.Event)
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class _Block:
    """What the book answered to the front waiter: nothing before ``until`` (monotonic)."""

    grant: Grant
    until: float
    waiter: _Waiter

    def holds_up(self, other: _Waiter) -> bool:
        """Whether it says the same to another: a freeze does, a window to all that need as much."""
        if other is self.waiter or self.grant.frozen_until is not None:
            return True
        return other.weight >= self.waiter.weight and other.priority >= self.waiter.priority


class _Queue:
    """The waiters of one provider: the most urgent in front, of equals the first to come."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, _Waiter]] = []
        self._gone: set[_Waiter] = set()
        self._count = 0
        self.block: _Block | None = None

    @property
    def front(self) -> _Waiter | None:
        """Whose turn it is."""
        while self._heap and self._heap[0][2] in self._gone:
            self._gone.discard(heapq.heappop(self._heap)[2])
        return self._heap[0][2] if self._heap else None

    def join(
        self,
        provider: str,
        policy: ProviderPolicy,
        weight: float,
        priority: Priority,
        deadline: float | None,
    ) -> _Waiter:
        """Stand in line."""
        waiter = _Waiter(provider, policy, weight, priority, deadline)
        self._count += 1
        heapq.heappush(self._heap, (int(priority), self._count, waiter))
        return waiter

    def leave(self, waiter: _Waiter) -> None:
        """Make room, for whatever reason, and call the next."""
        self._gone.add(waiter)
        if self.block is not None and self.block.waiter is waiter:
            self.block = None
        front = self.front
        if front is not None:
            front.news.set()

    def tell(self, block: _Block) -> None:
        """Let those know whose deadline lies before the end of the block."""
        self.block = block
        for _, _, waiter in self._heap:
            if waiter.deadline is not None and waiter.deadline < block.until:
                waiter.news.set()

    def fail(self, asker: _Waiter, fault: str) -> None:
        """Send everybody behind away: asking one after the other would take for ever."""
        for _, _, waiter in self._heap:
            if waiter is not asker:
                waiter.fault = fault
                waiter.news.set()


def _refusal(provider: str, block: _Block, clock: Clock) -> MarketDataError:
    grant = block.grant
    if grant.frozen_until is not None:
        kind, what = (Banned, "has banned us") if grant.banned else (RateLimited, "limits our rate")
        message = f"The provider {provider} {what}: nothing is sent until the pause is over."
        return kind(message, provider=provider, retry_at=grant.frozen_until)
    if grant.exhausted:
        return QuotaExhausted(
            f"The request quota of {provider} is used up: wait for its window to start over.",
            provider=provider,
            retry_at=clock.now() + max(0.0, block.until - clock.monotonic()),
        )
    return _no_slot(provider)


def _no_slot(provider: str) -> DeadlineExceeded:
    return DeadlineExceeded(
        f"The request budget of {provider} had no slot before the deadline: ask later or for less."
    )
