"""Who is asked first, and why the others are not."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.circuit import CircuitState, ProviderHealth
from domain.instrument import AssetClass, Instrument
from domain.interval import Interval
from domain.provider import Basis, Capabilities, Capability
from domain.routing import Candidate, Ranking, rank

NOW = 1_700_000_000.0
PAIR = Instrument.pair("BTC", "USDT")
CAN = Capabilities(
    frozenset({Capability.BARS, Capability.PRICE}),
    frozenset({AssetClass.CRYPTO}),
    (Interval.M1, Interval.H1),
)
SHORT = Capabilities(CAN.offers, CAN.asset_classes, CAN.intervals, history_bars=720)
WELL = ProviderHealth(recent=(True,) * 20, latencies_s=(0.1,) * 20)
AILING = ProviderHealth(recent=(True, False) * 5)
OPEN = ProviderHealth(state=CircuitState.OPEN, retry_at=NOW + 5, cooldown_s=8)
DUE = ProviderHealth(state=CircuitState.OPEN, retry_at=NOW - 1, cooldown_s=8)
PROBING = ProviderHealth(state=CircuitState.HALF_OPEN, probe_until=NOW + 3)


def ask(
    *candidates: Candidate,
    preferred: tuple[str, ...] = (),
    only: str | None = None,
    start: float = NOW - 3600,
) -> Ranking:
    """Rank for minute bars of a pair."""
    return rank(
        candidates,
        Capability.BARS,
        PAIR,
        Interval.M1,
        int(start),
        NOW,
        preferred,
        only,
    )


def one(name: str = "a", health: ProviderHealth = WELL, **facts: object) -> Candidate:
    """A candidate without a flaw but for the facts given."""
    return Candidate(name=name, **{"capabilities": CAN, "health": health, **facts})  # type: ignore[arg-type]  # by name


@pytest.mark.parametrize(
    ("candidate", "code", "words"),
    [
        (
            one(capabilities=Capabilities(frozenset({Capability.PRICE}), CAN.asset_classes)),
            "not-listed",
            "does not offer bars",
        ),
        (
            one(capabilities=Capabilities(CAN.offers, frozenset({AssetClass.STOCK}))),
            "not-listed",
            "does not list crypto pairs",
        ),
        (
            one(capabilities=Capabilities(CAN.offers, CAN.asset_classes, (Interval.D1,))),
            "unsupported-interval",
            "has no 1m bars",
        ),
        (one(needs_key=True), "access-denied", "needs an API key"),
        (one(frozen_until=NOW + 8), "rate-limited", "for another 8 s"),
        (one(frozen_until=NOW + 600), "rate-limited", "for another 10 minutes"),
        (one(spent_until=NOW + 3600), "quota-exhausted", "has no quota left"),
        (one(denied_until=NOW + 600), "not-entitled", "does not include this"),
        (one(health=OPEN), "provider-unavailable", "given a rest"),
        (one(health=PROBING), "provider-unavailable", "given a rest"),
    ],
)
def test_each_refusal_has_its_reason(candidate: Candidate, code: str, words: str) -> None:
    """Who cannot or must not be asked is named with one sentence and the fault's code."""
    ranking = ask(candidate)
    assert ranking.chosen == ()
    (attempt,) = ranking.refused
    assert (attempt.provider, attempt.code) == ("a", code)
    assert words in attempt.reason
    assert attempt.reason.startswith("a ")
    assert attempt.reason.endswith(".")


@pytest.mark.parametrize(
    ("candidate", "until"),
    [
        (one(frozen_until=NOW + 8), NOW + 8),
        (one(health=OPEN), NOW + 5),
        (one(health=PROBING), NOW + 3),
        (one(spent_until=NOW + 3600), NOW + 3600),
        (one(denied_until=NOW + 600), None),
        (one(needs_key=True), None),
    ],
)
def test_what_time_heals_says_when(candidate: Candidate, until: float | None) -> None:
    """A pause or an open circuit carries the moment from which asking makes sense."""
    assert ask(candidate).refused[0].retry_at == until


def test_short_memories_are_not_asked_for_last_year() -> None:
    """720 minute bars reach twelve hours back and no further."""
    kraken = one("kraken", capabilities=SHORT)
    assert ask(kraken, start=NOW - 11 * 3600).chosen == ("kraken",)
    ranking = ask(kraken, one("binance"), start=NOW - 365 * 86_400)
    assert ranking.chosen == ("binance",)
    assert ranking.refused[0].code == "range-unavailable"
    assert "the newest 720 1m bars" in ranking.refused[0].reason


def test_a_price_needs_neither_interval_nor_range() -> None:
    """Questions without bars are not refused for an interval or a history."""
    kraken = one("kraken", capabilities=SHORT)
    for start in (None, 0):
        assert rank([kraken], Capability.PRICE, PAIR, None, start, NOW).chosen == ("kraken",)


def test_a_named_provider_is_binding() -> None:
    """Only that one is chosen or refused, whoever else would do better."""
    ill = one("b", health=OPEN)
    assert ask(one("a"), one("b"), preferred=("a", "b"), only="b").chosen == ("b",)
    ranking = ask(one("a"), ill, only="b")
    assert (ranking.chosen, [r.provider for r in ranking.refused]) == ((), ["b"])
    (unknown,) = ask(one("a"), only="nosuch").refused
    assert (unknown.code, unknown.reason) == (
        "invalid-request",
        "There is no provider called nosuch.",
    )


