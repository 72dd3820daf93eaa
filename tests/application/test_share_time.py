"""How a caller's time is shared out."""

import pytest

from adapters_out.memory.clock import LoopClock, ManualClock
from application.share_time import RESERVE_S, Shares, is_late, share_of, time_left
from domain.errors import Attempt
from domain.provider import Priority
from ports.market_data import CallContext
from tests.application.world import NOW, in_virtual_time

DENIED = Attempt("none", "not-listed", "It does not list that.")


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


def shares_of(
    chosen: int, refused: tuple[Attempt, ...] = (), within: float | None = 10.2
) -> tuple[ManualClock, Shares]:
    """The shares of so many candidates, with 0.2 s kept back."""
    clock = ManualClock(0.0)
    context = CallContext(within, Priority.HEALING, "a question")
    return clock, Shares(clock, context, chosen, refused)


def test_time_is_shared_equally_and_silence_ends_in_the_middle() -> None:
    """Three candidates who use up what they may be silent for are done after half of the time."""
    clock, shares = shares_of(3)
    ends: list[tuple[float, bool]] = []
    for _ in range(3):
        share = shares.next()
        assert share.deadline is not None
        assert share.silence_s is not None
        assert share.deadline == pytest.approx(clock.now() + (10.0 - clock.now()) / (3 - len(ends)))
        assert (share.priority, share.request_id) == (Priority.HEALING, "a question")
        ends.append((round(clock.now() + share.silence_s, 6), share.standby))
        clock.advance(share.silence_s)
    assert ends == [(1.666667, True), (3.333333, True), (5.0, False)]


def test_the_last_one_is_given_a_second_however_late_it_is() -> None:
    """Those before it talked for long, without saying anything."""
    clock, shares = shares_of(2)
    shares.next()
    clock.advance(8.0)
    share = shares.next()
    assert (share.deadline, share.silence_s, share.standby) == (10.0, 1.0, False)


@pytest.mark.parametrize(("refused", "silence_s"), [((), None), ((DENIED,), 5.0)])
def test_all_the_time_is_for_one_who_has_no_alternative(
    refused: tuple[Attempt, ...], silence_s: float | None
) -> None:
    """Another one that is known to deny the instrument is an alternative: there is an answer."""
    _, shares = shares_of(1, refused)
    share = shares.next()
    assert (share.deadline, share.silence_s, share.standby) == (10.0, silence_s, False)


def test_who_could_never_have_answered_is_no_alternative() -> None:
    """A provider of other data changes nothing."""
    _, shares = shares_of(1, (Attempt("none", "not-listed", "It has no coins.", asked=False),))
    assert shares.next().silence_s is None


def test_without_a_deadline_nobody_is_hurried() -> None:
    """Only that others stand by is said."""
    _, shares = shares_of(2, within=None)
    first, last = shares.next(), shares.next()
    assert (first.deadline, first.silence_s, first.standby) == (None, None, True)
    assert (last.deadline, last.silence_s, last.standby) == (None, None, False)
