"""Answer a request for the assets with the largest capitalisations."""

from collections.abc import Sequence

from msgspec import Struct

from application.share_time import is_late, time_left
from application.single_flight import SingleFlight
from application.survey_assets import SurveyAssets
from domain.assets import AssetSnapshot
from domain.errors import Attempt, DeadlineExceeded, NoData, NoProviderAvailable
from domain.instrument import Instrument
from ports.assets import AssetSource
from ports.market_data import CallContext

BLOCK = 200  # of assets in one call: what a credit buys, and below everybody's most
_MEANT = Instrument.pair("BTC", "USD")  # the class of assets, for the ranking


class MarketsQuery(Struct, frozen=True, kw_only=True):
    """Up to ``limit`` assets that rank behind ``offset``; ``as_of`` in Unix µs."""

    limit: int
    offset: int = 0
    provider: str | None = None
    as_of: int | None = None


class MarketsAnswer(Struct, frozen=True, kw_only=True):
    """Assets by rank as one provider tells them; as of a moment nothing is cached or stale."""

    provider: str
    assets: Sequence[AssetSnapshot]
    cached: bool = False
    stale: bool = False
    substituted: bool = False
    as_of: int | None = None


class ListMarkets:
    """Assets by rank.

    - one provider's list is never mixed with another's;
    - lists are asked for in blocks of 200 and kept for 60 s, identical requests share the work;
    - when nobody can answer, the last known list is served, marked stale.
    """

    def __init__(self, survey: SurveyAssets) -> None:
        """Take the collaborators."""
        self._survey = survey
        self._flights: SingleFlight[MarketsAnswer] = SingleFlight()

    async def __call__(self, query: MarketsQuery, context: CallContext) -> MarketsAnswer:
        """The list.

        Raises:
            InvalidRequest, UnknownInstrument: the question.
            NoData: nothing ranks there, or nothing was known at ``as_of``.
            NoProviderAvailable, DeadlineExceeded: nobody could answer and nothing is stored.
        """
        able = self._survey.able(_MEANT, query.provider)
        self._survey.refuse_future(query.as_of)
        if query.as_of is not None:
            return await self._known(query, able, ())
        answer, _ = await self._flights.join_within(
            repr(query),
            lambda: self._answer(query, able, context),
            lambda: time_left(self._survey.clock, context),
        )
        return answer

    async def drain(self) -> None:
        """Let what is in the air land (shutdown)."""
        await self._flights.drain()

    async def _answer(
        self, query: MarketsQuery, able: Sequence[str], context: CallContext
    ) -> MarketsAnswer:
        found = await self._survey.first(
            _MEANT, query.provider, lambda name, share: self._listed(query, name, share), context
        )
        if not isinstance(found, tuple):
            return await self._known(query, able, found, late=is_late(self._survey.clock, context))
        name, (assets, cached) = found
        if not assets:
            raise NoData(f"{name} ranks no asset behind place {query.offset}.")
        substituted = query.provider is None and self._survey.candidates.offers.is_substitute(
            name, able
        )
        return MarketsAnswer(provider=name, assets=assets, cached=cached, substituted=substituted)

    async def _listed(
        self, query: MarketsQuery, name: str, context: CallContext
    ) -> tuple[Sequence[AssetSnapshot], bool]:
        """The blocks that hold the list, and whether all of them were kept."""
        first, stop = query.offset, query.offset + query.limit
        found: list[AssetSnapshot] = []
        cached = True
        for start in range(first // BLOCK * BLOCK, stop, BLOCK):

            async def ask(source: AssetSource, start: int = start) -> Sequence[AssetSnapshot]:
                return await source.markets(BLOCK, start, context)

            told = await self._survey.asked(f"markets:{start}", name, ask)
            found += told.snapshots
            cached = cached and told.cached
            if len(told.snapshots) < BLOCK:
                break
        skipped = first % BLOCK
        return found[skipped : skipped + query.limit], cached

    async def _known(
        self,
        query: MarketsQuery,
        able: Sequence[str],
        attempts: Sequence[Attempt],
        *,
        late: bool = False,
    ) -> MarketsAnswer:
        """What the store has of the first who ever told something."""
        for name in able:
            known = await self._survey.store.ranked(name, query.limit, query.offset, query.as_of)
            if known:
                assets = [each.snapshot for each in known]
                stale = query.as_of is None
                return MarketsAnswer(
                    provider=name, assets=assets, cached=stale, stale=stale, as_of=query.as_of
                )
        if query.as_of is not None:
            raise NoData("Nothing was known of those markets at that time.")
        if late:
            raise DeadlineExceeded("No provider told its markets in time.")
        raise NoProviderAvailable("No provider could tell its markets.", tuple(attempts))
