"""Intervals that a provider lacks are rolled up from its own bars, whatever is asked of them."""

from msgspec.structs import replace

from application.rolled_bars import RolledBars
from domain.bars import BarSeries
from domain.coverage import GapReason
from domain.interval import Interval
from domain.ledger import BarSlice
from domain.rollup import roll_up
from domain.timerange import TimeRange
from tests.application.scripted_market import OFFERS
from tests.application.test_fill_gaps import ask as fill_ask
from tests.application.test_fill_gaps import fill
from tests.application.world import (
    DOWN,
    HOUR,
    MINUTE,
    NOW,
    Process,
    World,
    in_virtual_time,
    key,
    query,
)

FINE = replace(OFFERS, intervals=(Interval.M1, Interval.M5, Interval.D1))


def traded(world: World, start: int, end: int, fine: Interval = Interval.M5) -> BarSeries:
    """What the first provider has of a range, in quarters of an hour."""
    opens = [t for t in fine.grid(start, end).tolist() if t not in world.first.quiet]
    return roll_up(BarSeries.of(fine, map(world.first.bar, opens)), Interval.M15)


def test_an_interval_that_nobody_has_is_built_from_the_longest_that_fits() -> None:
    """Quarters from five minutes: one call, the same bars, and the answer says from what."""

    async def scene() -> None:
        world = World(FINE)
        answer = await Process(world).ask(query(8, interval=Interval.M15))
        assert answer.series == traded(world, NOW - 2 * HOUR, NOW)
        assert (answer.interval, answer.rolled_up_from) == (Interval.M15, Interval.M5)
        assert world.pages == [TimeRange(NOW - 2 * HOUR - 10 * MINUTE, NOW)]
        assert answer.gaps == ()
        assert (answer.quality.score.completeness, answer.stale) == (100.0, False)
        again = await Process(world).ask(query(8, interval=Interval.M15))
        assert again.series == answer.series
        assert (again.cached, len(world.pages)) == (True, 1)

    in_virtual_time(scene())


def test_stored_parts_are_not_fetched_again() -> None:
    """Whoever asked for the five minutes has paid for the quarters."""

    async def scene() -> None:
        world = World(FINE)
        await Process(world).ask(query(24, interval=Interval.M5))
        world.forget_calls()
        answer = await Process(world).ask(query(8, interval=Interval.M15))
        assert (len(answer.series), answer.cached, world.pages) == (8, True, [])

    in_virtual_time(scene())


def test_a_corrected_part_corrects_the_whole_and_its_past_stays() -> None:
    """Nothing rolled up is stored, so it cannot go stale; as of before it is as it was."""

    async def scene() -> None:
        world = World(FINE)
        process = Process(world)
        asked = query(8, interval=Interval.M15)
        before = await process.ask(asked)
        await world.clock.sleep(1.0)
        then = int(world.clock.now() * 1_000_000)
        await world.clock.sleep(1.0)
        world.first.corrections[NOW - HOUR - 5 * MINUTE] = 500.0
        await process.ask(query(24, interval=Interval.M5, use_cache=False))
        after = await process.ask(asked)
        assert after.series != before.series
        assert after.series == traded(world, NOW - 2 * HOUR, NOW)
        past = await process.ask(replace(asked, as_of=then))
        assert past.series == before.series
        assert past.rolled_up_from is Interval.M5

    in_virtual_time(scene())


def test_quiet_parts_make_no_hole_but_unreadable_ones_do() -> None:
    """A part without trades is rightly absent; one that could not be read is not guessed."""

    async def scene() -> None:
        world = World(FINE)
        world.first.quiet = {NOW - HOUR, NOW - HOUR + 5 * MINUTE}
        world.first.spoilt = {NOW - 30 * MINUTE}
        world.second.fails = DOWN
        answer = await Process(world).ask(
            query(8, interval=Interval.M15, start=NOW - 2 * HOUR, end=NOW)
        )
        missing = NOW - 30 * MINUTE
        assert [(g.start, g.end, g.reason) for g in answer.gaps] == [
            (missing, missing + 15 * MINUTE, GapReason.UNKNOWN)
        ]
        assert len(answer.series) == 7
        assert answer.series.ts.tolist().count(NOW - HOUR) == 1

    in_virtual_time(scene())


def test_the_running_bar_is_rolled_up_too() -> None:
    """Two closed minutes and the running one of a three-minute bar."""

    async def scene() -> None:
        world = World(replace(OFFERS, intervals=(Interval.M1,)), offset_s=2 * MINUTE + 30.0)
        asked = query(5, interval=Interval.M3, include_partial=True)
        answer = await Process(world).ask(asked)
        assert answer.forming is not None
        assert (answer.forming.ts, answer.forming.final) == (NOW, False)
        assert answer.forming.open == world.first.bar(NOW).open
        parts = [world.first.bar(NOW + k * MINUTE) for k in range(2)]
        assert answer.forming.high >= max(part.high for part in parts)
        assert len(answer.series) == 5

    in_virtual_time(scene())


def test_a_back_fill_fetches_the_parts() -> None:
    """And a second one has nothing to do."""

    async def scene() -> None:
        world = World(FINE)
        ask = replace(fill_ask(), interval=Interval.M15)
        batches, filled = await fill(Process(world), ask)
        assert batches
        assert filled.gaps == ()
        assert {k.interval for k in await world.store.series()} == {Interval.M5}
        world.forget_calls()
        assert await fill(Process(world), ask) == ([], filled.__class__("first", 0, ()))
        assert world.pages == []

    in_virtual_time(scene())


def test_the_first_or_newest_few_reach_over_parts_that_do_not_count() -> None:
    """An incomplete coarse bar is passed over in the search for whole ones."""

    async def scene() -> None:
        world = World(FINE)
        world.first.spoilt = {NOW - 4 * HOUR, NOW - 5 * MINUTE}
        await Process(world).ask(query(48, interval=Interval.M5, use_cache=False))
        rolled = RolledBars(world.store, world.catalogue)
        span = TimeRange(NOW - 4 * HOUR, NOW)
        quarters = key(interval=Interval.M15)
        first = await rolled.read(quarters, BarSlice(span, 1))
        assert first.series.ts.tolist() == [NOW - 4 * HOUR + 15 * MINUTE]
        newest = await rolled.read(quarters, BarSlice(span, 2, newest=True))
        assert newest.series.ts.tolist() == [NOW - 45 * MINUTE, NOW - 30 * MINUTE]
        nothing = await rolled.read(quarters, BarSlice(TimeRange(NOW + 1, NOW + 2)))
        assert not len(nothing.series)

    in_virtual_time(scene())
