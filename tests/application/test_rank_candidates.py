"""Who could answer, who not, and what is remembered of that."""

import pytest
from msgspec.structs import replace

from adapters_out.memory.clock import ManualClock
from application.explain_failure import failure_of
from application.fill_gaps import Filled, FillGapsAsk
from application.get_price import PriceQuery
from application.unlisted import KEEP_S, MAX_ENTRIES, Unlisted
from domain.errors import (
    Attempt,
    DeadlineExceeded,
    NoProviderAvailable,
    NotEntitled,
    RangeUnavailable,
    UnknownInstrument,
)
from domain.interval import Interval
from domain.provider import Basis, Capability, Priority, ProviderPolicy, Window
from domain.routing import Ranking
from tests.application.scripted_market import OFFERS
from tests.application.world import (
    BTC,
    DAY,
    DOWN,
    NOW,
    Process,
    World,
    in_virtual_time,
    query,
)


def test_the_facts_of_the_moment_decide_over_the_order() -> None:
    """A provider with an open circuit or a frozen budget is refused with its time."""

    async def scene() -> None:
        world = World()
        candidates = Process(world).candidates
        ranking = await candidates(Capability.BARS, BTC, Interval.M1, NOW)
        assert ranking.chosen == ("first", "second")
        await world.pacer.freeze("first", NOW + 90.0, banned=False)
        ranking = await candidates(Capability.BARS, BTC, Interval.M1, NOW)
        assert ranking.chosen == ("second",)
        assert [(a.provider, a.retry_at) for a in ranking.refused] == [("first", NOW + 90.0)]

    in_virtual_time(scene())


def test_who_does_not_list_an_instrument_is_refused_without_a_look_at_its_health() -> None:
    """For thirty seconds, for that instrument only."""

    async def scene() -> None:
        world = World()
        candidates = Process(world).candidates
        candidates.note_unlisted("first", BTC, Capability.BARS)
        ranking = await candidates(Capability.BARS, BTC, Interval.M1, NOW)
        assert (ranking.chosen, ranking.refused[0].code) == (("second",), "not-listed")
        assert world.health.looks == 1
        assert candidates.offers.first_choice(("first", "second"), BTC) == "second"
        other = replace(BTC, id="ETH-USDT")
        assert candidates.offers.first_choice(("first", "second"), other) == "first"
        await world.clock.sleep(KEEP_S)
        assert candidates.offers.first_choice(("first", "second"), BTC) == "first"

    in_virtual_time(scene())


def test_who_has_no_price_of_an_instrument_may_have_its_history() -> None:
    """A denial of bars counts for all kinds of data, one of another kind for that kind only."""

    async def scene() -> None:
        world = World()
        candidates = Process(world).candidates
        candidates.note_unlisted("first", BTC, Capability.PRICE)
        assert (await candidates(Capability.PRICE, BTC)).chosen == ("second",)
        assert (await candidates(Capability.BARS, BTC, Interval.M1, NOW)).chosen[0] == "first"
        assert candidates.offers.first_choice(("first", "second"), BTC) == "first"
        candidates.note_unlisted("second", BTC, Capability.BARS)
        assert (await candidates(Capability.PRICE, BTC)).chosen == ()

    in_virtual_time(scene())


def test_when_all_are_known_not_to_list_it_the_first_one_speaks() -> None:
    """Somebody's empty store has to be looked into."""

    async def scene() -> None:
        candidates = Process(World()).candidates
        candidates.note_unlisted("first", BTC, Capability.BARS)
        candidates.note_unlisted("second", BTC, Capability.BARS)
        assert candidates.offers.first_choice(("first", "second"), BTC) == "first"

    in_virtual_time(scene())


def test_the_first_choice_for_a_capability_is_who_offers_it() -> None:
    """Whoever has no prices is not the first choice for one."""

    async def scene() -> None:
        world = World()
        candidates = Process(world).candidates
        assert candidates.offers.preferred(Capability.PRICE, BTC) == "first"
        world.first._capabilities = replace(OFFERS, offers=frozenset({Capability.BARS}))
        assert candidates.offers.preferred(Capability.PRICE, BTC) == "second"

    in_virtual_time(scene())


