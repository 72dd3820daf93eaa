"""Assets as a whole: who can be asked about them, and what we remember of the answers."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Protocol

from domain.assets import AssetSnapshot, KnownAsset
from ports.market_data import CallContext


class AssetSource(Protocol):
    """One provider's view of assets. Calls may raise ``ProviderError`` or ``DeadlineExceeded``."""

    @abstractmethod
    async def markets(
        self, limit: int, offset: int, context: CallContext
    ) -> Sequence[AssetSnapshot]:
        """Up to ``limit`` assets by rank after the first ``offset``, a multiple of ``limit``."""

    @abstractmethod
    async def asset(self, code: str, context: CallContext) -> AssetSnapshot:
        """One asset by our code, with its metadata.

        Raises:
            NotListed: the provider does not know it.
        """


class AssetCatalogue(Protocol):
    """The same providers as in ``ProviderCatalogue``, asked about assets."""

    @abstractmethod
    def source(self, name: str) -> AssetSource:
        """The provider of that name, which must be one of the catalogue."""


class AssetStore(Protocol):
    """What providers said of assets, now and before. Methods may raise ``StoreUnavailable``.

    ``as_of`` (Unix µs, None: now) asks for what was known then: a pure function of it.
    """

    @abstractmethod
    async def record(self, snapshots: Sequence[AssetSnapshot]) -> int:
        """Remember the snapshots of one provider; how many were new.

        One that says the same as before, or is older than what is known, changes nothing.
        Metadata has a history of its own: a snapshot without any leaves it as it is.
        """

    @abstractmethod
    async def ranked(
        self, provider: str, limit: int, offset: int, as_of: int | None = None
    ) -> Sequence[KnownAsset]:
        """Up to ``limit`` assets that rank behind ``offset``, the newest known one per rank."""

    @abstractmethod
    async def of_asset(
        self, provider: str, code: str, as_of: int | None = None
    ) -> KnownAsset | None:
        """The newest snapshot of the best ranked asset with that code."""
