"""Looking at stored series: what is there, what is missing, what changed."""

import pytest

from application.inspect_series import (
    InspectSeries,
    Page,
    RevisionPage,
    RevisionPlace,
    SeriesChoice,
)
from domain.coverage import GapReason
from domain.errors import InvalidRequest
from domain.instrument import SeriesKey
from domain.interval import Interval
from domain.timerange import TimeRange
from tests.application.world import (
    BTC,
    HOUR,
    MINUTE,
    NOW,
    Process,
    World,
    in_virtual_time,
    key,
    query,
)


async def two_series() -> tuple[World, InspectSeries]:
    """Ten minutes of the first provider, then five of the second, one of each corrected."""
    world = World()
    process = Process(world)
    for provider, count in ((world.first, 10), (world.second, 5)):
        asked = query(count, provider=provider.name, use_cache=False)
        await process.ask(asked)
        await world.clock.sleep(1.0)
        provider.corrections[NOW - 2 * MINUTE] = 111.0
        await process.ask(asked)
        await world.clock.sleep(1.0)
    world.forget_calls()
    return world, InspectSeries(world.store, world.clock)


def test_series_are_found_by_instrument_interval_and_provider() -> None:
    """Each with its number of bars; no provider is asked."""

    async def scene() -> None:
        world, look = await two_series()
        found = await look.summaries(SeriesChoice(BTC, Interval.M1))
        assert [(s.key.provider, s.bars) for s in found.rows] == [("first", 10), ("second", 5)]
        second = await look.summaries(SeriesChoice(provider="second"))
        assert [s.key.provider for s in second.rows] == ["second"]
        assert await look.summaries(SeriesChoice(interval=Interval.H1)) == Page(())
        assert world.pages == []

    in_virtual_time(scene())


def test_gaps_reach_from_the_first_bar_to_now_unless_said_otherwise() -> None:
    """The minutes after the newest bar are missing too, lost ones are named so."""

    async def scene() -> None:
        world, look = await two_series()
        world.store.lose(key(), TimeRange(NOW - 4 * MINUTE, NOW - 3 * MINUTE))
        await world.clock.sleep(2 * MINUTE)
        (found,) = (await look.gaps(SeriesChoice(provider="first"))).rows
        assert found.range == TimeRange(NOW - 10 * MINUTE, NOW + 2 * MINUTE)
        assert [(g.start, g.end, g.reason) for g in found.gaps] == [
            (NOW - 4 * MINUTE, NOW - 3 * MINUTE, GapReason.LOST_BY_US),
            (NOW, NOW + 2 * MINUTE, GapReason.UNKNOWN),
        ]
        chosen = SeriesChoice(provider="first", start=NOW - 20 * MINUTE, end=NOW - 9 * MINUTE)
        (part,) = (await look.gaps(chosen)).rows
        assert [(g.start, g.end) for g in part.gaps] == [(NOW - 20 * MINUTE, NOW - 10 * MINUTE)]

    in_virtual_time(scene())


def test_a_reversed_range_is_refused_and_one_after_the_bars_is_empty() -> None:
    """The end must lie after the start."""

    async def scene() -> None:
        _, look = await two_series()
        with pytest.raises(InvalidRequest):
            await look.gaps(SeriesChoice(start=NOW, end=NOW))
        assert await look.gaps(SeriesChoice(start=NOW + HOUR)) == Page(())
        assert await look.revisions(SeriesChoice(end=NOW - HOUR), 10) == RevisionPage(())

    in_virtual_time(scene())


def test_revisions_of_all_series_come_in_order_and_up_to_the_limit() -> None:
    """Old value, new value, and when the one gave way to the other."""

    async def scene() -> None:
        _, look = await two_series()
        found = (await look.revisions(SeriesChoice(BTC), 10)).rows
        assert [(r.key.provider, r.replaced_by.close) for r in found] == [
            ("first", 111.0),
            ("second", 111.0),
        ]
        assert found[0].known_at < found[0].superseded_at

    in_virtual_time(scene())


