"""The health of a provider as a value."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from domain.circuit import (
    COOLDOWN_MAX_S,
    KEY_REST_MAX_S,
    KEY_REST_S,
    PROBE_LEASE_S,
    CircuitState,
    Outcome,
    ProviderHealth,
    Unwritten,
    after,
    allows,
    claim_probe,
    replay,
)

NOW = 1_700_000_000.0


def outcomes(marks: str, at: float = NOW) -> list[Outcome]:
    """A `+` is a success, a `-` a fault."""
    return [Outcome(mark == "+", 0.1, at) for mark in marks]


def opened(at: float = NOW) -> ProviderHealth:
    """A circuit that has just opened."""
    return replay(ProviderHealth(), outcomes("-----", at))


def test_five_faults_in_a_row_open_it() -> None:
    """Four faults are bad luck, the fifth opens the circuit for two seconds."""
    four = replay(ProviderHealth(), outcomes("----"))
    assert (four.state, allows(four, NOW)) == (CircuitState.CLOSED, True)
    five = after(four, Outcome(False, 1.0, NOW))
    assert (five.state, five.retry_at) == (CircuitState.OPEN, NOW + 2)
    assert not allows(five, NOW + 1.9)


@pytest.mark.parametrize(
    ("marks", "state"),
    [
        ("+-+-+-+-+-", CircuitState.CLOSED),
        ("+-+-+-+---", CircuitState.OPEN),
        ("+-+---+-", CircuitState.CLOSED),
        ("----+" * 2, CircuitState.OPEN),
        ("+" * 30 + "-+--+--+--+--+--", CircuitState.OPEN),
    ],
)
def test_more_than_half_of_the_recent_calls_open_it(marks: str, state: CircuitState) -> None:
    """At least ten calls are needed, and only the last twenty count."""
    assert replay(ProviderHealth(), outcomes(marks)).state is state


def test_one_probe_closes_it() -> None:
    """After the cool-down one caller gets the probe; its success forgets the past."""
    health = opened()
    assert claim_probe(health, NOW + 1.9) == (health, False)
    health, first = claim_probe(health, NOW + 2)
    assert (first, claim_probe(health, NOW + 3)[1]) == (True, False)
    assert (health.state, allows(health, NOW + 3)) == (CircuitState.HALF_OPEN, False)
    health = after(health, Outcome(True, 0.2, NOW + 3, probe=True))
    assert health == ProviderHealth(recent=(True,), latencies_s=(0.2,))


def test_the_cool_down_doubles_up_to_a_limit() -> None:
    """Failing probes wait 4, 8, 15, 15 seconds."""
    health, now, waits = opened(), NOW, []
    for _ in range(4):
        assert health.retry_at is not None
        now = health.retry_at
        health, claimed = claim_probe(health, now)
        assert claimed
        health = after(health, Outcome(False, 1.0, now, probe=True))
        assert health.retry_at is not None
        waits.append(health.retry_at - now)
    assert waits == [4, 8, COOLDOWN_MAX_S, COOLDOWN_MAX_S]


def test_a_dead_prober_loses_its_claim() -> None:
    """When the lease of the probe has ended the next one may try."""
    health, _ = claim_probe(opened(), NOW + 2)
    assert not claim_probe(health, NOW + 2 + PROBE_LEASE_S - 0.1)[1]
    assert claim_probe(health, NOW + 2 + PROBE_LEASE_S)[1]


def test_an_open_circuit_is_probed_soon_after_recovery() -> None:
    """The longest cool-down and a dead prober together take less than thirty seconds."""
    assert COOLDOWN_MAX_S + PROBE_LEASE_S < 30


def test_what_was_sent_before_it_opened_changes_nothing() -> None:
    """Late successes do not close it, late faults do not prolong it."""
    health = opened()
    assert replay(health, outcomes("+-+-", NOW + 1)) == health


def test_a_late_probe_of_an_older_opening_does_not_count_twice() -> None:
    """A fault of a probe that had lost its claim leaves the cool-down as it is."""
    health, _ = claim_probe(opened(), NOW + 2)
    health = after(health, Outcome(False, 1.0, NOW + 3, probe=True))
    assert after(health, Outcome(False, 1.0, NOW + 4, probe=True)) == health


def test_a_clock_set_back_does_not_keep_it_open() -> None:
    """A cool-down or claim that lies further ahead than any can is over."""
    assert allows(opened(NOW + 3600), NOW)
    claimed, _ = claim_probe(opened(NOW), NOW + 3600)
    assert allows(claimed, NOW)


@given(
    st.lists(st.tuples(st.floats(0, 20), st.booleans(), st.booleans(), st.booleans()), max_size=80)
)
def test_it_never_gets_stuck_and_never_lets_two_probes_through(
    steps: list[tuple[float, bool, bool, bool]],
) -> None:
    """Whatever happens, one probe at a time, bounded waits, bounded memory, bounded scores."""
    health, now, lease_end = ProviderHealth(), NOW, 0.0
    for pause, ok, probe, claims in steps:
        now += pause
        if claims:
            health, claimed = claim_probe(health, now)
            assert not (claimed and now < lease_end)
            lease_end = now + PROBE_LEASE_S if claimed else lease_end
        health = after(health, Outcome(ok, 0.1, now, probe=probe))
        lease_end = lease_end if health.state is CircuitState.HALF_OPEN else 0.0
        assert allows(health, now + COOLDOWN_MAX_S + PROBE_LEASE_S)
        assert max(len(health.recent), len(health.latencies_s)) <= 20
        assert 0 <= health.score <= 100


def test_the_figures_for_people() -> None:
    """Error rate, median latency and score follow from the recent calls."""
    health = ProviderHealth(recent=(True, False, True, True), latencies_s=(0.1, 0.3, 0.2))
    assert (health.error_rate, health.latency_p50_ms) == (0.25, 200.0)
    assert health.score == pytest.approx(75 - 0.6)
    assert (opened().score, claim_probe(opened(), NOW + 2)[0].score) == (0.0, 0.0)
    assert ProviderHealth().score == 100.0
    assert ProviderHealth().latency_p50_ms is None


def test_only_dull_news_may_wait() -> None:
    """Successes of a closed circuit are written once a second, anything else at once."""
    quiet = Unwritten(ProviderHealth(), (), NOW).plus(Outcome(True, 0.1, NOW))
    assert quiet.can_wait(NOW + 0.9)
    assert not quiet.can_wait(NOW + 1.0)
    assert not quiet.plus(Outcome(False, 0.1, NOW)).can_wait(NOW)
    assert not Unwritten(opened(), (), NOW).plus(Outcome(True, 0.1, NOW)).can_wait(NOW)
    shaky = replay(ProviderHealth(), outcomes("-"))
    assert not Unwritten(shaky, (), NOW).plus(Outcome(True, 0.1, NOW)).can_wait(NOW)


def refusal(at: float, key: str = "ours") -> Outcome:
    """A call whose key was not accepted."""
    return Outcome(True, 0.1, at, refused_key=key)


def test_a_refused_key_rests_and_an_answer_ends_that() -> None:
    """Another key is not concerned; what is no answer with data changes nothing."""
    refused = after(ProviderHealth(), refusal(NOW))
    assert refused.state is CircuitState.CLOSED
    assert [refused.rests("ours", NOW + s) for s in (0, 14, 15, -1)] == [True, True, False, False]
    assert not refused.rests("other", NOW)
    assert not refused.rests("", NOW)
    assert not ProviderHealth().rests("", NOW)
    later = after(refused, Outcome(True, 0.1, NOW + 40))
    assert later.refuses("ours")
    ended = after(later, Outcome(True, 0.1, NOW + 41, accepted=True))
    assert not ended.refuses("ours")
    assert after(ended, refusal(NOW + 42)).key_rest_s == KEY_REST_S


def test_each_refusal_doubles_the_rest_up_to_ten_minutes() -> None:
    """Of the same key, and calls that were sent at the same time count once."""
    health, at, rests = ProviderHealth(), NOW, list[float]()
    for _ in range(9):
        for _ in range(3):
            health = after(health, refusal(at))
        rests.append(health.key_rest_s)
        at += health.key_rest_s
    assert rests == [15, 30, 60, 120, 240, 480, 600, 600, 600]
    assert after(health, refusal(at, "other")).key_rest_s == KEY_REST_S
    endless = replay(ProviderHealth(), [refusal(NOW + k * KEY_REST_MAX_S) for k in range(3000)])
    assert endless.key_rest_s == KEY_REST_MAX_S


def test_a_refused_key_outlives_its_circuit() -> None:
    """A probe that is answered with a refusal closes the circuit and keeps the key out."""
    probed, _ = claim_probe(opened(), NOW + 3)
    closed = after(probed, replace(refusal(NOW + 3), probe=True))
    assert (closed.state, closed.rests("ours", NOW + 4)) == (CircuitState.CLOSED, True)


def test_neither_a_refused_key_nor_its_acceptance_waits_to_be_written() -> None:
    """All processes are to know at once."""
    told = Unwritten(written_at=NOW)
    assert told.plus(Outcome(True, 0.1, NOW, accepted=True)).can_wait(NOW)
    assert not told.plus(refusal(NOW)).can_wait(NOW)
    known = Unwritten(ProviderHealth(refused_key="ours"), written_at=NOW)
    assert not known.plus(Outcome(True, 0.1, NOW, accepted=True)).can_wait(NOW)
