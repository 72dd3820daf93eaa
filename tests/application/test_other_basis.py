"""An instrument that nobody of the first choice's kind lists: others stand for it, and say so."""

from contextlib import aclosing

import pytest
from msgspec.structs import replace

from application.fill_gaps import Filled, FillGapsAsk
from application.get_price import PriceQuery
from application.unlisted import KEEP_S
from domain.errors import NoData, NotListed, UnknownInstrument
from domain.interval import Interval
from domain.provider import Basis, Capability
from tests.application.scripted_market import OFFERS
from tests.application.world import (
    BTC,
    DOWN,
    MINUTE,
    NOW,
    Process,
    World,
    in_virtual_time,
    query,
)

DENIED = NotListed("first does not list it.", provider="first")


def averages() -> World:
    """The first is a venue that does not list the pair; the second averages over venues."""
    world = World()
    world.second._capabilities = replace(OFFERS, basis=Basis.AGGREGATE)
    world.first.fails = DENIED
    return world


def test_the_first_question_is_answered_as_the_next_ones_are() -> None:
    """Before and after it is remembered who denies the pair, fetched, stored and as of then."""

    async def scene() -> None:
        world = averages()
        process = Process(world)
        past = query(start=NOW - 6000, limit=10)
        series = None
        for cached in (False, True):
            answer = await process.ask(past)
            assert (answer.provider, answer.cached, answer.substituted) == ("second", cached, True)
            series = answer.series
        then = replace(past, as_of=int(world.clock.now() * 1_000_000))
        assert (await process.ask(then)).series == series
        price = PriceQuery("BTCUSDT", BTC, use_cache=False)
        for _ in range(2):
            assert (await process.get_price(price, world.within(5.0))).provider == "second"
        assert (len(world.first.pages), world.first.prices_asked) == (1, 0)

    in_virtual_time(scene())


def test_the_first_price_comes_from_who_lists_the_pair() -> None:
    """It says that it is a substitute."""

    async def scene() -> None:
        world = averages()
        answer = await Process(world).get_price(PriceQuery("BTCUSDT", BTC), world.within(5.0))
        assert (answer.provider, answer.substituted) == ("second", True)
        assert (world.first.prices_asked, world.second.prices_asked) == (1, 1)

    in_virtual_time(scene())


def test_a_job_fetches_from_who_lists_the_pair() -> None:
    """In the same run, not in the next one."""

    async def scene() -> None:
        world = averages()
        wanted = FillGapsAsk(BTC, Interval.M1, NOW - 100 * MINUTE, NOW)
        async with aclosing(Process(world).fill_gaps(wanted)) as events:
            told = [event async for event in events]
        last = told[-1]
        assert isinstance(last, Filled)
        assert (last.provider, last.rows, last.gaps) == ("second", 100, ())

    in_virtual_time(scene())


def test_what_nobody_lists_is_unknown_and_each_is_asked_once() -> None:
    """Also when the other cannot answer: the first choice has spoken."""

    async def scene() -> None:
        for fault in (NotListed("second does not list it.", provider="second"), DOWN):
            world = averages()
            world.second.fails = fault
            process = Process(world)
            for _ in range(2):
                with pytest.raises(UnknownInstrument):
                    await process.ask(query())
            assert len(world.first.pages) == 1
            with pytest.raises(UnknownInstrument):
                await process.get_price(PriceQuery("BTCUSDT", BTC), world.within(5.0))

    in_virtual_time(scene())


def test_who_has_no_list_is_not_asked_whether_it_has_what_others_deny() -> None:
    """A misspelt pair costs none of its calls, whatever is asked for; named, it answers."""

    async def scene() -> None:
        world = averages()
        no_list = OFFERS.offers - {Capability.INSTRUMENTS}
        world.second._capabilities = replace(OFFERS, basis=Basis.AGGREGATE, offers=no_list)
        process = Process(world)
        price = PriceQuery("BTCUSDT", BTC, use_cache=False)
        for _ in range(2):
            with pytest.raises(UnknownInstrument):
                await process.ask(query())
            with pytest.raises(UnknownInstrument):
                await process.get_price(price, world.within(5.0))
        assert (world.second.pages, world.second.prices_asked) == ([], 0)
        assert (await process.ask(query(provider="second"))).provider == "second"

    in_virtual_time(scene())


def test_what_is_stored_of_a_venue_comes_before_averages() -> None:
    """A pair that was delisted keeps its history; an empty range of it stays empty."""

    async def scene() -> None:
        world = averages()
        world.first.fails = None
        process = Process(world)
        stored = await process.ask(query())
        world.first.fails = DENIED
        await world.clock.sleep(300.0)
        for _ in range(2):
            answer = await process.ask(query())
            assert (answer.provider, answer.stale) == ("first", True)
            assert int(answer.series.ts[-1]) == int(stored.series.ts[-1])
        await world.clock.sleep(KEEP_S)
        world.first.fails, world.first.is_empty = None, True
        with pytest.raises(NoData):
            await process.ask(query(start=NOW - 90_000, end=NOW - 80_000))

    in_virtual_time(scene())
