"""Answer what was known at a past moment."""

from collections.abc import Sequence

from application.answers import BarsAnswer
from application.rank_candidates import RankCandidates
from application.stored_answer import MICROS, Held, ReadStored, assemble
from domain.errors import InvalidRequest, NoData
from domain.instrument import SeriesKey
from domain.query import BarQuery, BarWindow, choose_window
from ports.clock import Clock


class BarsAsOf:
    """A pure function of the query and the store's history.

    - the window, finality and quality are judged at ``as_of``;
    - nobody is asked: the first provider in order of preference whose series was complete then
      answers, otherwise the one that held most;
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
            InvalidRequest: ``as_of`` lies in the future.
            NoData: nothing of the range was known then.
        """
        as_of = query.as_of or 0
        if as_of > self._clock.now() * MICROS:
            message = "as_of lies in the future: nobody knows that yet."
            raise InvalidRequest(message, "as_of")
        now = as_of / MICROS
        window = choose_window(query, now)
        names = self._candidates.capable(query.instrument, query.interval, query.provider)
        best = await self._best(query, window, names, now)
        if best is None:
            message = f"Nothing was known of {query.instrument.id} in that range at that time."
            raise NoData(message)
        substituted = best.key.provider != names[0]
        return assemble(query, window, best, now, cached=False, substituted=substituted)

    async def _best(
        self, query: BarQuery, window: BarWindow, names: Sequence[str], now: float
    ) -> Held | None:
        best: Held | None = None
        if window.range is None:
            return None
        for name in names:
            key = SeriesKey(query.instrument.id, query.interval, name)
            held = await self._read(key, window.range, query.as_of)
            if len(held.bars.series) > (len(best.bars.series) if best else 0):
                best = held
            gaps = held.coverage.gaps(query.interval, now)
            if best is held and all(gap.is_explained for gap in gaps):
                break
        return best
