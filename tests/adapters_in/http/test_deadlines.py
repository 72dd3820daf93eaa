"""Work and the time it may take."""

import asyncio

import pytest

from adapters_in.http.deadlines import Deadlines
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
