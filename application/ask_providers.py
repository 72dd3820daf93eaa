"""Complete a window from the best provider that can, failing over to the next."""

from collections.abc import Sequence

from application.answers import BarsAnswer
from application.complete_series import Completed, CompleteSeries
from application.rank_candidates import RankCandidates
from application.stored_answer import Held, ReadStored, assemble
from domain.errors import (
    Attempt,
    DeadlineExceeded,
    MarketDataError,
    NoData,
    NoProviderAvailable,
    NotListed,
    ProviderError,
    RangeUnavailable,
    UnknownInstrument,
)
from domain.instrument import SeriesKey
from domain.provider import Capability
from domain.query import BarQuery, BarWindow
from ports.clock import Clock
from ports.market_data import CallContext

QUALITY_FLOOR = 50.0  # below it the next provider is asked; reference profile: not acceptable
_RESERVE_S = 0.2  # kept back from the deadline to answer from the store after all


class AskProviders:
    """Fail over honestly.

    - candidates in ranked order, each with a fair share of the time that is left;
    - a preferred provider that cannot be asked but holds everything still answers;
    - an empty range is an answer and ends the search; an error never counts as empty;
    - an answer below the quality floor is kept while the next provider is tried;
    - when all fail, what is stored is served and said to be stale; with nothing stored the
      failure carries one reason per provider.
    """

    def __init__(
        self,
        candidates: RankCandidates,
        complete: CompleteSeries,
        read: ReadStored,
        clock: Clock,
    ) -> None:
        """Take the collaborators."""
        self._candidates = candidates
        self._complete = complete
        self._read = read
        self._clock = clock

    async def __call__(
        self, query: BarQuery, window: BarWindow, names: Sequence[str], context: CallContext
    ) -> BarsAnswer:
        """Ask; ``names`` are the capable providers in order of preference."""
        ranking = await self._candidates(
            Capability.BARS,
            query.instrument,
            query.interval,
            None if window.range is None else window.range.start,
            query.provider,
        )
        attempts = list(ranking.refused)
        spare = await self._stored_elsewhere(query, window, names, ranking.chosen)
        if spare is not None:
            return self._answer(query, window, spare, names, cached=True)
        best = await self._best_of(ranking.chosen, query, window, names, attempts, context)
        if best is None:
            return await self._fall_back(query, window, names, attempts, context)
        if not len(best.series):
            raise NoData(_nothing(best))
        return best

    async def _best_of(
        self,
        chosen: Sequence[str],
        query: BarQuery,
        window: BarWindow,
        names: Sequence[str],
        attempts: list[Attempt],
        context: CallContext,
    ) -> BarsAnswer | None:
        """Ask one after the other; failures are added to ``attempts``."""
        best: BarsAnswer | None = None
        for left, name in _countdown(chosen):
            try:
                done = await self._ask_one(name, query, window, self._share(context, left))
            except (ProviderError, DeadlineExceeded) as error:
                attempts.append(_attempt(name, error))
                continue
            answer = self._answer_of(query, window, done, names)
            best = answer if best is None else max(best, answer, key=_score)
            if _score(answer) >= QUALITY_FLOOR or not len(answer.series):
                break
        return best

    async def _ask_one(
        self, name: str, query: BarQuery, window: BarWindow, context: CallContext
    ) -> Completed:
        provider = self._candidates.provider(name)
        if provider is None or window.range is None:
            message = f"{name} cannot be asked for that."
            raise NotListed(message, provider=name)
        return await self._complete(
            provider,
            query.instrument,
            query.interval,
            window.range,
            context,
            reread=not query.use_cache,
            forming=query.include_partial,
        )

    async def _stored_elsewhere(
        self, query: BarQuery, window: BarWindow, names: Sequence[str], chosen: Sequence[str]
    ) -> Held | None:
        """A more preferred provider that may not be asked now, but holds everything."""
        for name in names:
            if name in chosen[:1] or window.range is None:
                return None
            held = await self._read(_key(query, name), window.range)
            if len(held.bars.series) and not held.missing(self._clock.now()):
                return held
        return None

    async def _fall_back(
        self,
        query: BarQuery,
        window: BarWindow,
        names: Sequence[str],
        attempts: list[Attempt],
        context: CallContext,
    ) -> BarsAnswer:
        """Everybody failed: serve what is stored, or say why nobody could answer."""
        held = [
            await self._read(_key(query, name), window.range)
            for name in names
            if window.range is not None
        ]
        fullest = max(held, key=lambda h: len(h.bars.series), default=None)
        if fullest is not None and len(fullest.bars.series):
            return self._answer(query, window, fullest, names, cached=True)
        raise self._failure(query, attempts, context)

    def _failure(
        self, query: BarQuery, attempts: list[Attempt], context: CallContext
    ) -> MarketDataError:
        codes = {attempt.code for attempt in attempts}
        if codes == {NotListed.code}:
            message = f"{query.instrument.id} is not listed by {_people(attempts)}."
            return UnknownInstrument(message)
        if codes <= {RangeUnavailable.code, NotListed.code} and codes:
            return RangeUnavailable("; ".join(a.reason for a in attempts))
        if (
            context.deadline is not None
            and self._clock.monotonic() >= context.deadline - _RESERVE_S
        ):
            message = f"No provider answered in time: {'; '.join(a.reason for a in attempts)}"
            return DeadlineExceeded(message)
        message = f"No provider could answer for {query.instrument.id} {query.interval.value}."
        return NoProviderAvailable(message, tuple(attempts))

    def _share(self, context: CallContext, left: int) -> CallContext:
        """The part of the remaining time that one of ``left`` candidates may use."""
        if context.deadline is None:
            return context
        now = self._clock.monotonic()
        span = max(0.0, context.deadline - _RESERVE_S - now)
        return CallContext(now + span / left, context.priority, context.request_id)

    def _answer_of(
        self, query: BarQuery, window: BarWindow, done: Completed, names: Sequence[str]
    ) -> BarsAnswer:
        return assemble(
            query,
            window,
            done.held,
            self._clock.now(),
            cached=not done.asked,
            substituted=done.held.key.provider != names[0],
            forming=done.forming,
        )

    def _answer(
        self, query: BarQuery, window: BarWindow, held: Held, names: Sequence[str], *, cached: bool
    ) -> BarsAnswer:
        done = Completed(held, None, asked=not cached)
        return self._answer_of(query, window, done, names)


def _key(query: BarQuery, name: str) -> SeriesKey:
    return SeriesKey(query.instrument.id, query.interval, name)


def _countdown(names: Sequence[str]) -> list[tuple[int, str]]:
    return [(len(names) - i, name) for i, name in enumerate(names)]


def _score(answer: BarsAnswer) -> float:
    return answer.quality.score.score if len(answer.series) else -1.0


def _attempt(name: str, error: MarketDataError) -> Attempt:
    retry_at = error.retry_at if isinstance(error, ProviderError) else None
    return Attempt(name, error.code, error.message, retry_at)


def _people(attempts: list[Attempt]) -> str:
    return " or ".join(a.provider for a in attempts) or "any provider"


def _nothing(answer: BarsAnswer) -> str:
    reasons = sorted({gap.reason.value for gap in answer.gaps})
    why = f" ({', '.join(reasons)})" if reasons else ""
    return f"{answer.provider} has no {answer.interval.value} bars in that range{why}."