def test_pages_of_revisions_follow_each_other_without_a_hole_or_a_duplicate() -> None:
    """Also where a page ends between two corrections of the same bar."""

    async def scene() -> None:
        world, look = await two_series()
        process = Process(world)
        for close in (112.0, 113.0):
            world.first.corrections[NOW - 2 * MINUTE] = close
            await process.ask(query(10, provider="first", use_cache=False))
            await world.clock.sleep(1.0)
        everything = await look.revisions(SeriesChoice(BTC), 10)
        assert [r.replaced_by.close for r in everything.rows] == [111.0, 112.0, 113.0, 111.0]
        assert everything.next is None
        for size in (1, 2, 3):
            page = await look.revisions(SeriesChoice(BTC), size)
            found = list(page.rows)
            while page.next is not None:
                page = await look.revisions(SeriesChoice(BTC), size, page.next)
                assert 0 < len(page.rows) <= size
                found += page.rows
            assert tuple(found) == everything.rows

    in_virtual_time(scene())


def test_a_place_outside_of_the_part_asked_for_skips_nothing() -> None:
    """A cursor of another question is no way to lose revisions."""

    async def scene() -> None:
        _, look = await two_series()
        everything = await look.revisions(SeriesChoice(), 10)
        before = RevisionPlace(SeriesKey("A-A", Interval.M1, "first"), NOW, 5)
        assert await look.revisions(SeriesChoice(), 10, before) == everything
        late = RevisionPlace(key(), NOW + HOUR, 5)
        assert (await look.revisions(SeriesChoice(), 10, late)).rows == everything.rows[1:]

    in_virtual_time(scene())


def test_series_come_in_pages() -> None:
    """Each names the last of its series while others follow, and the next begins behind it."""

    async def scene() -> None:
        _, look = await two_series()
        first = await look.summaries(SeriesChoice(limit=1))
        assert ([s.key for s in first.rows], first.next) == ([key("first")], key("first"))
        last = await look.gaps(SeriesChoice(limit=1, after=first.next))
        assert ([s.key for s in last.rows], last.next) == ([key("second")], None)
        assert await look.quality(SeriesChoice(after=key("second"))) == Page(())

    in_virtual_time(scene())


def test_the_store_is_asked_as_often_for_one_series_as_for_many() -> None:
    """What is asked without a symbol may be about thousands of series."""

    async def scene() -> None:
        world, look = await two_series()
        for choice in (SeriesChoice(provider="first"), SeriesChoice()):
            for ask in (look.summaries(choice), look.quality(choice), look.lineage(choice, 5)):
                await ask
            await look.revisions(choice, 5)
            assert world.store.trips == ["series"] * 4
            world.forget_calls()
            await look.gaps(choice)
            assert world.store.trips == ["series", "bounds", "coverages"]
            world.forget_calls()

    in_virtual_time(scene())


def test_lineage_tells_the_newest_batch_of_all_series_first() -> None:
    """The second provider was asked last."""

    async def scene() -> None:
        _, look = await two_series()
        found = await look.lineage(SeriesChoice(BTC), 10)
        assert [b.key.provider for b in found] == ["second", "second", "first", "first"]
        assert [(b.inserted, b.changed) for b in found] == [(0, 1), (5, 0), (0, 1), (10, 0)]
        assert len(await look.lineage(SeriesChoice(BTC), 3)) == 3

    in_virtual_time(scene())


def test_quality_is_the_verdict_on_the_newest_batch_of_each() -> None:
    """One report for each series."""

    async def scene() -> None:
        _, look = await two_series()
        found = (await look.quality(SeriesChoice(BTC))).rows
        assert [(s.key.provider, r is not None) for s, r in found] == [
            ("first", True),
            ("second", True),
        ]

    in_virtual_time(scene())
