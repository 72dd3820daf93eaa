"""Who is asked first: the candidates for one question, ranked, and why the others are not."""

from collections.abc import Iterable, Sequence

from msgspec import Struct

from domain.circuit import CircuitState, ProviderHealth, allows
from domain.errors import (
    AccessDenied,
    Attempt,
    InvalidRequest,
    NotComparable,
    NotEntitled,
    NotListed,
    ProviderUnavailable,
    QuotaExhausted,
    RangeUnavailable,
    RateLimited,
    UnsupportedInterval,
)
from domain.instrument import AssetClass, Instrument
from domain.interval import Interval
from domain.provider import Basis, Capabilities, Capability
from domain.quality import moment, span

WELL = 70.0  # a health score (0..100) below it gives way to every healthier candidate
FORGIVEN_S = 20.0  # without a new fault: who is never asked could never become well again
NEARLY_SPENT = 0.95  # likewise a quota used up to this fraction
SOON_S = 2.0  # a window that has room again within this time is waited for


class Candidate(Struct, frozen=True, kw_only=True):
    """A provider with today's facts.

    ``quota_used`` is of its fullest window of an hour or more, 0..1. Times are Unix s:
    ``frozen_until`` of a pause it asked for, ``spent_until`` of a window without room,
    ``denied_until`` since its plan was found not to include what is asked for.
    """

    name: str
    capabilities: Capabilities
    needs_key: bool = False
    has_key: bool = False
    health: ProviderHealth = ProviderHealth()
    quota_used: float = 0.0
    frozen_until: float | None = None
    spent_until: float | None = None
    denied_until: float | None = None

    @property
    def is_usable(self) -> bool:
        """Whether it lacks no key."""
        return self.has_key or not self.needs_key


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
) -> Ranking:
    """Rank the candidates for one question at ``now`` (Unix s).

    ``interval`` and ``start`` (the oldest bar wanted) are None where they have no meaning.

    - ``only`` is binding: nobody else is chosen or reported, whatever happens;
    - refused is who cannot answer this at all: wrong kind of data, asset class or interval, a
      missing key, too short a history, prices of another basis than those of the most preferred
      who could (unless it is named by ``only``); and who must not be asked now: not entitled as
      far as we know, frozen, out of quota, or behind an open circuit whose probe is not due;
    - the rest by condition (well; ailing or nearly out of quota; to be probed), within that by
      ``preferred``, then by measured health.
    """
    if only is not None:
        candidates = [c for c in candidates if c.name == only]
        if not candidates:
            reason = f"There is no provider called {only}."
            return Ranking(refused=(Attempt(only, InvalidRequest.code, reason),))
    places = {name: place for place, name in reversed(tuple(enumerate(preferred)))}
    candidates = sorted(candidates, key=lambda c: places.get(c.name, len(places)))
    basis = basis_of(candidates, capability, instrument.asset_class, interval)
    fit: list[Candidate] = []
    refused: list[Attempt] = []
    for candidate in candidates:
        unfit = (
            _lacks(candidate, capability, instrument.asset_class, interval)
            or _out_of_reach(candidate, interval, start, now)
            or _not_comparable(candidate, basis)
            or _not_now(candidate, now)
        )
        if unfit is None:
            fit.append(candidate)
        else:
            refused.append(unfit)
    fit.sort(key=lambda c: (_condition(c, now), places.get(c.name, len(places)), -c.health.score))
    return Ranking(tuple(c.name for c in fit), tuple(refused))


def called(wanted: Capability, kind: AssetClass | None = None) -> str:
    """The words for a kind of data, of a class of assets if given."""
    words = _WORDS.get(wanted, wanted.value)
    return words if kind is None else f"{words} of {_KINDS.get(kind, kind.value)}"


def basis_of(
    candidates: Iterable[Candidate], wanted: Capability, kind: AssetClass, interval: Interval | None
) -> Basis | None:
    """What prices stand for: decided by the first, in order of preference, who could answer."""
    able = (
        c.capabilities.basis
        for c in candidates
        if c.is_usable and _lacks(c, wanted, kind, interval) is None
    )
    return next(able, None)


