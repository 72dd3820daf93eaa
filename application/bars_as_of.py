"""Answer what was known at a past moment."""

from collections.abc import Sequence

from application.answers import BarsAnswer
from application.question import Question, pose
from application.rank_candidates import RankCandidates
from application.stored_answer import MICROS, ReadStored, assemble, is_good, score_of
from domain.errors import InvalidRequest, NoData
from domain.query import BarQuery
from ports.clock import Clock


class BarsAsOf:
    """A pure function of the query and the store's history.

    - the window, finality and quality are judged at ``as_of``;
    - nobody is asked, but the rules are those of a question for now: the first provider in order
      of preference answers whose whole window was known then and that was good enough;
      otherwise the best such, otherwise the one that held most;
    - asked again it is the same, whatever was corrected or filled in since.
    """

    def __init__(self, candidates: RankCandidates, read: ReadStored, clock: Clock) -> None:
        """Take the collaborators."""
        self._candidates = candidates
        self._read = read
        self._clock = clock

    async def __call__(self, query: BarQuery) -> BarsAnswer:
        """The answer of then.

        Raises:
            InvalidRequest: ``as_of`` lies before 1970.
            NoData: nothing of the range was known then, or then has not come yet.
        """
        as_of = query.as_of or 0
        if as_of < 0:
            message = "as_of lies before 1970."
            raise InvalidRequest(message, "as_of")
        if as_of > self._clock.now() * MICROS:
            message = "as_of lies in the future: nobody knows that yet."
            raise NoData(message)
        now = as_of / MICROS
        offers = self._candidates.offers
        for names in offers.bases(query.instrument, query.interval, query.provider):
            keyless = offers.keyless(names)
            volumeless = offers.volumeless(names, query.instrument)
            answer, is_settled = await self._best(pose(query, names, now, keyless, volumeless), now)
            if answer is not None:
                return answer
            if is_settled:
                break
        message = f"Nothing was known of {query.instrument.id} in that range at that time."
        raise NoData(message)

    async def _best(self, question: Question, now: float) -> tuple[BarsAnswer | None, bool]:
        """The best that was known, and whether somebody spoke for the whole range."""
        settled: list[BarsAnswer] = []
        partial: list[BarsAnswer] = []
        for name in question.names:
            answer, is_settled = await self._answer(question, name, now)
            if is_settled and (is_good(answer) or not len(answer.series)):
                settled.append(answer)
                break
            (settled if is_settled else partial).append(answer)
        if settled:
            best = max(settled, key=score_of)
            among: Sequence[str] = (best.provider,)
        else:
            best = max(partial, key=lambda answer: len(answer.series))
            among = question.names
        if len(best.series) or (settled and question.query.onward):
            return best, bool(settled)
        return await self._look_back(question, among, now), bool(settled)

    async def _answer(self, question: Question, name: str, now: float) -> tuple[BarsAnswer, bool]:
        """What one provider's series said, and whether it spoke for the whole window."""
        can = self._candidates.offers.provider(name).capabilities
        view = await self._read.view(question, name, can, now)
        return assemble(question, view, now, cached=False), view.is_settled(now)

    async def _look_back(
        self, question: Question, among: Sequence[str], now: float
    ) -> BarsAnswer | None:
        for name in among:
            view = await self._read.look_back(question, name)
            if view is not None:
                return assemble(question, view, now, cached=False)
        return None
