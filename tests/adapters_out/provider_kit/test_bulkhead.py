"""The bulkhead: bounded, urgent ones first, nobody's slot is lost."""

import asyncio
import contextlib

import pytest

from adapters_out.provider_kit.bulkhead import Bulkhead
from domain.errors import CallRefused, DeadlineExceeded
from domain.provider import Priority
from tests.adapters_out.provider_kit.scripted import in_virtual_time


async def hold(bulkhead: Bulkhead, priority: Priority, order: list[str], seconds: float) -> None:
    """Take a slot, note it, keep it for a while."""
    async with bulkhead.slot(priority, None):
        order.append(priority.name)
        await asyncio.sleep(seconds)  # noqa: TID251 - the length of a call


def test_the_urgent_go_first() -> None:
    """Whoever a person waits for overtakes those that nobody waits for."""

    async def run() -> list[str]:
        bulkhead, order = Bulkhead("some", 1, 10), list[str]()
        waiting = (Priority.BACKFILL, Priority.BACKFILL, Priority.HEALING, Priority.INTERACTIVE)
        await asyncio.gather(*(hold(bulkhead, p, order, 1.0) for p in waiting))
        return order

    assert in_virtual_time(run()) == ["BACKFILL", "INTERACTIVE", "HEALING", "BACKFILL"]


def test_a_backfill_leaves_a_slot_free() -> None:
    """With every patient slot taken an interactive call still goes at once."""

    async def run() -> list[str]:
        bulkhead, order = Bulkhead("some", 4, 10), list[str]()
        tasks = [asyncio.create_task(hold(bulkhead, Priority.BACKFILL, order, 9.0)) for _ in "1234"]
        tasks.append(asyncio.create_task(hold(bulkhead, Priority.INTERACTIVE, order, 1.0)))
        await asyncio.sleep(0.5)  # noqa: TID251 - let them line up
        started = list(order)
        await asyncio.gather(*tasks)
        return started

    assert in_virtual_time(run()) == ["BACKFILL"] * 3 + ["INTERACTIVE"]


def test_the_line_is_bounded() -> None:
    """One more than may wait is refused at once; one that waits too long is told."""

    async def run() -> None:
        bulkhead, order = Bulkhead("some", 1, 1), list[str]()
        tasks = [
            asyncio.create_task(hold(bulkhead, Priority.INTERACTIVE, order, 5.0)) for _ in "12"
        ]
        await asyncio.sleep(0.1)  # noqa: TID251 - let them line up
        with pytest.raises(CallRefused):
            await hold(bulkhead, Priority.INTERACTIVE, order, 1.0)
        await asyncio.gather(*tasks)

    in_virtual_time(run())


def test_no_slot_in_time_is_said() -> None:
    """And the slot that comes free later goes to the next."""

    async def run() -> list[str]:
        bulkhead, order = Bulkhead("some", 1, 5), list[str]()
        first = asyncio.create_task(hold(bulkhead, Priority.INTERACTIVE, order, 5.0))
        await asyncio.sleep(0.1)  # noqa: TID251 - let it begin
        with pytest.raises(DeadlineExceeded):
            async with bulkhead.slot(Priority.INTERACTIVE, 1.0):
                order.append("never")
        await first
        await hold(bulkhead, Priority.HEALING, order, 0.1)
        return order

    assert in_virtual_time(run()) == ["INTERACTIVE", "HEALING"]


@pytest.mark.parametrize("after", [0.5, 1.0, 1.5])
def test_a_cancelled_caller_loses_no_slot(after: float) -> None:
    """Cancelled in line, just as it is let in, or inside: the slot is free again."""

    async def run() -> None:
        bulkhead, order = Bulkhead("some", 1, 5), list[str]()
        first = asyncio.create_task(hold(bulkhead, Priority.INTERACTIVE, order, 1.0))
        second = asyncio.create_task(hold(bulkhead, Priority.INTERACTIVE, order, 1.0))
        await asyncio.sleep(after)  # noqa: TID251 - somewhere in its life
        second.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await second
        await first
        async with asyncio.timeout(0.1), bulkhead.slot(Priority.BACKFILL, None):
            order.append("free")

    in_virtual_time(run())
