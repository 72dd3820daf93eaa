"""Room for bodies: bounded, fair, and nobody waits for ever."""

import asyncio
from collections.abc import Coroutine, Sequence
from contextlib import ExitStack

import pytest

from adapters_out.provider_kit.body_room import BodyRoom
from domain.provider import Priority
from tests.adapters_out.provider_kit.scripted import in_virtual_time

NOW, LATER, LAST = Priority.INTERACTIVE, Priority.HEALING, Priority.BACKFILL


class Body:
    """A body that has come in as far as ``size``."""

    def __init__(self, room: BodyRoom, stack: ExitStack, owner: str, priority: Priority) -> None:
        self._room = room
        self._stack = stack.enter_context(ExitStack())
        self._guest = self._stack.enter_context(room.guest(owner, priority))
        self.size = 0

    async def grow(self, size: int) -> None:
        await self._room.grow(self._guest, size)
        self.size = size

    def end(self) -> None:
        self._stack.close()

    @property
    def waits(self) -> bool:
        return self._guest.waits


class Hall:
    """A room for 100 shared bytes and 10 free ones, and bodies in it."""

    def __init__(self, stack: ExitStack) -> None:
        self.room = BodyRoom(shared=100, free=10)
        self._stack = stack

    def body(self, owner: str = "some", priority: Priority = NOW) -> Body:
        return Body(self.room, self._stack, owner, priority)


async def settled(*growths: Coroutine[None, None, None]) -> Sequence["asyncio.Task[None]"]:
    """Begin them all, and go on when each has grown or waits."""
    tasks = [asyncio.ensure_future(growth) for growth in growths]
    for _ in range(3):
        await asyncio.sleep(0)  # noqa: TID251 - lets the others run
    return tasks


def test_pages_never_wait() -> None:
    """What every body has for free is there however full the room is."""

    async def run() -> None:
        with ExitStack() as stack:
            hall = Hall(stack)
            await hall.body("one").grow(1000)
            for _ in range(50):
                await hall.body("some").grow(10)
            assert hall.room.taken == 990

    in_virtual_time(run())


def test_a_body_waits_until_another_has_ended() -> None:
    """It goes on with what that gives back."""

    async def run() -> None:
        with ExitStack() as stack:
            hall = Hall(stack)
            first, second = hall.body("one"), hall.body("two")
            await first.grow(110)
            (task,) = await settled(second.grow(50))
            assert (second.waits, second.size) == (True, 0)
            first.end()
            await task
            assert (second.waits, second.size, hall.room.taken) == (False, 50, 40)

    in_virtual_time(run())


def test_one_provider_gets_half() -> None:
    """Another one's body passes those that wait because their provider has its share."""

    async def run() -> None:
        with ExitStack() as stack:
            hall = Hall(stack)
            sick = [hall.body("sick") for _ in range(3)]
            await sick[0].grow(35)
            await sick[1].grow(35)
            (task,) = await settled(sick[2].grow(35))
            assert sick[2].waits
            await hall.body("well").grow(50)
            assert hall.room.taken == 90
            sick[0].end()
            await task
            assert hall.room.taken == 90

    in_virtual_time(run())


def test_whoever_is_first_always_gets_on() -> None:
    """Bodies that are each larger than the room come in one after the other, none is stuck."""

    async def run() -> None:
        with ExitStack() as stack:
            hall, most = Hall(stack), 0

            async def come(body: Body) -> None:
                nonlocal most
                for size in range(20, 320, 20):
                    await body.grow(size)
                    most = max(most, hall.room.taken)
                    await asyncio.sleep(0.01)  # noqa: TID251 - its provider's own time
                body.end()

            bodies = [hall.body(f"p{n % 5}", Priority(n % 3)) for n in range(30)]
            await asyncio.gather(*map(come, bodies))
            assert all(body.size == 300 for body in bodies)
            assert hall.room.taken == 0
            assert most <= 100 + 3 * 290

    in_virtual_time(run())


def test_the_urgent_go_first() -> None:
    """Whatever the order in which they came."""

    async def run() -> None:
        with ExitStack() as stack:
            hall = Hall(stack)
            holder = hall.body("one", NOW)
            await holder.grow(110)
            waiting = [hall.body(p.name, p) for p in (LAST, LATER, NOW)]
            tasks = await settled(*(body.grow(60) for body in waiting))
            holder.end()
            await settled()
            assert [body.waits for body in waiting] == [True, False, False]
            waiting[2].end()
            await settled()
            assert [body.waits for body in waiting] == [False, False, False]
            await asyncio.gather(*tasks)

    in_virtual_time(run())


def test_who_gives_up_leaves_nothing_behind() -> None:
    """A body whose time is up stands in nobody's way."""

    async def run() -> None:
        with ExitStack() as stack:
            hall = Hall(stack)
            holder, gone, last = (hall.body(name) for name in ("one", "two", "three"))
            await holder.grow(110)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(1):
                    await gone.grow(100)
            assert gone.waits
            gone.end()
            (task,) = await settled(last.grow(100))
            holder.end()
            await task
            last.end()
            assert hall.room.taken == 0

    in_virtual_time(run())
