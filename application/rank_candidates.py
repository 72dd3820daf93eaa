"""Find out which providers could answer, with today's facts about each."""

from collections.abc import Mapping, Sequence

from application.offers import Offers
from application.provider_state import states_of
from application.unentitled import Unentitled
from application.unlisted import Unlisted
from application.why_nobody import WhyNobody
from domain.errors import Attempt, MarketDataError, NotComparable, NotEntitled, NotListed
from domain.instrument import AssetClass, Instrument
from domain.interval import Interval
from domain.provider import Capability
from domain.routing import Candidate, Ranking, rank
from ports.clock import Clock
from ports.health_board import HealthBoard
from ports.instrument_store import InstrumentStore
from ports.market_data import MarketDataProvider, ProviderCatalogue
from ports.pacing import Pacer


class RankCandidates:
    """Gather health and budget of every provider and rank them by :func:`domain.routing.rank`.

    - who said within the last 30 s that it does not list the instrument is not asked again,
      nor within 15 minutes who said that its plan does not include that kind of data;
    - ``offers`` tells who could answer without looking at anybody's health, ``why_nobody`` what
      to say when nobody did.
    """

    def __init__(
        self,
        catalogue: ProviderCatalogue,
        health: HealthBoard,
        pacer: Pacer,
        instruments: InstrumentStore,
        clock: Clock,
    ) -> None:
        """Take the collaborators."""
        self._health = health
        self._pacer = pacer
        self._clock = clock
        self._unlisted = Unlisted(clock)
        self._unentitled = Unentitled(clock)
        self.offers = Offers(catalogue, self._unlisted)
        self.why_nobody = WhyNobody(catalogue, health, instruments)

    def note_unlisted(self, name: str, instrument: Instrument, capability: Capability) -> None:
        """Asked for that, the provider has just said that it does not know the instrument."""
        self._unlisted.note(name, instrument.id, capability)

    def note(  # the question and what came of it
        self,
        name: str,
        error: MarketDataError,
        capability: Capability,
        instrument: Instrument,
        interval: Interval | None = None,
        start: int | None = None,
    ) -> None:
        """The provider has failed in this way; what is worth knowing of it is remembered."""
        if isinstance(error, NotListed):
            self.note_unlisted(name, instrument, capability)
        if isinstance(error, NotEntitled) and error.whole_kind:
            subject = (name, capability, instrument.asset_class, interval)
            self._unentitled.note(subject, start)

    async def __call__(
        self,
        capability: Capability,
        instrument: Instrument,
        interval: Interval | None = None,
        start: int | None = None,
        only: str | None = None,
    ) -> Ranking:
        """Rank for one question; ``start`` (Unix s) is the oldest bar wanted.

        Raises:
            InvalidRequest: ``only`` names no configured provider.
        """
        asked = _dealing_in(self.offers.asked(only), instrument.asset_class)
        unlisted = [n for n in asked if self._unlisted.knows(n, instrument.id, capability)]
        kind = (capability, instrument.asset_class, interval)
        strangers = self._strangers(capability, instrument) if unlisted and only is None else ()
        maybe = {n: p for n, p in asked.items() if n not in unlisted and n not in strangers}
        denied = {name: self._unentitled.until((name, *kind), start) for name in maybe}
        ranking = rank(
            await self._facts(maybe, denied),
            capability,
            instrument,
            interval,
            start,
            self._clock.now(),
            tuple(asked),
        )
        known = (
            *(_not_listed(name, instrument) for name in unlisted),
            *(_stranger(name, instrument) for name in strangers),
        )
        return Ranking(ranking.chosen, (*known, *ranking.refused))

    def _strangers(self, capability: Capability, instrument: Instrument) -> Sequence[str]:
        """Who is not asked in place of those who deny to list it: see :meth:`Offers.bases`."""
        comparable = self.offers.able(capability, instrument)
        others = [
            name
            for name, provider in self.offers.asked(None).items()
            if name not in comparable
            and provider.capabilities.can(capability, instrument.asset_class)
        ]
        telling = self.offers.who_tell(others)
        return [name for name in others if name not in telling]

    async def _facts(
        self,
        providers: Mapping[str, MarketDataProvider],
        denied_until: Mapping[str, float | None],
    ) -> Sequence[Candidate]:
        """What is known of each."""
        states = await states_of(providers, self._health, self._pacer)
        return [
            Candidate(
                name=name,
                capabilities=provider.capabilities,
                needs_key=provider.needs_key,
                has_key=provider.has_key,
                health=states[name].health,
                # a busy second is waited out, not failed over
                quota_used=states[name].budget.quota_used,
                frozen_until=states[name].budget.frozen_until,
                spent_until=states[name].budget.spent_until,
                denied_until=denied_until[name],
            )
            for name, provider in providers.items()
        ]


def _dealing_in(
    providers: Mapping[str, MarketDataProvider], kind: AssetClass
) -> Mapping[str, MarketDataProvider]:
    """Those who deal in that class of assets; the others are no reason, unless there is no one."""
    found = {n: p for n, p in providers.items() if kind in p.capabilities.asset_classes}
    return found or providers


def _not_listed(name: str, instrument: Instrument) -> Attempt:
    return Attempt(name, NotListed.code, f"{name} does not list {instrument.id}.")


def _stranger(name: str, instrument: Instrument) -> Attempt:
    reason = (
        f"{name} is not comparable with those who deny to list {instrument.id}: "
        f"ask with provider={name} if it is meant."
    )
    return Attempt(name, NotComparable.code, reason, asked=False)
