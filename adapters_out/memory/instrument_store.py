"""The providers' instrument lists in the memory of the process."""

from collections.abc import Iterable, Mapping, Sequence

from msgspec import structs

from domain.alike import hints, hints_of
from domain.instrument import Listing
from ports.instrument_store import ALIKE, InstrumentStore


class MemoryInstrumentStore(InstrumentStore):
    """Forgets everything with the process."""

    def __init__(self) -> None:
        """Nothing is listed yet."""
        self._lists: dict[str, dict[str, Listing]] = {}
        self._former: list[Listing] = []
        self._fetched_at: dict[str, float] = {}

    async def replace(self, provider: str, listings: Sequence[Listing], fetched_at: float) -> None:
        before, end = self._lists.get(provider, {}), int(fetched_at)
        fresh = {each.symbol: structs.replace(each, provider=provider) for each in listings}
        for symbol, each in fresh.items():
            old = before.get(symbol)
            if old is not None and old.instrument != each.instrument:
                start = end if each.valid_from is None else each.valid_from
                fresh[symbol] = structs.replace(each, valid_from=start)
                self._former.append(structs.replace(_ended(old, start), active=False))
            elif old is not None and each.valid_from is None:
                fresh[symbol] = structs.replace(each, valid_from=old.valid_from)
        gone = {symbol: _ended(each, end) for symbol, each in before.items() if symbol not in fresh}
        self._lists[provider] = gone | fresh
        self._fetched_at[provider] = fetched_at

    async def lists(self) -> Mapping[str, float]:
        return dict(self._fetched_at)

    async def of_instrument(self, instrument: str) -> Sequence[Listing]:
        found = [each for each in self._all() if each.instrument.id == instrument]
        return sorted(found, key=lambda each: (each.provider, each.symbol))

    async def spelled(self, text: str) -> Sequence[Listing]:
        former = sorted(self._former, key=lambda each: -(each.valid_to or 0))
        found = [each for each in (*self._all(), *former) if text in _names(each)]
        return sorted(found, key=lambda each: (each.provider, each.symbol))

    async def search(self, text: str, limit: int) -> Sequence[Listing]:
        ranked = [(_match(each, text), each) for each in self._all()]
        found = [(match, each) for match, each in ranked if match is not None]
        found.sort(key=lambda pair: (pair[0], not pair[1].active, *_where(pair[1])))
        return [each for _, each in found[:limit]]

    async def alike(self, text: str) -> Sequence[Listing]:
        wanted = hints(text)
        found = (each for each in self._all() if not wanted.isdisjoint(hints_of(each)))
        return sorted(found, key=_where)[:ALIKE]

    def _all(self) -> Iterable[Listing]:
        return [each for listed in self._lists.values() for each in listed.values()]


def _ended(listing: Listing, at: int) -> Listing:
    """No longer listed since ``at``, unless it ended before."""
    end = at if listing.valid_to is None else listing.valid_to
    return structs.replace(listing, active=False, valid_to=end)


def _names(listing: Listing) -> tuple[str, str]:
    return listing.symbol.upper(), listing.instrument.id


def _where(listing: Listing) -> tuple[str, str, str]:
    return listing.instrument.id, listing.provider, listing.symbol


def _match(listing: Listing, text: str) -> int | None:
    """How well it fits: 0 exactly, 1 what is traded, to 4 by its name only; None: not at all."""
    names = _names(listing)
    fits = (
        text in names,
        text == listing.instrument.base,
        any(name.startswith(text) for name in names),
        any(text in name for name in names),
        text in listing.name.upper(),
    )
    return fits.index(True) if any(fits) else None
