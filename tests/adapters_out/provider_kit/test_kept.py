"""Replies that are kept: for their time, and within bounds."""

from adapters_out.memory.clock import ManualClock
from adapters_out.provider_kit.calls import Reply
from adapters_out.provider_kit.kept import Kept


def test_a_reply_is_kept_for_its_time() -> None:
    """Not longer, and not after it was dropped."""
    clock = ManualClock()
    kept, reply = Kept(clock), Reply(200, b"x")
    kept.put(b"a", reply, 5.0)
    kept.put(b"b", reply, 50.0)
    assert kept.get(b"a") is reply
    clock.advance(5.0)
    assert kept.get(b"a") is None
    assert kept.get(b"b") is reply
    kept.drop(b"b")
    kept.drop(b"b")
    assert kept.get(b"b") is None


def test_the_oldest_go_when_there_are_too_many() -> None:
    """A day's descriptions of 10,000 coins would never end; one that is larger alone may stay."""
    kept = Kept(ManualClock(), most=1000)
    for n in range(50):
        kept.put(b"%03d" % n, Reply(200, bytes(97)), 60.0)
    assert len(kept) == 10
    assert kept.get(b"039") is None
    assert kept.get(b"040") is not None
    kept.put(b"049", Reply(200, bytes(497)), 60.0)
    assert len(kept) == 6
    kept.put(b"all", Reply(200, bytes(5000)), 60.0)
    assert len(kept) == 1
    assert kept.get(b"all") is not None
    kept.clear()
    kept.put(b"one", Reply(200, bytes(900)), 60.0)
    assert kept.get(b"one") is not None
