"""Fetching what is missing, and turning it into few questions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from application.plan_asks import FEW, plan_asks
from domain.coverage import GapReason
from domain.errors import ProviderUnavailable
from domain.interval import Interval
from domain.timerange import RangeSet, TimeRange
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
    query,
)


def spans(*pairs: tuple[int, int]) -> RangeSet:
    """Ranges of minutes."""
    return RangeSet.of(TimeRange(a * MINUTE, b * MINUTE) for a, b in pairs)


def test_a_few_stretches_are_asked_for_exactly() -> None:
    """Three holes are three questions, however near they are."""
    missing = spans((0, 1), (2, 3), (4, 5))
    assert plan_asks(missing, Interval.M1, 100) == missing


def test_many_stretches_share_pages() -> None:
    """What fits into one page together is one question; what does not, is another."""
    missing = spans((0, 1), (3, 4), (8, 10), (95, 99), (100, 102), (5000, 5001))
    assert plan_asks(missing, Interval.M1, 100) == spans((0, 99), (100, 102), (5000, 5001))


@given(
    st.lists(st.tuples(st.integers(0, 500), st.integers(1, 9)), max_size=40), st.integers(1, 200)
)
def test_all_that_is_missing_is_asked_for_and_never_in_more_questions(
    holes: list[tuple[int, int]], page: int
) -> None:
    """The plan covers the holes, joins only what fits into a page, and adds no question."""
    missing = spans(*((a, a + n) for a, n in holes))
    plan = plan_asks(missing, Interval.M1, page)
    assert not missing.subtract(plan)
    assert len(plan.ranges) <= max(FEW, len(missing.ranges))
    known = set(missing.ranges)
    assert all(p in known or p.seconds <= page * MINUTE for p in plan)


def test_two_holes_are_fetched_and_nothing_between_them() -> None:
    """Each by itself; what lies between them is stored."""

    async def scene() -> None:
        world = World()
        process = Process(world)
        await process.ask(query(60))
        world.forget_calls()
        world.store.lose(key(), TimeRange(NOW - 50 * MINUTE, NOW - 45 * MINUTE))
        world.store.lose(key(), TimeRange(NOW - 20 * MINUTE, NOW - 10 * MINUTE))
        assert len((await process.ask(query(60))).series) == 60
        assert minutes(world.pages) == [(-50, -45), (-20, -10)]

    in_virtual_time(scene())


def test_older_bars_are_fetched_without_reading_the_young_ones_again() -> None:
    """The window grew backwards only."""

    async def scene() -> None:
        world = World()
        process = Process(world)
        await process.ask(query(10))
        world.forget_calls()
        await process.ask(query(30))
        assert minutes(world.pages) == [(-30, -10)]

    in_virtual_time(scene())


def test_the_overlap_stays_inside_the_window_and_counts_only_stored_bars() -> None:
    """A provider that corrects ten bars back is asked for no more than the question is about."""

    async def scene() -> None:
        world = World(replace(OFFERS, reread_bars=10))
        process = Process(world)
        await process.ask(query(3))
        world.forget_calls()
        await world.clock.sleep(MINUTE)
        await process.ask(query(20))
        assert minutes(world.pages) == [(-19, 1)]

    in_virtual_time(scene())


def test_a_bar_that_was_not_published_is_asked_for_again_after_two_seconds() -> None:
    """Not earlier, and then alone."""

    async def scene() -> None:
        world = World(offset_s=0.5)
        world.first.late_s = 2.0
        process = Process(world)
        for _ in range(3):
            await process.ask(query(10, start=NOW - 10 * MINUTE, end=NOW))
        assert minutes(world.pages) == [(-10, 0)]
        await world.clock.sleep(2.1)
        answer = await process.ask(query(10, start=NOW - 10 * MINUTE, end=NOW))
        assert (len(answer.series), minutes(world.pages)[1:]) == (10, [(-1, 0)])

    in_virtual_time(scene())


def test_a_known_emptiness_is_believed_for_a_while() -> None:
    """A quiet minute is looked at again after a week."""

    async def scene() -> None:
        world = World()
        world.first.quiet = {NOW - 5 * MINUTE}
        process = Process(world)
        asked = query(10, start=NOW - 10 * MINUTE, end=NOW)
        await process.ask(asked)
        await world.clock.sleep(6 * 24 * HOUR)
        await process.ask(asked)
        assert minutes(world.pages) == [(-10, 0)]
        await world.clock.sleep(25 * HOUR)
        answer = await process.ask(asked)
        assert minutes(world.pages) == [(-10, 0), (-5, -4)]
        assert [gap.reason for gap in answer.gaps] == [GapReason.NO_TRADES]

    in_virtual_time(scene())


def test_every_page_is_written_before_the_next_is_asked_for_and_judged_by_itself() -> None:
    """Three pages: three writes, three verdicts, and the provider's fault after them."""

    async def scene() -> None:
        world = World()
        world.first.fails_at_page = {4: DOWN}
        pages = Process(world).fetch(
            world.first,
            BTC,
            Interval.M1,
            TimeRange(NOW - 2000 * MINUTE, NOW),
            world.within(10.0),
        )
        seen = [await anext(pages) for _ in range(3)]
        with pytest.raises(ProviderUnavailable):
            await anext(pages)
        assert [(page.rows, page.receipt.inserted) for page in seen] == [(500, 500)] * 3
        assert world.store.trips == ["bounds", "coverage", "write", "write", "write"]
        assert len(world.told.named("quality_scored")) == 3
        assert [t["inserted"] for t in world.told.named("rows_written")] == [500] * 3

    in_virtual_time(scene())


def test_a_reader_who_goes_away_closes_the_providers_pages() -> None:
    """Nothing is left open behind him."""

    async def scene() -> None:
        world = World()
        pages = Process(world).fetch(
            world.first,
            BTC,
            Interval.M1,
            TimeRange(NOW - 2000 * MINUTE, NOW),
            world.within(None),
        )
        await anext(pages)
        assert world.first.open_generators == 1
        await pages.aclose()
        assert world.first.open_generators == 0

    in_virtual_time(scene())


def test_reading_the_same_again_writes_nothing_new() -> None:
    """No revision, no batch in the provenance."""

    async def scene() -> None:
        world = World()
        process = Process(world)
        for _ in range(3):
            await process.ask(query(10, use_cache=False))
        span = TimeRange(NOW - HOUR, NOW)
        assert len(world.pages) == 3
        assert await world.store.revisions({key(): span}, 10) == []
        assert len(await world.store.provenance({key(): span}, 10)) == 1

    in_virtual_time(scene())
