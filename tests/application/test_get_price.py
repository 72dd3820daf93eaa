"""The last price: fresh, nearly fresh, stale, from the second choice."""

import asyncio

import pytest

from adapters_out.memory.cache import MemoryCache
from application.answers import PriceAnswer
from application.get_price import PriceQuery
from domain.errors import (
    AccessDenied,
    DeadlineExceeded,
    InvalidRequest,
    NoProviderAvailable,
    NotListed,
    UnknownInstrument,
)
from domain.instrument import Instrument
from tests.application.test_single_flight import complaints
from tests.application.world import BTC, DOWN, NOW, Process, World, in_virtual_time


async def price(
    process: Process,
    *,
    provider: str | None = None,
    use_cache: bool = True,
    within: float | None = 10.0,
    symbol: str = "BTCUSDT",
    instrument: Instrument = BTC,
) -> PriceAnswer:
    """Ask as a caller would."""
    asked = PriceQuery(symbol, instrument, provider, use_cache)
    return await process.get_price(asked, process.world.within(within))


def calls(world: World) -> tuple[int, int]:
    """How often each provider was asked for a price."""
    return (world.first.prices_asked, world.second.prices_asked)


def test_a_cold_price_is_one_call_for_all_who_want_it() -> None:
    """A hundred callers, one of whom leaves."""

    async def scene() -> None:
        world = World()
        world.first.delay_s = 0.5
        process = Process(world)
        asking = [asyncio.ensure_future(price(process)) for _ in range(100)]
        await world.clock.sleep(0.1)
        asking.pop(0).cancel()
        answers = await asyncio.gather(*asking)
        assert calls(world) == (1, 0)
        assert set(answers) == {
            PriceAnswer(
                symbol="BTCUSDT",
                price=100.0,
                ts=NOW + 30,
                provider="first",
                cached=False,
                stale=False,
                age_s=0,
            )
        }

    in_virtual_time(scene())


def test_a_price_of_this_second_is_served_from_memory_of_all_processes() -> None:
    """No call, and the age counts."""

    async def scene() -> None:
        world = World()
        await price(Process(world))
        await world.clock.sleep(1.0)
        answer = await price(Process(world), symbol="btc/usdt")
        assert (answer.cached, answer.stale, answer.age_s) == (True, False, 1)
        assert (answer.symbol, calls(world)) == ("btc/usdt", (1, 0))

    in_virtual_time(scene())


def test_a_price_of_a_few_seconds_is_served_while_a_new_one_is_fetched() -> None:
    """The caller does not wait, the next one has the new price, many callers cost one call."""

    async def scene() -> None:
        world = World()
        process = Process(world)
        await price(process)
        await world.clock.sleep(3.0)
        world.first.last_price, world.first.delay_s = 101.0, 0.5
        began = world.clock.monotonic()
        answers = await asyncio.gather(*(price(process) for _ in range(20)))
        assert world.clock.monotonic() == began
        assert {(a.price, a.cached, a.stale, a.age_s) for a in answers} == {(100.0, True, False, 3)}
        await process.get_price.drain()
        assert (await price(process)).price == 101.0
        assert calls(world) == (2, 0)

    in_virtual_time(scene())


def test_a_refresh_behind_the_callers_back_fails_in_silence() -> None:
    """Nobody is told, nothing is logged as an accident, and the next caller asks again."""

    async def scene() -> None:
        world = World()
        process = Process(world)
        await price(process)
        await world.clock.sleep(3.0)
        world.first.fails = world.second.fails = DOWN
        assert (await price(process)).cached
        await process.get_price.drain()
        world.first.recover()
        world.first.last_price = 101.0
        await world.clock.sleep(3.0)
        assert (await price(process)).price == 101.0

    assert complaints(scene) == []


def test_a_refresh_that_hangs_ends_by_itself_and_holds_nobody_up_beyond_its_time() -> None:
    """Ten seconds later the flight is over, and a waiting caller has had the last price."""

    async def scene() -> None:
        world = World()
        process = Process(world)
        await price(process)
        await world.clock.sleep(3.0)
        world.first.hang()
        world.second.hang()
        await price(process)
        await world.clock.sleep(3.0)
        began = world.clock.monotonic()
        answer = await price(process, within=2.0)
        assert (answer.stale, answer.price) == (True, 100.0)
        assert world.clock.monotonic() - began <= 2.0
        await process.get_price.drain()
        assert world.clock.monotonic() <= 13.1

    in_virtual_time(scene())


