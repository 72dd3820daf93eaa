"""What can go wrong with any provider, and when it does."""

from collections.abc import Iterable, Iterator
from enum import Enum
from itertools import count

import numpy as np
from msgspec import Struct

from adapters_in.simulator.noise import fraction, key_of, words
from adapters_in.simulator.ratelimit import RateLimit, Refusal


class FaultKind(Enum):
    """Every fault; the comments name the parameters beside the ones that all share."""

    STATUS = "status"  # status, retry_after_s, code: the provider's own body for that status
    RATE_LIMIT = "rate_limit"  # limit, window_s, patience, ban_s: as the real provider limits
    REDIRECT = "redirect"  # location
    HTML = "html"  # status (200): a page instead of an answer
    DELAY = "delay"  # seconds before the first byte
    HANG = "hang"  # never answers
    DRIP = "drip"  # bytes_per_s
    RESET = "reset"  # TCP reset in the middle of the body
    HALF_BODY = "half_body"  # the connection ends in the middle of the body
    WRONG_LENGTH = "wrong_length"  # Content-Length says less than is sent
    TRUNCATED_JSON = "truncated_json"  # a complete response whose text breaks off
    EMPTY_BODY = "empty_body"
    WRONG_CONTENT_TYPE = "wrong_content_type"
    GZIP_BOMB = "gzip_bomb"  # mib inflated (300)
    HUGE_BODY = "huge_body"  # mib (64)
    DEEP_NESTING = "deep_nesting"
    NAN = "nan"  # rows: so many closes (or the price) are NaN
    INFINITY = "infinity"  # rows
    NULL = "null"  # rows
    DUPLICATES = "duplicates"  # rows
    DISORDER = "disorder"
    MISALIGNED = "misaligned"  # rows open a few seconds late
    IMPOSSIBLE = "impossible"  # rows: high below low
    NEGATIVE_VOLUME = "negative_volume"  # rows
    MISSING = "missing"  # rows are left out
    OUTLIER = "outlier"  # rows: close and high are ten times what they were
    FOREIGN_NEXT_URL = "foreign_next_url"  # location: where links lead
    IGNORED_PAGING = "ignored_paging"  # every page is the first


class Fault(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One fault and when it strikes.

    It strikes calls whose provider is ``provider`` (empty: any) and whose path begins with
    ``path``, from ``after_s`` seconds after it was set, for ``for_s`` seconds, at most ``count``
    times, each time with ``probability``.
    """

    kind: FaultKind
    provider: str = ""
    path: str = ""
    probability: float = 1.0
    count: int | None = None
    after_s: float = 0.0
    for_s: float | None = None
    status: int | None = None
    retry_after_s: float | None = None
    code: str | None = None
    seconds: float = 1.0
    bytes_per_s: float = 64.0
    rows: int = 1
    mib: int | None = None
    location: str = "http://203.0.113.7/elsewhere"
    limit: float = 10.0
    window_s: float = 1.0
    patience: int = 3
    ban_s: float = 120.0

    def concerns(self, provider: str, path: str) -> bool:
        """Whether a call is of the kind that this fault strikes."""
        return self.provider in {"", provider} and path.startswith(self.path)


class _Set:
    """A fault that was set: when, how often it struck, and what it has counted."""

    def __init__(self, fault: Fault, at: float) -> None:
        self.fault = fault
        self.at = at
        self.struck = 0
        self._rates: dict[str, RateLimit] = {}

    def rate(self, provider: str) -> RateLimit:
        """What it has counted of one provider: each counts its own calls."""
        fault = self.fault
        fresh = RateLimit(fault.limit, fault.window_s, fault.patience, fault.ban_s)
        return self._rates.setdefault(provider, fresh)

    def is_due(self, now: float) -> bool:
        fault, age = self.fault, now - self.at
        ended = fault.for_s is not None and age >= fault.after_s + fault.for_s
        spent = fault.count is not None and self.struck >= fault.count
        return age >= fault.after_s and not ended and not spent


class FaultBoard:
    """The faults in force. Chance is a sequence of its own: the same seed, the same luck."""

    def __init__(self, seed: int = 0) -> None:
        """No faults."""
        self._ids = count(1)
        self._set: dict[int, _Set] = {}
        self._key = key_of(seed, "luck")
        self._throws = count()

    def add(self, fault: Fault, now: float) -> int:
        """Set a fault at ``now`` (monotonic s); its number is the answer."""
        number = next(self._ids)
        self._set[number] = _Set(fault, now)
        return number

    def clear(self, number: int | None = None, provider: str | None = None) -> int:
        """Lift one fault, those of one provider, or all; how many there were."""
        gone = [
            n
            for n, entry in self._set.items()
            if number in {None, n} and provider in {None, entry.fault.provider}
        ]
        for n in gone:
            del self._set[n]
        return len(gone)

    def view(self) -> Iterator[tuple[int, Fault, int]]:
        """Number, fault and how often it struck."""
        return ((n, entry.fault, entry.struck) for n, entry in self._set.items())

    def strike(self, provider: str, path: str, now: float) -> tuple[Fault, ...]:
        """The faults that strike a call, in the order in which they were set."""
        return tuple(
            entry.fault
            for entry in self._due(provider, path, now)
            if entry.fault.kind is not FaultKind.RATE_LIMIT and self._hits(entry)
        )

    def refusal(self, provider: str, path: str, weight: float, now: float) -> Refusal | None:
        """Count a call against every rate limit in force; the first refusal."""
        refusals: list[Refusal] = []
        for entry in self._due(provider, path, now):
            if entry.fault.kind is FaultKind.RATE_LIMIT:
                refusal = entry.rate(provider).judge(weight, now)
                if refusal is not None:
                    entry.struck += 1
                    refusals.append(refusal)
        return refusals[0] if refusals else None

    def _due(self, provider: str, path: str, now: float) -> Iterable[_Set]:
        return [
            entry
            for entry in self._set.values()
            if entry.fault.concerns(provider, path) and entry.is_due(now)
        ]

    def _hits(self, entry: _Set) -> bool:
        throw = np.array([next(self._throws)], dtype=np.int64)
        hit = float(fraction(words(self._key, throw), 0)[0]) < entry.fault.probability
        entry.struck += hit
        return hit
