"""The one error tree of the project.

::

    MarketDataError
    ├── InvalidRequest                 the caller's parameters are wrong
    │   ├── UnsupportedInterval
    │   ├── NotOffered                 the provider that was named has nothing of that kind
    │   └── RangeTooWide
    ├── UnknownInstrument              nobody lists it (may carry suggestions)
    ├── NoData                         the range holds no bar and somebody said so
    ├── ProviderError                  one provider could not answer one call
    │   ├── ProviderUnavailable        5xx, reset, hang: retry, fail over, hurts health
    │   │   └── MalformedPayload       an unreadable body is never an empty answer
    │   ├── RateLimited                429: freezes the budget until `retry_at`
    │   │   └── Banned                 418: the same, and the provider means it
    │   ├── QuotaExhausted             a daily or monthly allowance is used up
    │   ├── AccessDenied               key missing or wrong, or a geographic block
    │   │   └── NotEntitled            the key is fine, the plan is not
    │   ├── NotListed                  this provider does not know the symbol
    │   ├── NotComparable              its prices stand for something else than those asked for
    │   ├── RangeUnavailable           it knows the symbol but not that far back
    │   ├── BudgetUnavailable          the shared budget cannot be asked: fail closed
    │   └── CallRefused                our own bug or limit: nothing to retry
    │       └── ValueRefused           a value of the question that it does not take
    ├── NoProviderAvailable            every candidate failed; carries one reason each
    ├── StoreUnavailable               the database cannot be reached
    ├── Overloaded                     we refuse work rather than queue it for ever
    └── DeadlineExceeded               the caller's time is up

What a fault means to the machinery is said by class attributes, so that nobody needs an
``isinstance`` ladder:

``retry``         the same call may succeed if sent again at once
``fail_over``     another provider may do better
``hurts_health``  counts against the provider's circuit
"""

from typing import ClassVar

from msgspec import Struct


class MarketDataError(Exception):
    """Anything this service refuses or fails to do, said in one sentence.

    ``code`` is the stable slug of the problem type.
    """

    code: ClassVar[str] = "error"
    title: ClassVar[str] = "Something went wrong"
    retry: ClassVar[bool] = False
    fail_over: ClassVar[bool] = False
    hurts_health: ClassVar[bool] = False

    def __init__(self, message: str) -> None:
        """Keep the sentence a person reads."""
        super().__init__(message)
        self.message = message


class InvalidRequest(MarketDataError):
    """A parameter is malformed; ``parameter`` names it when there is one."""

    code = "invalid-request"
    title = "The request is malformed"

    def __init__(self, message: str, parameter: str | None = None) -> None:
        """Name the parameter at fault."""
        super().__init__(message)
        self.parameter = parameter


class UnsupportedInterval(InvalidRequest):
    """The interval is well formed but no candidate provider has it."""

    code = "unsupported-interval"
    title = "The interval is not supported"


class NotOffered(InvalidRequest):
    """The provider that was named has nothing of the kind, whatever the instrument or range."""

    code = "not-offered"
    title = "The provider does not offer that"


class RangeTooWide(InvalidRequest):
    """The range holds more bars than one operation may touch."""

    code = "range-too-wide"
    title = "The range is too wide"


class UnknownInstrument(MarketDataError):
    """No provider lists the symbol; ``did_you_mean`` offers near spellings."""

    code = "unknown-instrument"
    title = "The instrument is not known"

    def __init__(self, message: str, did_you_mean: tuple[str, ...] = ()) -> None:
        """Carry the suggestions."""
        super().__init__(message)
        self.did_you_mean = did_you_mean


class NoData(MarketDataError):
    """The provider answered, and the answer is that there are no bars."""

    code = "no-data"
    title = "No data in the range"


class ProviderError(MarketDataError):
    """One provider could not answer; ``provider`` names it, ``retry_at`` is Unix seconds."""

    code = "provider-error"
    title = "A provider could not answer"
    fail_over = True

    def __init__(self, message: str, *, provider: str = "", retry_at: float | None = None) -> None:
        """Remember whose fault it is and when asking again makes sense."""
        super().__init__(message)
        self.provider = provider
        self.retry_at = retry_at


