"""Looks at the store that take long, shared by those who ask the same."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Generic, TypeVar

from application.single_flight import SingleFlight

T = TypeVar("T")


class SharedLook(Generic[T]):
    """Does a few looks at a time; whoever asks the same before one has begun shares it.

    Nobody is told of a state older than his question: a look that has begun takes no more callers,
    the next one does. So a crowd costs two looks, and leaves connections to other questions.
    """

    def __init__(self, at_once: int = 2) -> None:
        """Start with nobody looking."""
        self._turns = asyncio.Semaphore(at_once)
        self._flights = SingleFlight[T]()
        self._numbers = count()
        self._open: dict[str, int] = {}

    async def join(self, question: str, work: Callable[[], Awaitable[T]]) -> T:
        """What ``work`` finds, begun after this call."""
        number = self._open.setdefault(question, next(self._numbers))

        async def look() -> T:
            try:
                await self._turns.acquire()
            finally:
                if self._open.get(question) == number:
                    del self._open[question]
            try:
                return await work()
            finally:
                self._turns.release()

        found, _ = await self._flights.join(f"{number}", look)
        return found
