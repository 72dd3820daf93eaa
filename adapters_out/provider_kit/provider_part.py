"""What the parts of a provider, each of which is the source of one kind of data, stand on."""

from abc import ABC, abstractmethod

from adapters_out.provider_kit.conversation import Conversation
from adapters_out.provider_kit.provider import Provider
from domain.errors import CallRefused


class ProviderPart(ABC):
    """A part of :class:`KitProvider`, which has the rest."""

    _provider: Provider
    _talk: Conversation

    @abstractmethod
    def _require_key(self) -> None:
        """Raise ``AccessDenied`` without a key that is needed."""

    @abstractmethod
    def _refused(self, what: str) -> CallRefused:
        """The error for something that the provider does not offer."""
