"""A fast budget that may forget, kept honest by a durable record."""

import asyncio
import math
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from adapters_out.redis.budget_book import RedisBudgetBook
from domain.budget import BudgetView, Grant
from domain.errors import BudgetUnavailable
from domain.provider import Priority, ProviderPolicy, Window
from ports.clock import Clock
from ports.pacing import BudgetBook, BudgetRecord

_IDLE_S = 10.0
_RECORD_EVERY_S = 5.0
_DURABLE_S = Window(limit=1, seconds=3600).seconds


@dataclass(slots=True)
class _Contact:
    """One process's dealings with one account (``Clock.monotonic`` seconds)."""

    spoken_at: float = -math.inf
    recorded_at: float = -math.inf
    owed: float = 0.0
    frozen_until: float = 0.0  # the freeze that our record holds for sure (Unix s)


class LayeredBudgetBook(BudgetBook):
    """Redis decides; PostgreSQL remembers freezes and the windows of an hour and more.

    - A freeze is written to the record first, then to Redis. Who meets a freeze in Redis puts
      it into its record too: that of another process may be another database.
    - A grant of a policy with such windows is recorded before it is given; otherwise what was
      spent is recorded every 5 s, which also tells when the provider was last used.
    - A Redis that has lost its state says so, and the record is merged in before anything is
      granted. So is it when this process has not spoken with Redis for 10 s or met a fault:
      Redis may have come back with an old snapshot.
    """

    def __init__(self, fast: RedisBudgetBook, durable: BudgetRecord, clock: Clock) -> None:
        self._fast = fast
        self._durable = durable
        self._clock = clock
        self._contacts: dict[str, _Contact] = {}

    async def take(
        self, provider: str, policy: ProviderPolicy, weight: float, priority: Priority
    ) -> Grant:
        contact = self._contact(provider)
        try:
            await self._reassure(provider, contact)
            grant = await self._fast.take_restored(provider, policy, weight, priority)
            if grant is None:
                await self._restore(provider)
                grant = await self._fast.take_restored(provider, policy, weight, priority)
        except BudgetUnavailable:
            contact.spoken_at = -math.inf
            raise
        contact.spoken_at = self._clock.monotonic()
        if grant is None:  # emptied again in between: ask again
            return Grant(granted=False)
        if grant.granted:
            await self._record(provider, policy, weight, contact)
        await self._remember(provider, grant.frozen_until, banned=grant.banned)
        return grant

    async def freeze(self, provider: str, until: float, *, banned: bool) -> None:
        self._contact(provider).spoken_at = -math.inf  # until Redis is sure to know it too
        try:
            await self._durable.freeze(provider, until, banned=banned)
        finally:
            await self._fast.freeze(provider, until, banned=banned)

    async def correct(
        self, provider: str, policy: ProviderPolicy, window_s: int, used: float
    ) -> None:
        await self._fast.correct(provider, policy, window_s, used)
        if window_s >= _DURABLE_S:
            await self._durable.correct(provider, policy, window_s, used)

    async def views(self, policies: Mapping[str, ProviderPolicy]) -> Mapping[str, BudgetView]:
        forgotten = await self._fast.forgotten(policies)
        await asyncio.gather(*(self._restore(provider) for provider in forgotten))
        seen = await self._fast.views(policies)
        for provider, account in seen.items():
            await self._remember(provider, account.frozen_until, banned=account.banned)
        return seen

    async def check(self) -> None:
        await self._fast.check()

    def _contact(self, provider: str) -> _Contact:
        return self._contacts.setdefault(provider, _Contact())

    async def _restore(self, provider: str) -> None:
        await self._fast.restore(provider, await self._durable.recall(provider))

    async def _reassure(self, provider: str, contact: _Contact) -> None:
        """After a silence merge the record again; without it, an account that is whole will do."""
        if self._clock.monotonic() - contact.spoken_at <= _IDLE_S:
            return
        try:
            record = await self._durable.recall(provider)
        except BudgetUnavailable:
            return
        await self._fast.restore(provider, record)

    async def _remember(self, provider: str, until: float | None, *, banned: bool) -> None:
        contact = self._contact(provider)
        if until is None or until <= contact.frozen_until:
            return
        with suppress(BudgetUnavailable):  # Redis knows it; the next who asks tries again
            await self._durable.freeze(provider, until, banned=banned)
            contact.frozen_until = until

    async def _record(
        self, provider: str, policy: ProviderPolicy, weight: float, contact: _Contact
    ) -> None:
        contact.owed += weight
        now = self._clock.monotonic()
        durable = any(window.is_durable for window in policy.windows)
        if not durable and now - contact.recorded_at < _RECORD_EVERY_S:
            return
        contact.recorded_at, owed, contact.owed = now, contact.owed, 0.0
        try:
            await self._durable.spend(provider, policy, owed)
        except BudgetUnavailable:
            contact.owed += owed
            if durable:
                raise
