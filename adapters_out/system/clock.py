"""Time, chance and ids from the operating system: the only place that may ask for them."""

import asyncio
import random
import time
import uuid

from ports.clock import Chance, Clock, Ids


class SystemClock(Clock):
    """The machine's clocks."""

    def now(self) -> float:
        """Unix seconds."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds since some fixed moment."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Suspend the task."""
        await asyncio.sleep(max(0.0, seconds))


class SystemChance(Chance):
    """Jitter needs no secrecy, so the fast generator will do."""

    def uniform(self, low: float, high: float) -> float:
        """A number between the two."""
        return random.uniform(low, high)  # jitter is no secret


class SystemIds(Ids):
    """Time-ordered UUIDs (RFC 9562, version 7)."""

    def new(self) -> str:
        """48 bits of milliseconds, then 74 random bits."""
        millis = time.time_ns() // 1_000_000
        noise = uuid.uuid4().int & ((1 << 74) - 1)
        high, low = noise >> 62, noise & ((1 << 62) - 1)
        value = millis << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low
        return str(uuid.UUID(int=value))
