"""Which of several processes acts."""

from abc import abstractmethod
from typing import Protocol


class Leadership(Protocol):
    """At most one process leads a role at a time; the end of a process ends its leadership."""

    @abstractmethod
    async def is_leader(self, role: str) -> bool:
        """Whether this process leads now, after trying to if nobody does.

        False when nobody can tell: better no leader than two.
        """

    @abstractmethod
    async def resign(self) -> None:
        """Let others lead."""
