"""Corporate actions: who can be asked for them, and what we remember of them."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct

from domain.actions import CorporateAction
from domain.instrument import Instrument
from ports.market_data import CallContext


class KnownActions(Struct, frozen=True):
    """All actions of an instrument that one provider told, ascending; ``fetched_at`` in Unix s."""

    provider: str
    actions: tuple[CorporateAction, ...]
    fetched_at: float


class ActionSource(Protocol):
    """One provider's actions."""

    @abstractmethod
    async def actions(
        self, instrument: Instrument, context: CallContext
    ) -> Sequence[CorporateAction]:
        """Every split and dividend that it knows of the instrument.

        Raises:
            ProviderError, DeadlineExceeded: it could not answer.
        """


class ActionCatalogue(Protocol):
    """The same providers as in ``ProviderCatalogue``, asked for actions."""

    @abstractmethod
    def source(self, name: str) -> ActionSource:
        """The provider of that name, which must be one of the catalogue."""


class ActionStore(Protocol):
    """Actions by instrument and provider, with what was believed when."""

    @abstractmethod
    async def write(
        self,
        instrument: str,
        provider: str,
        actions: Sequence[CorporateAction],
        fetched_at: float,
    ) -> int:
        """Take a provider's complete list in one transaction; how many entries changed.

        What it no longer tells is superseded, not forgotten. ``fetched_at`` is in Unix s.
        """

    @abstractmethod
    async def read(
        self, instrument: str, provider: str, as_of: int | None = None
    ) -> KnownActions | None:
        """What is believed now, or was at ``as_of`` (µs); None if it was never told by then."""
