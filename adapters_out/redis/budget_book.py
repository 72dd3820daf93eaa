"""The request budget in Redis: one atomic step per call, on Redis's clock."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec
from msgspec import Struct
from redis.asyncio import Redis

from adapters_out.redis.client import FAULTS, HANGS, PREFIX, answer
from adapters_out.redis.outage import Outage
from adapters_out.redis.swap import Swap
from domain import pacing
from domain.budget import (
    LAG_S,
    MARGIN_S,
    SLOTS,
    BudgetState,
    BudgetView,
    Grant,
    rate,
    room,
    view,
    window_key,
)
from domain.errors import BudgetUnavailable
from domain.provider import Priority, ProviderPolicy, Window
from ports.clock import Clock
from ports.pacing import BudgetBook

_TAKE = (Path(__file__).parent / "take.lua").read_text("utf-8")
_TRIES = 100
_CONSTANTS = {
    "slots": SLOTS,
    "lag": LAG_S,
    "headroom": pacing.HEADROOM,
    "tolerance": pacing.TOLERANCE_S,
    "mark": pacing.MARK_S,
    "mark_wait": pacing.MARK_WAIT_S,
    "epsilon": pacing.EPSILON_S,
    "margin": MARGIN_S,
}


class RedisBudgetBook(BudgetBook):
    """One key per provider. A ``clock`` replaces Redis's in tests.

    Redis may forget: combine this book with a durable record in :class:`LayeredBudgetBook`.
    When Redis hangs, one caller a second waits for it; the others are refused at once.
    """

    def __init__(self, client: Redis, outage: Outage, clock: Clock | None = None) -> None:
        self._client = client
        self._outage = outage
        self._clock = clock
        self._take = client.register_script(_TAKE)
        self._swap = Swap(client)

    async def take(
        self, provider: str, policy: ProviderPolicy, weight: float, priority: Priority
    ) -> Grant:
        grant = await self._ask(provider, policy, weight, priority, restored=False)
        return grant or Grant(granted=False)

    async def take_restored(
        self, provider: str, policy: ProviderPolicy, weight: float, priority: Priority
    ) -> Grant | None:
        """Like :meth:`take`; None if no durable record was ever merged into the account."""
        return await self._ask(provider, policy, weight, priority, restored=True)

    async def freeze(self, provider: str, until: float, *, banned: bool) -> None:
        await self._change(provider, lambda s, now: pacing.freeze(s, until, banned=banned, now=now))

    async def correct(
        self, provider: str, policy: ProviderPolicy, window_s: int, used: float
    ) -> None:
        await self._change(provider, lambda s, now: pacing.correct(s, policy, window_s, used, now))

    async def restore(self, provider: str, record: BudgetState) -> None:
        """Merge a durable record into the account. Raises ``BudgetUnavailable``."""
        await self._change(provider, lambda s, now: pacing.restore(s, record, now))

    async def views(self, policies: Mapping[str, ProviderPolicy]) -> Mapping[str, BudgetView]:
        states, now = await self._look_at_many(tuple(policies))
        return {name: view(states[name], policy, now) for name, policy in policies.items()}

    async def check(self) -> None:
        with self._closed(""):
            await answer(self._client.exists(_key("")))

    async def forgotten(self, providers: Iterable[str]) -> Sequence[str]:
        """Into whose accounts no durable record was merged yet. Raises ``BudgetUnavailable``."""
        states, _ = await self._look_at_many(tuple(providers))
        return [name for name, state in states.items() if not state.restored]

    async def _ask(
        self,
        provider: str,
        policy: ProviderPolicy,
        weight: float,
        priority: Priority,
        *,
        restored: bool,
    ) -> Grant | None:
        pacing.refuse_impossible(policy, weight)
        request = _CONSTANTS | {
            "now": self._clock.now() if self._clock else -1.0,
            "restored": restored,
            "weight": weight,
            "priority": int(priority),
            "rate": rate(policy),
            "spacing": pacing.spacing(policy),
            "windows": [_request(window, weight, priority) for window in policy.windows],
        }
        with self._closed(provider):
            packed = msgspec.msgpack.encode(request)
            reply = await answer(self._take(keys=[_key(provider)], args=[packed]))
        return msgspec.msgpack.decode(reply, type=_Reply).grant() if reply else None

    async def _look(self, provider: str) -> tuple[bytes, BudgetState, float]:
        (packed,), now = await self._read((provider,))
        return packed, _state(packed), now

    async def _look_at_many(
        self, providers: Sequence[str]
    ) -> tuple[Mapping[str, BudgetState], float]:
        with self._closed(""):
            found, now = await self._read(providers)
            return {n: _state(packed) for n, packed in zip(providers, found, strict=True)}, now

    async def _read(self, providers: Sequence[str]) -> tuple[Sequence[bytes], float]:
        """The packed accounts (empty if there is none) and the time of whoever keeps them."""
        async with self._client.pipeline(transaction=False) as pipeline:
            for name in providers:
                pipeline.get(_key(name))
            pipeline.time()
            *found, (seconds, micros) = await answer(pipeline.execute())
        now = self._clock.now() if self._clock else seconds + micros / 1e6
        return [packed or b"" for packed in found], now

    async def _change(
        self, provider: str, step: Callable[[BudgetState, float], BudgetState]
    ) -> None:
        with self._closed(provider):
            for _ in range(_TRIES):
                packed, state, now = await self._look(provider)
                changed = step(state, now)
                if changed == state:
                    return
                if await self._swap(_key(provider), packed, msgspec.msgpack.encode(changed)):
                    return
        raise _unavailable(provider)

    @contextmanager
    def _closed(self, provider: str) -> Iterator[None]:
        """Fail closed."""
        if self._outage.is_on:
            raise _unavailable(provider)
        try:
            yield
        except FAULTS as error:
            if isinstance(error, HANGS):
                self._outage.begin()
            raise _unavailable(provider) from error


class _Reply(Struct, frozen=True, array_like=True):
    """What ``take.lua`` answers."""

    granted: bool
    wait_s: float
    frozen_until: float
    banned: bool
    exhausted: bool
    used_fraction: float

    def grant(self) -> Grant:
        """In the words of the port."""
        return Grant(
            self.granted,
            self.wait_s,
            self.frozen_until or None,
            self.banned,
            self.exhausted,
            self.used_fraction,
        )


def _request(window: Window, weight: float, priority: Priority) -> dict[str, object]:
    return {
        "key": window_key(window),
        "limit": window.limit,
        "seconds": window.seconds,
        "calendar": window.calendar,
        "offset": window.offset_s,
        "long": window.calendar or window.is_durable,
        "room": room(window, weight, priority),
    }


def _key(provider: str) -> str:
    """One key, so that a cluster can run the script; the digit changes with the layout."""
    return f"{PREFIX}budget:1:{{{provider}}}"


def _state(packed: bytes) -> BudgetState:
    return msgspec.msgpack.decode(packed, type=BudgetState) if packed else BudgetState()


def _unavailable(provider: str) -> BudgetUnavailable:
    return BudgetUnavailable(
        "The shared request budget cannot be asked, so nothing is sent: check that Redis is "
        "running and that REDIS_URL names it.",
        provider=provider,
    )
