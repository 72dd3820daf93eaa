"""Sharing one piece of work."""

import asyncio
import gc
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from adapters_out.memory.clock import LoopClock
from application.single_flight import SingleFlight
from domain.errors import DeadlineExceeded
from tests.application.world import in_virtual_time


class Work:
    """Takes a second, then ends as told; counts its beginnings and its cancellations."""

    def __init__(self, fails: Exception | None = None) -> None:
        self.fails = fails
        self.begun = 0
        self.cancelled = 0

    async def __call__(self) -> int:
        self.begun += 1
        try:
            await LoopClock().sleep(1.0)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if self.fails is not None:
            raise self.fails
        return self.begun


def complaints(scene: Callable[[], Coroutine[Any, Any, None]]) -> list[dict[str, Any]]:
    """What the event loop complained about during the scene."""
    seen: list[dict[str, Any]] = []

    async def watched() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: seen.append(context))
        await scene()
        gc.collect()
        await LoopClock().sleep(1.0)

    in_virtual_time(watched())
    return seen


def test_all_who_ask_meanwhile_share_one_run_and_one_of_them_leads() -> None:
    """Fifty callers cause one run, and exactly one hears that it began it."""
    flights, work = SingleFlight[int](), Work()

    async def scene() -> list[tuple[int, bool]]:
        return await asyncio.gather(*(flights.join("a", work) for _ in range(50)))

    answers = in_virtual_time(scene())
    assert [value for value, _ in answers] == [1] * 50
    assert sum(leads for _, leads in answers) == 1


def test_keys_are_apart_and_a_landed_flight_is_over() -> None:
    """Another key is another flight, and so is the same key later."""
    flights, work = SingleFlight[int](), Work()

    async def scene() -> None:
        await asyncio.gather(flights.join("a", work), flights.join("b", work))
        assert await flights.join("a", work) == (3, True)

    in_virtual_time(scene())


def test_a_leader_who_hangs_up_leaves_the_others_alone() -> None:
    """The work goes on for those who still wait."""
    flights, work = SingleFlight[int](), Work()

    async def scene() -> None:
        leader = asyncio.ensure_future(flights.join("a", work))
        await LoopClock().sleep(0.5)
        others = [asyncio.ensure_future(flights.join("a", work)) for _ in range(3)]
        await LoopClock().sleep(0)
        leader.cancel()
        assert await asyncio.gather(*others) == [(1, False)] * 3
        assert leader.cancelled()

    in_virtual_time(scene())
    assert (work.begun, work.cancelled) == (1, 0)


def test_when_the_last_caller_leaves_the_work_is_cancelled() -> None:
    """Nobody wants it any more, and whoever comes later begins anew."""
    flights, work = SingleFlight[int](), Work()

    async def scene() -> None:
        callers = [asyncio.ensure_future(flights.join("a", work)) for _ in range(3)]
        await LoopClock().sleep(0.5)
        for caller in callers:
            caller.cancel()
        await asyncio.wait(callers)
        assert await flights.join("a", work) == (2, True)

    in_virtual_time(scene())
    assert work.cancelled == 1


def test_a_failure_is_shared_and_the_loop_has_nothing_to_complain_about() -> None:
    """Every caller gets the exception; those who left do not leave it unseen."""
    flights, work = SingleFlight[int](), Work(ValueError("no"))

    async def scene() -> None:
        callers = [asyncio.ensure_future(flights.join("a", work)) for _ in range(4)]
        await LoopClock().sleep(0.5)
        callers[0].cancel()
        outcomes = await asyncio.gather(*callers, return_exceptions=True)
        assert [type(o) for o in outcomes[1:]] == [ValueError] * 3

    assert complaints(scene) == []


def test_work_that_nobody_waits_for_runs_to_its_end_and_fails_in_silence() -> None:
    """A caller who joins and leaves does not end it either."""
    flights, work = SingleFlight[int](), Work(ValueError("no"))

    async def scene() -> None:
        assert flights.start("a", work)
        assert not flights.start("a", work)
        guest = asyncio.ensure_future(flights.join("a", work))
        await LoopClock().sleep(0.5)
        guest.cancel()
        await flights.drain()
        assert (work.begun, work.cancelled) == (1, 0)

    assert complaints(scene) == []


def test_drain_also_waits_for_what_a_flight_sets_off() -> None:
    """A flight that starts another one has not landed before that one has."""
    flights, work = SingleFlight[int](), Work()

    async def chain() -> int:
        value = await work()
        flights.start("b", work)
        return value

    async def scene() -> None:
        flights.start("a", chain)
        await flights.drain()

    in_virtual_time(scene())
    assert work.begun == 2


def test_a_caller_waits_no_longer_than_its_own_time() -> None:
    """The follower with less patience gets its answer in its own time, the others theirs."""
    flights, work = SingleFlight[int](), Work()

    async def scene() -> None:
        leader = asyncio.ensure_future(flights.join_within("a", work, lambda: None))
        await LoopClock().sleep(0)
        with pytest.raises(DeadlineExceeded):
            await flights.join_within("a", work, lambda: 0.3)
        assert asyncio.get_running_loop().time() == pytest.approx(0.3)
        assert await leader == (1, True)

    in_virtual_time(scene())


def test_a_follower_takes_over_when_the_time_of_its_leader_is_up() -> None:
    """The leader's deadline is not the follower's; the leader itself does not try again."""
    flights = SingleFlight[int]()
    begun: list[float] = []

    async def scene() -> None:
        loop = asyncio.get_running_loop()

        async def work() -> int:
            begun.append(loop.time())
            await LoopClock().sleep(1.0)
            if len(begun) == 1:
                raise DeadlineExceeded("The leader's time is up.")
            return 7

        leader = asyncio.ensure_future(flights.join_within("a", work, lambda: 5.0))
        await LoopClock().sleep(0.5)
        follower = asyncio.ensure_future(flights.join_within("a", work, lambda: 5.0))
        with pytest.raises(DeadlineExceeded):
            await leader
        assert await follower == (7, True)

    in_virtual_time(scene())
    assert begun == [0.0, 1.0]
