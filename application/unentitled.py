"""A short memory of what the plans behind our keys do not include."""

from collections.abc import Hashable

from ports.clock import Clock

KEEP_S = 900.0
_NEWER_S = 30 * 86_400  # a plan that refuses old bars may well grant those that are newer

Subject = tuple[Hashable, ...]  # the provider and what distinguishes the kind


class Unentitled:
    """Remembers for 15 minutes that a provider's plan does not include a kind of data.

    The kind is capability, asset class and interval, or that of the facts about futures. A
    question for what begins more than 30 days later than what was refused is another one: plans
    end in the past.
    """

    def __init__(self, clock: Clock) -> None:
        """Know nothing."""
        self._clock = clock
        self._denied: dict[Subject, tuple[float, int | None]] = {}

    def note(self, subject: Subject, start: int | None) -> None:
        """The provider has just said so of what begins at ``start`` (Unix s)."""
        self._denied[subject] = (self._clock.now() + KEEP_S, start)

    def until(self, subject: Subject, start: int | None) -> float | None:
        """Until when (Unix s) not to ask; None: it may be asked."""
        until, refused = self._denied.get(subject, (0.0, None))
        if until <= self._clock.now():
            return None
        is_newer = refused is not None and start is not None and start > refused + _NEWER_S
        return None if is_newer else until
