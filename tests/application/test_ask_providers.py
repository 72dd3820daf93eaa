"""Failing over between providers, and what is said when nobody can answer."""

import asyncio

import pytest
from msgspec.structs import replace

from domain.circuit import Outcome
from domain.coverage import GapReason
from domain.errors import (
    AccessDenied,
    Banned,
    DeadlineExceeded,
    NoData,
    NoProviderAvailable,
    NotListed,
    RangeUnavailable,
    UnknownInstrument,
)
from domain.instrument import Listing
from domain.interval import Interval
from domain.query import BarQuery
from domain.timerange import TimeRange
from tests.application.scripted_market import OFFERS
from tests.application.world import (
    BTC,
    DOWN,
    HOUR,
    MINUTE,
    NOW,
    Process,
    World,
    in_virtual_time,
    key,
    minutes,
    opens,
    query,
)

UNLISTED = NotListed("It does not list that.")


def test_the_second_choice_answers_and_that_is_said() -> None:
    """The first one fails: one call each, and the answer names its provider."""

    async def scene() -> None:
        world = World()
        world.first.fails = DOWN
        answer = await Process(world).ask(query(10))
        assert (answer.provider, answer.substituted) == ("second", True)
        assert {source.provider for source in answer.sources} == {"second"}
        assert (len(world.first.pages), len(world.second.pages)) == (1, 1)
        assert await world.store.bounds([key("first")]) == {}

    in_virtual_time(scene())


def test_a_named_provider_is_the_only_one_asked() -> None:
    """Its failure is the answer, although another could have given one."""

    async def scene() -> None:
        world = World()
        world.first.fails = DOWN
        with pytest.raises(NoProviderAvailable) as failed:
            await Process(world).ask(query(provider="first"))
        assert [(a.provider, a.code) for a in failed.value.attempts] == [
            ("first", "provider-unavailable")
        ]
        assert world.second.pages == []

    in_virtual_time(scene())


def test_a_named_provider_is_no_substitute() -> None:
    """Who asks for the second one gets the second one, as wished."""

    async def scene() -> None:
        answer = await Process(World()).ask(query(provider="second"))
        assert (answer.provider, answer.substituted) == ("second", False)

    in_virtual_time(scene())


def test_when_nobody_can_answer_there_is_one_reason_for_each() -> None:
    """A refusal because of the circuit counts, and so does the provider's own time."""

    async def scene() -> None:
        world = World()
        world.first.fails = Banned("It has banned us.", provider="first", retry_at=NOW + 90.0)
        await world.health.open_circuit("second", world.clock.now())
        with pytest.raises(NoProviderAvailable) as failed:
            await Process(world).ask(query())
        reasons = {a.provider: (a.code, a.retry_at) for a in failed.value.attempts}
        assert reasons == {
            "first": ("banned", NOW + 90.0),
            "second": ("provider-unavailable", NOW + 32.0),
        }
        assert len(failed.value.attempts) == 2

    in_virtual_time(scene())


@pytest.mark.parametrize("hung", ["first", "both"])
def test_the_deadline_holds_and_a_hanging_first_choice_leaves_time_for_the_second(
    hung: str,
) -> None:
    """Ten seconds are shared; when all hang the caller hears of it before the time is over."""

    async def scene() -> None:
        world = World()
        world.first.hang()
        if hung == "both":
            world.second.hang()
            with pytest.raises(DeadlineExceeded):
                await Process(world).ask(query())
            assert 9.5 < world.clock.monotonic() <= 10.0
        else:
            answer = await Process(world).ask(query())
            assert (answer.provider, answer.substituted) == ("second", True)
            assert world.clock.monotonic() == pytest.approx(4.9)
        assert world.first.open_generators == 0

    in_virtual_time(scene())


def test_a_provider_that_ignores_its_deadline_is_cut_off() -> None:
    """The second choice still gets its share of the time."""

    async def scene() -> None:
        world = World()
        world.first.hang()
        world.first.deaf = True
        assert (await Process(world).ask(query())).provider == "second"
        assert world.clock.monotonic() == pytest.approx(4.9)

    in_virtual_time(scene())


def test_a_slow_store_does_not_outlast_the_deadline() -> None:
    """Half a second after the deadline the caller has an answer, if only this one."""

    async def scene() -> None:
        world = World()
        world.store.slow_s = 30.0
        with pytest.raises(DeadlineExceeded):
            await Process(world).ask(query())
        assert world.clock.monotonic() <= 10.5

    in_virtual_time(scene())


