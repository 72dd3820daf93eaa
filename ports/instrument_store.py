"""Who lists what under which symbol."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Protocol

from domain.instrument import Listing

ALIKE = 500  # the most listings that a misspelling may resemble


class InstrumentStore(Protocol):
    """The instrument lists of the providers, as fetched last, and what symbols meant before."""

    @abstractmethod
    async def replace(self, provider: str, listings: Sequence[Listing], fetched_at: float) -> None:
        """Take a provider's complete list.

        What it no longer lists becomes inactive and ends at ``fetched_at``. A symbol that now
        means another instrument is a new listing; the old one is kept and ends where the new
        one begins (``valid_from``, or else ``fetched_at``).
        """

    @abstractmethod
    async def lists(self) -> Mapping[str, float]:
        """When the list of each provider was fetched last (Unix s), of those that ever were."""

    @abstractmethod
    async def of_instrument(self, instrument: str) -> Sequence[Listing]:
        """Every provider's current listing of a canonical instrument."""

    @abstractmethod
    async def spelled(self, text: str) -> Sequence[Listing]:
        """Listings, former ones too, whose symbol (in upper case) or instrument is ``text``.

        By provider and symbol; of one symbol the current one first, then the latest.
        """

    @abstractmethod
    async def search(self, text: str, limit: int) -> Sequence[Listing]:
        """Listings whose symbol, instrument or name holds ``text`` (upper case).

        Those with this very symbol or instrument first, then what is traded under it (the pairs
        of a coin, the contracts of a product), those that begin with it, those that hold it, and
        at last those with it in their name; of equals the active ones first, then by instrument,
        provider and symbol.
        """

    @abstractmethod
    async def alike(self, text: str) -> Sequence[Listing]:
        """Listings that share a hint with ``text`` (:mod:`domain.alike`).

        By instrument, provider and symbol, the first 500.
        """
