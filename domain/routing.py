"""Who is asked first: the candidates for one question, ranked, and why the others are not."""

from collections.abc import Sequence

from msgspec import Struct

from domain.circuit import CircuitState, ProviderHealth, allows
from domain.errors import (
    AccessDenied,
    Attempt,
    InvalidRequest,
    NotListed,
    ProviderUnavailable,
    RangeUnavailable,
    RateLimited,
    UnsupportedInterval,
)
from domain.instrument import AssetClass, Instrument
from domain.interval import Interval
from domain.provider import Capabilities, Capability
from domain.quality import moment, span

WELL = 70.0  # a health score (0..100) below it gives way to every healthier candidate
FORGIVEN_S = 20.0  # without a new fault: who is never asked could never become well again
NEARLY_SPENT = 0.95  # likewise a budget used up to this fraction


class Candidate(Struct, frozen=True, kw_only=True):
    """A provider with today's facts: ``budget_used`` 0..1, ``frozen_until`` in Unix s."""

    name: str
    capabilities: Capabilities
    needs_key: bool = False
    has_key: bool = False
    health: ProviderHealth = ProviderHealth()
    budget_used: float = 0.0
    frozen_until: float | None = None


class Ranking(Struct, frozen=True):
    """Names in the order in which to ask, and one reason for each that is not worth asking."""

    chosen: tuple[str, ...] = ()
    refused: tuple[Attempt, ...] = ()


def rank(  # noqa: PLR0913, PLR0917  # the parts of one question and the facts it meets
    candidates: Sequence[Candidate],
    capability: Capability,
    instrument: Instrument,
    interval: Interval | None,
    start: int | None,
    now: float,
    preferred: Sequence[str] = (),
    only: str | None = None,
    patience_s: float = 0.0,
) -> Ranking:
    """Rank the candidates for one question at ``now`` (Unix s).

    ``interval`` and ``start`` (the oldest bar wanted) are None where they have no meaning;
    ``patience_s`` is how long the caller would wait for a frozen budget.

    - ``only`` is binding: nobody else is chosen or reported, whatever happens;
    - refused is who cannot answer this at all: wrong kind of data, asset class or interval, a
      missing key, too short a history; and who must not be asked now: frozen for longer than
      the caller's patience, or behind an open circuit whose probe is not due;
    - the rest by condition (well; ailing, nearly out of budget or frozen for a moment; to be
      probed), within that by ``preferred``, then by measured health.
    """
    if only is not None:
        candidates = [c for c in candidates if c.name == only]
        if not candidates:
            reason = f"There is no provider called {only}."
            return Ranking(refused=(Attempt(only, InvalidRequest.code, reason),))
    fit: list[Candidate] = []
    refused: list[Attempt] = []
    for candidate in candidates:
        unfit = (
            _lacks(candidate, capability, instrument.asset_class, interval)
            or _out_of_reach(candidate, interval, start, now)
            or _not_now(candidate, now, patience_s)
        )
        if unfit is None:
            fit.append(candidate)
        else:
            refused.append(unfit)
    places = {name: place for place, name in reversed(tuple(enumerate(preferred)))}
    fit.sort(key=lambda c: (_condition(c, now), places.get(c.name, len(places)), -c.health.score))
    return Ranking(tuple(c.name for c in fit), tuple(refused))


def _lacks(
    candidate: Candidate, wanted: Capability, kind: AssetClass, interval: Interval | None
) -> Attempt | None:
    """What the provider can never do."""
    name, can = candidate.name, candidate.capabilities
    if wanted not in can.offers:
        reason = f"{name} does not offer {_WORDS.get(wanted, wanted.value)}."
        return Attempt(name, NotListed.code, reason, asked=False)
    if kind not in can.asset_classes:
        reason = f"{name} does not list {_KINDS.get(kind, kind.value)}."
        return Attempt(name, NotListed.code, reason, asked=False)
    if interval is not None and can.source(interval) is None:
        reason = f"{name} has no {interval.value} bars."
        return Attempt(name, UnsupportedInterval.code, reason, asked=False)
    return None


def _out_of_reach(
    candidate: Candidate, interval: Interval | None, start: int | None, now: float
) -> Attempt | None:
    """What a key or a different range would change."""
    name, can = candidate.name, candidate.capabilities
    if candidate.needs_key and not candidate.has_key:
        reason = f"{name} needs an API key and none is configured."
        return Attempt(name, AccessDenied.code, reason, asked=False)
    if interval is None or start is None or can.reaches(interval, start, now):
        return None
    reason = (
        f"{name} keeps only the newest {can.history_bars} {interval.value} bars, "
        f"which do not reach back to {moment(start)}."
    )
    return Attempt(name, RangeUnavailable.code, reason, asked=False)


def _not_now(candidate: Candidate, now: float, patience_s: float) -> Attempt | None:
    """What time will heal."""
    name, health = candidate.name, candidate.health
    frozen = candidate.frozen_until
    if frozen is not None and frozen > now + patience_s:
        reason = f"{name} asked for a pause, nothing is sent to it for another {_in(frozen - now)}."
        return Attempt(name, RateLimited.code, reason, frozen)
    if health.state is CircuitState.CLOSED or allows(health, now):
        return None
    until = health.retry_at if health.state is CircuitState.OPEN else health.probe_until
    reason = f"{name} failed too often lately and is given a rest before it is tried again."
    return Attempt(name, ProviderUnavailable.code, reason, until)


def _condition(candidate: Candidate, now: float) -> int:
    if candidate.health.state is not CircuitState.CLOSED:
        return 2
    frozen = candidate.frozen_until is not None and candidate.frozen_until > now
    ailing = _is_ailing(candidate.health, now) or candidate.budget_used >= NEARLY_SPENT
    return 1 if frozen or ailing else 0


def _is_ailing(health: ProviderHealth, now: float) -> bool:
    faulted_at = now if health.faulted_at is None else health.faulted_at
    return health.score < WELL and 0.0 <= now - faulted_at < FORGIVEN_S


def _in(seconds: float) -> str:
    return span(seconds) if seconds >= 60 else f"{seconds:.0f} s"  # noqa: PLR2004  # a minute


_WORDS = {
    Capability.BARS: "bars",
    Capability.PRICE: "prices",
    Capability.INSTRUMENTS: "an instrument list",
    Capability.ACTIONS: "corporate actions",
    Capability.MARKETS: "market capitalisations",
    Capability.FUTURES: "futures contracts",
}
_KINDS = {
    AssetClass.CRYPTO: "crypto pairs",
    AssetClass.STOCK: "stocks",
    AssetClass.FUTURE: "futures",
}
