"""Who lists what under which symbol."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Protocol

from domain.instrument import Listing


class InstrumentStore(Protocol):
    """The instrument lists of the providers, as fetched last."""

    @abstractmethod
    async def replace(self, provider: str, listings: Sequence[Listing], fetched_at: float) -> None:
        """Take a provider's complete list; what it no longer lists becomes inactive."""

    @abstractmethod
    async def fetched_at(self, provider: str) -> float | None:
        """When the provider's list was fetched last (Unix s), None if never."""

    @abstractmethod
    async def of_symbol(self, provider: str, symbol: str) -> Listing | None:
        """The listing behind a provider's own spelling."""

    @abstractmethod
    async def of_instrument(self, instrument: str) -> Sequence[Listing]:
        """Every provider's listing of a canonical instrument."""

    @abstractmethod
    async def search(self, text: str, limit: int) -> Sequence[Listing]:
        """Listings whose symbol or instrument begins with, then contains, ``text`` (upper case)."""