def test_an_old_price_is_fetched_anew() -> None:
    """After more than five seconds the caller waits."""

    async def scene() -> None:
        world = World()
        process = Process(world)
        await price(process)
        world.first.last_price = 101.0
        await world.clock.sleep(5.1)
        answer = await price(process)
        assert (answer.price, answer.cached, answer.age_s) == (101.0, False, 0)

    in_virtual_time(scene())


def test_use_cache_false_asks_although_the_price_is_fresh() -> None:
    """And the others benefit."""

    async def scene() -> None:
        world = World()
        process = Process(world)
        await price(process)
        world.first.last_price = 101.0
        answer = await price(process, use_cache=False)
        assert (answer.price, answer.cached) == (101.0, False)
        assert (await price(process)).price == 101.0
        assert calls(world) == (2, 0)

    in_virtual_time(scene())


@pytest.mark.parametrize("use_cache", [True, False])
def test_when_nobody_answers_the_last_price_of_the_hour_is_served_as_stale(
    use_cache: bool,
) -> None:
    """With its age; after an hour there is none."""

    async def scene() -> None:
        world = World()
        process = Process(world)
        await price(process)
        world.first.fails = world.second.fails = DOWN
        await world.clock.sleep(600.0)
        answer = await price(process, use_cache=use_cache)
        assert (answer.price, answer.stale, answer.cached, answer.age_s) == (
            100.0,
            True,
            True,
            600,
        )
        await world.clock.sleep(3000.0)
        with pytest.raises(NoProviderAvailable) as failed:
            await price(process)
        assert [a.provider for a in failed.value.attempts] == ["first", "second"]

    in_virtual_time(scene())


def test_the_second_choice_answers_and_that_is_said_also_from_memory() -> None:
    """It stood in for the first one."""

    async def scene() -> None:
        world = World()
        world.first.fails = DOWN
        process = Process(world)
        for cached in (False, True):
            answer = await price(process)
            assert (answer.provider, answer.substituted, answer.cached) == (
                "second",
                True,
                cached,
            )

    in_virtual_time(scene())


def test_the_first_choice_is_no_substitute_when_a_later_one_cannot_be_asked() -> None:
    """That the second one needs a key is of no interest."""

    async def scene() -> None:
        world = World()
        world.second.key_needed = True
        assert not (await price(Process(world))).substituted

    in_virtual_time(scene())


def test_a_named_provider_is_binding() -> None:
    """Its price is kept apart, its failure is the answer, and a name that is none is refused."""

    async def scene() -> None:
        world = World()
        process = Process(world)
        await price(process)
        named = await price(process, provider="second")
        assert (named.provider, named.substituted, named.cached) == ("second", False, False)
        world.second.fails = AccessDenied("Blocked.", provider="second")
        await world.clock.sleep(4000.0)
        with pytest.raises(NoProviderAvailable):
            await price(process, provider="second")
        with pytest.raises(InvalidRequest):
            await price(process, provider="nobody")

    in_virtual_time(scene())


def test_a_hanging_first_choice_leaves_time_for_the_second() -> None:
    """Each has its share of the deadline; when both hang it is kept all the same."""

    async def scene() -> None:
        world = World()
        world.first.hang()
        assert (await price(Process(world), within=4.0)).provider == "second"
        assert world.clock.monotonic() <= 2.0
        world.second.hang()
        with pytest.raises(DeadlineExceeded, match=r"first: .* second: "):
            await price(Process(world, cache=MemoryCache(world.clock)), within=4.0)
        assert world.clock.monotonic() <= 6.0

    in_virtual_time(scene())


def test_what_nobody_lists_is_unknown_and_hammering_it_costs_nothing() -> None:
    """One call to each; a stock is known to nobody without any."""

    async def scene() -> None:
        world = World()
        world.first.fails = world.second.fails = NotListed("It does not list that.")
        process = Process(world)
        for _ in range(30):
            with pytest.raises(UnknownInstrument):
                await price(process)
        assert calls(world) == (1, 1)
        with pytest.raises(UnknownInstrument):
            await price(process, symbol="AAPL", instrument=Instrument.stock("AAPL"))

    in_virtual_time(scene())


def test_garbage_in_the_cache_is_no_price() -> None:
    """It is fetched as if nothing were there."""

    async def scene() -> None:
        world = World()
        await world.cache.put("price:BTC-USDT:", b"\xc1 no message", 60.0)
        assert (await price(Process(world))).price == 100.0

    in_virtual_time(scene())
