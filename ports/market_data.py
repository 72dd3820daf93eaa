"""Providers of market data, as the application sees them."""

from abc import abstractmethod
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Protocol

from msgspec import Struct

from domain.instrument import Instrument, Listing
from domain.provider import BarsAsk, BarsPage, Capabilities, Price, Priority, ProviderPolicy


class CallContext(Struct, frozen=True):
    """On whose behalf a provider is asked.

    ``deadline`` is in ``Clock.monotonic`` seconds (None: only the provider's own time-out per
    call); ``request_id`` goes into the log, never to the provider. ``standby``: another provider
    could answer, so that one which does not answer as quickly as usual need not be waited for.
    ``silence_s``: no single call is waited for longer than that, whatever time is left, unless
    its provider is usually slower.
    """

    deadline: float | None = None
    priority: Priority = Priority.INTERACTIVE
    request_id: str = ""
    standby: bool = False
    silence_s: float | None = None


class MarketDataProvider(Protocol):
    """One provider. Every call may raise ``ProviderError`` or ``DeadlineExceeded``.

    A call paces itself, retries transient faults and keeps the provider's health up to date.
    """

    @property
    @abstractmethod
    def name(self) -> str:
        """As in the API, such as ``binance``."""

    @property
    @abstractmethod
    def policy(self) -> ProviderPolicy:
        """The policy in force, with the operator's overrides applied."""

    @property
    @abstractmethod
    def capabilities(self) -> Capabilities:
        """What it can answer."""

    @property
    @abstractmethod
    def needs_key(self) -> bool:
        """Whether it answers nothing without a key."""

    @property
    @abstractmethod
    def has_key(self) -> bool:
        """Whether a key is configured."""

    @property
    @abstractmethod
    def key_mark(self) -> str:
        """What tells its key from others and gives nothing of it away; empty without one."""

    @abstractmethod
    def bars(self, ask: BarsAsk, context: CallContext) -> AsyncGenerator[BarsPage, None]:
        """Ascending pages that together cover ``ask.range``, to any depth the provider has."""

    @abstractmethod
    async def price(self, instrument: Instrument, context: CallContext) -> Price:
        """The last traded price."""

    @abstractmethod
    async def listings(self, context: CallContext) -> Sequence[Listing]:
        """The complete instrument list."""

    @abstractmethod
    async def ping(self, context: CallContext) -> None:
        """Return if the provider answers its cheapest call."""


class ProviderCatalogue(Protocol):
    """The providers of this installation in the operator's order of preference."""

    @abstractmethod
    def all(self) -> Mapping[str, MarketDataProvider]:
        """Every configured provider by name, most preferred first."""
