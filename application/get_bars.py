"""Answer a request for bars: from the store, or from a provider and then the store."""

import asyncio
from collections.abc import Sequence

import msgspec

from application.answer_codec import pack_answer, unpack_answer
from application.answers import BarsAnswer
from application.ask_providers import AskProviders
from application.bars_as_of import BarsAsOf
from application.rank_candidates import RankCandidates
from application.single_flight import SingleFlight
from application.stored_answer import Held, ReadStored, assemble
from domain.errors import DeadlineExceeded, NoData
from domain.instrument import SeriesKey
from domain.query import BarQuery, BarWindow, choose_window
from domain.timerange import TimeRange
from ports.cache import Cache, Turnstile
from ports.clock import Clock
from ports.market_data import CallContext
from ports.telemetry import Telemetry

SHARED_TTL_S = 2.0  # bounds how long another process may show what this one has corrected
SOFT_WAIT_S = 1.5  # how long a live bar may hold up an answer that is otherwise complete
_LIVE_BARS = 3
_POLL_S = 0.05


class GetBars:
    """Bars for a query.

    - identical requests at the same time cost one look and one upstream call, over all
      processes that share the cache; a caller who hangs up does not fail the others;
    - what the first choice has stored completely is answered without asking anybody;
    - a slow provider delays an answer that only lacks the newest bars by at most 1.5 s: then
      the stored part is served, said to be stale, while the refresh goes on.
    """

    def __init__(  # noqa: PLR0913  # the main use case has many collaborators
        self,
        *,
        candidates: RankCandidates,
        read: ReadStored,
        ask: AskProviders,
        as_of: BarsAsOf,
        cache: Cache,
        turnstile: Turnstile,
        clock: Clock,
        telemetry: Telemetry,
    ) -> None:
        """Take the collaborators."""
        self._candidates = candidates
        self._read = read
        self._ask = ask
        self._as_of = as_of
        self._cache = cache
        self._turnstile = turnstile
        self._clock = clock
        self._telemetry = telemetry
        self._flights: SingleFlight[BarsAnswer] = SingleFlight()

    async def __call__(self, query: BarQuery, context: CallContext) -> BarsAnswer:
        """The answer.

        Raises:
            InvalidRequest, UnknownInstrument, UnsupportedInterval, RangeUnavailable: the question.
            NoData: somebody answered that there are no bars.
            NoProviderAvailable, DeadlineExceeded, StoreUnavailable: nobody could answer.
        """
        if query.as_of is not None:
            return await self._as_of(query)
        key = flight_key(query)
        while True:
            try:
                answer, leads = await self._flights.join(key, lambda: self._lead(query, context))
            except DeadlineExceeded:
                if leads_out_of_time(self._clock, context):
                    raise
                continue  # the leader's time was up, ours is not
            return answer if leads else msgspec.structs.replace(answer, symbol=query.symbol)

    async def drain(self) -> None:
        """Let what is in the air land (shutdown)."""
        await self._flights.drain()

    async def _lead(self, query: BarQuery, context: CallContext) -> BarsAnswer:
        window = choose_window(query, self._clock.now())
        names = self._candidates.capable(query.instrument, query.interval, query.provider)
        if window.range is None:
            message = f"No {query.interval.value} bar of that range has closed yet."
            raise NoData(message)
        if query.use_cache and (shared := await self._shared(query)) is not None:
            return shared
        held = await self._held(query, window.range, names)
        whole = not held.missing(self._clock.now()) and len(held.bars.series) > 0
        if whole and query.use_cache and not query.include_partial:
            self._telemetry.cache_asked("store", hit=True)
            return self._assemble(query, window, held)
        self._telemetry.cache_asked("store", hit=False)
        if query.use_cache and _lacks_only_live_bars(held, self._clock.now()):
            return await self._with_patience(query, window, held, context)
        return await self._in_turn(query, window, names, context)

    async def _with_patience(
        self, query: BarQuery, window: BarWindow, held: Held, context: CallContext
    ) -> BarsAnswer:
        """Serve what is held if the newest bars take too long; the refresh runs on."""
        key = f"refresh:{flight_key(query)}"
        names = self._candidates.capable(query.instrument, query.interval, query.provider)
        self._flights.start(key, lambda: self._in_turn(query, window, names, context))
        try:
            async with asyncio.timeout(SOFT_WAIT_S):
                answer, _ = await self._flights.join(
                    key, lambda: self._in_turn(query, window, names, context)
                )
        except TimeoutError:
            return self._assemble(query, window, held)
        return answer

    async def _in_turn(
        self, query: BarQuery, window: BarWindow, names: Sequence[str], context: CallContext
    ) -> BarsAnswer:
        """Ask providers, one process at a time."""
        key = f"turn:{flight_key(query)}"
        token, waited = await self._enter(key, context)
        try:
            if waited and (shared := await self._shared(query)) is not None:
                return shared
            answer = await self._ask(query, window, names, context)
            await self._cache.put(_cache_key(query), pack_answer(answer), SHARED_TTL_S)
            return answer
        finally:
            await asyncio.shield(self._turnstile.leave(key, token))

    async def _enter(self, key: str, context: CallContext) -> tuple[str, bool]:
        waited = False
        while True:
            remaining = time_left(self._clock, context)
            token = await self._turnstile.enter(key, remaining + 1.0)
            if token is not None:
                return token, waited
            waited = True
            if remaining <= 0:
                message = "Another process is still fetching this; ask again in a moment."
                raise DeadlineExceeded(message)
            await self._clock.sleep(_POLL_S)

    async def _shared(self, query: BarQuery) -> BarsAnswer | None:
        data = await self._cache.get(_cache_key(query))
        answer = None if data is None else unpack_answer(data)
        fresh = answer is not None and answer.fresh_until > self._clock.now()
        self._telemetry.cache_asked("shared", hit=fresh)
        if answer is None or not fresh:
            return None
        return msgspec.structs.replace(answer, symbol=query.symbol)

    async def _held(self, query: BarQuery, span: TimeRange, names: Sequence[str]) -> Held:
        return await self._read(SeriesKey(query.instrument.id, query.interval, names[0]), span)

    def _assemble(self, query: BarQuery, window: BarWindow, held: Held) -> BarsAnswer:
        now = self._clock.now()
        return assemble(query, window, held, now, cached=True, substituted=False)


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
    )
    return ":".join("" if fact is None else str(fact) for fact in facts)


def time_left(clock: Clock, context: CallContext) -> float:
    """Seconds until the caller's deadline (30 when there is none)."""
    return 30.0 if context.deadline is None else context.deadline - clock.monotonic()


def leads_out_of_time(clock: Clock, context: CallContext) -> bool:
    """Whether the caller's own time is up too."""
    return time_left(clock, context) <= _POLL_S


def _cache_key(query: BarQuery) -> str:
    return f"bars:{flight_key(msgspec.structs.replace(query, use_cache=True))}"


def _lacks_only_live_bars(held: Held, now: float) -> bool:
    interval = held.key.interval
    live = interval.shift(interval.last_closed(now), 1 - _LIVE_BARS)
    missing = held.missing(now)
    return bool(missing) and len(held.bars.series) > 0 and missing.ranges[0].start >= live
