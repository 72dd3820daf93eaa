"""How a caller's time is shared out."""

import pytest

from adapters_out.memory.clock import LoopClock
from application.share_time import RESERVE_S, is_late, share_of, time_left
from domain.provider import Priority
from ports.market_data import CallContext
from tests.application.world import NOW, in_virtual_time


def test_each_of_the_candidates_has_an_equal_part_of_what_is_left() -> None:
    """Whoever is quick leaves more to the next; the last has all but what is kept back."""

    async def scene() -> None:
        clock = LoopClock(NOW)
        context = CallContext(clock.monotonic() + 6 + RESERVE_S, Priority.HEALING, "r")
        first = share_of(clock, context, 3)
        assert time_left(clock, first) == pytest.approx(2)
        assert (first.standby, first.priority, first.request_id) == (True, Priority.HEALING, "r")
        await clock.sleep(0.5)
        assert time_left(clock, share_of(clock, context, 2)) == pytest.approx(2.75)
        last = share_of(clock, context, 1)
        assert time_left(clock, last) == pytest.approx(5.5)
        assert not last.standby

    in_virtual_time(scene())


def test_what_is_kept_back_is_not_shared_out() -> None:
    """When nothing else is left the caller is late, and a share is empty, not negative."""

    async def scene() -> None:
        clock = LoopClock(NOW)
        context = CallContext(clock.monotonic() + 1)
        assert not is_late(clock, context)
        await clock.sleep(1 - RESERVE_S)
        assert is_late(clock, context)
        assert time_left(clock, context) == pytest.approx(RESERVE_S)
        await clock.sleep(RESERVE_S)
        assert time_left(clock, share_of(clock, context, 2)) == pytest.approx(0)

    in_virtual_time(scene())


def test_without_a_deadline_there_is_nothing_to_share() -> None:
    """A candidate may take the time that its provider's own limits give it."""

    async def scene() -> None:
        clock, context = LoopClock(NOW), CallContext()
        assert time_left(clock, context) is None
        assert not is_late(clock, context)
        assert share_of(clock, context, 2) == CallContext(standby=True)

    in_virtual_time(scene())
