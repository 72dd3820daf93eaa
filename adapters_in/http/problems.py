"""Errors as RFC 9457 problems: one shape, one mapping from the error tree to statuses."""

import math
from http import HTTPStatus

import msgspec
from msgspec import UNSET, Struct, UnsetType

from domain.errors import (
    AccessDenied,
    Attempt,
    DeadlineExceeded,
    InvalidRequest,
    MarketDataError,
    NoData,
    NoProviderAvailable,
    NotComparable,
    NotEntitled,
    NotListed,
    NotOffered,
    Overloaded,
    ProviderError,
    RangeTooWide,
    RangeUnavailable,
    StoreUnavailable,
    UnknownInstrument,
    UnsupportedInterval,
)

MEDIA_TYPE = "application/problem+json"
_TYPE = "urn:fks-data:problem:"
_RETRY_S = 5  # when nobody knows better
_NO_MATTER_OF_TIME_S = 900  # where a plan or a key has to change: so often we ask again ourselves
_RETRY_MAX_S = 3600


class ProblemAttempt(Struct, frozen=True):
    """Why one provider did not answer; ``retry_at`` is Unix seconds."""

    provider: str
    code: str
    reason: str
    retry_at: int | None = None


class ProblemPart(Struct, frozen=True):
    """One part of the service and what is wrong with it."""

    name: str
    ok: bool
    detail: str = ""


class Problem(Struct, frozen=True, kw_only=True):
    """RFC 9457; the members after ``instance`` appear when they help."""

    type: str
    title: str
    status: int
    detail: str
    instance: str = ""
    hint: str | UnsetType = UNSET
    parameter: str | UnsetType = UNSET
    did_you_mean: tuple[str, ...] | UnsetType = UNSET
    retry_after_s: int | UnsetType = UNSET
    attempts: tuple[ProblemAttempt, ...] | UnsetType = UNSET
    parts: tuple[ProblemPart, ...] | UnsetType = UNSET
    request_id: str | UnsetType = UNSET


class Refused(Exception):
    """A request that the HTTP way in refuses by itself."""

    def __init__(self, problem: Problem, headers: tuple[tuple[str, str], ...] = ()) -> None:
        """Carry the finished problem."""
        super().__init__(problem.detail)
        self.problem = problem
        self.headers = headers


def refuse(
    status: int,
    detail: str,
    *,
    code: str | None = None,
    hint: str | None = None,
    parameter: str | None = None,
    did_you_mean: tuple[str, ...] = (),
) -> Refused:
    """The exception to raise; without a ``code`` the type is that of the status."""
    title = InvalidRequest.title if status == HTTPStatus.BAD_REQUEST else HTTPStatus(status).phrase
    slug = InvalidRequest.code if status == HTTPStatus.BAD_REQUEST else _slug(status)
    problem = Problem(
        type=_TYPE + (code or slug),
        title=title,
        status=status,
        detail=detail,
        hint=hint or UNSET,
        parameter=parameter or UNSET,
        did_you_mean=did_you_mean or UNSET,
    )
    return Refused(problem)


# The first match decides, so descendants stand before their ancestors.
_STATUS: tuple[tuple[type[MarketDataError], int], ...] = (
    (UnsupportedInterval, 422),
    (NotOffered, 422),
    (RangeTooWide, 422),
    (InvalidRequest, 400),
    (UnknownInstrument, 404),
    (NotListed, 404),
    (NoData, 404),
    (RangeUnavailable, 422),
    (NoProviderAvailable, 503),
    (StoreUnavailable, 503),
    (Overloaded, 503),
    (DeadlineExceeded, 504),
    (ProviderError, 503),
)
# What no time heals: a person has to act, or another question to be put.
_LASTING = frozenset(
    kind.code
    for kind in (
        *(AccessDenied, NotEntitled, NotListed, NotComparable),
        *(RangeUnavailable, UnsupportedInterval),
    )
)


def problem_of(error: MarketDataError, now: float) -> Problem:
    """The problem that tells a caller what happened and what to do; ``now`` is Unix seconds."""
    status = next((status for kind, status in _STATUS if isinstance(error, kind)), 500)
    attempts = _attempts(error)
    return Problem(
        type=_TYPE + error.code,
        title=error.title,
        status=status,
        detail=error.message,
        parameter=(error.parameter or UNSET) if isinstance(error, InvalidRequest) else UNSET,
        did_you_mean=_did_you_mean(error),
        retry_after_s=_retry_after(error, now)
        if status >= HTTPStatus.SERVICE_UNAVAILABLE
        else UNSET,
        attempts=tuple(_shown(a) for a in attempts if a.provider) or UNSET,
    )


def unexpected() -> Problem:
    """What a caller may know of a fault of ours."""
    return Problem(
        type=f"{_TYPE}internal-error",
        title="Something went wrong here",
        status=500,
        detail="The service failed in a way that it did not expect; it has been logged.",
        hint="Report the request_id of this answer.",
    )


def encode(problem: Problem, instance: str, request_id: str) -> bytes:
    """The body; ``instance`` is the path that was asked for."""
    finished = msgspec.structs.replace(
        problem, instance=instance[:200], request_id=request_id or UNSET
    )
    return msgspec.json.encode(finished)


def headers_of(problem: Problem) -> tuple[tuple[str, str], ...]:
    """``Retry-After`` where the problem has one; errors are never stored."""
    fixed = (("cache-control", "no-store"),)
    if problem.retry_after_s is UNSET:
        return fixed
    return (*fixed, ("retry-after", str(problem.retry_after_s)))


def _attempts(error: MarketDataError) -> tuple[Attempt, ...]:
    if isinstance(error, NoProviderAvailable):
        return error.attempts
    if isinstance(error, ProviderError):
        return (Attempt(error.provider, error.code, error.message, error.retry_at),)
    return ()


def _shown(attempt: Attempt) -> ProblemAttempt:
    retry_at = None if attempt.retry_at is None else math.ceil(attempt.retry_at)
    return ProblemAttempt(attempt.provider, attempt.code, attempt.reason, retry_at)


def _did_you_mean(error: MarketDataError) -> tuple[str, ...] | UnsetType:
    if isinstance(error, UnknownInstrument | NoProviderAvailable):
        return error.did_you_mean or UNSET
    return UNSET


def _retry_after(error: MarketDataError, now: float) -> int:
    """Seconds until the first chance: the soonest of the providers' times, within an hour."""
    if isinstance(error, Overloaded):
        return max(1, error.retry_after_s)
    attempts = _attempts(error)
    times = [a.retry_at - now for a in attempts if a.retry_at is not None]
    if not times:
        lasts = bool(attempts) and all(a.code in _LASTING for a in attempts)
        return _NO_MATTER_OF_TIME_S if lasts else _RETRY_S
    return max(1, min(_RETRY_MAX_S, math.ceil(min(times))))


def _slug(status: int) -> str:
    return HTTPStatus(status).phrase.lower().replace(" ", "-")