def test_a_plan_without_the_data_is_not_asked_again_for_a_while() -> None:
    """For fifteen minutes, for that kind of data; much younger bars are another matter."""

    async def scene() -> None:
        world = World()
        candidates = Process(world).candidates
        refusal = NotEntitled("Upgrade.", provider="first")
        candidates.note("first", refusal, Capability.BARS, BTC, Interval.M1, NOW)
        ranking = await candidates(Capability.BARS, BTC, Interval.M1, NOW + 3600)
        assert ranking.chosen == ("second",)
        assert [(a.provider, a.code) for a in ranking.refused] == [("first", "not-entitled")]
        for wanted, interval, start in (
            (Capability.BARS, Interval.H1, NOW),
            (Capability.PRICE, None, None),
            (Capability.BARS, Interval.M1, NOW + 31 * DAY),
        ):
            ranking = await candidates(wanted, BTC, interval, start)
            assert ranking.chosen == ("first", "second")
        only = await candidates(Capability.BARS, BTC, Interval.M1, NOW, "first")
        assert (only.chosen, only.refused[0].code) == ((), "not-entitled")
        await world.clock.sleep(900.0)
        ranking = await candidates(Capability.BARS, BTC, Interval.M1, NOW)
        assert ranking.chosen == ("first", "second")

    in_virtual_time(scene())


class TooOld(NotEntitled):
    """The plan includes that, but not so far back."""

    whole_kind = False


def test_a_plan_that_does_not_reach_back_is_asked_for_the_rest() -> None:
    """Other ranges and other instruments are another matter: the kind is included."""

    async def scene() -> None:
        world = World()
        process = Process(world)
        candidates = process.candidates
        refusal = TooOld("Upgrade.", provider="first")
        candidates.note("first", refusal, Capability.BARS, BTC, Interval.M1, NOW)
        ranking = await candidates(Capability.BARS, BTC, Interval.M1, NOW)
        assert ranking.chosen == ("first", "second")

    in_virtual_time(scene())


def test_a_refusal_for_want_of_a_plan_is_met_once() -> None:
    """The second question goes to the next provider only, and the answer says so."""

    async def scene() -> None:
        world = World()
        process = Process(world)
        world.first.fails = NotEntitled("Upgrade.", provider="first")
        for minute in range(3):
            answer = await process.ask(query(start=NOW - 6000 + 600 * minute, limit=10))
            assert (answer.provider, answer.substituted) == ("second", True)
            price = PriceQuery("BTCUSDT", BTC, use_cache=False)
            assert (await process.get_price(price, world.within(5.0))).provider == "second"
        assert (len(world.first.pages), world.first.prices_asked) == (1, 1)

    in_virtual_time(scene())


