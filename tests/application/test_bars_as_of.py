"""What was known then: a pure function of the question."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from msgspec.structs import replace

from application.answer_codec import pack_answer
from application.answers import BarsAnswer
from domain.coverage import GapReason
from domain.errors import InvalidRequest, NoData
from domain.query import BarQuery
from domain.timerange import TimeRange
from tests.application.scripted_market import OFFERS
from tests.application.world import (
    DOWN,
    HOUR,
    MINUTE,
    NOW,
    Process,
    World,
    in_virtual_time,
    key,
    opens,
    query,
)


async def past(process: Process, asked: BarQuery, at: float) -> BarsAnswer:
    """The answer to the same question as of ``at`` (Unix s)."""
    return await process.ask(replace(asked, as_of=int(at * 1_000_000), use_cache=True))


def same_data(one: BarsAnswer, other: BarsAnswer) -> bool:
    """Equal bars, gaps and provider."""
    return (one.series, one.gaps, one.provider) == (other.series, other.gaps, other.provider)


async def correct(world: World, process: Process) -> None:
    """The provider changes a bar and is asked again."""
    world.first.corrections[NOW - 5 * MINUTE] = 123.0
    await process.ask(query(10, use_cache=False))


async def correct_twice(world: World, process: Process) -> None:
    """And once more."""
    await correct(world, process)
    await world.clock.sleep(1.0)
    world.first.corrections[NOW - 5 * MINUTE] = 124.0
    await process.ask(query(30, use_cache=False))


async def ask_the_same(world: World, process: Process) -> None:
    """Everything is read again and nothing is different."""
    assert not world.first.corrections
    await process.ask(query(10, use_cache=False))


async def backfill(world: World, process: Process) -> None:
    """An hour before and everything since is filled in, from both providers."""
    await world.clock.sleep(HOUR)
    for name in ("first", "second"):
        await process.ask(query(200, provider=name))


async def repair(world: World, process: Process) -> None:
    """A bar that was missing then is delivered after all."""
    world.first.quiet.clear()
    await world.clock.sleep(8 * 24 * HOUR)
    await process.ask(query(20, end=NOW, use_cache=False))


async def look_again(world: World, process: Process) -> None:
    """What was quiet is confirmed to be quiet, a week later."""
    await world.clock.sleep(8 * 24 * HOUR)
    await process.ask(query(20, end=NOW))


async def lose_nothing(world: World, _: Process) -> None:
    """Somebody deletes bars that were never there."""
    world.store.lose(key(), TimeRange(NOW - 1000 * HOUR, NOW - 900 * HOUR))


async def fall_ill(world: World, _: Process) -> None:
    """Nobody can be asked any more."""
    world.first.fails = world.second.fails = DOWN
    await world.health.open_circuit("first", world.clock.now())


Later = Callable[[World, Process], Awaitable[None]]
LATER = [correct, correct_twice, ask_the_same, backfill, repair, look_again, lose_nothing, fall_ill]


@pytest.mark.parametrize("later", LATER)
@pytest.mark.parametrize("limit", [1, 10, 12])
def test_asked_again_it_is_the_same_byte_for_byte_whatever_happened_since(
    later: Later, limit: int
) -> None:
    """A market with a quiet minute: the answer of then stays, and equals what was served then."""

    async def scene() -> None:
        world = World()
        world.first.quiet = {NOW - 3 * MINUTE}
        process = Process(world)
        served = await process.ask(query(limit))
        then = world.clock.now() + 0.5
        await world.clock.sleep(1.0)
        before = await past(process, query(limit), then)
        assert same_data(before, served)
        await later(world, process)
        world.forget_calls()
        after = await past(Process(world), query(limit), then)
        assert pack_answer(after) == pack_answer(before)
        assert (world.pages, world.health.looks) == ([], 0)

    in_virtual_time(scene())


def test_a_correction_shows_from_the_moment_it_was_learned() -> None:
    """A moment before it is the old value, from it on the new one."""

    async def scene() -> None:
        world = World()
        process = Process(world)
        await process.ask(query(10))
        await world.clock.sleep(5.0)
        await correct(world, process)
        learned = world.clock.now()
        await world.clock.sleep(1.0)
        before = await past(process, query(10), learned - 0.000_001)
        after = await past(process, query(10), learned)
        assert (before.series.close[5], after.series.close[5]) == (
            world.second.bar(NOW - 5 * MINUTE).close,
            123.0,
        )
        assert before.sources[0].fetched_at == NOW + 30
        assert (before.as_of, before.cached, before.stale) == (
            int((learned - 0.000_001) * 1_000_000),
            False,
            False,
        )

    in_virtual_time(scene())


def test_the_future_is_not_known_and_before_1970_nothing_was() -> None:
    """Of the future nobody has data; a moment before 1970 is the caller's mistake."""

    async def scene() -> None:
        world = World()
        for moment in (NOW + 31.0, 1e14):
            with pytest.raises(NoData, match="future"):
                await past(Process(world), query(), moment)
        with pytest.raises(InvalidRequest) as refused:
            await past(Process(world), query(), -1.0)
        assert refused.value.parameter == "as_of"

    in_virtual_time(scene())


def test_nothing_was_known_before_the_first_question() -> None:
    """The bars lay in the past already, but this service had not seen them."""

    async def scene() -> None:
        world = World()
        process = Process(world)
        await world.clock.sleep(10.0)
        await process.ask(query(10))
        with pytest.raises(NoData, match="Nothing was known"):
            await past(process, query(10), NOW + 35.0)
        with pytest.raises(NoData):
            await past(process, query(10), 0.0)

    in_virtual_time(scene())


