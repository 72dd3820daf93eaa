"""Looks that many callers share."""

import asyncio
from functools import partial

import pytest

from application.shared_look import SharedLook
from tests.application.world import World, in_virtual_time


def test_a_crowd_costs_two_looks_and_each_begins_after_its_callers_asked() -> None:
    """Who comes while a look is under way shares the next one, with all who come till then."""

    async def scene() -> None:
        clock, looks, begun = World().clock, SharedLook[float](), list[float]()

        async def work() -> float:
            begun.append(clock.now())
            await clock.sleep(1.0)
            return begun[-1]

        async def ask(later: float) -> tuple[float, float]:
            await clock.sleep(later)
            asked = clock.now()
            return asked, await looks.join("gaps", work)

        answers = await asyncio.gather(*(ask(k / 100) for k in range(90)))
        assert all(found >= asked for asked, found in answers)
        assert len(begun) == 3

    in_virtual_time(scene())


def test_only_so_many_look_at_once_whatever_they_ask() -> None:
    """The others wait for their turn, in the order they came."""

    async def scene() -> None:
        clock, looks = World().clock, SharedLook[int](at_once=2)
        start, ends = clock.now(), list[tuple[int, float]]()

        async def work(number: int) -> int:
            await clock.sleep(1.0)
            ends.append((number, clock.now() - start))
            return number

        asked = (looks.join(f"{k}", partial(work, k)) for k in range(5))
        assert await asyncio.gather(*asked) == [0, 1, 2, 3, 4]
        assert [round(at) for _, at in ends] == [1, 1, 2, 2, 3]
        assert [number for number, _ in ends] == [0, 1, 2, 3, 4]

    in_virtual_time(scene())


def test_whoever_leaves_gives_his_turn_back() -> None:
    """A caller who ran out of time while he waited or looked blocks nobody after him."""

    async def scene() -> None:
        clock, looks = World().clock, SharedLook[str](at_once=1)

        async def work() -> str:
            await clock.sleep(1.0)
            return "found"

        for _ in range(2):
            callers = [asyncio.ensure_future(looks.join(name, work)) for name in ("a", "b", "b")]
            await clock.sleep(0.5)
            for caller in callers:
                caller.cancel()
            for caller in callers:
                with pytest.raises(asyncio.CancelledError):
                    await caller
        before = clock.now()
        assert await looks.join("b", work) == "found"
        assert clock.now() - before == pytest.approx(1.0)

    in_virtual_time(scene())


def test_a_fault_reaches_all_who_share_the_look_and_nobody_else() -> None:
    """The next look is another one."""

    async def scene() -> None:
        looks, faults = SharedLook[str](), [ValueError("gone")]

        async def work() -> str:
            if faults:
                raise faults.pop()
            return "found"

        asked = (looks.join("a", work) for _ in range(3))
        answers = await asyncio.gather(*asked, return_exceptions=True)
        assert [str(answer) for answer in answers] == ["gone"] * 3
        assert await looks.join("a", work) == "found"

    in_virtual_time(scene())
