"""What is held, missing and known empty, against a model that asks every slot."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.coverage import (
    RECHECK_S,
    Coverage,
    Emptiness,
    Gap,
    GapReason,
    explain_holes,
    held_ranges,
    merge_gaps,
)
from domain.interval import Interval
from domain.timerange import RangeSet, TimeRange
from tests.domain.made import INTERVALS, T0, slots

M1 = Interval.M1
MINUTES = 30
END = T0 + MINUTES * 60
EDGES = st.integers(-60, MINUTES * 60 + 60)
SPANS = st.builds(
    lambda start, length: TimeRange(T0 + start, T0 + start + length), EDGES, st.integers(1, 600)
)
REASONS = st.sampled_from(GapReason)
HOLES = st.builds(
    lambda span, reason, age: Emptiness(Gap(span.start, span.end, reason), END - age),
    SPANS,
    REASONS,
    st.sampled_from([0, 1, 3, 4000, 10**6, 10**7]),
)
OPENS = st.sets(st.integers(0, MINUTES - 1)).map(
    lambda minutes: np.array(sorted(T0 + 60 * m for m in minutes), dtype=np.int64)
)


@st.composite
def coverages(draw: st.DrawFn) -> Coverage:
    """What is known of half an hour of minutes; answers and emptinesses need not be aligned."""
    return Coverage(
        draw(SPANS),
        held_ranges(M1, draw(OPENS)),
        tuple(draw(st.lists(HOLES, max_size=5))),
        RangeSet.of(draw(st.lists(SPANS, max_size=3))),
    )


def opens_in(ranges: RangeSet) -> set[int]:
    """Every minute that opens in the ranges."""
    return {int(t) for r in ranges for t in M1.grid(r.start, r.end)}


def wanted(coverage: Coverage, now: float) -> set[int]:
    """The minutes of the range that have closed by now and are not held."""
    closed = {t for t in opens_in(RangeSet((coverage.range,))) if t + 60 <= now}
    return closed - opens_in(coverage.held)


def within(ts: int, span: TimeRange) -> bool:
    """Whether the minute opens in the span."""
    return span.start <= ts < span.end


@given(coverages(), st.integers(T0 - 100, END + 100))
def test_missing_is_what_a_provider_should_be_asked_for(coverage: Coverage, now: int) -> None:
    """Closed and not held, less what is known to be empty and needs no new look."""
    missing = coverage.missing(M1, now)
    quiet = [e.gap.range for e in coverage.empty if not e.is_due(now)]
    expected = {t for t in wanted(coverage, now) if not any(within(t, span) for span in quiet)}
    assert opens_in(missing) == expected
    assert all(M1.is_aligned(r.start) and M1.is_aligned(r.end) for r in missing)


@given(coverages(), st.integers(T0 - 100, END + 100))
def test_every_missing_slot_has_one_reason(coverage: Coverage, now: int) -> None:
    """The first known cause; asked but neither held nor known empty is lost; else unknown."""
    expected = {}
    for ts in wanted(coverage, now):
        causes = [e.gap.reason.value for e in coverage.empty if within(ts, e.gap.range)]
        lost = any(within(ts, span) for span in coverage.asked)
        expected[ts] = causes[0] if causes else "lost_by_us" if lost else "unknown"
    gaps = coverage.gaps(M1, now)
    assert slots(gaps, M1) == expected
    assert list(gaps) == sorted(gaps)
    assert merge_gaps(gaps) == gaps


@given(INTERVALS, st.lists(st.integers(1, 3), max_size=20))
def test_held_ranges_cover_exactly_the_bars(interval: Interval, steps: list[int]) -> None:
    """The ranges hold the opens of the bars, and neighbours share one range."""
    opens = [interval.floor(T0)]
    for step in steps:
        opens.append(interval.shift(opens[-1], step))
    held = held_ranges(interval, np.array(opens, dtype=np.int64))
    assert [int(t) for r in held for t in interval.grid(r.start, r.end)] == opens
    assert held == RangeSet.of(held)
    assert held_ranges(interval, np.empty(0, dtype=np.int64)) == RangeSet()


@given(st.lists(st.builds(lambda r, g: Gap(r.start, r.end, g), SPANS, REASONS), max_size=6))
def test_merging_gaps_loses_nothing(gaps: list[Gap]) -> None:
    """Every second keeps its reasons, and merging again changes nothing."""

    def seconds(some: list[Gap] | tuple[Gap, ...]) -> set[tuple[int, str]]:
        return {(t, g.reason.value) for g in some for t in range(g.start, g.end)}

    merged = merge_gaps(gaps)
    assert not any(a.end == b.start and a.reason is b.reason for a, b in pairwise(merged))
    assert seconds(merged) == seconds(gaps)
    assert merge_gaps(merged) == merged


@given(
    OPENS,
    OPENS,
    st.none() | st.integers(-5, 40).map(lambda m: T0 + 60 * m),
    st.sampled_from([END + 1, END + 61, END + 90_000, T0 + 601]),
)
def test_every_hole_of_an_answer_is_explained(
    ts: np.ndarray[tuple[int], np.dtype[np.int64]],
    refused: np.ndarray[tuple[int], np.dtype[np.int64]],
    earliest: int | None,
    now: int,
) -> None:
    """Unreadable rows, the time before the listing, the newest bars, and then the usual reason."""
    asked = TimeRange(T0, END)
    gaps = explain_holes(
        asked,
        M1,
        ts,
        earliest=earliest,
        reason=GapReason.NO_TRADES,
        now=now,
        rejected=tuple(refused.tolist()),
    )
    newest = M1.last_closed(now) - 60
    tail = int(ts[-1]) + 60 if len(ts) else T0
    expected = {}
    for t in set(range(T0, END, 60)) - set(ts.tolist()):
        trailing = all(u not in refused.tolist() for u in range(max(t, tail), END, 60))
        if t in refused.tolist():
            expected[t] = "unknown"
        elif earliest is not None and t < earliest:
            expected[t] = "not_listed"
        elif t >= newest and t >= tail and trailing:
            expected[t] = "not_yet_published"
        else:
            expected[t] = "no_trades"
    assert slots(gaps, M1) == expected
    assert all(gap.start < gap.end for gap in gaps)


def test_a_deleted_hour_is_lost_by_us() -> None:
    """What a provider once answered and is no longer there was lost here, and is fetched again."""
    ts = M1.grid(T0, T0 + 7200)
    left = held_ranges(M1, ts[:60])
    coverage = Coverage(TimeRange(T0, T0 + 7200), left, (), RangeSet.of([TimeRange(T0, T0 + 7200)]))
    assert coverage.gaps(M1, T0 + 9000) == (Gap(T0 + 3600, T0 + 7200, GapReason.LOST_BY_US),)
    assert coverage.missing(M1, T0 + 9000).ranges == (TimeRange(T0 + 3600, T0 + 7200),)


@pytest.mark.parametrize("reason", GapReason)
def test_known_emptiness_is_believed_for_its_time(reason: GapReason) -> None:
    """Each reason has its own patience; a closed market is never asked about again."""
    hole = Emptiness(Gap(T0, T0 + 60, reason), END)
    wait = RECHECK_S[reason]
    if wait is None:
        assert not hole.is_due(END + 10**12)
    else:
        assert hole.is_due(END + wait)
        assert not hole.is_due(END + wait - 1)


def test_only_our_own_losses_are_unexplained() -> None:
    """A gap is explained unless we lost the bars or do not know the cause."""
    open_ = {r for r in GapReason if not Gap(T0, T0 + 60, r).is_explained}
    assert open_ == {GapReason.LOST_BY_US, GapReason.UNKNOWN}


def test_ten_thousand_quiet_minutes_are_explained_at_once() -> None:
    """The cost grows with the number of holes, not with its square."""
    quiet = [Gap(T0 + 120 * k, T0 + 120 * k + 60, GapReason.NO_TRADES) for k in range(20_000)]
    span = TimeRange(T0, T0 + 120 * 20_000)
    held = RangeSet.of([span]).subtract(RangeSet.of(g.range for g in quiet))
    coverage = Coverage(span, held, tuple(Emptiness(g, span.end) for g in quiet))
    assert coverage.gaps(M1, span.end) == tuple(quiet)


def test_what_a_slow_provider_may_yet_publish_is_no_quiet_hour() -> None:
    """Before that its holes mean what they mean, and so they do if later bars are there."""
    hour, asked = Interval.H1, TimeRange(0, 36_000)
    ts = np.array([0, 7200], dtype=np.int64)
    gaps = explain_holes(
        asked,
        hour,
        ts,
        earliest=0,
        reason=GapReason.NO_TRADES,
        now=90_000.0,
        published=18_000,
    )
    assert gaps == (
        Gap(3600, 7200, GapReason.NO_TRADES),
        Gap(10_800, 18_000, GapReason.NO_TRADES),
        Gap(18_000, 36_000, GapReason.NOT_YET_PUBLISHED),
    )