def test_the_window_finality_and_verdict_are_those_of_then() -> None:
    """Two minutes later the latest bars of then are still the latest of then."""

    async def scene() -> None:
        world = World()
        process = Process(world)
        await process.ask(query(10))
        await world.clock.sleep(2 * MINUTE)
        await process.ask(query(10))
        then = await past(process, query(10), NOW + 40.0)
        assert opens(then) == list(range(-10, 0))
        assert then.quality.score.freshness == 100.0
        late = await past(process, query(10), NOW + 61.0)
        assert opens(late) == list(range(-9, 0))  # of the new bar nobody knew yet
        assert [gap.reason for gap in late.gaps] == [GapReason.UNKNOWN]
        now = await past(process, query(10), world.clock.now())
        assert opens(now) == list(range(-8, 2))

    in_virtual_time(scene())


def test_of_several_providers_the_one_answers_that_would_have_answered_then() -> None:
    """A whole second series beats a first one that lacked bars, until the first is whole."""

    async def scene() -> None:
        world = World()
        process = Process(world)
        await process.ask(query(4, end=NOW - 2 * MINUTE))
        world.first.fails = DOWN
        served = await process.ask(query(10))
        await world.clock.sleep(1.0)
        then = world.clock.now()
        world.first.recover()
        await world.clock.sleep(1.0)
        await process.ask(query(10, use_cache=False))
        await world.clock.sleep(1.0)
        before = await past(process, query(10), then)
        after = await past(process, query(10), world.clock.now())
        assert same_data(before, served)
        assert (before.provider, before.substituted) == ("second", True)
        assert (after.provider, after.substituted) == ("first", False)
        only = await past(process, query(10, provider="first"), then)
        assert (only.provider, len(only.series)) == ("first", 4)

    in_virtual_time(scene())


def test_a_poor_first_series_gives_way_as_it_did_then() -> None:
    """Below the floor the better one was served, so it is the answer of then."""

    async def scene() -> None:
        world = World(replace(OFFERS, holes=GapReason.PROVIDER_OUTAGE))
        world.first.quiet = {NOW - k * MINUTE for k in range(61, 150)}
        process = Process(world)
        served = await process.ask(query(100, end=NOW - HOUR))
        await world.clock.sleep(1.0)
        assert same_data(await past(process, query(100, end=NOW - HOUR), world.clock.now()), served)
        assert served.provider == "second"

    in_virtual_time(scene())


def test_an_empty_answer_of_then_is_no_data_as_it_was_then() -> None:
    """Although another provider had bars in store."""

    async def scene() -> None:
        world = World()
        process = Process(world)
        asked = query(10, start=NOW - HOUR, end=NOW - HOUR // 2)
        await process.ask(replace(asked, provider="second"))
        world.first.is_empty = True
        with pytest.raises(NoData):
            await process.ask(asked)
        await world.clock.sleep(1.0)
        with pytest.raises(NoData):
            await past(process, asked, world.clock.now())

    in_virtual_time(scene())


def test_the_latest_bars_of_then_are_not_borrowed_from_another_provider() -> None:
    """The first one had said that there were none at all."""

    async def scene() -> None:
        world = World()
        process = Process(world)
        await process.ask(query(10, provider="second"))
        world.first.is_empty = True
        with pytest.raises(NoData):
            await process.ask(query(10))
        await world.clock.sleep(1.0)
        with pytest.raises(NoData):
            await past(process, query(10), world.clock.now())

    in_virtual_time(scene())


def test_an_emptiness_that_was_confirmed_since_does_not_cast_doubt_on_the_answer_of_then() -> None:
    """The series with a quiet minute was whole also when that was old news."""

    async def scene() -> None:
        world = World()
        world.first.quiet = {NOW - 3 * MINUTE}
        process = Process(world)
        asked = query(10, start=NOW - 10 * MINUTE, end=NOW)
        await process.ask(asked)
        await process.ask(replace(asked, provider="second"))
        await world.clock.sleep(8 * 24 * HOUR)
        served = await process.ask(asked)
        await world.clock.sleep(1.0)
        assert same_data(await past(process, asked, world.clock.now()), served)
        assert (served.provider, len(served.series)) == ("first", 9)

    in_virtual_time(scene())


def test_the_newest_bars_that_were_served_during_an_outage_are_the_answer_of_then() -> None:
    """The stale answer of a dark hour can be had again, when light has come."""

    async def scene() -> None:
        world = World()
        process = Process(world)
        await process.ask(query(10))
        world.first.fails = world.second.fails = DOWN
        await world.clock.sleep(HOUR)
        served = await process.ask(query(5))
        then = world.clock.now()
        world.first.recover()
        await world.clock.sleep(1.0)
        await process.ask(query(60))
        assert same_data(await past(process, query(5), then), served)

    in_virtual_time(scene())


def test_questions_about_the_past_do_not_wait_for_questions_about_now() -> None:
    """A hanging provider is none of their business."""

    async def scene() -> None:
        world = World()
        process = Process(world)
        await process.ask(query(10))
        world.first.hang()
        waiting = asyncio.ensure_future(process.ask(query(500)))
        await world.clock.sleep(0.1)
        began = world.clock.monotonic()
        assert len((await past(process, query(10), NOW + 30.05)).series) == 10
        assert world.clock.monotonic() == began
        waiting.cancel()
        await asyncio.wait([waiting])

    in_virtual_time(scene())
