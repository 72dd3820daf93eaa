"""The providers' instrument lists in the memory of the process."""

from collections.abc import Sequence

from msgspec import structs

from domain.instrument import Listing
from ports.instrument_store import InstrumentStore


class MemoryInstrumentStore(InstrumentStore):
    """Forgets everything with the process."""

    def __init__(self) -> None:
        """Nothing is listed yet."""
        self._lists: dict[str, dict[str, Listing]] = {}
        self._fetched_at: dict[str, float] = {}

    async def replace(self, provider: str, listings: Sequence[Listing], fetched_at: float) -> None:
        before = self._lists.get(provider, {})
        delisted = {s: structs.replace(each, active=False) for s, each in before.items()}
        fresh = {each.symbol: structs.replace(each, provider=provider) for each in listings}
        self._lists[provider] = delisted | fresh
        self._fetched_at[provider] = fetched_at

    async def fetched_at(self, provider: str) -> float | None:
        return self._fetched_at.get(provider)

    async def of_symbol(self, provider: str, symbol: str) -> Listing | None:
        return self._lists.get(provider, {}).get(symbol)

    async def of_instrument(self, instrument: str) -> Sequence[Listing]:
        found = [each for each in self._all() if each.instrument.id == instrument]
        return sorted(found, key=lambda each: (each.provider, each.symbol))

    async def search(self, text: str, limit: int) -> Sequence[Listing]:
        found = [each for each in self._all() if any(text in name for name in _names(each))]
        return sorted(found, key=lambda each: _rank(each, text))[:limit]

    def _all(self) -> Sequence[Listing]:
        return [each for listed in self._lists.values() for each in listed.values()]


def _names(listing: Listing) -> tuple[str, str]:
    return listing.symbol.upper(), listing.instrument.id


def _rank(listing: Listing, text: str) -> tuple[bool, bool, str, str, str]:
    begins = any(name.startswith(text) for name in _names(listing))
    where = (listing.instrument.id, listing.provider, listing.symbol)
    return (not begins, not listing.active, *where)
