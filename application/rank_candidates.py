"""Find out which providers could answer, with today's facts about each."""

from collections.abc import Mapping, Sequence

from application.explain_failure import failure_of
from application.suggest_symbols import SuggestSymbols
from application.unentitled import Unentitled
from application.unlisted import Unlisted
from domain.errors import (
    Attempt,
    InvalidRequest,
    MarketDataError,
    NoProviderAvailable,
    NotEntitled,
    NotListed,
    StoreUnavailable,
    UnknownInstrument,
    UnsupportedInterval,
)
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
    - a provider that lacks its key is nobody's first choice;
    - without ``only`` the providers must be comparable: what their prices stand for is decided
      by the most preferred of those that could answer.
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
        self._instruments = instruments
        self._catalogue = catalogue
        self._health = health
        self._pacer = pacer
        self._clock = clock
        self._unlisted = Unlisted(clock)
        self._unentitled = Unentitled(clock)
        self.suggest = SuggestSymbols(instruments)

    def provider(self, name: str) -> MarketDataProvider:
        """The configured provider of that name."""
        return self._catalogue.all()[name]

    def note_unlisted(self, name: str, instrument: Instrument) -> None:
        """The provider has just said that it does not know the instrument."""
        self._unlisted.note(name, instrument.id)

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
            self.note_unlisted(name, instrument)
        if isinstance(error, NotEntitled):
            subject = (name, capability, instrument.asset_class, interval)
            self._unentitled.note(subject, start)

    def first_choice(self, names: Sequence[str], instrument: Instrument) -> str:
        """The first that has its key and may list the instrument; asks nobody."""
        listing = [n for n in names if not self._unlisted.knows(n, instrument.id)] or names
        return self._usable(listing)[0]

    def first_held(self, names: Sequence[str], instrument: Instrument) -> Sequence[str]:
        """Whose stored bars count as the first choice's: also of the keyless before it."""
        first = self.first_choice(names, instrument)
        before = names[: names.index(first)]
        return (*(name for name in before if name in self.keyless(names)), first)

    def keyless(self, names: Sequence[str]) -> tuple[str, ...]:
        """Those of the names that lack their key while others do not."""
        usable = self._usable(names)
        return tuple(name for name in names if name not in usable)

    def volumeless(self, names: Sequence[str], instrument: Instrument) -> tuple[str, ...]:
        """Those of the names whose bars of such an instrument come without a volume."""
        can = {name: self.provider(name).capabilities for name in names}
        return tuple(n for n in names if not can[n].has_volume(instrument.asset_class))

    def is_substitute(self, name: str, names: Sequence[str]) -> bool:
        """Whether ``name`` comes after the first of ``names`` that has its key."""
        return names.index(name) > names.index(self._usable(names)[0])

    def preferred(self, capability: Capability, instrument: Instrument) -> str | None:
        """The operator's first choice among those who offer it at all."""
        offers = self._catalogue.all().items()
        able = [n for n, p in offers if p.capabilities.can(capability, instrument.asset_class)]
        return next(iter(self._usable(able)), None)

    def _usable(self, names: Sequence[str]) -> Sequence[str]:
        """Without those that lack their key, unless all do."""
        open_to_us = [n for n in names if (p := self.provider(n)).has_key or not p.needs_key]
        return open_to_us or names

    def able(
        self, capability: Capability, instrument: Instrument, only: str | None = None
    ) -> Sequence[str]:
        """Who offers that for the class of assets at all, in the operator's order; asks nobody.

        Without ``only`` they are comparable (``Basis``), as those that are asked.

        Raises:
            InvalidRequest: ``only`` names no configured provider.
        """
        offers = {
            name: provider.capabilities
            for name, provider in self._asked(only).items()
            if provider.capabilities.can(capability, instrument.asset_class)
        }
        if not offers:
            return ()
        basis = offers[self._usable(tuple(offers))[0]].basis
        return tuple(name for name, can in offers.items() if can.basis is basis)

    def capable(
        self, instrument: Instrument, interval: Interval, only: str | None = None
    ) -> Sequence[str]:
        """Who offers bars of that kind at all, in the operator's order; asks nobody.

        Raises:
            InvalidRequest: ``only`` names no configured provider.
            UnknownInstrument: nobody offers that class of assets.
            UnsupportedInterval: somebody does, but not that interval.
        """
        offers = {
            name: provider.capabilities
            for name, provider in self._asked(only).items()
            if provider.capabilities.can(Capability.BARS, instrument.asset_class)
        }
        if not offers:
            whom = only or "any configured provider"
            message = f"{instrument.id} is a {instrument.asset_class.value}, not listed by {whom}."
            raise UnknownInstrument(message)
        names = [name for name, can in offers.items() if can.source(interval) is not None]
        if not names:
            known = [i for i in Interval if any(can.source(i) for can in offers.values())]
            message = (
                f"No provider of {instrument.id} offers {interval.value} bars: "
                f"use one of {', '.join(i.value for i in known)}."
            )
            raise UnsupportedInterval(message, "interval")
        basis = offers[self._usable(names)[0]].basis
        return tuple(name for name in names if offers[name].basis is basis)

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
        asked = _dealing_in(self._asked(only), instrument.asset_class)
        unlisted = [name for name in asked if self._unlisted.knows(name, instrument.id)]
        kind = (capability, instrument.asset_class, interval)
        maybe = {name: provider for name, provider in asked.items() if name not in unlisted}
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
        known = (_not_listed(name, instrument) for name in unlisted)
        return Ranking(ranking.chosen, (*known, *ranking.refused))

    async def why_nobody(
        self, instrument: Instrument, attempts: Sequence[Attempt], *, late: bool
    ) -> MarketDataError:
        """The error that all failures amount to (:func:`failure_of`), with suggestions."""
        places = {name: place for place, name in enumerate(self._catalogue.all())}
        ordered = sorted(attempts, key=lambda a: places.get(a.provider, len(places)))
        try:
            known = await self._instruments.of_instrument(instrument.id)
            listing = {found.provider for found in known if found.active}
            for attempt in ordered:
                if attempt.provider not in listing and await self._may_list(attempt.provider):
                    listing.add(attempt.provider)
        except StoreUnavailable as error:
            return error
        failure = failure_of(instrument.id, ordered, late=late, listing=listing)
        if isinstance(failure, UnknownInstrument):
            return await self.suggest.explained(failure, instrument.id, instrument)
        if isinstance(failure, NoProviderAvailable) and not known:
            near = await self.suggest(instrument.id, instrument)
            return NoProviderAvailable(failure.message, failure.attempts, near)
        return failure

    async def _may_list(self, name: str) -> bool:
        """Whether it has answered this installation, but its list was never fetched."""
        answered = bool((await self._health.view(name)).latencies_s)
        return answered and await self._instruments.fetched_at(name) is None

    def _asked(self, only: str | None) -> Mapping[str, MarketDataProvider]:
        providers = self._catalogue.all()
        if only is None:
            return providers
        if only not in providers:
            message = f"There is no provider {only!r}: use one of {', '.join(providers)}."
            raise InvalidRequest(message, "provider")
        return {only: providers[only]}

    async def _facts(
        self,
        providers: Mapping[str, MarketDataProvider],
        denied_until: Mapping[str, float | None],
    ) -> Sequence[Candidate]:
        """What is known of each, in two round trips however many they are."""
        if not providers:
            return ()
        policies = {name: provider.policy for name, provider in providers.items()}
        healths = await self._health.views(tuple(providers))
        budgets = await self._pacer.views(policies)
        return [
            Candidate(
                name=name,
                capabilities=provider.capabilities,
                needs_key=provider.needs_key,
                has_key=provider.has_key,
                health=healths[name],
                # a busy second is waited out, not failed over
                quota_used=budgets[name].quota_used,
                frozen_until=budgets[name].frozen_until,
                spent_until=budgets[name].spent_until,
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
