"""Work and the time it may take."""

import asyncio

import pytest

from adapters_in.http.asgi import Message, Receive, Scope, Send
from adapters_in.http.deadlines import Deadlines, deadline_of
from adapters_in.http.front import Front
from adapters_in.http.hot_answers import HotAnswers
from tests.adapters_in.http.house import House
from tests.runner import Run


def test_what_ends_in_time_is_answered(run: Run) -> None:
    """A value, or the fault of the work itself."""

    async def good() -> str:
        return "answer"

    async def bad() -> str:
        raise ValueError("its own")

    assert run(Deadlines().keep(good(), 60.0)) == "answer"
    with pytest.raises(ValueError, match="its own"):
        run(Deadlines().keep(bad(), 60.0))


@pytest.mark.parametrize("fault", [None, ValueError("late")])
def test_nobody_waits_for_work_that_takes_long_to_break_off(
    run: Run, fault: Exception | None
) -> None:
    """The time is up while the work still tidies up, which it does to its end."""

    async def scene() -> None:
        told, tidy, ended = asyncio.Event(), asyncio.Event(), asyncio.Event()

        async def stubborn() -> None:
            try:
                await asyncio.Event().wait()
            finally:
                told.set()
                await tidy.wait()
                ended.set()
                if fault is not None:
                    raise fault

        with pytest.raises(TimeoutError):
            await Deadlines().keep(stubborn(), 0.0)
        await told.wait()
        assert not ended.is_set()
        tidy.set()
        await ended.wait()

    run(scene())


def test_a_caller_who_leaves_ends_the_work(run: Run) -> None:
    """Whoever is cancelled cancels what was done for him."""

    async def scene() -> None:
        begun, ended = asyncio.Event(), asyncio.Event()

        async def work() -> None:
            begun.set()
            try:
                await asyncio.Event().wait()
            finally:
                ended.set()

        caller = asyncio.ensure_future(Deadlines().keep(work(), 60.0))
        await begun.wait()
        caller.cancel()
        with pytest.raises(asyncio.CancelledError):
            await caller
        await ended.wait()

    run(scene())


@pytest.mark.parametrize(
    ("lag", "left"), [(0.0, 10.0), (0.25, 9.5), (2.0, 6.0), (5.0, 3.0), (-1.0, 11.0)]
)
def test_time_runs_from_the_arrival_and_a_late_start_is_kept_back_twice(
    lag: float, left: float
) -> None:
    """What it took to begin is kept back for the end as well, at most a fifth of all."""
    assert deadline_of(100.0, 100.0 + lag, 10.0) - (100.0 + lag) == pytest.approx(left)


def test_everybody_of_a_crowd_has_come_before_the_work_for_the_first_begins(house: House) -> None:
    """The work for one takes a second of everybody's time; all came at the same moment."""
    arrived: list[float] = []

    async def work(scope: Scope, receive: Receive, send: Send) -> None:
        del receive
        arrived.append(scope["state"]["arrived"])
        house.clock.advance(1.0)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def nothing() -> Message:
        return {"type": "http.disconnect"}

    async def drop(message: Message) -> None:
        del message

    async def scene() -> None:
        front = Front(work, house.services, HotAnswers(house.clock, 0))
        scope = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": []}
        await asyncio.gather(*(front(dict(scope), nothing, drop) for _ in range(20)))

    began = house.clock.monotonic()
    house.run(scene())
    assert arrived == [began] * 20
