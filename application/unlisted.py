"""A short memory of who does not list what."""

from domain.provider import Capability
from ports.clock import Clock

KEEP_S = 30.0
MAX_ENTRIES = 10_000

_Subject = tuple[str, str, Capability]


class Unlisted:
    """Remembers for 30 s that a provider does not list an instrument.

    Asking again and again for an unknown symbol, or for one that only a less preferred provider
    has, costs no budget. Who has no bars of it has nothing else of it; who only has no price, ticks
    or actions now may well have its history: a stock that is no longer traded, an expired contract.
    At most 10,000 entries: the oldest give way.
    """

    def __init__(self, clock: Clock) -> None:
        """Know nothing."""
        self._clock = clock
        self._until: dict[_Subject, float] = {}

    def note(self, provider: str, instrument: str, capability: Capability) -> None:
        """The provider has just said so when it was asked for that."""
        subject = (provider, instrument, capability)
        self._until.pop(subject, None)
        while len(self._until) >= MAX_ENTRIES:
            del self._until[next(iter(self._until))]
        self._until[subject] = self._clock.monotonic() + KEEP_S

    def knows(self, provider: str, instrument: str, capability: Capability) -> bool:
        """Whether it said so within the last 30 s, when it was asked for that or for bars."""
        subjects = [(provider, instrument, kind) for kind in {capability, Capability.BARS}]
        return any(self._lasts(subject) for subject in subjects)

    def _lasts(self, subject: _Subject) -> bool:
        until = self._until.get(subject)
        if until is not None and until <= self._clock.monotonic():
            del self._until[subject]
            until = None
        return until is not None
