"""How not to ask again and again what does not answer."""

from ports.clock import Clock

_PAUSE_S = 1.0


class Outage:
    """Remembers the last fault for a second, so that only one caller a second waits for it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._until = 0.0

    def begin(self) -> None:
        """A fault was met."""
        self._until = self._clock.monotonic() + _PAUSE_S

    @property
    def is_on(self) -> bool:
        """Whether asking is pointless for the moment."""
        return self._clock.monotonic() < self._until