def test_a_spent_quota_is_no_candidate_until_its_window_turns() -> None:
    """Nobody stands in line for tomorrow; the last of a quota is kept for when nobody else can."""

    async def scene() -> None:
        world = World()
        candidates = Process(world).candidates
        policy = ProviderPolicy(rps=10, windows=(Window(25, DAY, calendar=True),))
        world.first._policy = policy
        for _ in range(24):
            await world.pacer.acquire("first", policy, 1.0, Priority.INTERACTIVE, None)
        ranking = await candidates(Capability.BARS, BTC, Interval.M1, NOW)
        assert ranking == Ranking(("second", "first"))
        await world.pacer.acquire("first", policy, 1.0, Priority.INTERACTIVE, None)
        ranking = await candidates(Capability.BARS, BTC, Interval.M1, NOW)
        midnight = (NOW // DAY + 1) * DAY
        assert ranking.chosen == ("second",)
        assert ranking.refused[0].code == "quota-exhausted"
        assert ranking.refused[0].retry_at == pytest.approx(midnight, abs=0.1)
        await world.clock.sleep(midnight - world.clock.now() + 1)
        ranking = await candidates(Capability.BARS, BTC, Interval.M1, NOW)
        assert ranking == Ranking(("first", "second"))

    in_virtual_time(scene())


def test_a_provider_without_its_key_makes_no_answer_a_substitute() -> None:
    """Who is next is the first choice, in bars, prices and back-fills."""

    async def scene() -> None:
        world = World()
        process = Process(world)
        world.first.key_needed = True
        answer = await process.ask(query())
        assert (answer.provider, answer.substituted) == ("second", False)
        assert (await process.ask(query())).cached
        price = await process.get_price(PriceQuery("BTCUSDT", BTC), world.within(5.0))
        assert (price.provider, price.substituted) == ("second", False)
        filling = FillGapsAsk(BTC, Interval.H1, NOW - DAY, NOW)
        events = [event async for event in process.fill_gaps(filling)]
        end = events[-1]
        assert isinstance(end, Filled)
        assert (end.provider, end.substituted) == ("second", False)

    in_virtual_time(scene())


def test_what_a_provider_without_its_key_once_gave_is_still_served() -> None:
    """It was the operator's choice, so it is no substitute; what it lacks others answer."""

    async def scene() -> None:
        world = World()
        process = Process(world)
        past = query(start=NOW - 6000, limit=10)
        await process.ask(past)
        world.first.key_needed = True
        answer = await process.ask(past)
        assert (answer.provider, answer.substituted, answer.cached) == ("first", False, True)
        assert (await process.ask(query(start=NOW - 60_000))).provider == "second"

    in_virtual_time(scene())


def test_bars_of_another_basis_are_not_served_unless_that_provider_is_named() -> None:
    """An average over exchanges takes the place of no exchange, fetched or stored."""

    async def scene() -> None:
        world = World()
        process = Process(world)
        world.second._capabilities = replace(OFFERS, basis=Basis.AGGREGATE)
        named = await process.ask(query(provider="second"))
        assert (named.provider, named.substituted) == ("second", False)
        world.first.fails = DOWN
        with pytest.raises(NoProviderAvailable) as failure:
            await process.ask(query())
        assert {a.provider: a.code for a in failure.value.attempts} == {
            "first": "provider-unavailable",
            "second": "not-comparable",
        }

    in_virtual_time(scene())


def test_the_memory_of_the_unlisted_is_bounded() -> None:
    """Of many guesses the oldest give way; a repeated one is as young as its last."""
    clock = ManualClock()
    memory = Unlisted(clock)
    memory.note("p", "first", Capability.BARS)
    memory.note("p", "second", Capability.BARS)
    memory.note("p", "first", Capability.BARS)
    for guess in range(MAX_ENTRIES - 1):
        memory.note("p", f"guess{guess}", Capability.BARS)
    assert memory.knows("p", "first", Capability.BARS)
    assert not memory.knows("p", "second", Capability.BARS)
    clock.advance(KEEP_S)
    assert not memory.knows("p", "first", Capability.BARS)


def attempts(*codes: str) -> list[Attempt]:
    """One provider for each code."""
    return [Attempt(f"p{n}", code, "because") for n, code in enumerate(codes)]


def test_many_reasons_amount_to_one_error() -> None:
    """Unknown, too old, too late, or simply unavailable."""
    cases = {
        (): UnknownInstrument,
        ("not-listed", "not-listed"): UnknownInstrument,
        ("not-listed", "unsupported-interval"): UnknownInstrument,
        ("access-denied", "not-listed"): NoProviderAvailable,
        ("range-unavailable", "not-listed", "unsupported-interval"): RangeUnavailable,
        ("range-unavailable", "provider-unavailable"): NoProviderAvailable,
        ("deadline-exceeded", "deadline-exceeded"): DeadlineExceeded,
        ("deadline-exceeded", "banned"): NoProviderAvailable,
    }
    for codes, expected in cases.items():
        failure = failure_of("BTC-USDT", attempts(*codes), late=False)
        assert type(failure) is expected, codes


def test_when_the_time_is_up_that_is_the_error_unless_asking_was_in_vain_anyway() -> None:
    """An unknown instrument is unknown however long it took."""
    late = failure_of("BTC-USDT", attempts("deadline-exceeded", "banned"), late=True)
    assert isinstance(late, DeadlineExceeded)
    unknown = failure_of("BTC-USDT", attempts("not-listed"), late=True)
    assert isinstance(unknown, UnknownInstrument)


def test_an_instrument_that_the_first_choice_denies_is_unknown_though_others_are_silent() -> None:
    """The sentence names who could not be asked; who may list it makes it an outage."""
    silent = [Attempt("p0", "not-listed", "No."), Attempt("p1", "provider-unavailable", "Down.")]
    failure = failure_of("NO-USDT", silent, late=False)
    assert isinstance(failure, UnknownInstrument)
    assert failure.message == "NO-USDT is not listed by p0; p1 could not be asked."
    listed = failure_of("NO-USDT", silent, late=False, listing={"p1"})
    assert isinstance(listed, NoProviderAvailable)


def test_an_outage_of_the_first_choice_makes_no_instrument_unknown() -> None:
    """What the second does not list the first may have; who was never asked says nothing."""
    down = Attempt("p0", "provider-unavailable", "Down.")
    denied = Attempt("p1", "not-listed", "No.")
    assert isinstance(failure_of("A-B", [down, denied], late=False), NoProviderAvailable)
    other = Attempt("p0", "not-listed", "No stocks.", asked=False)
    assert isinstance(failure_of("NOSUCH", [other, down], late=False), NoProviderAvailable)
    keyless = Attempt("p0", "access-denied", "No key.", asked=False)
    assert isinstance(failure_of("NOSUCH", [keyless, denied], late=False), UnknownInstrument)
