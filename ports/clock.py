"""Time, chance and identifiers: the three things that make a program unrepeatable."""

from abc import abstractmethod
from typing import Protocol


class Clock(Protocol):
    """Wall time, elapsed time and waiting."""

    @abstractmethod
    def now(self) -> float:
        """Unix seconds, UTC."""

    @abstractmethod
    def monotonic(self) -> float:
        """Seconds that only ever grow; deadlines are expressed in them."""

    @abstractmethod
    async def sleep(self, seconds: float) -> None:
        """Wait; zero or less yields to the other tasks once."""


class Chance(Protocol):
    """Randomness for jitter."""

    @abstractmethod
    def uniform(self, low: float, high: float) -> float:
        """A number between the two."""


class Ids(Protocol):
    """Identifiers that never repeat."""

    @abstractmethod
    def new(self) -> str:
        """At most 36 letters, digits and dashes; later ones sort after earlier ones."""