class ProviderUnavailable(ProviderError):
    """The provider is down, slow or broken right now."""

    code = "provider-unavailable"
    title = "The provider is unavailable"
    retry = True
    hurts_health = True


class MalformedPayload(ProviderUnavailable):
    """The body could not be read as what was asked for."""

    code = "malformed-payload"
    title = "The provider sent an unreadable answer"


class RateLimited(ProviderError):
    """The provider asks for a pause until ``retry_at``."""

    code = "rate-limited"
    title = "The provider limits our rate"


class Banned(RateLimited):
    """The provider has banned us until ``retry_at``; calling on prolongs it."""

    code = "banned"
    title = "The provider has banned us"


class QuotaExhausted(ProviderError):
    """The plan's allowance is used up until ``retry_at``."""

    code = "quota-exhausted"
    title = "The provider's quota is used up"


class AccessDenied(ProviderError):
    """Key missing, wrong or blocked: a person has to act."""

    code = "access-denied"
    title = "The provider denies access"


class NotEntitled(AccessDenied):
    """The key works, but the plan does not include this data.

    ``whole_kind``: nothing of that kind, so that other questions about it are in vain too.
    """

    whole_kind: ClassVar[bool] = True

    code = "not-entitled"
    title = "The plan does not include this data"


class NotListed(ProviderError):
    """This provider does not know the symbol."""

    code = "not-listed"
    title = "The provider does not list the instrument"


class NotComparable(ProviderError):
    """Its prices stand for something else: an average over venues is no venue's price."""

    code = "not-comparable"
    title = "The provider is not comparable"


class RangeUnavailable(ProviderError):
    """The provider keeps less history than was asked for."""

    code = "range-unavailable"
    title = "The provider does not keep that range"


class BudgetUnavailable(ProviderError):
    """The budget that all processes share cannot be asked, so nothing is sent."""

    code = "budget-unavailable"
    title = "The shared request budget is unavailable"


class CallRefused(ProviderError):
    """The provider says that our call is wrong; repeating it cannot help."""

    code = "call-refused"
    title = "The provider refused the call"


class ValueRefused(CallRefused):
    """The provider understands the call, but does not take one of its values."""

    code = "value-refused"
    title = "The provider does not take a value"


class Attempt(Struct, frozen=True):
    """Why one candidate provider did not answer.

    ``asked`` is False for one that could not have answered anyway: other kinds of data or assets,
    no key, too short a history.
    """

    provider: str
    code: str
    reason: str
    retry_at: float | None = None
    asked: bool = True


class NoProviderAvailable(MarketDataError):
    """Every candidate failed; ``attempts`` holds one reason each.

    ``did_you_mean``: near spellings, where those who could be asked do not list the symbol.
    """

    code = "no-provider-available"
    title = "No provider could answer"

    def __init__(
        self,
        message: str,
        attempts: tuple[Attempt, ...] = (),
        did_you_mean: tuple[str, ...] = (),
    ) -> None:
        """Collect the reasons."""
        super().__init__(message)
        self.attempts = attempts
        self.did_you_mean = did_you_mean


class StoreUnavailable(MarketDataError):
    """The database cannot be reached or refuses the work."""

    code = "store-unavailable"
    title = "The store is unavailable"


class Overloaded(MarketDataError):
    """The service is at its limit or shutting down; ``retry_after_s`` says when to return."""

    code = "overloaded"
    title = "The service is overloaded"

    def __init__(self, message: str, retry_after_s: int = 1) -> None:
        """Carry the hint."""
        super().__init__(message)
        self.retry_after_s = retry_after_s


class DeadlineExceeded(MarketDataError):
    """The caller's deadline passed before there was an answer."""

    code = "deadline-exceeded"
    title = "The deadline has passed"


def quoted(text: str, most: int = 40) -> str:
    """What a stranger wrote, for a sentence: short, printable, in quotes."""
    part = "".join(c if c.isprintable() and c != '"' else "?" for c in text[:most])
    return f'"{part}{"…" if len(text) > most else ""}"'
