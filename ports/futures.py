"""Futures: who can be asked about contracts and products, and what we remember of them."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Protocol

from domain.futures import (
    Contract,
    FuturesAnswer,
    FuturesAsk,
    FuturesPart,
)
from ports.market_data import CallContext

KEEP_S = 30 * 86_400.0  # answers that were not fetched again for so long are forgotten


class FuturesSource(Protocol):
    """One provider's futures. Every call may raise ``ProviderError`` or ``DeadlineExceeded``."""

    @abstractmethod
    async def futures(
        self, ask: FuturesAsk, context: CallContext, *, after: str | None = None
    ) -> FuturesPart:
        """The first part of the answer, or the one that begins at ``after``: a part's ``more``."""


class FuturesCatalogue(Protocol):
    """The same providers as in ``ProviderCatalogue``, asked about futures."""

    @abstractmethod
    def source(self, name: str) -> FuturesSource:
        """The provider of that name, which must be one of the catalogue."""


class FuturesStore(Protocol):
    """Answers about futures by question. Every method may raise ``StoreUnavailable``."""

    @abstractmethod
    async def write(
        self,
        provider: str,
        ask: FuturesAsk,
        part: FuturesPart,
        fetched_at: float,
        *,
        after: str | None = None,
    ) -> bool:
        """Remember the beginning of an answer in the place of an older one.

        With ``after`` it is the part that begins there, and False says that by now the answer
        goes on elsewhere: nothing was changed. A record that the answer has already is dropped.
        Whatever is older than ``KEEP_S`` is forgotten when a new answer begins.
        """

    @abstractmethod
    async def read(self, provider: str, ask: FuturesAsk) -> FuturesAnswer | None:
        """The answer as far as it is known, None if the question was never answered."""

    @abstractmethod
    async def contracts(self, provider: str, ticker: str) -> Sequence[Contract]:
        """Everything that was ever told about a ticker, of whatever decade, newest first."""
