"""A short memory of who does not list what."""

from ports.clock import Clock

KEEP_S = 30.0
MAX_ENTRIES = 10_000


class Unlisted:
    """Remembers for 30 s that a provider does not list an instrument.

    Asking again and again for an unknown symbol, or for one that only a less preferred provider
    has, costs no budget. At most 10,000 entries: the oldest give way.
    """

    def __init__(self, clock: Clock) -> None:
        """Know nothing."""
        self._clock = clock
        self._until: dict[tuple[str, str], float] = {}

    def note(self, provider: str, instrument: str) -> None:
        """The provider has just said so."""
        self._until.pop((provider, instrument), None)
        while len(self._until) >= MAX_ENTRIES:
            del self._until[next(iter(self._until))]
        self._until[provider, instrument] = self._clock.monotonic() + KEEP_S

    def knows(self, provider: str, instrument: str) -> bool:
        """Whether it said so within the last 30 s."""
        until = self._until.get((provider, instrument))
        if until is not None and until <= self._clock.monotonic():
            del self._until[provider, instrument]
            until = None
        return until is not None
