"""Who offers what, from what providers declare and from what they have lately denied."""

from collections.abc import Mapping, Sequence

from application.unlisted import Unlisted
from domain.errors import (
    InvalidRequest,
    MarketDataError,
    NotOffered,
    UnknownInstrument,
    UnsupportedInterval,
    quoted,
)
from domain.instrument import Instrument
from domain.interval import Interval
from domain.provider import Capability
from domain.routing import called
from ports.market_data import MarketDataProvider, ProviderCatalogue

_MANY = 4


class Offers:
    """The configured providers in the operator's order; nobody is asked here.

    - a provider that lacks its key is nobody's first choice;
    - without ``only`` the providers must be comparable: what their prices stand for (``Basis``)
      is decided by the most preferred of those that could answer.
    """

    def __init__(self, catalogue: ProviderCatalogue, unlisted: Unlisted) -> None:
        """Take the providers and the memory of what they do not list."""
        self._catalogue = catalogue
        self._unlisted = unlisted

    def provider(self, name: str) -> MarketDataProvider:
        """The configured provider of that name."""
        return self._catalogue.all()[name]

    def asked(self, only: str | None) -> Mapping[str, MarketDataProvider]:
        """Those that may be asked: all of them, or ``only`` that one.

        Raises:
            InvalidRequest: ``only`` names no configured provider.
        """
        providers = self._catalogue.all()
        if only is None:
            return providers
        if only not in providers:
            message = f"There is no provider {quoted(only)}: use one of {', '.join(providers)}."
            raise InvalidRequest(message, "provider")
        return {only: providers[only]}

    def first_choice(self, names: Sequence[str], instrument: Instrument) -> str:
        """The first for bars that has its key and may list the instrument."""
        return self._usable(self._listing(names, instrument))[0]

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
        """Whether ``name`` comes after the first of ``names`` that has its key, or is none."""
        return name not in names or names.index(name) > names.index(self._usable(names)[0])

    def preferred(self, capability: Capability, instrument: Instrument) -> str | None:
        """The operator's first choice among those who offer it at all."""
        offers = self._catalogue.all().items()
        able = [n for n, p in offers if p.capabilities.can(capability, instrument.asset_class)]
        return next(iter(self._usable(able)), None)

    def able(
        self, capability: Capability, instrument: Instrument, only: str | None = None
    ) -> Sequence[str]:
        """Who offers that for the class of assets at all, in the operator's order.

        Raises:
            InvalidRequest: ``only`` names no configured provider.
            NotOffered, UnknownInstrument: it has none of that kind, or not that class of assets.
        """
        offers = {
            name: provider.capabilities
            for name, provider in self.asked(only).items()
            if provider.capabilities.can(capability, instrument.asset_class)
        }
        if not offers:
            if only is not None:
                raise self._refusal(capability, instrument, only)
            return ()
        basis = offers[self._usable(tuple(offers))[0]].basis
        return tuple(name for name, can in offers.items() if can.basis is basis)

    def capable(
        self,
        instrument: Instrument,
        interval: Interval,
        only: str | None = None,
        *,
        listing: bool = False,
    ) -> Sequence[str]:
        """Who offers bars of that kind at all, in the operator's order.

        What prices must stand for is decided by the first; if ``listing``, by the first that has
        not just said that it does not list the instrument.

        Raises:
            InvalidRequest, UnknownInstrument, NotOffered, UnsupportedInterval: as :meth:`bases`.
        """
        groups = self.bases(instrument, interval, only)
        everybody = [name for names in groups for name in names]
        if not listing:
            return groups[0]
        decisive = self._usable(self._listing(everybody, instrument))[0]
        return next(names for names in groups if decisive in names)

    def bases(
        self, instrument: Instrument, interval: Interval, only: str | None = None
    ) -> Sequence[Sequence[str]]:
        """Who offers bars of that kind at all: those who are comparable, then those of others.

        Each in the operator's order; what prices of the first stand for is his first choice's.
        Of the others only :meth:`who_tell`.

        Raises:
            InvalidRequest: ``only`` names no configured provider.
            UnknownInstrument: nobody offers that class of assets.
            NotOffered: ``only`` has no bars of it.
            UnsupportedInterval: somebody does, but not that interval.
        """
        offers = {
            name: provider.capabilities
            for name, provider in self.asked(only).items()
            if provider.capabilities.can(Capability.BARS, instrument.asset_class)
        }
        if not offers and only is not None:
            raise self._refusal(Capability.BARS, instrument, only)
        if not offers:
            raise _unknown(instrument, "any configured provider")
        names = [name for name, can in offers.items() if can.source(interval) is not None]
        if not names:
            known = [i for i in Interval if any(can.source(i) for can in offers.values())]
            message = (
                f"No provider of {instrument.id} offers {interval.value} bars: "
                f"use one of {', '.join(i.value for i in known)}."
            )
            raise UnsupportedInterval(message, "interval")
        found = dict.fromkeys(offers[name].basis for name in (*self._usable(names), *names))
        comparable, *others = [[n for n in names if offers[n].basis is basis] for basis in found]
        return [comparable, *filter(None, map(self.who_tell, others))]

    def who_tell(self, names: Sequence[str]) -> Sequence[str]:
        """Those of the names with a list of what they have.

        Of the others only a call tells whether they have what nobody before them does: some allow
        25 calls a day, and symbols are often misspelt.
        """
        return [n for n in names if Capability.INSTRUMENTS in self.provider(n).capabilities.offers]

    def _listing(self, names: Sequence[str], instrument: Instrument) -> Sequence[str]:
        """Without those that deny to have bars of it, unless all do."""
        return [
            name for name in names if not self._unlisted.knows(name, instrument.id, Capability.BARS)
        ] or names

    def _refusal(
        self, capability: Capability, instrument: Instrument, only: str
    ) -> MarketDataError:
        """Why the provider that was named cannot answer: it deals in other things, or tells others.

        Of another provider's instrument nothing is known there; else the way of asking is wrong.
        """
        kind, can = instrument.asset_class, self.provider(only).capabilities
        if capability in can.offers and kind not in can.asset_classes:
            return _unknown(instrument, only)
        able = [n for n, p in self._catalogue.all().items() if p.capabilities.can(capability, kind)]
        remedy = f"name {either(able)}, or leave provider out" if able else "no other does"
        return NotOffered(
            f"{only} does not offer {called(capability, kind)}: {remedy}.", "provider"
        )

    def _usable(self, names: Sequence[str]) -> Sequence[str]:
        """Without those that lack their key, unless all do."""
        open_to_us = [n for n in names if (p := self.provider(n)).has_key or not p.needs_key]
        return open_to_us or names


def either(names: Sequence[str]) -> str:
    """One of the names, as a person says it."""
    return " or ".join(names) if len(names) < _MANY else f"one of {', '.join(names)}"


def _unknown(instrument: Instrument, whom: str) -> UnknownInstrument:
    kind = instrument.asset_class.value
    return UnknownInstrument(f"{instrument.id} is a {kind}, not listed by {whom}.")
