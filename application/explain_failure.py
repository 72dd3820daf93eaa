"""Say in one error why nobody could answer."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from domain.errors import (
    Attempt,
    DeadlineExceeded,
    MarketDataError,
    NoProviderAvailable,
    NotComparable,
    NotListed,
    ProviderError,
    RangeUnavailable,
    UnknownInstrument,
    UnsupportedInterval,
)

_UNKNOWN = {NotListed.code, UnsupportedInterval.code, NotComparable.code}
_TOO_OLD = _UNKNOWN | {RangeUnavailable.code}


def attempt_of(provider: str, error: MarketDataError) -> Attempt:
    """One provider's failure as a reason."""
    retry_at = error.retry_at if isinstance(error, ProviderError) else None
    return Attempt(provider, error.code, error.message, retry_at)


def failure_of(
    instrument: str,
    attempts: Sequence[Attempt],
    *,
    late: bool,
    listing: AbstractSet[str] = frozenset(),
) -> MarketDataError:
    """The error that all ``attempts`` amount to; ``late`` says that the caller's time is up.

    ``attempts`` are in order of preference; ``listing`` are the providers that list the
    instrument for all we know, or may do so.

    - nobody who could answer lists the instrument: it is unknown;
    - the most preferred of those who could be asked does not list it, and nobody who failed
      may do so: it is unknown too, and the sentence names who could not be asked (ADR 9);
    - those who list it do not reach that far back: the range is unavailable;
    - the time ran out: the deadline; anything else: no provider, with one reason each.
    """
    codes = {attempt.code for attempt in attempts}
    reasons = "; ".join(f"{a.provider}: {a.reason.rstrip('.')}" for a in attempts) + "."
    if not attempts or (codes <= _UNKNOWN and NotListed.code in codes):
        able = (a.provider for a in attempts if a.code != NotComparable.code)
        people = " or ".join(able) or "any provider"
        return UnknownInstrument(f"{instrument} is not listed by {people}.")
    if _is_denied(attempts, listing):
        return UnknownInstrument(f"{instrument} is not listed by {_votes(attempts)}.")
    if codes <= _TOO_OLD and RangeUnavailable.code in codes:
        return RangeUnavailable(f"Nobody has {instrument} in that range: {reasons}")
    if late or codes == {DeadlineExceeded.code}:
        return DeadlineExceeded(f"No provider answered in time for {instrument}: {reasons}")
    return NoProviderAvailable(f"No provider could answer for {instrument}.", tuple(attempts))


def _is_denied(attempts: Sequence[Attempt], listing: AbstractSet[str]) -> bool:
    """Whether the first who was asked does not list it, and nobody who failed may."""
    asked = [a for a in attempts if a.asked]
    silent = {a.provider for a in asked if a.code != NotListed.code}
    return bool(asked) and asked[0].code == NotListed.code and listing.isdisjoint(silent)


def _votes(attempts: Sequence[Attempt]) -> str:
    """Who denied, and who could not be asked."""
    asked = [a for a in attempts if a.asked]
    denied = " or ".join(a.provider for a in asked if a.code == NotListed.code)
    silent = " and ".join(a.provider for a in asked if a.code != NotListed.code)
    return f"{denied}; {silent} could not be asked" if silent else denied
