"""Let one process at a time ask for the same, and the others have its answer."""

import asyncio
from collections.abc import Awaitable, Callable

import msgspec

from application.answer_codec import pack_answer, unpack_answer
from application.answers import BarsAnswer
from application.share_time import time_left
from domain.errors import DeadlineExceeded
from domain.query import BarQuery
from ports.cache import Cache, Turnstile
from ports.clock import Clock
from ports.market_data import CallContext
from ports.telemetry import Telemetry

SHARED_TTL_S = 2.0  # bounds how long another process may show what this one has corrected
_POLL_S = 0.05
_RESERVE_S = 0.3  # kept back from the deadline to answer in another way
_NO_DEADLINE_S = 30.0


class TakeTurns:
    """Single flight over all processes that share the cache and the turnstile.

    Who holds the turn puts its answer into the cache before it leaves; who had to wait looks
    there first.
    """

    def __init__(
        self, cache: Cache, turnstile: Turnstile, clock: Clock, telemetry: Telemetry
    ) -> None:
        """Take the collaborators."""
        self._cache = cache
        self._turnstile = turnstile
        self._clock = clock
        self._telemetry = telemetry

    async def __call__(
        self,
        query: BarQuery,
        context: CallContext,
        ask: Callable[[], Awaitable[BarsAnswer]],
    ) -> BarsAnswer:
        """The answer of ``ask``, or of another process that was asking already.

        Raises:
            DeadlineExceeded: another process is still asking when the time is almost up.
        """
        key = f"turn:{flight_key(query)}"
        token, waited = await self._enter(key, context)
        try:
            if waited and (shared := await self.shared(query)) is not None:
                return shared
            answer = await ask()
            await self._cache.put(_cache_key(query), pack_answer(answer), SHARED_TTL_S)
            return answer
        finally:
            await asyncio.shield(self._turnstile.leave(key, token))

    async def shared(self, query: BarQuery) -> BarsAnswer | None:
        """A fresh answer that some process has just given."""
        data = await self._cache.get(_cache_key(query))
        answer = None if data is None else unpack_answer(data)
        if answer is not None and answer.fresh_until <= self._clock.now():
            answer = None
        self._telemetry.cache_asked("shared", hit=answer is not None)
        return None if answer is None else msgspec.structs.replace(answer, symbol=query.symbol)

    async def _enter(self, key: str, context: CallContext) -> tuple[str, bool]:
        waited = False
        while True:
            left = time_left(self._clock, context)
            left = _NO_DEADLINE_S if left is None else left
            token = await self._turnstile.enter(key, max(0.0, left) + 1.0)
            if token is not None:
                return token, waited
            waited = True
            if left <= _RESERVE_S:
                message = "Another process is still fetching this; ask again in a moment."
                raise DeadlineExceeded(message)
            await self._clock.sleep(_POLL_S)


def flight_key(query: BarQuery) -> str:
    """Equal for requests that have the same answer, whatever the spelling of the symbol."""
    facts = (
        query.instrument.id,
        query.interval.value,
        query.start,
        query.end,
        query.limit,
        query.provider,
        query.use_cache,
        query.include_partial,
        query.onward,
    )
    return ":".join("" if fact is None else str(fact) for fact in facts)


def _cache_key(query: BarQuery) -> str:
    return f"bars:{flight_key(msgspec.structs.replace(query, use_cache=True))}"