def _lacks(
    candidate: Candidate, wanted: Capability, kind: AssetClass, interval: Interval | None
) -> Attempt | None:
    """What the provider can never do."""
    name, can = candidate.name, candidate.capabilities
    if wanted not in can.offers:
        reason = f"{name} does not offer {called(wanted)}."
        return Attempt(name, NotListed.code, reason, asked=False)
    if kind not in can.asset_classes:
        reason = f"{name} does not list {_KINDS.get(kind, kind.value)}."
        return Attempt(name, NotListed.code, reason, asked=False)
    if not can.can(wanted, kind):
        reason = f"{name} does not offer {called(wanted, kind)}."
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
    if not candidate.is_usable:
        reason = f"{name} needs an API key and none is configured."
        return Attempt(name, AccessDenied.code, reason, asked=False)
    if interval is None or start is None or can.reaches(interval, start, now):
        return None
    reason = (
        f"{name} keeps only {_kept(can, interval)}, which do not reach back to {moment(start)}."
    )
    return Attempt(name, RangeUnavailable.code, reason, asked=False)


def _kept(can: Capabilities, interval: Interval) -> str:
    source = can.source(interval) or interval
    seconds = dict(can.history_s).get(source)
    kept = f"the newest {can.history_bars}" if seconds is None else f"{span(seconds)} of"
    return f"{kept} {source.value} bars"


def _not_comparable(candidate: Candidate, basis: Basis | None) -> Attempt | None:
    """What only a caller who names the provider can want."""
    name, other = candidate.name, candidate.capabilities.basis
    if basis is None or other is basis:
        return None
    reason = (
        f"{name} is not comparable: it has {_BASES[other]}, not {_BASES[basis]}; "
        f"ask with provider={name} for those."
    )
    return Attempt(name, NotComparable.code, reason, asked=False)


def _not_now(candidate: Candidate, now: float) -> Attempt | None:
    """What time will heal."""
    return _out_of_budget(candidate, now) or _resting(candidate, now)


def _out_of_budget(candidate: Candidate, now: float) -> Attempt | None:
    """What must not be sent: the plan has no room for it, or the provider wants a pause."""
    name, denied = candidate.name, candidate.denied_until
    if denied is not None and denied > now:
        reason = (
            f"{name} said that the plan does not include this; "
            f"it is not asked again for {_in(denied - now)}."
        )
        return Attempt(name, NotEntitled.code, reason, asked=False)
    frozen, spent = candidate.frozen_until, candidate.spent_until
    if frozen is not None and frozen > now:
        reason = f"{name} asked for a pause, nothing is sent to it for another {_in(frozen - now)}."
        return Attempt(name, RateLimited.code, reason, frozen)
    if spent is not None and spent > now + SOON_S:
        reason = f"{name} has no quota left, nothing is sent to it for another {_in(spent - now)}."
        return Attempt(name, QuotaExhausted.code, reason, spent)
    return None


def _resting(candidate: Candidate, now: float) -> Attempt | None:
    name, health = candidate.name, candidate.health
    if health.state is CircuitState.CLOSED or allows(health, now):
        return None
    until = health.retry_at if health.state is CircuitState.OPEN else health.probe_until
    reason = f"{name} failed too often lately and is given a rest before it is tried again."
    return Attempt(name, ProviderUnavailable.code, reason, until)


def _condition(candidate: Candidate, now: float) -> int:
    if candidate.health.state is not CircuitState.CLOSED:
        return 2
    ailing = _is_ailing(candidate.health, now) or candidate.quota_used >= NEARLY_SPENT
    return 1 if ailing else 0


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
_BASES = {
    Basis.VENUE: "the prices of one exchange",
    Basis.CONSOLIDATED: "the consolidated prices of a market",
    Basis.AGGREGATE: "averages over many exchanges",
}
_KINDS = {
    AssetClass.CRYPTO: "crypto pairs",
    AssetClass.STOCK: "stocks",
    AssetClass.FUTURE: "futures",
}