AVERAGES = Capabilities(CAN.offers, CAN.asset_classes, CAN.intervals, basis=Basis.AGGREGATE)


def test_only_comparable_sources_take_the_place_of_one_another() -> None:
    """What prices stand for is decided by the most preferred; another has to be named."""
    venue, average = one("venue"), one("average", capabilities=AVERAGES)
    ranking = ask(average, venue, preferred=("venue", "average"))
    assert ranking.chosen == ("venue",)
    assert (ranking.refused[0].code, ranking.refused[0].asked) == ("not-comparable", False)
    assert "provider=average" in ranking.refused[0].reason
    assert ask(venue, average, preferred=("average", "venue")).chosen == ("average",)
    assert ask(venue, average, only="average").chosen == ("average",)


def test_who_can_never_answer_does_not_decide_what_is_comparable() -> None:
    """A provider without its key, the capability or the interval is not the measure."""
    average = one("average", capabilities=AVERAGES)
    keyless = one("venue", needs_key=True)
    assert ask(keyless, average, preferred=("venue", "average")).chosen == ("average",)
    hourly = Capabilities(CAN.offers, CAN.asset_classes, (Interval.H1,))
    other = one("venue", capabilities=hourly)
    assert ask(other, average, preferred=("venue", "average")).chosen == ("average",)
    down = one("venue", health=OPEN)
    assert ask(down, average, preferred=("venue", "average")).chosen == ()


def test_preference_decides_between_the_well() -> None:
    """The operator's order counts, not small differences of health; strangers come last."""
    quick = ProviderHealth(recent=(True,), latencies_s=(0.01,))
    ranking = ask(one("a", quick), one("b"), one("c"), preferred=("c", "b"))
    assert ranking.chosen == ("c", "b", "a")


@pytest.mark.parametrize(
    ("seconds", "order"),
    [
        (0.0, ("b", "a")),
        (19.9, ("b", "a")),
        (20.0, ("a", "b")),
        (9e9, ("a", "b")),
        (-1, ("a", "b")),
    ],
)
def test_an_ailing_first_choice_is_tried_again(seconds: float, order: str) -> None:
    """Twenty seconds after its last fault: unasked it could never show that it is well again."""
    first = ProviderHealth(recent=(False,), faulted_at=NOW - seconds)
    assert ask(one("a", first), one("b"), preferred=("a", "b")).chosen == tuple(order)


@pytest.mark.parametrize(
    "worse", [{"health": AILING}, {"quota_used": 0.97}, {"quota_used": 1.0, "spent_until": NOW + 2}]
)
def test_trouble_moves_behind_the_well(worse: dict[str, object]) -> None:
    """Failing, or nearly out of quota: asked after the well, not never."""
    ranking = ask(one("a", **worse), one("b"), preferred=("a", "b"))  # type: ignore[arg-type]  # by name
    assert ranking == Ranking(("b", "a"))


def test_a_probe_comes_last() -> None:
    """A circuit whose cool-down has passed may be tried when nobody else is left."""
    ranking = ask(one("a", DUE), one("b", AILING), one("c"), preferred=("a", "b", "c"))
    assert ranking.chosen == ("c", "b", "a")


def test_without_a_preference_health_decides() -> None:
    """Among equals the one with the better record goes first."""
    slow = ProviderHealth(recent=(True,) * 5, latencies_s=(4.0,) * 5)
    assert ask(one("a", slow), one("b"), one("c")).chosen == ("b", "c", "a")


FACTS = st.builds(
    one,
    name=st.sampled_from("abcdef"),
    health=st.sampled_from([WELL, AILING, OPEN, DUE, PROBING]),
    capabilities=st.sampled_from([CAN, SHORT, Capabilities(frozenset(), frozenset())]),
    needs_key=st.booleans(),
    has_key=st.booleans(),
    quota_used=st.floats(0, 1),
    spent_until=st.none() | st.floats(NOW - 10, NOW + 10),
    denied_until=st.none() | st.floats(NOW - 10, NOW + 10),
    frozen_until=st.none() | st.floats(NOW - 10, NOW + 10),
)


@given(
    st.lists(FACTS, max_size=4, unique_by=lambda c: c.name),
    st.lists(st.sampled_from("abcdef"), unique=True),
    st.sampled_from([NOW - 60, NOW - 10**7]),
)
def test_everybody_is_chosen_or_refused(
    candidates: list[Candidate], preferred: list[str], start: float
) -> None:
    """Each candidate appears once; with a full order the ranking ignores the order of facts."""
    order = (*preferred, *sorted(set("abcdef") - set(preferred)))
    ranking = ask(*candidates, preferred=order, start=start)
    names = [*ranking.chosen, *(r.provider for r in ranking.refused)]
    assert sorted(names) == sorted(c.name for c in candidates)
    for shuffled in permutations(candidates):
        assert ask(*shuffled, preferred=order, start=start).chosen == ranking.chosen
