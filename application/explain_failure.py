"""Say in one error why nobody could answer."""

from collections.abc import Sequence

from domain.errors import (
    Attempt,
    DeadlineExceeded,
    MarketDataError,
    NoProviderAvailable,
    NotListed,
    ProviderError,
    RangeUnavailable,
    UnknownInstrument,
    UnsupportedInterval,
)

_UNKNOWN = {NotListed.code, UnsupportedInterval.code}
_TOO_OLD = _UNKNOWN | {RangeUnavailable.code}


def attempt_of(provider: str, error: MarketDataError) -> Attempt:
    """One provider's failure as a reason."""
    retry_at = error.retry_at if isinstance(error, ProviderError) else None
    return Attempt(provider, error.code, error.message, retry_at)


def failure_of(instrument: str, attempts: Sequence[Attempt], *, late: bool) -> MarketDataError:
    """The error that all ``attempts`` amount to; ``late`` says that the caller's time is up.

    - nobody who could answer lists the instrument: it is unknown;
    - those who list it do not reach that far back: the range is unavailable;
    - the time ran out: the deadline; anything else: no provider, with one reason each.
    """
    codes = {attempt.code for attempt in attempts}
    reasons = "; ".join(f"{a.provider}: {a.reason.rstrip('.')}" for a in attempts) + "."
    if not attempts or (codes <= _UNKNOWN and NotListed.code in codes):
        people = " or ".join(a.provider for a in attempts) or "any provider"
        return UnknownInstrument(f"{instrument} is not listed by {people}.")
    if codes <= _TOO_OLD and RangeUnavailable.code in codes:
        return RangeUnavailable(f"Nobody has {instrument} in that range: {reasons}")
    if late or codes == {DeadlineExceeded.code}:
        return DeadlineExceeded(f"No provider answered in time for {instrument}: {reasons}")
    return NoProviderAvailable(f"No provider could answer for {instrument}.", tuple(attempts))
