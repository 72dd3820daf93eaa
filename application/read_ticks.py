"""Answer a request for trades or quotes."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Generic

from msgspec import Struct
from msgspec.structs import replace

from application.collect_ticks import CollectTicks, TickView
from application.explain_failure import attempt_of
from application.rank_candidates import RankCandidates
from application.share_time import Shares, is_late, time_left
from application.single_flight import SingleFlight
from application.tick_window import TickWindow
from domain.errors import (
    Attempt,
    DeadlineExceeded,
    NoData,
    NoProviderAvailable,
    ProviderError,
    RangeUnavailable,
    UnknownInstrument,
)
from domain.instrument import Instrument
from domain.provider import Capability
from domain.routing import Ranking
from domain.ticks import T, TickKey
from domain.timerange import RangeSet
from ports.clock import Clock
from ports.market_data import CallContext

MANY = 1000  # ticks of one moment, that are taken at their word


class TickQuery(Struct, frozen=True, kw_only=True):
    """A request for ticks in ``[start_ns, end_ns)`` (Unix ns): the first, without start the last.

    ``skip`` is how many ticks of the first moment the caller has already.
    """

    symbol: str
    instrument: Instrument
    limit: int
    start_ns: int | None = None
    end_ns: int | None = None
    skip: int = 0
    provider: str | None = None


class TickAnswer(Struct, Generic[T], frozen=True, kw_only=True):
    """Ticks of one provider, ascending, and when each was received (Unix ns).

    ``gaps`` (Unix ns) is where something may be missing; ``next`` is the moment of the tick that
    follows and how many of that moment came before it.
    """

    provider: str
    ticks: tuple[T, ...]
    received_ns: tuple[int, ...]
    cached: bool
    stale: bool
    substituted: bool
    gaps: RangeSet
    next: tuple[int, int] | None


class ReadTicks(Generic[T]):
    """Trades and quotes, from the store where it holds all of them.

    - a provider is asked for what is missing, in ranked order, each with a fair share of the time;
    - whoever can tell only a part of the range gives way to one who can tell all of it;
    - ``provider`` is binding;
    - when nobody can answer, what is stored is served, marked stale, its gaps named;
    - identical requests share one piece of work.
    """

    def __init__(self, candidates: RankCandidates, collect: CollectTicks[T], clock: Clock) -> None:
        """Take the collaborators."""
        self._candidates = candidates
        self._collect = collect
        self._clock = clock
        self._flights: SingleFlight[TickAnswer[T]] = SingleFlight()

    async def __call__(self, query: TickQuery, context: CallContext) -> TickAnswer[T]:
        """Ask.

        Raises:
            InvalidRequest, UnknownInstrument: the question.
            NoData: the provider has none there.
            RangeUnavailable: nobody keeps that range.
            NoProviderAvailable, DeadlineExceeded: nobody could answer and nothing is stored.
        """
        asked = (query.start_ns, query.end_ns, query.limit, query.skip, query.provider)
        answer, _ = await self._flights.join_within(
            f"{query.instrument.id}:{asked}",
            lambda: self._answer(query, context),
            lambda: time_left(self._clock, context),
        )
        return answer

    async def drain(self) -> None:
        """Let what is in the air land (shutdown)."""
        await self._flights.drain()

    async def _answer(self, query: TickQuery, context: CallContext) -> TickAnswer[T]:
        query = await self._believed(query, context)
        capability = self._collect.subject.capability
        window = self._window(query)
        able = self._candidates.offers.able(capability, query.instrument, query.provider)
        if not able:
            message = f"{query.instrument.id} has no {capability.value} at any configured provider."
            raise UnknownInstrument(message)
        ranking = await self._ranking(query, window)
        try:
            return await self._among(query, window, able, ranking, context)
        except UnknownInstrument as error:
            unknown = error
        others = await self._ranking(query, window)  # whose prices stand for something else
        if others.chosen and set(others.chosen).isdisjoint(ranking.chosen):
            with suppress(UnknownInstrument, NoProviderAvailable, DeadlineExceeded):
                return await self._among(query, window, able, others, context)
        raise unknown

    async def _ranking(self, query: TickQuery, window: TickWindow) -> Ranking:
        return await self._candidates(
            self._collect.subject.capability,
            query.instrument,
            start=window.begins_s,
            only=query.provider,
        )

    async def _among(  # the question, and whom to ask
        self,
        query: TickQuery,
        window: TickWindow,
        able: Sequence[str],
        ranking: Ranking,
        context: CallContext,
    ) -> TickAnswer[T]:
        able = (*able, *(name for name in ranking.chosen if name not in able))
        for name in able:
            view = await self._collect.whole(TickKey(query.instrument.id, name), window)
            if view is not None and view.stored.ticks:
                return self._made(query, window, name, able, view)
            if name in ranking.chosen[:1]:
                break
        attempts = list(ranking.refused)
        best = await self._best(query, window, ranking, attempts, context)
        if best is not None:
            return self._made(query, window, best[0], able, best[1])
        return await self._stale(query, window, able, attempts, context)

    async def _believed(self, query: TickQuery, context: CallContext) -> TickQuery:
        """With ``skip`` as it can be."""
        if query.start_ns is None or query.skip <= MANY:
            return query
        place = query.start_ns, query.skip
        return replace(query, skip=await counted(lambda q: self(q, context), query, place))

    async def _best(  # the question and what has come of it so far
        self,
        query: TickQuery,
        window: TickWindow,
        ranking: Ranking,
        attempts: list[Attempt],
        context: CallContext,
    ) -> tuple[str, TickView[T]] | None:
        """The first who can tell everything, else who told a part.

        Raises:
            NoData: who was asked says that there is nothing.
        """
        best: tuple[str, TickView[T]] | None = None
        capability = self._collect.subject.capability
        shares = Shares(self._clock, context, len(ranking.chosen), ranking.refused)
        for name in ranking.chosen:
            try:
                view = await self._collect(query.instrument, name, window, shares.next())
                _refuse_ignorance(view, name, capability)
            except (ProviderError, DeadlineExceeded) as error:
                attempts.append(attempt_of(name, error))
                self._candidates.note(
                    name, error, capability, query.instrument, start=window.begins_s
                )
                continue
            if not view.stored.ticks:
                raise NoData(f"{name} has no {capability.value} of {query.instrument.id} there.")
            if window.newest or not view.gaps:
                return name, view
            best = best or (name, view)
        return best

    async def _stale(  # likewise
        self,
        query: TickQuery,
        window: TickWindow,
        able: Sequence[str],
        attempts: Sequence[Attempt],
        context: CallContext,
    ) -> TickAnswer[T]:
        """What is stored, or the reasons why there is nothing."""
        for name in able:
            view = await self._collect.held(TickKey(query.instrument.id, name), window)
            if view.stored.ticks:
                made = self._made(query, window, name, able, view)
                return replace(made, stale=True)
        late = is_late(self._clock, context)
        raise await self._candidates.why_nobody(query.instrument, attempts, late=late)

    def _window(self, query: TickQuery) -> TickWindow:
        """The window of the question.

        Raises:
            NoData: it lies in the future, or before 1970.
        """
        now_ns = int(self._clock.now() * 1_000_000) * 1000
        if query.start_ns is not None and query.start_ns >= now_ns:
            raise NoData("The range lies in the future: nothing has been traded there yet.")
        stop = now_ns if query.end_ns is None else min(query.end_ns, now_ns)
        if stop <= 0:
            raise NoData("The range ends with 1970: nothing that is known here was traded before.")
        more = 0 if query.start_ns is None else query.skip + 1  # one tells whether there is more
        return TickWindow(
            wanted=query.limit + more,
            stop_ns=stop,
            now_ns=now_ns,
            start_ns=query.start_ns,
            end_ns=query.end_ns,
        )

    def _made(
        self,
        query: TickQuery,
        window: TickWindow,
        name: str,
        able: Sequence[str],
        view: TickView[T],
    ) -> TickAnswer[T]:
        skip = 0 if window.newest else query.skip
        ticks, received = view.stored.ticks, view.stored.received_ns
        page = slice(skip, skip + query.limit)
        following = None
        if not window.newest and len(ticks) >= window.wanted:
            moment = ticks[-1].ts_ns
            following = (moment, sum(tick.ts_ns == moment for tick in ticks[:-1]))
        return TickAnswer(
            provider=name,
            ticks=ticks[page],
            received_ns=received[page],
            cached=not view.asked,
            stale=False,
            substituted=query.provider is None
            and self._candidates.offers.is_substitute(name, able),
            gaps=view.gaps,
            next=following,
        )


async def counted(
    read: Callable[[TickQuery], Awaitable[TickAnswer[T]]], query: TickQuery, place: tuple[int, int]
) -> int:
    """How many ticks of a moment (ns) have been shown, who says that it was so many.

    To read on behind as many as somebody made up could take for ever.
    """
    moment, said = place
    span = replace(query, start_ns=moment, end_ns=moment + 1, limit=said, skip=0)
    try:
        return min(said, len((await read(span)).ticks))
    except NoData:
        return 0


def _refuse_ignorance(view: TickView[T], name: str, capability: Capability) -> None:
    """Nothing found where something may be missing is no answer.

    Raises:
        RangeUnavailable: the provider does not keep that range.
    """
    if not view.stored.ticks and view.gaps:
        message = f"{name} keeps no {capability.value} of that range."
        raise RangeUnavailable(message, provider=name)
