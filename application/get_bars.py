"""Answer a request for bars: from the store, or from a provider and then the store."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

import msgspec

from application.answers import BarsAnswer
from application.ask_providers import AskProviders
from application.bars_as_of import BarsAsOf
from application.contract_lives import ContractLives
from application.held import View
from application.question import Question, pose
from application.rank_candidates import RankCandidates
from application.share_time import time_left
from application.single_flight import SingleFlight
from application.stored_answer import ReadStored, assemble, is_good
from application.take_turns import TakeTurns, flight_key
from domain.errors import (
    DeadlineExceeded,
    NoData,
    NoProviderAvailable,
    RangeUnavailable,
    UnknownInstrument,
)
from domain.instrument import AssetClass
from domain.query import BarQuery
from domain.sessions import calendar_of
from ports.cache import Cache, Turnstile
from ports.clock import Clock
from ports.market_data import CallContext
from ports.telemetry import Telemetry

SOFT_WAIT_S = 1.5  # how long a live bar may hold up an answer that is otherwise complete
GRACE_S = 0.3  # after the deadline, for an answer from the store that is on its way
_LIVE_BARS = 3
_NOBODY = (UnknownInstrument, RangeUnavailable, NoProviderAvailable, DeadlineExceeded)


class GetBars:
    """Bars for a query.

    - identical requests at the same time cost one look and one upstream call, over all
      processes that share the cache; a caller who hangs up does not fail the others;
    - what the first choice has stored completely is answered without asking anybody, and so is
      a range in which the market is closed;
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
        lives: ContractLives | None = None,
    ) -> None:
        """Take the collaborators; without ``lives`` expired contracts have no latest bars."""
        self._lives = lives
        self._candidates = candidates
        self._read = read
        self._ask = ask
        self._as_of = as_of
        self._turns = TakeTurns(cache, turnstile, clock, telemetry)
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
            return self._labelled(await self._as_of(query))
        try:
            return await self._alive(query, context)
        except UnknownInstrument as error:
            suggest = self._candidates.why_nobody.suggest
            raise await suggest.explained(error, query.symbol, query.instrument) from None

    async def drain(self) -> None:
        """Let what is in the air land (shutdown)."""
        await self._flights.drain()

    async def _alive(self, query: BarQuery, context: CallContext) -> BarsAnswer:
        """The latest bars of an expired contract are its last ones."""
        if self._lives is None:
            return await self._answer(query, context)
        bounded = await self._lives.bounded(query, context)
        try:
            return await self._answer(bounded, context)
        except NoData:
            again = await self._lives.bounded(query, context, ask=True)
            if again == bounded:
                await self._lives.refuse_unlisted(query.instrument, context)
                raise
        return await self._answer(again, context)

    async def _answer(self, query: BarQuery, context: CallContext) -> BarsAnswer:
        answer, leads = await self._flights.join_within(
            flight_key(query),
            lambda: self._lead(query, context),
            lambda: time_left(self._clock, context, -GRACE_S),
        )
        return self._labelled(
            answer if leads else msgspec.structs.replace(answer, symbol=query.symbol)
        )

    def _labelled(self, answer: BarsAnswer) -> BarsAnswer:
        """Say so when the provider has no raw prices of stocks; nothing else is ever split."""
        can = self._candidates.offers.provider(answer.provider).capabilities
        is_stock = answer.instrument.asset_class is AssetClass.STOCK
        adjusted = can.adjusted if is_stock else ""
        if answer.adjusted == adjusted:
            return answer
        return msgspec.structs.replace(answer, adjusted=adjusted)

    async def _lead(self, query: BarQuery, context: CallContext) -> BarsAnswer:
        """Ask; when all deny the instrument, those whose prices stand for something else."""
        asked = (query.instrument, query.interval, query.provider)
        names = self._candidates.offers.capable(*asked)
        try:
            return await self._led(query, names, context)
        except UnknownInstrument as error:
            unknown = error
        tried = [names]
        while (names := self._candidates.offers.capable(*asked, listing=True)) not in tried:
            tried.append(names)
            with suppress(*_NOBODY):
                return await self._led(query, names, context, instead=True)
        raise unknown

    async def _led(
        self, query: BarQuery, names: Sequence[str], context: CallContext, *, instead: bool = False
    ) -> BarsAnswer:
        now = self._clock.now()
        keyless = self._candidates.offers.keyless(names)
        volumeless = self._candidates.offers.volumeless(names, query.instrument)
        question = pose(query, names, now, keyless, volumeless)
        question = msgspec.structs.replace(question, instead=instead)
        first = self._candidates.offers.first_choice(names, query.instrument)
        can = self._candidates.offers.provider(first).capabilities
        view = await self._read.view(question, first, can, now)
        stored = assemble(question, view, now, cached=True)
        if query.onward and query.use_cache and not len(stored.series) and view.is_complete(now):
            return msgspec.structs.replace(stored, learned_at=now)
        _refuse_closed(view, now)
        hit = view.is_complete(now) and is_good(stored) and _is_for_store(question)
        self._telemetry.cache_asked("store", hit=hit)
        if hit:
            return stored
        if query.use_cache and not view.held.is_lost(now):
            shared = await self._turns.shared(query)
            if shared is not None:
                return shared
        if query.use_cache and _lacks_only_live_bars(view, now):
            return await self._with_patience(question, stored, context)
        return await self._in_turn(question, context)

    async def _with_patience(
        self, question: Question, stored: BarsAnswer, context: CallContext
    ) -> BarsAnswer:
        """Serve what is stored if the newest bars take too long; the refresh runs on."""
        key = f"refresh:{flight_key(question.query)}"
        self._flights.start(key, lambda: self._in_turn(question, context))
        try:
            async with asyncio.timeout(SOFT_WAIT_S):
                answer, _ = await self._flights.join(key, lambda: self._in_turn(question, context))
        except TimeoutError:
            return stored
        return answer

    async def _in_turn(self, question: Question, context: CallContext) -> BarsAnswer:
        """Ask providers, one process at a time."""
        try:
            return await self._turns(question.query, context, lambda: self._ask(question, context))
        except DeadlineExceeded:
            stored = await self._ask.stored(question)
            if stored is None:
                raise
            return stored


def _refuse_closed(view: View, now: float) -> None:
    """Nobody needs to be asked, or even to be well, to know that a market is closed.

    Raises:
        NoData: the market is closed in all of the range.
    """
    held = view.held
    calendar = calendar_of(held.key.instrument)
    closed = calendar.is_closed(held.key.interval, held.span)
    if closed and not len(held.bars.series) and view.is_complete(now):
        message = (
            f"{held.key.instrument} has no {held.key.interval.value} bars in that range: the "
            "market is closed (market_closed). Choose a range with a session, or leave start and "
            "end out for the latest bars."
        )
        raise NoData(message)


def _is_for_store(question: Question) -> bool:
    query = question.query
    return query.use_cache and not query.shows_running(question.span.end)


def _lacks_only_live_bars(view: View, now: float) -> bool:
    """Whether there is something to serve and only the newest bars, if any, are missing."""
    held, interval = view.held, view.held.key.interval
    if view.short or not len(held.bars.series):
        return False
    live = interval.shift(interval.last_closed(now), 1 - _LIVE_BARS)
    return all(part.start >= live for part in held.missing(now))
