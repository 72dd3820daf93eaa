"""Encoded answers that are asked for again and again, kept in the process for a moment."""

from collections import OrderedDict

from adapters_in.http.encoding import Encoded
from ports.clock import Clock

TTL_S = 2.0  # bounds how long this process may show what another one has corrected
HOT_AFTER = 4  # asks within TTL_S: only a crowd need not see what just became of the store
_ENTRY_BYTES = 1_000  # what an entry costs besides its bodies
_MOST_COUNTED = 4_096


class HotAnswer:
    """One encoded answer; body and headers are put together once per second of its age."""

    __slots__ = ("_encoded", "_second", "body", "etag", "expires_at", "headers")

    def __init__(self, encoded: Encoded, expires_at: float) -> None:
        """``expires_at`` is in ``Clock.monotonic`` seconds."""
        self._encoded = encoded
        self._second = -1
        self.expires_at = expires_at
        self.etag = dict(encoded.headers)["etag"]
        self.body = b""
        self.headers: tuple[tuple[bytes, bytes], ...] = ()

    @property
    def size(self) -> int:
        """The bytes it takes: the pieces and one put together."""
        tail = self._encoded.tail or b""
        return 2 * (len(self._encoded.head) + len(tail)) + _ENTRY_BYTES

    def at(self, now: float) -> None:
        """Bring ``body`` and ``headers`` up to ``now`` (Unix s)."""
        second = int(now)
        if second == self._second:
            return
        self._second = second
        self.body = self._encoded.body(now, cached=True)
        self.headers = (
            (b"content-type", self._encoded.media_type.encode()),
            (b"content-length", b"%d" % len(self.body)),
            (b"cache-control", self._encoded.cache_control(now).encode()),
            *((name.encode(), value.encode()) for name, value in self._encoded.headers),
        )


class HotAnswers:
    """By raw query string; within ``max_bytes``, what was asked for longest ago goes first.

    Kept is what is put for the ``hot_after``-th time within two seconds.
    """

    def __init__(self, clock: Clock, max_bytes: int, *, hot_after: int = 1) -> None:
        """Start empty."""
        self._clock = clock
        self._max_bytes = max_bytes
        self._hot_after = hot_after
        self._bytes = 0
        self._answers: OrderedDict[bytes, HotAnswer] = OrderedDict()
        self._asks: OrderedDict[bytes, tuple[float, int]] = OrderedDict()

    def get(self, query: bytes) -> HotAnswer | None:
        """A fresh answer, brought up to now; None when there is none."""
        answer = self._answers.get(query)
        if answer is None:
            return None
        if answer.expires_at <= self._clock.monotonic():
            self._forget(query)
            return None
        self._answers.move_to_end(query)
        answer.at(self._clock.now())
        return answer

    def put(self, query: bytes, encoded: Encoded) -> None:
        """Keep it for two seconds, but not beyond the close of the next bar; stale ones never."""
        self._forget(query)
        if not self._is_hot(query):
            return
        ttl = min(TTL_S, encoded.fresh_until - self._clock.now())
        answer = HotAnswer(encoded, self._clock.monotonic() + ttl)
        if encoded.stale or ttl <= 0 or answer.size > self._max_bytes:
            return
        self._answers[query] = answer
        self._bytes += answer.size
        while self._bytes > self._max_bytes:
            self._forget(next(iter(self._answers)))

    def clear(self) -> None:
        """Forget everything: somebody had a provider asked again, so anything may have changed."""
        self._answers.clear()
        self._bytes = 0

    def _is_hot(self, query: bytes) -> bool:
        """Count an ask, and say whether there were enough of them."""
        now = self._clock.monotonic()
        since, asks = self._asks.pop(query, (now, 0))
        if now - since > TTL_S:
            since, asks = now, 0
        self._asks[query] = (since, asks + 1)
        if len(self._asks) > _MOST_COUNTED:
            self._asks.popitem(last=False)
        return asks + 1 >= self._hot_after

    def _forget(self, query: bytes) -> None:
        answer = self._answers.pop(query, None)
        if answer is not None:
            self._bytes -= answer.size
