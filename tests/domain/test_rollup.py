"""Rolling up: coarse bars equal their parts, and one with a part missing does not exist."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.bars import Bar, BarSeries
from domain.coverage import Coverage, Emptiness, Gap, GapReason, held_ranges
from domain.interval import Interval
from domain.presence import EXCUSES
from domain.rollup import (
    keep_whole,
    roll_up,
    roll_up_coverage,
    roll_up_forming,
    roll_up_known,
)
from domain.timerange import RangeSet, TimeRange

H, M = 3600, 60
START = 1_699_999_200  # a full hour, and no full day


def bar(ts: int, price: float = 10.0, **values: float | None) -> Bar:
    """A bar around a price."""
    sent = {"volume": 1.0, "vwap": price, "trades": 2, **values}
    prices = {"open": price, "high": price + 1, "low": price - 1, "close": price + 0.5}
    return Bar(ts=ts, **prices, **sent)  # type: ignore[arg-type]  # by name


def test_a_coarse_bar_opens_with_its_first_part_and_closes_with_its_last() -> None:
    """Highest high, lowest low, volumes and counts added, average weighted by volume."""
    parts = [
        bar(START, 10.0, volume=1.0),
        bar(START + 5 * M, 20.0, volume=3.0),
        bar(START + 10 * M, 15.0, volume=0.0, vwap=None),
    ]
    rolled = roll_up(BarSeries.of(Interval.M5, parts), Interval.M15)
    assert rolled.bar(0) == Bar(
        ts=START,
        open=10.0,
        high=21.0,
        low=9.0,
        close=15.5,
        volume=4.0,
        vwap=(10.0 + 60.0) / 4.0,
        trades=6,
    )


def test_volumes_are_added_as_on_paper() -> None:
    """0.1 and 0.2 are 0.3, in closed bars as in the running one."""
    parts = [bar(START, volume=0.1), bar(START + 5 * M, volume=0.2)]
    series = BarSeries.of(Interval.M5, parts)
    running = roll_up_forming(series, bar(START + 10 * M, volume=0.4), START)
    assert roll_up(series, Interval.M15).volume.tolist() == [0.3]
    assert running is not None
    assert running.volume == 0.7


@pytest.mark.parametrize(
    ("missing", "lacks"),
    [
        ({"volume": None}, {"volume", "vwap"}),
        ({"trades": None}, {"trades"}),
        ({"vwap": None}, {"vwap"}),
    ],
)
def test_what_one_part_lacks_the_whole_lacks(
    missing: dict[str, float | None], lacks: set[str]
) -> None:
    """A sum without one of its terms is no sum."""
    parts = [bar(START), bar(START + 5 * M, 10.0, **missing)]
    whole = roll_up(BarSeries.of(Interval.M5, parts), Interval.M15).bar(0)
    assert {n for n in ("volume", "vwap", "trades") if getattr(whole, n) is None} == lacks


@pytest.mark.parametrize(
    ("fine", "coarse", "nests"),
    [
        (Interval.M1, Interval.M15, True),
        (Interval.M15, Interval.M15, False),
        (Interval.H4, Interval.H6, False),
        (Interval.H6, Interval.H12, True),
        (Interval.D1, Interval.W1, True),
        (Interval.H1, Interval.MO1, True),
        (Interval.W1, Interval.MO1, False),
        (Interval.MO1, Interval.W1, False),
    ],
)
def test_which_intervals_fit_into_which(fine: Interval, coarse: Interval, *, nests: bool) -> None:
    """Whole bars only: no month consists of weeks."""
    assert fine.nests_in(coarse) is nests


def naive(bars: list[Bar], interval: Interval) -> list[tuple[int, float, float, float, float]]:
    """The same in slow and plain words."""
    groups: dict[int, list[Bar]] = {}
    for each in bars:
        groups.setdefault(interval.floor(each.ts), []).append(each)
    return [
        (ts, g[0].open, max(b.high for b in g), min(b.low for b in g), g[-1].close)
        for ts, g in groups.items()
    ]


@given(
    st.lists(st.integers(0, 3000), min_size=1, max_size=80, unique=True),
    st.sampled_from([Interval.H2, Interval.H4, Interval.D1, Interval.W1, Interval.MO1]),
)
def test_rolling_up_is_grouping(hours: list[int], interval: Interval) -> None:
    """For any bars with any holes, into hours, days, weeks and months."""
    bars = [bar(START + h * H, 10.0 + math.sin(h)) for h in sorted(hours)]
    rolled = roll_up(BarSeries.of(Interval.H1, bars), interval)
    found = [(b.ts, b.open, b.high, b.low, b.close) for b in map(rolled.bar, range(len(rolled)))]
    assert found == naive(bars, interval)


volumes = st.sampled_from([None, 0.0, 0.25, 0.5, 3.0])
counts = st.sampled_from([None, 0, 1, 7])
averages = st.sampled_from([None, 9.5, 10.0, 10.5])


def whole(bars: list[Bar]) -> tuple[float | None, float | None, int | None]:
    """Volume, average price and trades of the bars together, in slow and plain words."""
    sizes, numbers = [b.volume for b in bars], [b.trades for b in bars]
    trades = None if None in numbers else sum(n for n in numbers if n is not None)
    if None in sizes:
        return None, None, trades
    traded = [b for b in bars if b.volume]
    volume = sum(b.volume or 0.0 for b in bars)
    if not traded or any(b.vwap is None for b in traded):
        return volume, None, trades
    return volume, sum((b.vwap or 0.0) * (b.volume or 0.0) for b in traded) / volume, trades


@given(
    st.lists(st.tuples(volumes, averages, counts), min_size=1, max_size=12),
    st.integers(0, 11),
)
def test_volumes_averages_and_counts_are_those_of_all_parts(
    sent: list[tuple[float | None, float | None, int | None]], cut: int
) -> None:
    """What was not sent is no 0, and a bar without volume needs no average: closed or running."""
    bars = [
        bar(START + k * 5 * M, volume=volume, vwap=vwap, trades=trades)
        for k, (volume, vwap, trades) in enumerate(sent)
    ]
    rolled = roll_up(BarSeries.of(Interval.M5, bars), Interval.H1).bar(0)
    assert (rolled.volume, rolled.vwap, rolled.trades) == whole(bars)
    closed, running = bars[:cut], bars[cut] if cut < len(bars) else None
    forming = roll_up_forming(BarSeries.of(Interval.M5, closed), running, START)
    if closed or running:
        assert forming is not None
        parts = closed if running is None else [*closed, running]
        volume, _, trades = whole(parts)
        assert (forming.volume, forming.trades) == (volume, trades)


def test_a_coarse_bar_is_known_with_the_last_of_its_parts() -> None:
    """So an answer as of a moment holds it only once it was whole."""
    series = BarSeries.of(Interval.M5, [bar(START), bar(START + 5 * M), bar(START + 15 * M)])
    known = roll_up_known(series, np.array([5, 9, 7]), Interval.M15)
    assert known.tolist() == [9, 7]


def covered(
    held: list[int], empty: dict[int, GapReason] | None = None, asked: list[int] | None = None
) -> Coverage:
    """An hour and a half of five-minute slots by their numbers."""
    span = TimeRange(START, START + 90 * M)

    def ranges(slots: list[int]) -> RangeSet:
        return held_ranges(Interval.M5, np.array([START + s * 5 * M for s in sorted(slots)]))

    holes = tuple(
        Emptiness(Gap(START + s * 5 * M, START + (s + 1) * 5 * M, why), checked_at=START + 90 * M)
        for s, why in (empty or {}).items()
    )
    answered = ranges(asked if asked is not None else [*held, *(empty or {})])
    return Coverage(span, held=ranges(held), empty=holes, asked=answered)


def quarters(ranges: RangeSet) -> list[int]:
    """The numbers of the quarters of an hour in the ranges."""
    return [(t - START) // (15 * M) for r in ranges for t in range(r.start, r.end, 15 * M)]


def test_a_slot_is_held_when_its_other_parts_are_rightly_absent() -> None:
    """Quiet minutes are no hole; an outage, an unknown or an unasked part is one."""
    closed, outage = GapReason.NO_TRADES, GapReason.PROVIDER_OUTAGE
    fine = covered(
        [0, 1, 2, 3, 6, 7, 9, 12], {4: closed, 5: closed, 8: outage, 10: closed, 13: closed}
    )
    coarse = roll_up_coverage(fine, Interval.M15)
    assert quarters(coarse.held) == [0, 1]
    assert [(h.gap.reason, h.gap.start) for h in coarse.empty] == [(outage, START + 30 * M)]
    now = float(START + 90 * M)
    assert quarters(coarse.missing(Interval.M15, now)) == [3, 4, 5]


def test_a_slot_without_any_bar_is_empty_for_the_gravest_reason() -> None:
    """And is asked for again when that one is due."""
    fine = covered([], dict.fromkeys(range(18), GapReason.MARKET_CLOSED) | {4: GapReason.UNKNOWN})
    coarse = roll_up_coverage(fine, Interval.M15)
    reasons = {
        quarter: hole.gap.reason.value
        for hole in coarse.empty
        for quarter in quarters(RangeSet((hole.gap.range,)))
    }
    assert reasons == dict.fromkeys((0, 2, 3, 4, 5), "market_closed") | {1: "unknown"}
    assert not coarse.held


@given(
    st.dictionaries(st.integers(0, 17), st.sampled_from(list(GapReason)), max_size=18),
    st.sets(st.integers(0, 17), max_size=6),
)
def test_every_answered_slot_has_one_reason(
    reasons: dict[int, GapReason], present: set[int]
) -> None:
    """The gravest of its parts, of equally grave ones the first; only where nothing is held."""
    empty = {slot: why for slot, why in reasons.items() if slot not in present}
    coarse = roll_up_coverage(covered(sorted(present), empty), Interval.M15)
    found = {
        quarter: hole.gap.reason
        for hole in coarse.empty
        for quarter in quarters(RangeSet((hole.gap.range,)))
    }
    wanted = {}
    for quarter in set(range(6)) - set(quarters(coarse.held)):
        parts = range(quarter * 3, quarter * 3 + 3)
        if all(slot in empty or slot in present for slot in parts):
            told = [empty[slot] for slot in parts if slot in empty]
            wanted[quarter] = next((why for why in told if why not in EXCUSES), told[0])
    assert found == wanted


@pytest.mark.timeout(10)
def test_half_a_century_of_nights_takes_no_time() -> None:
    """Tens of thousands of holes cost what they weigh: who asks for 1970 holds up nobody."""
    days = 20_000
    nights = [TimeRange(n * 24 * H, n * 24 * H + 18 * H) for n in range(days)]
    holes = tuple(
        Emptiness(Gap(n.start, n.end, GapReason.MARKET_CLOSED), checked_at=0) for n in nights
    )
    fine = Coverage(TimeRange(0, days * 24 * H), empty=holes, asked=RangeSet(tuple(nights)))
    assert [h.gap.range for h in roll_up_coverage(fine, Interval.H1).empty] == nights


def test_lost_parts_make_a_lost_slot() -> None:
    """Asked for once and not there any more."""
    coarse = roll_up_coverage(covered([0, 1], asked=[0, 1, 2]), Interval.M15)
    (gap, *_) = coarse.gaps(Interval.M15, float(START + 90 * M))
    assert (gap.start, gap.end, gap.reason) == (START, START + 15 * M, GapReason.LOST_BY_US)


def test_only_bars_of_held_slots_are_kept() -> None:
    """The edges of the ranges are half-open."""
    series = BarSeries.of(Interval.M15, [bar(START + k * 15 * M) for k in range(4)])
    held = RangeSet((TimeRange(START + 15 * M, START + 45 * M),))
    assert keep_whole(series, held).tolist() == [False, True, True, False]
    assert not keep_whole(series, RangeSet()).any()


def test_the_running_coarse_bar_is_what_has_happened_of_it() -> None:
    """Closed parts and the running one; never final."""
    closed = BarSeries.of(Interval.M5, [bar(START - 5 * M), bar(START, 10.0)])
    running = bar(START + 5 * M, 30.0, trades=None)
    forming = roll_up_forming(closed, running, START)
    assert forming is not None
    assert (forming.ts, forming.open, forming.high, forming.close) == (START, 10.0, 31.0, 30.5)
    assert (forming.volume, forming.trades, forming.final) == (2.0, None, False)
    assert roll_up_forming(closed, None, START + 15 * M) is None
