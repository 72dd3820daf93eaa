"""Messages of a stream: read, or malformed; refusals are errors of the one tree."""

from collections.abc import Iterator

import msgspec
import pytest

from adapters_out.provider_kit.cells import Unreadable
from adapters_out.provider_kit.faults import Complaint, FaultRule, KeyRefused
from adapters_out.provider_kit.feed import (
    Event,
    Feed,
    Message,
    Pong,
    Rules,
    Unknown,
    bar_of,
    unknown,
)
from domain.bars import Bar
from domain.errors import (
    CallRefused,
    MalformedPayload,
    NotListed,
    ProviderError,
    ProviderUnavailable,
    RateLimited,
)

NOW_NS = 1_800_000_000_250_000_000
MESSAGE = Message(b"", NOW_NS)
RULES = Rules("acme", (FaultRule(NotListed, "does not list it", codes=("404",), text="topic"),))


def raising(error: Exception) -> Feed:
    """A feed that cannot read after its first event."""

    def events(_: Message) -> Iterator[Event]:
        yield Pong()
        raise error

    return Feed(name="acme", events=events)


@pytest.mark.parametrize(
    "error",
    [
        Unreadable("it is  no\nnumber."),
        msgspec.DecodeError("it is no number"),
        KeyError("it is no number"),
        OverflowError("it is no number"),
        RecursionError("it is no number"),
    ],
)
def test_a_message_that_cannot_be_read_is_malformed_as_a_whole(error: Exception) -> None:
    """Whatever went wrong, in one sentence that names the provider."""
    with pytest.raises(MalformedPayload, match=r"acme sent .*it is no number'?\.$") as caught:
        raising(error).read(b"", NOW_NS)
    assert caught.value.provider == "acme"
    assert caught.value.__cause__ is error


def test_a_mistake_of_ours_is_not_the_providers() -> None:
    """It is not taken for an unreadable message."""
    with pytest.raises(AttributeError):
        raising(AttributeError("oops")).read(b"", NOW_NS)


def test_a_feed_is_told_when_a_message_came() -> None:
    """With its bytes as they were; it may say nothing."""
    seen: list[Message] = []

    def events(message: Message) -> tuple[Event, ...]:
        seen.append(message)
        return ()

    assert Feed(name="acme", events=events).read(b"x", NOW_NS) == ()
    assert seen == [Message(b"x", NOW_NS)]


@pytest.mark.parametrize(
    ("said", "status", "expected"),
    [
        (Complaint("404", "The Topic is not found"), 200, NotListed),
        (Complaint("404", "something else"), 200, CallRefused),
        (Complaint("", "who are you?"), 401, KeyRefused),
        (Complaint("", "slower"), 429, RateLimited),
        (Complaint("", "oops"), 503, ProviderUnavailable),
    ],
)
def test_a_complaint_is_an_error_of_the_tree(
    said: Complaint, status: int, expected: type[ProviderError]
) -> None:
    """Its own rules first, then those of HTTP; what nobody knows is a refusal."""
    error = RULES.error(MESSAGE, said, status)
    assert type(error) is expected
    assert error.provider == "acme"
    assert said.text in error.message
    assert (error.retry_at is not None) is (expected is RateLimited)


def test_a_limit_says_when_to_come_back() -> None:
    """So long after the message came."""
    slower = FaultRule(RateLimited, "limits us", pause_s=30.0)
    assert Rules("acme", (slower,)).error(MESSAGE, Complaint()).retry_at == 1_800_000_030.25


def test_a_bar_holds_what_was_sent() -> None:
    """Numbers or texts, a stamp in any unit; what is absent is None, and so is an average of 0."""
    bar = bar_of("1700000040000", ("1.5", 2, 1.25, "1.75"), "7", "0.0", 3, final=True)
    assert bar == Bar(
        ts=1_700_000_040, open=1.5, high=2.0, low=1.25, close=1.75, volume=7.0, trades=3
    )
    few = bar_of(1_700_000_040, (1, 1, 1, 1), final=False)
    assert (few.volume, few.vwap, few.trades, few.final) == (None, None, None, False)


@pytest.mark.parametrize("ts", [1_700_000_040_500, "1700000040.5", None, "soon", 10**20])
def test_a_bar_opens_on_a_whole_second(ts: int | str | None) -> None:
    """Anything else is no bar's time, and is not rounded."""
    with pytest.raises(Unreadable):
        bar_of(ts, (1, 1, 1, 1), final=True)


def test_the_name_of_what_is_not_known_is_cut() -> None:
    """It is for a person to read."""
    assert unknown("x" * 1000) == Unknown("x" * 80)
