"""Replies that answer the same call again for a while: look-up tables, crumbs."""

from adapters_out.provider_kit.calls import MIB, Reply
from ports.clock import Clock

MOST_BYTES = 8 * MIB


class Kept:
    """The replies of one provider; beyond ``most`` bytes the oldest go, the newest always stays."""

    def __init__(self, clock: Clock, most: int = MOST_BYTES) -> None:
        """Nothing is kept."""
        self._clock = clock
        self._most = most
        self._bytes = 0
        self._replies: dict[bytes, tuple[float, Reply]] = {}

    def __len__(self) -> int:
        return len(self._replies)

    def get(self, identity: bytes) -> Reply | None:
        """The reply to that call, None when there is none or its time is over."""
        until, reply = self._replies.get(identity, (0.0, None))
        return reply if self._clock.monotonic() < until else None

    def put(self, identity: bytes, reply: Reply, seconds: float) -> None:
        """Keep a reply for so many seconds."""
        self.drop(identity)
        self._bytes += _size(identity, reply)
        self._replies[identity] = (self._clock.monotonic() + seconds, reply)
        while self._bytes > self._most and len(self._replies) > 1:
            self.drop(next(iter(self._replies)))

    def drop(self, identity: bytes) -> None:
        """Forget one, if it is there."""
        found = self._replies.pop(identity, None)
        if found is not None:
            self._bytes -= _size(identity, found[1])

    def clear(self) -> None:
        """Forget all."""
        self._replies.clear()
        self._bytes = 0


def _size(identity: bytes, reply: Reply) -> int:
    return len(identity) + len(reply.body)
