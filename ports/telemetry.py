"""What the service counts about itself, in the words of the business."""

from abc import abstractmethod
from typing import Protocol


class Telemetry(Protocol):
    """Counters, durations and log events. No method raises or blocks."""

    @abstractmethod
    def request_served(self, route: str, method: str, status: int, seconds: float) -> None:
        """One HTTP request was answered."""

    @abstractmethod
    def provider_called(self, provider: str, endpoint: str, outcome: str, seconds: float) -> None:
        """One call to a provider ended; ``outcome`` is ``ok`` or an error's code."""

    @abstractmethod
    def budget_waited(self, provider: str, priority: str, seconds: float) -> None:
        """A call waited that long for its grant."""

    @abstractmethod
    def budget_used(self, provider: str, fraction: float) -> None:
        """The fullest window of the provider's budget, 0..1."""

    @abstractmethod
    def circuit_changed(self, provider: str, state: str) -> None:
        """The provider's circuit went to ``closed``, ``open`` or ``half_open``."""

    @abstractmethod
    def circuit_seen(self, provider: str, state: str) -> None:
        """That is the state of the provider's circuit now, whichever process changed it."""

    @abstractmethod
    def cache_asked(self, layer: str, *, hit: bool) -> None:
        """A cache layer (``memory``, ``shared``, ``store``) was asked."""

    @abstractmethod
    def rows_written(self, provider: str, inserted: int, changed: int, rejected: int) -> None:
        """A batch was committed."""

    @abstractmethod
    def quality_scored(self, provider: str, interval: str, score: float) -> None:
        """An answer was judged, 0..100."""

    @abstractmethod
    def job_ended(self, kind: str, state: str, seconds: float) -> None:
        """A job reached a final state."""

    @abstractmethod
    def event(self, name: str, **fields: object) -> None:
        """One structured log line; fields never hold secrets."""
