"""Trades and quotes: who can be asked for them, and what we remember of them."""

from abc import abstractmethod
from typing import Protocol

from domain.ticks import Quote, StoredTicks, T, TickKey, TicksAsk, TickSlice, TicksPage, Trade
from domain.timerange import RangeSet, TimeRange
from ports.market_data import CallContext


class TickSource(Protocol):
    """One provider's ticks. Every call may raise ``ProviderError`` or ``DeadlineExceeded``."""

    @abstractmethod
    async def trades(self, ask: TicksAsk, context: CallContext) -> TicksPage[Trade]:
        """Trades of the asked range.

        Raises:
            RangeUnavailable: the provider keeps nothing of that range.
        """

    @abstractmethod
    async def quotes(self, ask: TicksAsk, context: CallContext) -> TicksPage[Quote]:
        """Quotes of the asked range, or the present one. Raises likewise."""


class TickCatalogue(Protocol):
    """The same providers as in ``ProviderCatalogue``, asked for ticks."""

    @abstractmethod
    def source(self, name: str) -> TickSource:
        """The provider of that name, which must be one of the catalogue."""


class TickStore(Protocol):
    """Ticks by kind (``Trade`` or ``Quote``), instrument and provider.

    Ranges are in Unix **ns**. Every method may raise ``StoreUnavailable``.
    """

    @abstractmethod
    async def write(self, kind: type[T], key: TickKey, page: TicksPage[T]) -> int:
        """Remember a page in one transaction; how many of its ticks were new or corrected.

        Ticks are told apart by :func:`domain.ticks.marks`: one that is known already changes
        nothing. A trade whose id is known at that moment, with other values, was corrected by its
        venue: it takes the place of the old one, which is kept aside. ``covers`` joins what is
        covered.
        """

    @abstractmethod
    async def read(self, kind: type[T], key: TickKey, chosen: TickSlice) -> StoredTicks[T]:
        """The chosen ticks, ascending by time; within a moment in the venue's order."""

    @abstractmethod
    async def covered(self, kind: type[T], key: TickKey, span: TimeRange) -> RangeSet:
        """The parts of ``span`` of which everything is held that the provider had."""
