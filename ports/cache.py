"""Short-lived copies of encoded answers, and one flight at a time."""

from abc import abstractmethod
from typing import Protocol


class Cache(Protocol):
    """Bytes by key for a while. A cache that fails is an empty cache: no method raises."""

    @abstractmethod
    async def get(self, key: str) -> bytes | None:
        """The bytes, or None when absent or expired."""

    @abstractmethod
    async def put(self, key: str, value: bytes, ttl_s: float) -> None:
        """Keep the bytes for at most ``ttl_s`` seconds."""

    @abstractmethod
    async def drop(self, key: str) -> None:
        """Forget one key."""


class Turnstile(Protocol):
    """Lets one process at a time do the same work; leases end by themselves."""

    @abstractmethod
    async def enter(self, key: str, lease_s: float) -> str | None:
        """A token if nobody holds ``key``, else None.

        If it cannot be asked, a token: better two calls than none.
        """

    @abstractmethod
    async def leave(self, key: str, token: str) -> None:
        """Give the key back if the token still holds it."""
