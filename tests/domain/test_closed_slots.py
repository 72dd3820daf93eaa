"""Closed slots among what is known of a series, against a model that looks at every slot."""

import datetime as dt

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from domain.coverage import Coverage, Emptiness, Gap, GapReason, explain_holes
from domain.interval import Interval
from domain.sessions import calendar_named
from domain.timerange import RangeSet, TimeRange
from tests.domain.made import T0

M30, SLOT = Interval.M30, 1800
XNYS = calendar_named("XNYS")
FRIDAY = int(dt.datetime(2024, 2, 2, tzinfo=dt.UTC).timestamp())
WEEK = TimeRange(FRIDAY, FRIDAY + 5 * 86_400)
SLOTS = 5 * 48
REASONS = st.sampled_from(
    (GapReason.NO_TRADES, GapReason.UNKNOWN, GapReason.NOT_LISTED, GapReason.MARKET_CLOSED)
)
# What was learned of a minute: "held", "lost" (asked, but gone), a reason, or nothing (None).
LEARNED = st.one_of(st.just("held"), st.just("lost"), st.none(), REASONS)


def ranges(minutes: list[int]) -> RangeSet:
    """Minutes after T0 as ranges."""
    return RangeSet.of(TimeRange(T0 + 60 * m, T0 + 60 * m + 60) for m in minutes)


@given(st.lists(st.tuples(LEARNED, st.booleans()), min_size=1, max_size=30))
def test_the_calendar_speaks_where_nobody_else_did(
    minutes: list[tuple[str | GapReason | None, bool]],
) -> None:
    """What was learned stands, but for a closure that the calendar no longer knows."""
    end = T0 + 60 * len(minutes)
    told = list(enumerate(minutes))
    learned = Coverage(
        TimeRange(T0, end),
        ranges([m for m, (what, _) in told if what == "held"]),
        tuple(
            Emptiness(Gap(r.start, r.end, reason), end)
            for reason in GapReason
            for r in ranges([m for m, (what, _) in told if what is reason])
        ),
        ranges([m for m, (what, _) in told if what is not None]),
    )
    known = learned.with_closed(ranges([m for m, (_, closed) in told if closed]))
    expected = {m: _reason(what, closed=closed) for m, (what, closed) in told}
    gaps = known.gaps(Interval.M1, end)
    found = {(t - T0) // 60: g.reason for g in gaps for t in range(g.start, g.end, 60)}
    assert found == {m: reason for m, reason in expected.items() if reason is not None}
    missing = known.missing(Interval.M1, end)
    again = {GapReason.UNKNOWN, GapReason.LOST_BY_US}
    asked = [m for m, r in expected.items() if r in again and told[m][1][0] is not r]
    assert missing == ranges(asked)


def _reason(what: str | GapReason | None, *, closed: bool) -> GapReason | None:
    """Why a minute is absent; None if it is not."""
    if what == "held":
        return None
    if what is None or what is GapReason.MARKET_CLOSED:
        return GapReason.MARKET_CLOSED if closed else GapReason.UNKNOWN
    return GapReason.LOST_BY_US if isinstance(what, str) else what


@given(
    st.sets(st.integers(0, SLOTS - 1)),
    st.sets(st.integers(0, SLOTS - 1)),
    st.sampled_from((0, 600, 3 * 86_400)),
)
def test_holes_outside_of_the_hours_are_closed_and_no_bar_ever_is(
    bars: set[int], refused: set[int], age: int
) -> None:
    """A refused row stays unknown; before the first bar nothing but whole sessions is unlisted."""
    ts = np.array(sorted(FRIDAY + SLOT * b for b in bars), dtype=np.int64)
    rejected = {FRIDAY + SLOT * r for r in refused - bars}
    gaps = explain_holes(
        WEEK,
        M30,
        ts,
        earliest=int(ts[0]) if len(ts) else None,
        reason=GapReason.PROVIDER_OUTAGE,
        now=WEEK.end + age,
        rejected=tuple(rejected),
        calendar=XNYS,
    )
    found = {t: g.reason for g in gaps for t in range(g.start, g.end, SLOT)}
    closed = {t for r in XNYS.closed(M30, WEEK) for t in range(r.start, r.end, SLOT)}
    slots = set(range(WEEK.start, WEEK.end, SLOT))
    assert set(found) == slots - set(ts.tolist())
    assert {t for t, reason in found.items() if reason is GapReason.UNKNOWN} == rejected
    shut = {t for t, reason in found.items() if reason is GapReason.MARKET_CLOSED}
    unlisted = {t for t, reason in found.items() if reason is GapReason.NOT_LISTED}
    assert shut == (closed & set(found)) - rejected - unlisted
    if unlisted:
        begun = XNYS.eve(M30, int(ts[0]))
        assert begun is not None
        assert max(unlisted) < begun.end


def test_the_night_before_the_first_bar_is_a_night() -> None:
    """One session passed without a bar: that was before the listing, what follows was not."""
    monday = FRIDAY + 3 * 86_400 + 15 * 3600
    gaps = explain_holes(
        TimeRange(FRIDAY, monday + SLOT),
        M30,
        np.array([monday], dtype=np.int64),
        earliest=monday,
        reason=GapReason.NO_TRADES,
        now=WEEK.end,
        calendar=XNYS,
    )
    saturday = FRIDAY + 86_400 + 3600
    assert gaps == (
        Gap(FRIDAY, saturday, GapReason.NOT_LISTED),
        Gap(saturday, FRIDAY + 3 * 86_400 + 9 * 3600, GapReason.MARKET_CLOSED),
        Gap(FRIDAY + 3 * 86_400 + 9 * 3600, monday, GapReason.NO_TRADES),
    )
