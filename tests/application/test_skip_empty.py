"""A start long before the first bar: the answer holds the first bars that there are."""

import pytest
from msgspec.structs import replace

from application.answers import BarsAnswer
from domain.coverage import Gap, GapReason
from domain.errors import NoData
from domain.interval import Interval
from domain.provider import Capabilities
from domain.query import BarQuery
from domain.timerange import TimeRange
from tests.application.scripted_market import OFFERS
from tests.application.world import (
    DAY,
    DOWN,
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

STEADY = replace(OFFERS, holes=GapReason.PROVIDER_OUTAGE, page_bars=1000)
SPARSE = replace(STEADY, holes=GapReason.NO_TRADES)
LISTED = -3000


def at(minute: int) -> int:
    """The open of a minute, counted from the world's full hour."""
    return NOW + minute * MINUTE


def young(can: Capabilities = STEADY, *, skips: bool = True) -> World:
    """Both list the instrument since ``LISTED``; ``first`` gives the first rows that there are."""
    world = World(can)
    for provider in (world.first, world.second):
        provider.listed_from, provider.skips = at(LISTED), skips
    return world


def from_long_ago(limit: int = 10, end: int | None = None, *, as_of: int | None = None) -> BarQuery:
    """From twenty thousand minutes before the full hour."""
    return query(limit, start=at(-20_000), end=end, as_of=as_of)


def lead(answer: BarsAnswer) -> tuple[Gap, ...]:
    """The gaps, in minutes."""
    return tuple(
        Gap((g.start - NOW) // MINUTE, (g.end - NOW) // MINUTE, g.reason) for g in answer.gaps
    )


UNLISTED = Gap(-20_000, LISTED, GapReason.NOT_LISTED)


@pytest.mark.parametrize("can", [STEADY, SPARSE])
def test_a_start_before_the_listing_gives_the_first_bars_at_the_cost_of_one_more_call(
    can: Capabilities,
) -> None:
    """The stretch before is one gap that does not count against the quality."""

    async def scene() -> None:
        world = young(can)
        answer = await Process(world).ask(from_long_ago())
        assert opens(answer) == list(range(LISTED, LISTED + 10))
        assert lead(answer) == (UNLISTED,)
        assert answer.window == TimeRange(at(-20_000), at(LISTED + 10))
        assert answer.quality.score.completeness == 100.0
        assert (answer.provider, answer.stale, answer.cached) == ("first", False, False)
        assert minutes(world.pages) == [(-20_000, -19_990), (-19_990, LISTED + 1000)]

    in_virtual_time(scene())


def test_ten_years_of_days_begin_with_the_first_day() -> None:
    """As somebody asks for Bitcoin since 2015 where it is listed since 2017."""

    async def scene() -> None:
        world, midnight = World(STEADY), NOW - NOW % DAY
        world.first.listed_from, world.first.skips = midnight - 2000 * DAY, True
        asked = query(500, interval=Interval.D1, start=midnight - 4000 * DAY)
        answer = await Process(world).ask(asked)
        assert answer.series.ts[0] == world.first.listed_from
        assert (len(answer.series), answer.next_start) == (500, midnight - 1500 * DAY)
        assert [gap.reason for gap in answer.gaps] == [GapReason.NOT_LISTED]
        assert len(world.pages) == 2

    in_virtual_time(scene())


def test_asked_again_nobody_is_asked() -> None:
    """The store knows where the bars begin, after a restart and without any provider too."""

    async def scene() -> None:
        world = young()
        before = await Process(world).ask(from_long_ago())
        world.forget_calls()
        world.first.fails = world.second.fails = DOWN
        await world.clock.sleep(3.0)
        after = await Process(world).ask(from_long_ago())
        assert (opens(after), after.gaps, after.window) == (
            opens(before),
            before.gaps,
            before.window,
        )
        assert (after.cached, after.stale, world.pages) == (True, False, [])
        assert world.health.looks == 0

    in_virtual_time(scene())


def test_the_next_page_follows_the_last_bar() -> None:
    """Page by page every bar since the listing comes once."""

    async def scene() -> None:
        process, seen = Process(young()), list[int]()
        start: int | None = at(-20_000)
        while start is not None:
            answer = await process.ask(query(1000, start=start))
            seen += opens(answer)
            start = answer.next_start
        assert seen == list(range(LISTED, 0))

    in_virtual_time(scene())


def test_a_limit_counts_bars_also_behind_a_skipped_stretch() -> None:
    """Every third minute is quiet: ten bars are ten bars."""

    async def scene() -> None:
        world = young(SPARSE)
        world.first.quiet = {at(k) for k in range(LISTED + 1, 0, 3)}
        process = Process(world)
        answer = await process.ask(from_long_ago())
        assert opens(answer) == [LISTED + k for k in (0, 2, 3, 5, 6, 8, 9, 11, 12, 14)]
        assert answer.next_start == at(LISTED + 15)
        assert len(world.pages) == 2
        world.forget_calls()
        again = await process.ask(from_long_ago())
        assert (opens(again), world.pages) == (opens(answer), [])

    in_virtual_time(scene())


def test_an_end_bounds_the_search() -> None:
    """Between start and end there are seven bars, or none at all."""

    async def scene() -> None:
        world = young()
        process = Process(world)
        with pytest.raises(NoData):
            await process.ask(from_long_ago(end=at(LISTED)))
        assert minutes(world.pages) == [(-20_000, -19_990), (-19_990, LISTED)]
        answer = await process.ask(from_long_ago(end=at(LISTED + 7)))
        assert opens(answer) == list(range(LISTED, LISTED + 7))
        assert (lead(answer), answer.next_start) == ((UNLISTED,), None)

    in_virtual_time(scene())


def test_a_range_that_fits_into_the_limit_is_not_searched_beyond() -> None:
    """The caller named both ends: the answer that there is nothing costs one call."""

    async def scene() -> None:
        world = young()
        with pytest.raises(NoData):
            await Process(world).ask(from_long_ago(end=at(-19_995)))
        assert minutes(world.pages) == [(-20_000, -19_995)]

    in_virtual_time(scene())


def test_a_provider_that_answers_empty_page_by_page_is_asked_four_more_times_at_most() -> None:
    """Sixteen empty pages lie before it: no data for now, and what was learned is kept."""

    async def scene() -> None:
        world = young(skips=False)
        process = Process(world)
        with pytest.raises(NoData):
            await process.ask(replace(from_long_ago(), provider="first"))
        assert len(world.pages) == 5
        for _ in range(3):
            with pytest.raises(NoData):
                await process.ask(replace(from_long_ago(), provider="first"))
        answer = await process.ask(replace(from_long_ago(), provider="first"))
        assert (opens(answer)[0], lead(answer)) == (LISTED, (UNLISTED,))
        assert len(world.pages) == 1 + 17

    in_virtual_time(scene())


def test_a_search_that_fails_is_no_empty_answer() -> None:
    """The provider breaks down while the first bar is looked for: the next one is asked."""

    async def scene() -> None:
        world = young()
        world.first.fails_at_page = {2: DOWN}
        answer = await Process(world).ask(from_long_ago())
        assert (answer.provider, answer.substituted) == ("second", True)
        assert opens(answer)[0] == LISTED
        await world.clock.sleep(3.0)
        then = await Process(world).ask(from_long_ago(as_of=int((NOW + 32) * 1_000_000)))
        assert (then.provider, then.series) == ("second", answer.series)

    in_virtual_time(scene())


def test_as_of_a_moment_the_answer_is_what_was_served_then() -> None:
    """Whatever is learned later; before the question nothing was known."""

    async def scene() -> None:
        world = young()
        process = Process(world)
        served = await process.ask(from_long_ago())
        await world.clock.sleep(5.0)
        moment = int((NOW + 32) * 1_000_000)
        await process.ask(query(100, start=at(LISTED + 500)))
        await process.ask(replace(from_long_ago(20), use_cache=False))
        then = await process.ask(from_long_ago(as_of=moment))
        assert (then.series, then.gaps, then.window, then.next_start) == (
            served.series,
            served.gaps,
            served.window,
            served.next_start,
        )
        with pytest.raises(NoData):
            await process.ask(from_long_ago(as_of=int((NOW + 20) * 1_000_000)))

    in_virtual_time(scene())


def test_known_bars_are_reached_from_a_start_before_them_by_asking_for_what_lies_between() -> None:
    """The newest bars are stored already: those right after the listing come first."""

    async def scene() -> None:
        world = young()
        process = Process(world)
        await process.ask(query(10))
        answer = await process.ask(from_long_ago())
        assert opens(answer) == list(range(LISTED, LISTED + 10))
        assert lead(answer) == (UNLISTED,)

    in_virtual_time(scene())


def test_an_emptiness_learned_before_any_bar_becomes_not_listed_with_the_first_one() -> None:
    """As of the time before, its reason is the one that was believed then."""

    async def scene() -> None:
        world = young()
        process = Process(world)
        with pytest.raises(NoData):
            await process.ask(query(10, start=at(-5000), end=at(-4990)))
        span, moment = TimeRange(at(-5000), at(-4990)), int((NOW + 32) * 1_000_000)
        await world.clock.sleep(5.0)
        await process.ask(query(10))
        known = await world.store.coverage(key(), span)
        assert [hole.gap.reason for hole in known.empty] == [GapReason.NOT_LISTED]
        then = await world.store.coverage(key(), span, moment)
        assert [hole.gap.reason for hole in then.empty] == [GapReason.PROVIDER_OUTAGE]

    in_virtual_time(scene())


def test_bars_that_were_lost_are_no_sign_of_a_later_listing() -> None:
    """All was deleted by hand: the outage between the lost bars remains an outage."""

    async def scene() -> None:
        world = World(STEADY)
        world.first.quiet = {at(-15)}
        process = Process(world)
        await process.ask(query(20))
        world.store.lose(key(), TimeRange(at(-20), NOW))
        await process.ask(query(5))
        known = await world.store.coverage(key(), TimeRange(at(-20), at(-5)))
        assert [hole.gap.reason for hole in known.empty] == [GapReason.PROVIDER_OUTAGE]

    in_virtual_time(scene())


def test_use_cache_false_asks_for_the_first_bars_again() -> None:
    """A correction of the first bar is seen."""

    async def scene() -> None:
        world = young()
        process = Process(world)
        await process.ask(from_long_ago())
        world.forget_calls()
        world.first.corrections[at(LISTED)] = 90.0
        answer = await process.ask(replace(from_long_ago(), use_cache=False))
        assert answer.series.close[0] == 90.0
        assert minutes(world.pages) == [(-20_000, -19_990), (LISTED, LISTED + 10)]

    in_virtual_time(scene())


def test_a_month_later_the_emptiness_before_the_listing_is_confirmed_in_few_calls() -> None:
    """It is asked for again because listings change, and believed for another month."""

    async def scene() -> None:
        world = young()
        process = Process(world)
        before = await process.ask(from_long_ago())
        world.forget_calls()
        await world.clock.sleep(31 * DAY)
        answer = await process.ask(from_long_ago())
        assert (opens(answer), answer.stale) == (opens(before), False)
        assert len(world.pages) == 2
        world.forget_calls()
        await process.ask(from_long_ago())
        assert world.pages == []

    in_virtual_time(scene())
