"""Complete a window from the best provider that can, failing over to the next."""

import asyncio
from collections.abc import Iterable, Sequence
from itertools import takewhile

from msgspec.structs import replace

from application.answers import BarsAnswer
from application.complete_series import CompleteSeries
from application.explain_failure import attempt_of
from application.fill_window import FillWindow
from application.question import Question
from application.rank_candidates import RankCandidates
from application.share_time import Shares, is_late
from application.stored_answer import ReadStored, assemble, is_good, score_of
from domain.coverage import GapReason
from domain.errors import (
    Attempt,
    DeadlineExceeded,
    MalformedPayload,
    MarketDataError,
    NoData,
    ProviderError,
)
from domain.provider import Capability
from domain.routing import Ranking
from ports.clock import Clock
from ports.market_data import CallContext


class AskProviders:
    """Fail over honestly.

    - candidates in ranked order, each with a fair share of the time that is left;
    - a preferred provider that cannot be asked but holds everything still answers;
    - an empty range is an answer and ends the search; an error never counts as empty, and
      neither do rows that all went to quarantine;
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
        self._fill = FillWindow(complete, read, clock)
        self._read = read
        self._clock = clock

    async def __call__(self, question: Question, context: CallContext) -> BarsAnswer:
        """Ask.

        Raises:
            NoData: the first who answered has no bars there.
            UnknownInstrument, RangeUnavailable, DeadlineExceeded, NoProviderAvailable: nobody
                answered and nothing is stored.
        """
        query = question.query
        ranking = await self._candidates(
            Capability.BARS, query.instrument, query.interval, question.span.start, query.provider
        )
        # Who stands for something else is asked in a question of his own.
        chosen = tuple(name for name in ranking.chosen if name in question.names)
        ranking = replace(ranking, chosen=chosen)
        spare = await self._spare(question, ranking.chosen)
        if spare is not None:
            return spare
        attempts = list(ranking.refused)
        best = await self._best_of(question, ranking, attempts, context)
        if best is not None and len(best.series):
            return best
        if best is not None:
            return await self._without_bars(question, best)
        stored = await self.stored(question)
        if stored is None:
            late = is_late(self._clock, context)
            raise await self._candidates.why_nobody(query.instrument, attempts, late=late)
        return stored

    async def _without_bars(self, question: Question, answer: BarsAnswer) -> BarsAnswer:
        """What to say when the first who answered has none there.

        Raises:
            NoData: there is nothing else to say.
        """
        if question.query.onward:
            return replace(answer, learned_at=self._clock.now())
        found = await self._newest_stored(question, (answer.provider,))
        if found is None:
            raise NoData(_nothing(answer))
        return found

    async def stored(self, question: Question) -> BarsAnswer | None:
        """The fullest answer that the store has, or else the newest bars of all, as stale.

        Nothing need be missing: somebody wanted it from a provider, and got it from none.
        """
        now, names = self._clock.now(), await self._read.holders(question)
        if not names:  # as of anything that does not exist: it is not looked for in nine places
            return None
        views = [
            await self._read.view(
                question, name, self._candidates.offers.provider(name).capabilities, now
            )
            for name in names
        ]
        fullest = max(views, key=lambda view: len(view.held.bars.series))
        if len(fullest.held.bars.series):
            return replace(assemble(question, fullest, now, cached=True), stale=True)
        newest = await self._newest_stored(question, names)
        return None if newest is None else replace(newest, stale=True)

    async def _newest_stored(self, question: Question, names: Iterable[str]) -> BarsAnswer | None:
        for name in names:
            view = await self._read.look_back(question, name)
            if view is not None:
                return assemble(question, view, self._clock.now(), cached=True)
        return None

    async def _best_of(
        self,
        question: Question,
        ranking: Ranking,
        attempts: list[Attempt],
        context: CallContext,
    ) -> BarsAnswer | None:
        """Ask one after the other; failures are added to ``attempts``."""
        best: BarsAnswer | None = None
        shares = Shares(self._clock, context, len(ranking.chosen), ranking.refused)
        for name in ranking.chosen:
            try:
                answer, settled = await self._ask_in_time(question, name, shares.next())
                _refuse_rubbish(answer)
            except (ProviderError, DeadlineExceeded) as error:
                attempts.append(attempt_of(name, error))
                self._note(question, name, error)
                continue
            best = answer if best is None else max(best, answer, key=score_of)
            if is_good(answer) or (settled and not len(answer.series)):
                break
        return best

    def _note(self, question: Question, name: str, error: MarketDataError) -> None:
        query = question.query
        self._candidates.note(
            name, error, Capability.BARS, query.instrument, query.interval, question.span.start
        )

    async def _ask_in_time(
        self, question: Question, name: str, context: CallContext
    ) -> tuple[BarsAnswer, bool]:
        """Hold a provider to its share of the time even if it does not keep to it itself."""
        if context.deadline is None:
            return await self._fill(question, self._candidates.offers.provider(name), context)
        try:
            async with asyncio.timeout(context.deadline - self._clock.monotonic()):
                return await self._fill(question, self._candidates.offers.provider(name), context)
        except TimeoutError:
            message = f"{name} did not answer in its share of the time."
            raise DeadlineExceeded(message) from None

    async def _spare(self, question: Question, chosen: Sequence[str]) -> BarsAnswer | None:
        """From a more preferred provider that may not be asked now, but holds everything."""
        preferred = list(takewhile(lambda name: name not in chosen[:1], question.names))
        if not question.query.use_cache or not preferred:
            return None
        now, holders = self._clock.now(), await self._read.holders(question)
        for name in (name for name in preferred if name in holders):
            can = self._candidates.offers.provider(name).capabilities
            view = await self._read.view(question, name, can, now)
            if view.is_complete(now) and len(view.held.bars.series):
                return assemble(question, view, now, cached=True)
        return None


def _refuse_rubbish(answer: BarsAnswer) -> None:
    """Rows that all went to quarantine are no empty range.

    Raises:
        MalformedPayload: the provider had rows, and not one of them could be a bar.
    """
    if not len(answer.series) and any(gap.reason is GapReason.UNKNOWN for gap in answer.gaps):
        message = f"{answer.provider} sent nothing but rows that cannot be bars."
        raise MalformedPayload(message, provider=answer.provider)


def _nothing(answer: BarsAnswer) -> str:
    reasons = sorted({gap.reason.value for gap in answer.gaps})
    why = f" ({', '.join(reasons)})" if reasons else ""
    return f"{answer.provider} has no {answer.interval.value} bars in that range{why}."