def test_the_caller_who_waits_for_another_process_is_answered_in_time() -> None:
    """The other one holds the turn for longer: what is stored is served, or else the deadline."""

    async def scene() -> None:
        world = World()
        process, other = Process(world), Process(world)
        await process.ask(query(10, end=NOW - MINUTE))
        world.first.hang()
        world.second.hang()
        long = asyncio.ensure_future(other.ask(query(20), within=60.0))
        await world.clock.sleep(0.1)
        answer = await process.ask(query(20), within=5.0)
        assert (answer.stale, len(answer.series)) == (True, 10)
        assert world.clock.monotonic() <= 5.1
        long.cancel()
        await asyncio.wait([long])

    in_virtual_time(scene())


def test_part_of_the_range_is_served_as_stale_when_everybody_is_down() -> None:
    """The stored bars with the gaps named, never a blend of two providers."""

    async def scene() -> None:
        world = World()
        process = Process(world)
        await process.ask(query(5, end=NOW - 5 * MINUTE))
        await process.ask(query(2, end=NOW - MINUTE, provider="second"))
        world.first.fails = world.second.fails = DOWN
        answer = await process.ask(query(10))
        assert (answer.provider, answer.stale, answer.cached) == ("first", True, True)
        assert opens(answer) == [-10, -9, -8, -7, -6]
        assert [(g.start, g.end, g.reason) for g in answer.gaps] == [
            (NOW - 5 * MINUTE, NOW, GapReason.UNKNOWN)
        ]

    in_virtual_time(scene())


def test_lost_bars_are_named_as_lost_when_nobody_can_replace_them() -> None:
    """It is our loss, and the answer says so."""

    async def scene() -> None:
        world = World()
        process = Process(world)
        await process.ask(query(10))
        world.store.lose(key(), TimeRange(NOW - 3 * MINUTE, NOW - MINUTE))
        world.first.fails = world.second.fails = DOWN
        answer = await process.ask(query(10))
        assert answer.stale
        assert [(g.start, g.reason) for g in answer.gaps] == [
            (NOW - 3 * MINUTE, GapReason.LOST_BY_US)
        ]

    in_virtual_time(scene())


