"""Answer a request for one asset: its figures and what it is."""

from collections.abc import Sequence

from msgspec import Struct

from application.explain_failure import failure_of
from application.share_time import is_late, time_left
from application.single_flight import SingleFlight
from application.survey_assets import SurveyAssets, Told
from domain.assets import AssetSnapshot
from domain.errors import Attempt, NoData, UnknownInstrument
from domain.instrument import Instrument
from ports.assets import AssetSource
from ports.market_data import CallContext


class AssetQuery(Struct, frozen=True, kw_only=True):
    """One asset by our code (``BTC``); ``as_of`` in Unix µs."""

    code: str
    provider: str | None = None
    as_of: int | None = None


class AssetAnswer(Struct, frozen=True, kw_only=True):
    """One asset as one provider tells it; as of a moment nothing is cached or stale."""

    asset: AssetSnapshot
    cached: bool = False
    stale: bool = False
    substituted: bool = False
    as_of: int | None = None


class GetAsset:
    """One asset with its metadata.

    - answers are kept for 60 s, identical requests share the work;
    - of several assets with one code the best ranked is meant;
    - when nobody can answer, what is known of it is served, marked stale.
    """

    def __init__(self, survey: SurveyAssets) -> None:
        """Take the collaborators."""
        self._survey = survey
        self._flights: SingleFlight[AssetAnswer] = SingleFlight()

    async def __call__(self, query: AssetQuery, context: CallContext) -> AssetAnswer:
        """The asset.

        Raises:
            InvalidRequest, UnknownInstrument: the question.
            NoData: nothing was known at ``as_of``.
            NoProviderAvailable, DeadlineExceeded: nobody could answer and nothing is stored.
        """
        meant = Instrument.pair(query.code, "USD")
        able = self._survey.able(meant, query.provider)
        self._survey.refuse_future(query.as_of)
        if query.as_of is not None:
            known = await self._known(query, able)
            if known is None:
                raise NoData(f"Nothing was known of {query.code} at that time.")
            return known
        answer, _ = await self._flights.join_within(
            repr(query),
            lambda: self._answer(query, meant, able, context),
            lambda: time_left(self._survey.clock, context),
        )
        return answer

    async def drain(self) -> None:
        """Let what is in the air land (shutdown)."""
        await self._flights.drain()

    async def _answer(
        self, query: AssetQuery, meant: Instrument, able: Sequence[str], context: CallContext
    ) -> AssetAnswer:
        found = await self._survey.first(
            meant, query.provider, lambda name, share: self._told(query.code, name, share), context
        )
        if not isinstance(found, tuple):
            return await self._stale(query, able, found, context)
        name, told = found
        substituted = query.provider is None and self._survey.candidates.offers.is_substitute(
            name, able
        )
        return AssetAnswer(asset=told.snapshots[0], cached=told.cached, substituted=substituted)

    async def _told(self, code: str, name: str, context: CallContext) -> Told:
        async def ask(source: AssetSource) -> Sequence[AssetSnapshot]:
            return [await source.asset(code, context)]

        return await self._survey.asked(f"asset:{code}", name, ask)

    async def _stale(
        self,
        query: AssetQuery,
        able: Sequence[str],
        attempts: Sequence[Attempt],
        context: CallContext,
    ) -> AssetAnswer:
        """What is stored, unless who could be asked denies the asset."""
        late = is_late(self._survey.clock, context)
        failure = failure_of(query.code, attempts, late=late)
        known = None
        if not isinstance(failure, UnknownInstrument):
            known = await self._known(query, able)
        if known is None:
            raise failure
        return known

    async def _known(self, query: AssetQuery, able: Sequence[str]) -> AssetAnswer | None:
        for name in able:
            known = await self._survey.store.of_asset(name, query.code, query.as_of)
            if known is not None:
                stale = query.as_of is None
                return AssetAnswer(
                    asset=known.snapshot, cached=stale, stale=stale, as_of=query.as_of
                )
        return None
