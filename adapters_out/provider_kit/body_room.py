"""Room for the bodies that are on their way to us, of all providers together.

A page of bars is small and never waits. What grows larger takes its bytes from a common store, so
that any number of providers that send far too much at once cost no more than a few of them. When
the store is empty bodies stop being read, except the one that goes before all others: it always
gets on, so that everybody does in the end. One provider alone cannot take more than half.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

from adapters_out.provider_kit.calls import MIB
from domain.provider import Priority

FREE_BYTES = 256 * 1024
SHARED_BYTES = 16 * MIB


class Guest:
    """One body that comes in; ``waits`` from the moment it finds no room until it has it."""

    __slots__ = ("owner", "place", "rank", "taken", "waits", "wants")

    def __init__(self, owner: str, rank: tuple[int, int]) -> None:
        """It has nothing yet; the lower ``rank`` goes first."""
        self.owner = owner
        self.rank = rank
        self.taken = 0
        self.wants = 0
        self.waits = False
        self.place: asyncio.Future[None] | None = None


class BodyRoom:
    """``shared`` bytes for what lies beyond the first ``free`` bytes of each body.

    The first in line goes on when all are taken: so there are never more than ``shared`` and
    the rest of the largest body allowed, for each priority.
    """

    def __init__(self, shared: int = SHARED_BYTES, free: int = FREE_BYTES) -> None:
        """All of it is free."""
        self._shared = shared
        self._free = free
        self._numbers = count()
        self._guests: list[Guest] = []  # who has, or wants, some of the shared bytes

    @property
    def taken(self) -> int:
        """Shared bytes in use."""
        return sum(guest.taken for guest in self._guests)

    @contextmanager
    def guest(self, owner: str, priority: Priority) -> Iterator[Guest]:
        """A body of the provider ``owner``; what it took is given back at the end."""
        guest = Guest(owner, (int(priority), next(self._numbers)))
        try:
            yield guest
        finally:
            if guest in self._guests:
                self._guests.remove(guest)
                self._admit()

    async def grow(self, guest: Guest, size: int) -> None:
        """Wait until a body may have grown to so many bytes."""
        guest.wants = max(0, size - self._free - guest.taken)
        if not guest.wants:
            return
        if guest not in self._guests:
            self._guests.append(guest)
        if self._fits(guest):
            self._give(guest)
            return
        guest.waits = True
        guest.place = asyncio.get_running_loop().create_future()
        await guest.place

    def _fits(self, guest: Guest) -> bool:
        if guest is min(self._guests, key=lambda each: each.rank):
            return True
        own = sum(each.taken for each in self._guests if each.owner == guest.owner)
        half = self._shared // 2
        return own + guest.wants <= half and self.taken + guest.wants <= self._shared

    def _give(self, guest: Guest) -> None:
        guest.taken += guest.wants
        guest.wants = 0
        guest.waits = False
        if guest.place is not None and not guest.place.done():
            guest.place.set_result(None)

    def _admit(self) -> None:
        """Let those go on for whom there is room now, in their order."""
        for guest in sorted(self._guests, key=lambda each: each.rank):
            if guest.waits and self._fits(guest):
                self._give(guest)
