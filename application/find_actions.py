"""Find the splits and dividends of an instrument: from the store, else from a provider."""

from collections.abc import Sequence

from application.explain_failure import attempt_of
from application.rank_candidates import RankCandidates
from application.share_time import Shares, is_late
from domain.errors import Attempt, DeadlineExceeded, NoData, NotEntitled, ProviderError
from domain.instrument import Instrument
from domain.provider import Capability
from domain.routing import Ranking
from ports.actions import ActionCatalogue, ActionStore, KnownActions
from ports.clock import Clock
from ports.market_data import CallContext

FRESH_S = 12 * 3600.0  # how long a list of actions is believed to be complete


class FindActions:
    """The actions that one provider told.

    - the first choice is the provider of the bars; the next in line is asked when it cannot tell;
    - a list is fetched again after twelve hours, or when it is asked for without the cache; one
      that cannot be is used as it is;
    - as of a moment nobody is asked: the list that was known then counts.
    """

    def __init__(
        self,
        candidates: RankCandidates,
        sources: ActionCatalogue,
        store: ActionStore,
        clock: Clock,
    ) -> None:
        """Take the collaborators."""
        self._candidates = candidates
        self._sources = sources
        self._store = store
        self._clock = clock

    async def __call__(
        self,
        instrument: Instrument,
        first: str,
        as_of: int | None,
        context: CallContext,
        *,
        ask_again: bool = False,
    ) -> KnownActions:
        """The actions; ``first`` names the provider of the bars, ``as_of`` is in µs.

        ``ask_again``: however young the list is that we have.

        Raises:
            NoData: none were known at ``as_of``.
            NoProviderAvailable, DeadlineExceeded, StoreUnavailable: nobody can tell.
        """
        ranking = await self._candidates(Capability.ACTIONS, instrument)
        names, attempts = _order(ranking, first), list(ranking.refused)
        if as_of is not None:
            return await self._then(instrument, names, as_of)
        shares = Shares(self._clock, context, len(ranking.chosen), ranking.refused)
        for name in names:
            known = await self._store.read(instrument.id, name)
            is_old = known is None or self._clock.now() - known.fetched_at >= FRESH_S
            if (is_old or ask_again) and name in ranking.chosen:
                known = await self._fetched(instrument, name, shares.next(), attempts) or known
            if known is not None:
                return known
        late = is_late(self._clock, context)
        raise await self._candidates.why_nobody(instrument, attempts, late=late)

    async def _then(self, instrument: Instrument, names: Sequence[str], as_of: int) -> KnownActions:
        for name in names:
            known = await self._store.read(instrument.id, name, as_of)
            if known is not None:
                return known
        message = f"No corporate actions of {instrument.id} were known at that time."
        raise NoData(message)

    async def _fetched(
        self, instrument: Instrument, name: str, context: CallContext, attempts: list[Attempt]
    ) -> KnownActions | None:
        """What the provider tells now; None for a failure, which is added to ``attempts``."""
        try:
            actions = await self._sources.source(name).actions(instrument, context)
        except (ProviderError, DeadlineExceeded) as error:
            attempts.append(attempt_of(name, error))
            self._candidates.note(name, error, Capability.ACTIONS, instrument)
            return None
        now = self._clock.now()
        await self._store.write(instrument.id, name, actions, now)
        return KnownActions(name, tuple(actions), now)


def _order(ranking: Ranking, first: str) -> Sequence[str]:
    """Who tells actions; who must not be asked now still has its stored list."""
    resting = (a.provider for a in ranking.refused if a.asked or a.code == NotEntitled.code)
    return sorted((*ranking.chosen, *resting), key=lambda name: name != first)
