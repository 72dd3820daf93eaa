"""Beliefs about emptiness, checked slot by slot against a dictionary."""

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from domain.coverage import Gap, GapReason
from domain.emptiness import EmptySpan, Lesson, learn
from domain.timerange import RangeSet, TimeRange

REASONS = (GapReason.NO_TRADES, GapReason.PROVIDER_OUTAGE, GapReason.UNKNOWN)
SLOTS = 12
# One answer: for each slot a bar (True), a reason why it is empty, or nothing at all (None).
answers = st.lists(
    st.lists(st.sampled_from((True, None, *REASONS)), min_size=SLOTS, max_size=SLOTS),
    max_size=6,
)


def _ranges(slots: Iterable[int]) -> RangeSet:
    return RangeSet.of(TimeRange(slot, slot + 1) for slot in slots)


def _gaps(answer: list[bool | GapReason | None]) -> list[Gap]:
    return [Gap(k, k + 1, said) for k, said in enumerate(answer) if isinstance(said, GapReason)]


def _believed(spans: Iterable[EmptySpan], as_of: int | None = None) -> dict[int, GapReason]:
    found: dict[int, GapReason] = {}
    for span in spans:
        for slot in range(span.range.start, span.range.end) if span.holds_at(as_of) else ():
            assert slot not in found, "two current beliefs about one slot"
            found[slot] = span.reason
    return found


@given(answers)
def test_beliefs_follow_the_answers_and_the_past_stays(
    told: list[list[bool | GapReason | None]],
) -> None:
    """Now and as of every earlier moment, each slot is believed empty for the reason last told."""
    spans: tuple[EmptySpan, ...] = ()
    held: set[int] = set()
    expected: dict[int, GapReason] = {}
    history: dict[int, dict[int, GapReason]] = {}
    for moment, answer in enumerate(told, start=1):
        held |= {k for k, said in enumerate(answer) if said is True}
        current = tuple(s for s in spans if s.superseded_at is None)
        lesson = learn(current, _gaps(answer), _ranges(held), known_at=moment, checked_at=moment)
        spans = (*(s for s in spans if s not in lesson.removed), *lesson.added)
        before = dict(expected)
        expected |= {k: said for k, said in enumerate(answer) if isinstance(said, GapReason)}
        expected = {k: reason for k, reason in expected.items() if k not in held}
        history[moment] = dict(expected)
        assert lesson.is_new == (before != expected)
        assert _believed(spans) == expected
    for moment, then in history.items():
        assert _believed(spans, moment) == then


@given(answers)
def test_the_last_check_of_every_slot_is_remembered(
    told: list[list[bool | GapReason | None]],
) -> None:
    """``checked_at`` is the newest answer that gave the reason, whatever order they come in."""
    spans: tuple[EmptySpan, ...] = ()
    for moment, answer in enumerate(told, start=1):
        lesson = learn(
            spans, _gaps(answer), RangeSet(), known_at=moment, checked_at=(moment * 7) % 5
        )
        for gap in _gaps(answer):
            covering = [s for s in _after(spans, lesson) if s.range.contains(gap.range)]
            assert len(covering) == 1
            assert covering[0].checked_at >= (moment * 7) % 5
        spans = _after(spans, lesson)


def _after(spans: tuple[EmptySpan, ...], lesson: Lesson) -> tuple[EmptySpan, ...]:
    kept = (s for s in spans if s not in lesson.removed)
    return tuple(s for s in (*kept, *lesson.added) if s.superseded_at is None)


def test_the_same_answer_again_teaches_nothing() -> None:
    """Neither removed nor added, nor anything when the answer is older than the last check."""
    gaps = [Gap(0, 4, REASONS[0]), Gap(4, 6, REASONS[1])]
    first = learn((), gaps, RangeSet(), known_at=1, checked_at=10)
    assert first.is_new
    for checked_at in (10, 9):
        again = learn(first.added, gaps, RangeSet(), known_at=2, checked_at=checked_at)
        assert again == Lesson()
    later = learn(first.added, gaps, RangeSet(), known_at=2, checked_at=11)
    assert not later.is_new
    assert {s.checked_at for s in later.added} == {11}
    assert {s.known_at for s in later.added} == {1}


def test_of_two_overlapping_gaps_the_earlier_keeps_the_overlap() -> None:
    """Contradictory gaps of one answer never make two beliefs about one moment."""
    lesson = learn(
        (), [Gap(0, 4, REASONS[0]), Gap(2, 6, REASONS[1])], RangeSet(), known_at=1, checked_at=1
    )
    assert _believed(lesson.added) == dict.fromkeys(range(4), REASONS[0]) | {
        4: REASONS[1],
        5: REASONS[1],
    }