def test_an_empty_range_is_an_answer_and_not_asked_for_again() -> None:
    """No data, one call, nobody else bothered, nobody's health hurt."""

    async def scene() -> None:
        world = World()
        world.first.is_empty = True
        process = Process(world)
        for _ in range(20):
            with pytest.raises(NoData, match=r"first has no 1m bars .*\(no_trades\)"):
                await process.ask(query(60, start=NOW - HOUR, end=NOW - HOUR // 2))
        assert minutes(world.pages) == [(-60, -30)]

    in_virtual_time(scene())


def test_silence_about_the_newest_bar_is_no_answer() -> None:
    """The first one has not even said that there is nothing: the second one is asked."""

    async def scene() -> None:
        world = World()
        world.first.lags = True
        answer = await Process(world).ask(query(1, start=NOW - MINUTE))
        assert (answer.provider, len(answer.series)) == ("second", 1)

    in_virtual_time(scene())


def test_scattered_losses_are_fetched_in_few_calls() -> None:
    """Every third minute of an hour is gone: one call brings all back."""

    async def scene() -> None:
        world = World()
        process = Process(world)
        await process.ask(query(60))
        world.forget_calls()
        for k in range(3, 60, 3):
            world.store.lose(key(), TimeRange(NOW - k * MINUTE, NOW - (k - 1) * MINUTE))
        assert len((await process.ask(query(60))).series) == 60
        assert minutes(world.pages) == [(-57, -2)]

    in_virtual_time(scene())


def test_older_bars_than_the_oldest_stored_one_were_not_listed() -> None:
    """An empty answer for the time before it has that reason, though it came without a bar."""

    async def scene() -> None:
        world = World()
        world.first.listed_from = NOW - 10 * MINUTE
        process = Process(world)
        await process.ask(query(10))
        with pytest.raises(NoData, match="not_listed"):
            await process.ask(query(10, end=NOW - 10 * MINUTE))

    in_virtual_time(scene())


def test_nothing_before_the_listing_is_named_so() -> None:
    """The bars from the listing on, and one gap before it."""

    async def scene() -> None:
        world = World()
        world.first.listed_from = NOW - 4 * MINUTE
        answer = await Process(world).ask(query(10))
        assert opens(answer) == [-4, -3, -2, -1]
        assert [(g.start, g.end, g.reason) for g in answer.gaps] == [
            (NOW - 10 * MINUTE, NOW - 4 * MINUTE, GapReason.NOT_LISTED)
        ]
        assert answer.quality.score.completeness == 100.0
        assert world.second.pages == []

    in_virtual_time(scene())


def test_what_nobody_lists_is_unknown_and_hammering_it_costs_nothing() -> None:
    """One call to each provider within thirty seconds, then one more."""

    async def scene() -> None:
        world = World()
        world.first.fails = world.second.fails = UNLISTED
        process = Process(world)
        for _ in range(50):
            with pytest.raises(UnknownInstrument, match="BTC-USDT is not listed by"):
                await process.ask(query())
        assert (len(world.first.pages), len(world.second.pages)) == (1, 1)
        world.forget_calls()
        with pytest.raises(UnknownInstrument):
            await process.ask(query())
        looks = ["read", "coverage", "series", "series"]  # not one for each provider
        assert world.store.trips == looks
        await world.clock.sleep(31.0)
        world.first.recover()
        assert len((await process.ask(query())).series) == 10

    in_virtual_time(scene())


def test_what_only_the_second_choice_lists_is_served_from_its_store_at_one_round_trip() -> None:
    """The first one is not asked again and again, and the answer is no less honest."""

    async def scene() -> None:
        world = World()
        world.first.fails = UNLISTED
        process = Process(world)
        await process.ask(query())
        world.forget_calls()
        answer = await process.ask(query())
        assert (answer.provider, answer.substituted, answer.cached) == ("second", True, True)
        assert (world.store.trips, world.pages, world.health.looks) == (["read"], [], 0)

    in_virtual_time(scene())


def test_an_unlisted_symbol_at_one_and_an_outage_at_the_other_is_no_unknown_instrument() -> None:
    """The one that is down, but has answered before, may well list it: 503 and not 404."""

    async def scene() -> None:
        world = World()
        await world.health.record("second", Outcome(ok=True, latency_s=0.1, at=NOW))
        world.first.fails, world.second.fails = UNLISTED, DOWN
        with pytest.raises(NoProviderAvailable):
            await Process(world).ask(query())

    in_virtual_time(scene())


def test_who_never_answered_keeps_no_misspelling_from_being_told() -> None:
    """The first choice denies it and the other was out of reach all along: 404, who is said."""

    async def scene() -> None:
        world = World()
        world.first.fails, world.second.fails = UNLISTED, DOWN
        with pytest.raises(UnknownInstrument, match="second could not be asked"):
            await Process(world).ask(query())
        await world.instruments.replace("second", [Listing("second", "BTCUSDT", BTC)], NOW)
        with pytest.raises(NoProviderAvailable):
            await Process(world).ask(query())

    in_virtual_time(scene())


def test_a_range_beyond_everybodys_history_is_unavailable() -> None:
    """Nobody is asked; the reasons say how far each one goes back."""

    async def scene() -> None:
        world = World(replace(OFFERS, history_bars=100))
        with pytest.raises(RangeUnavailable, match="first keeps only the newest 100 1m bars"):
            await Process(world).ask(query(10, start=NOW - 5 * HOUR))
        assert world.pages == []

    in_virtual_time(scene())


def test_a_key_that_is_missing_is_a_reason_and_not_a_call() -> None:
    """The provider that needs one is passed over."""

    async def scene() -> None:
        world = World()
        world.first.key_needed = True
        world.second.fails = AccessDenied("Blocked here.", provider="second")
        with pytest.raises(NoProviderAvailable) as failed:
            await Process(world).ask(query())
        assert [a.code for a in failed.value.attempts] == ["access-denied", "access-denied"]
        assert world.first.pages == []

    in_virtual_time(scene())


def test_a_poor_answer_makes_the_next_provider_try_and_the_better_one_is_kept() -> None:
    """The first one lacks most of the range: its bars are stored, the second one's served."""

    async def scene() -> None:
        world = World(replace(OFFERS, holes=GapReason.PROVIDER_OUTAGE))
        world.first.quiet = {NOW - k * MINUTE for k in range(61, 150)}
        process = Process(world)
        for cached in (False, True):
            answer = await process.ask(query(100, end=NOW - HOUR))
            assert (answer.provider, answer.substituted) == ("second", True)
            assert (len(answer.series), answer.cached) == (100, cached)
        assert (len(world.first.pages), len(world.second.pages)) == (1, 1)
        assert await world.store.bounds([key("first")]) != {}

    in_virtual_time(scene())


@pytest.mark.parametrize("second", ["worse", "fails"])
def test_a_poor_answer_is_served_when_nobody_has_a_better_one(second: str) -> None:
    """It is bad, it says so, and it is better than nothing."""

    async def scene() -> None:
        world = World(replace(OFFERS, holes=GapReason.PROVIDER_OUTAGE))
        world.first.quiet = {NOW - k * MINUTE for k in range(61, 150)}
        if second == "worse":
            world.second.quiet = {NOW - k * MINUTE for k in range(61, 155)}
        else:
            world.second.fails = DOWN
        answer = await Process(world).ask(query(100, end=NOW - HOUR))
        assert (answer.provider, answer.quality.score.status) == ("first", "poor")
        assert [gap.reason for gap in answer.gaps] == [GapReason.PROVIDER_OUTAGE]

    in_virtual_time(scene())


def test_a_more_preferred_provider_that_may_not_be_asked_still_answers_from_the_store() -> None:
    """With a partial bar wanted the second one could be asked, but the series is whole."""

    async def scene() -> None:
        world = World()
        process = Process(world)
        await process.ask(query(10))
        await world.health.open_circuit("first", world.clock.now())
        world.forget_calls()
        answer = await process.ask(query(10, include_partial=True))
        assert (answer.provider, answer.cached, world.pages) == ("first", True, [])

    in_virtual_time(scene())


def test_use_cache_false_prefers_a_fresh_second_to_a_stored_first() -> None:
    """Who insists on asking gets the provider that can be asked, and is told which."""

    async def scene() -> None:
        world = World()
        process = Process(world)
        await process.ask(query(10))
        await world.health.open_circuit("first", world.clock.now())
        answer = await process.ask(query(10, use_cache=False))
        assert (answer.provider, answer.substituted, answer.cached) == ("second", True, False)

    in_virtual_time(scene())


@pytest.mark.parametrize(
    "insists",
    [query(10, use_cache=False), query(10, include_partial=True)],
    ids=["fresh", "forming"],
)
def test_stored_bars_instead_of_those_wanted_from_a_provider_are_stale(insists: BarQuery) -> None:
    """All bars are there, but who insisted on a provider is told that none was heard."""

    async def scene() -> None:
        world = World()
        process = Process(world)
        assert not (await process.ask(query(10))).stale
        world.first.fails = world.second.fails = DOWN
        answer = await process.ask(insists)
        assert (answer.stale, answer.cached, answer.gaps) == (True, True, ())
        assert not (await process.ask(query(10))).stale

    in_virtual_time(scene())


def test_rejected_rows_leave_a_gap_of_unknown_cause_that_is_not_asked_for_every_time() -> None:
    """The row is in quarantine, the answer is not stale, and the provider has its peace."""

    async def scene() -> None:
        world = World()
        world.first.spoilt = {NOW - 5 * MINUTE}
        process = Process(world)
        for _ in range(3):
            answer = await process.ask(query(10))
            assert [(g.start, g.reason) for g in answer.gaps] == [
                (NOW - 5 * MINUTE, GapReason.UNKNOWN)
            ]
            assert not answer.stale
        assert len(world.pages) == 1

    in_virtual_time(scene())


def test_pages_that_came_before_a_fault_stay_and_are_not_fetched_again() -> None:
    """The third page fails: the next question begins there, less the two youngest bars."""

    async def scene() -> None:
        world = World()
        world.first.fails_at_page = {3: DOWN}
        process = Process(world)
        asked = query(1500, provider="first")
        first = await process.ask(asked)
        assert (first.stale, len(first.series)) == (True, 1000)
        world.forget_calls()
        assert len((await process.ask(query(1500))).series) == 1500
        assert minutes(world.pages) == [(-502, -2), (-2, 0)]

    in_virtual_time(scene())


def test_an_interval_that_only_the_second_choice_has_is_its_own_first_choice() -> None:
    """It did not stand in for anybody: nobody else offers such bars."""

    async def scene() -> None:
        world = World()
        world.first._capabilities = replace(OFFERS, intervals=(Interval.H1,))
        answer = await Process(world).ask(query())
        assert (answer.provider, answer.substituted) == ("second", False)

    in_virtual_time(scene())


def test_rows_that_all_went_to_quarantine_are_no_empty_range() -> None:
    """Who sends nothing but rubbish has not answered: the next one is asked, and it is said."""

    async def scene() -> None:
        world = World()
        world.first.spoilt = {NOW - k * MINUTE for k in range(1, 2000)}
        answer = await Process(world).ask(query(10))
        assert (answer.provider, answer.substituted) == ("second", True)
        with pytest.raises(NoProviderAvailable) as failed:
            await Process(world).ask(query(20, provider="first"))
        (attempt,) = failed.value.attempts
        assert (attempt.provider, attempt.code) == ("first", "malformed-payload")

    in_virtual_time(scene())
