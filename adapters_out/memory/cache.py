"""A cache inside one process, bounded by bytes."""

from collections import OrderedDict

from ports.cache import Cache
from ports.clock import Clock

_ENTRY_BYTES = 200  # what an entry costs besides its key and value


class MemoryCache(Cache):
    """Forgets what has expired, then what was asked for longest ago.

    Keys, values and the book-keeping together stay within ``max_bytes``; a value that is larger
    is not kept at all.
    """

    def __init__(self, clock: Clock, max_bytes: int = 64 * 1024 * 1024) -> None:
        self._clock = clock
        self._max_bytes = max_bytes
        self._bytes = 0
        self._entries: OrderedDict[str, tuple[bytes, float]] = OrderedDict()

    @property
    def size_bytes(self) -> int:
        """What the entries take."""
        return self._bytes

    async def get(self, key: str) -> bytes | None:
        return self.peek(key)

    def peek(self, key: str) -> bytes | None:
        """What :meth:`get` answers, for callers that cannot wait."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        if entry[1] <= self._clock.monotonic():
            self._forget(key)
            return None
        self._entries.move_to_end(key)
        return entry[0]

    async def put(self, key: str, value: bytes, ttl_s: float) -> None:
        self._forget(key)
        size = _size(key, value)
        if ttl_s <= 0 or size > self._max_bytes:
            return
        while self._bytes + size > self._max_bytes:
            self._forget(next(iter(self._entries)))
        self._entries[key] = (value, self._clock.monotonic() + ttl_s)
        self._bytes += size

    async def drop(self, key: str) -> None:
        self._forget(key)

    def _forget(self, key: str) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._bytes -= _size(key, entry[0])


def _size(key: str, value: bytes) -> int:
    return len(key) + len(value) + _ENTRY_BYTES
