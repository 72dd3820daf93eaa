"""What every BarStore promises, whatever it is made of."""

import math
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest
from msgspec import structs

from domain.bars import Bar, BarSeries
from domain.coverage import Emptiness, Gap, GapReason
from domain.errors import NoData
from domain.instrument import SeriesKey
from domain.interval import Interval
from domain.ledger import BarSlice, Batch, Receipt
from domain.provider import RejectedRow
from domain.quality import Finding, QualityReport, QualityScore, Severity
from domain.session_facts import SessionFacts
from domain.timerange import RangeSet, TimeRange
from ports.bar_store import BarStore
from tests.contracts.bar_stores import (
    KEY,
    STEP,
    T0,
    StoreUnderTest,
    at,
    bar,
    batch,
    gather,
    memory_store,
    postgres_store,
    slots,
    walk,
)
from tests.runner import Run

EVER = slots(-10_000, 100_000)
NOON = T0 + 50_000
REPORT = QualityReport(
    QualityScore(98.5, "excellent", 100.0, 100.0, 95.0),
    (Finding("outliers", Severity.WARNING, "One bar stands out.", 1, (T0,)),),
)


@pytest.fixture(
    params=["memory", "postgres", pytest.param("timescale", marks=pytest.mark.timescale)]
)
def under_test(request: pytest.FixtureRequest, run: Run) -> Iterator[StoreUnderTest]:
    """Each store in turn."""
    if request.param == "memory":
        with memory_store() as found:
            yield found
        return
    fixture = "timescale_url" if request.param == "timescale" else "database_url"
    with postgres_store(request.getfixturevalue(fixture), run) as found:
        yield found


@pytest.fixture
def store(under_test: StoreUnderTest) -> BarStore:
    """The store alone."""
    return under_test.store


def _closes(run: Run, store: BarStore, as_of: int | None = None) -> dict[int, float]:
    stored = run(store.read(KEY, BarSlice(EVER), as_of))
    return {b.ts: b.close for b in stored.series}


def _known(receipt: Receipt) -> int:
    assert receipt.known_at is not None
    return receipt.known_at


def test_bars_come_back_as_they_were_written(run: Run, store: BarStore) -> None:
    """Every value survives to the last bit, absent ones stay absent."""
    bars = [
        bar(0, 0.1 + 0.2),
        Bar(ts=at(1), open=-37.63, high=5e-324, low=-1.7976931348623157e308, close=-0.0),
        bar(3, 64_123.987654321),
        Bar(ts=at(4), open=1.0, high=1.0, low=1.0, close=1.0, volume=0.0, trades=0),
    ]
    receipt = run(store.write(batch(slots(0, 5), bars)))
    stored = run(store.read(KEY, BarSlice(EVER)))
    assert list(stored.series) == bars
    assert (receipt.inserted, receipt.changed, receipt.unchanged) == (4, 0, 0)
    assert set(stored.known_at.tolist()) == {receipt.known_at}


def test_an_unknown_series_is_empty(run: Run, store: BarStore) -> None:
    """Nothing was ever written: every question has an empty answer."""
    assert len(run(store.read(KEY, BarSlice(EVER))).series) == 0
    assert run(store.bounds([KEY])) == {}
    assert run(store.coverage(KEY, slots(0, 5))).held == RangeSet()
    assert run(store.series()) == []
    assert run(store.revisions({KEY: EVER}, 10)) == []
    assert run(store.provenance({KEY: EVER}, 10)) == []
    assert run(store.reports([KEY])) == {}
    run(store.check())


def test_slices_take_the_first_or_the_newest(run: Run, store: BarStore) -> None:
    """A limit keeps the first bars of the range, or the last ones; the answer ascends."""
    run(store.write(walk(20)))
    cases = {
        (BarSlice(slots(5, 10))): [5, 6, 7, 8, 9],
        (BarSlice(slots(5, 10), limit=2)): [5, 6],
        (BarSlice(slots(5, 10), limit=2, newest=True)): [8, 9],
        (BarSlice(slots(18, 40), limit=5, newest=True)): [18, 19],
        (BarSlice(slots(5, 10), limit=0, newest=True)): [],
        (BarSlice(TimeRange(at(5) + 1, at(7) + 1))): [6, 7],
    }
    for chosen, expected in cases.items():
        series = run(store.read(KEY, chosen)).series
        assert series.ts.tolist() == [at(slot) for slot in expected]


def test_series_are_kept_apart(run: Run, store: BarStore) -> None:
    """Another provider, interval or instrument is another series."""
    others = [
        SeriesKey("BTC-USDT", Interval.M1, "kraken"),
        SeriesKey("BTC-USDT", Interval.M3, "binance"),
        SeriesKey("BTC-USD", Interval.M1, "binance"),
    ]
    run(store.write(walk(3)))
    three = T0 - T0 % 180
    for other in others:
        series = BarSeries.of(other.interval, [structs.replace(bar(0, 5.0), ts=three)])
        run(store.write(Batch(other, TimeRange(three, three + 180), series, T0 + 1.0)))
    assert len(run(store.read(KEY, BarSlice(EVER))).series) == 3
    found = run(store.series())
    assert found == [others[2], KEY, others[0], others[1]]
    assert [s.bars for s in run(store.summaries(found)).values()] == [1, 3, 1, 1]
    assert run(store.series(instrument="BTC-USD")) == [others[2]]
    assert run(store.series(interval=Interval.M3)) == [others[1]]
    assert run(store.series(provider="kraken")) == [others[0]]


def test_a_summary_tells_size_span_and_last_change(run: Run, store: BarStore) -> None:
    """The summary counts bars, names the oldest and newest and when something was learned."""
    receipt = run(store.write(batch(slots(0, 9), [bar(2), bar(7)])))
    nobody = structs.replace(KEY, instrument="NOBODY-USD")
    found = run(store.summaries([nobody, KEY]))
    assert list(found) == [KEY]
    summary = found[KEY]
    assert (summary.bars, summary.first, summary.last) == (2, at(2), at(7))
    assert summary.updated_at == pytest.approx(_known(receipt) / 1e6)
    assert run(store.bounds([KEY])) == {KEY: (at(2), at(7))}


def test_a_changed_bar_moves_the_old_one_to_the_revisions(run: Run, store: BarStore) -> None:
    """The new value is served, as_of before it gives the old one, the revision names both."""
    first = run(store.write(batch(slots(0, 3), [bar(0), bar(1), bar(2)])))
    second = run(store.write(batch(slots(0, 3), [bar(0), bar(1, 105.0), bar(2)])))
    assert (second.inserted, second.changed, second.unchanged) == (0, 1, 2)
    assert _closes(run, store)[at(1)] == 105.0
    assert _closes(run, store, _known(second))[at(1)] == 105.0
    assert _closes(run, store, _known(second) - 1)[at(1)] == 100.0
    assert _closes(run, store, _known(first) - 1) == {}
    (revision,) = run(store.revisions({KEY: EVER}, 10))
    assert (revision.bar, revision.replaced_by) == (bar(1), bar(1, 105.0))
    assert (revision.known_at, revision.superseded_at) == (first.known_at, second.known_at)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (bar(0, volume=None), bar(0)),
        (bar(0), bar(0, volume=None)),
        (bar(0), structs.replace(bar(0), volume=0.0)),
        (structs.replace(bar(0), trades=None), structs.replace(bar(0), trades=0)),
        (structs.replace(bar(0), vwap=None), bar(0)),
        (bar(0), structs.replace(bar(0), open=99.5)),
    ],
)
def test_absence_and_zero_are_different_values(
    run: Run, store: BarStore, before: Bar, after: Bar
) -> None:
    """A value that appears, vanishes or becomes zero is a change; twice the same is none."""
    run(store.write(batch(slots(0, 1), [before])))
    assert run(store.write(batch(slots(0, 1), [before]))).unchanged == 1
    assert run(store.write(batch(slots(0, 1), [after]))).changed == 1
    assert list(run(store.read(KEY, BarSlice(EVER))).series) == [after]
    (revision,) = run(store.revisions({KEY: EVER}, 10))
    assert (revision.bar, revision.replaced_by) == (before, after)


def test_a_bar_that_changes_back_has_two_revisions(run: Run, store: BarStore) -> None:
    """The history of one bar is a chain without holes, ascending by the time it was known."""
    known = [
        _known(run(store.write(batch(slots(0, 1), [bar(0, close)])))) for close in (1.0, 2.0, 1.0)
    ]
    chain = run(store.revisions({KEY: EVER}, 10))
    assert [(r.known_at, r.superseded_at) for r in chain] == [
        (known[0], known[1]),
        (known[1], known[2]),
    ]
    assert [r.bar.close for r in chain] == [1.0, 2.0]
    assert len(run(store.revisions({KEY: EVER}, 1))) == 1
    assert run(store.revisions({KEY: slots(1, 2)}, 10)) == []
    assert [_closes(run, store, t)[at(0)] for t in known] == [1.0, 2.0, 1.0]


def test_an_identical_batch_changes_nothing(run: Run, store: BarStore) -> None:
    """Written again, a batch has no known_at, no revision, no provenance, no new quality."""
    first = batch(slots(0, 4), [bar(0), bar(1)], empty=[(2, 4, GapReason.NO_TRADES)])
    run(store.write(structs.replace(first, quality=REPORT)))
    before = run(store.summaries([KEY]))
    again = structs.replace(first, quality=None, fetched_at=T0 + 90_000.0, request_id="r-2")
    receipt = run(store.write(again))
    assert receipt == Receipt(inserted=0, changed=0, unchanged=2, known_at=None)
    assert run(store.summaries([KEY])) == before
    assert run(store.reports([KEY])) == {KEY: REPORT}
    (origin,) = run(store.provenance({KEY: EVER}, 10))
    assert origin.request_id == "r-1"


def test_a_rewrite_that_omits_a_bar_keeps_it(run: Run, store: BarStore) -> None:
    """What a provider forgets later was still once said; even 'empty' does not delete it."""
    run(store.write(batch(slots(0, 3), [bar(0), bar(1), bar(2)])))
    run(store.write(batch(slots(0, 3), [bar(0)], empty=[(1, 3, GapReason.NO_TRADES)])))
    assert list(_closes(run, store)) == [at(0), at(1), at(2)]
    coverage = run(store.coverage(KEY, slots(0, 3)))
    assert coverage.held == RangeSet((slots(0, 3),))
    assert coverage.empty == ()


def test_known_at_only_ever_grows(run: Run, store: BarStore) -> None:
    """No two changes of a series share a moment, however fast they follow each other."""
    known = [_known(run(store.write(batch(slots(0, 1), [bar(0, 1.0 + k)])))) for k in range(30)]
    assert all(a < b for a, b in pairwise(known))


def test_the_future_cannot_be_asked_as_of(run: Run, store: BarStore) -> None:
    """Nobody knows yet what will be known then."""
    run(store.write(walk(1)))
    future = 4_000_000_000_000_000
    with pytest.raises(NoData, match="future"):
        run(store.read(KEY, BarSlice(EVER), future))
    with pytest.raises(NoData, match="future"):
        run(store.coverage(KEY, EVER, future))
    unknown = SeriesKey("NO-ONE", Interval.M1, "binance")
    with pytest.raises(NoData, match="future"):
        run(store.read(unknown, BarSlice(EVER), future))


def test_held_is_what_is_there(run: Run, store: BarStore) -> None:
    """Holes split what is held; asked keeps what was answered, merged."""
    run(store.write(batch(slots(0, 6), [bar(0), bar(1), bar(4)])))
    run(store.write(batch(slots(6, 9), [bar(6), bar(7), bar(8)])))
    coverage = run(store.coverage(KEY, slots(-5, 20)))
    assert coverage.held == RangeSet((slots(0, 2), slots(4, 5), slots(6, 9)))
    assert coverage.asked == RangeSet((slots(0, 9),))
    inner = run(store.coverage(KEY, slots(1, 5)))
    assert inner.held == RangeSet((slots(1, 2), slots(4, 5)))
    assert inner.asked == RangeSet((slots(1, 5),))


def test_a_bar_deleted_by_hand_is_lost_by_us(run: Run, under_test: StoreUnderTest) -> None:
    """Coverage believes the table, not its memory: the bar is missed and its loss is named."""
    store = under_test.store
    run(store.write(batch(slots(0, 5), [bar(k) for k in range(5)])))
    run(under_test.lose(KEY, slots(2, 4)))
    coverage = run(store.coverage(KEY, slots(0, 5)))
    assert coverage.missing(Interval.M1, NOON) == RangeSet((slots(2, 4),))
    assert coverage.gaps(Interval.M1, NOON) == (Gap(at(2), at(4), GapReason.LOST_BY_US),)
    again = run(store.write(batch(slots(2, 4), [bar(2), bar(3)])))
    assert again.inserted == 2
    assert run(store.coverage(KEY, slots(0, 5))).gaps(Interval.M1, NOON) == ()


def test_emptiness_is_known_with_its_reason(run: Run, store: BarStore) -> None:
    """An empty range is a fact: its reason, clipped to the span asked for, and when it was seen."""
    empty = [(1, 3, GapReason.NO_TRADES), (4, 6, GapReason.PROVIDER_OUTAGE)]
    run(store.write(batch(slots(0, 6), [bar(0), bar(3)], empty=empty)))
    coverage = run(store.coverage(KEY, slots(2, 5)))
    seen = T0 + 10_000
    assert coverage.empty == (
        Emptiness(Gap(at(2), at(3), GapReason.NO_TRADES), seen),
        Emptiness(Gap(at(4), at(5), GapReason.PROVIDER_OUTAGE), seen),
    )


def test_only_the_check_of_a_confirmed_emptiness_moves_on(run: Run, store: BarStore) -> None:
    """Confirmed in part, the rest keeps its old check; an older answer moves nothing back."""
    for asked, fetched_at in ((slots(0, 6), 1e9), (slots(2, 4), 2e9), (slots(0, 6), 1.5e9)):
        gap = (asked.start - T0) // STEP, (asked.end - T0) // STEP, GapReason.UNKNOWN
        run(store.write(batch(asked, empty=[gap], fetched_at=fetched_at)))
    found = run(store.coverage(KEY, slots(0, 6))).empty
    assert [(e.gap.range, e.checked_at) for e in found] == [
        (slots(0, 2), 1_500_000_000),
        (slots(2, 4), 2_000_000_000),
        (slots(4, 6), 1_500_000_000),
    ]


def test_a_bar_in_a_known_emptiness_supersedes_it(run: Run, store: BarStore) -> None:
    """The rest of the span stays empty; as of before, all of it was."""
    first = run(store.write(batch(slots(0, 6), [bar(0)], empty=[(1, 6, GapReason.NO_TRADES)])))
    second = run(store.write(batch(slots(3, 4), [bar(3)])))
    now = run(store.coverage(KEY, slots(0, 6)))
    assert [e.gap.range for e in now.empty] == [slots(1, 3), slots(4, 6)]
    assert now.held == RangeSet((slots(0, 1), slots(3, 4)))
    then = run(store.coverage(KEY, slots(0, 6), _known(second) - 1))
    assert RangeSet.of(e.gap.range for e in then.empty) == RangeSet((slots(1, 6),))
    assert then.held == RangeSet((slots(0, 1),))
    before = run(store.coverage(KEY, slots(0, 6), _known(first) - 1))
    assert (before.held, before.empty, before.asked) == (RangeSet(), (), RangeSet())


def test_a_batch_may_explain_anew_what_is_empty_outside_of_it(run: Run, store: BarStore) -> None:
    """The first bars tell that there was no listing before; as of then, nobody knew."""
    outage, unlisted = GapReason.PROVIDER_OUTAGE, GapReason.NOT_LISTED
    run(store.write(batch(slots(0, 4), empty=[(0, 4, outage)])))
    empty = [(0, 4, unlisted), (7, 9, unlisted)]
    told = run(store.write(batch(slots(7, 10), [bar(9)], empty=empty)))
    now = run(store.coverage(KEY, EVER))
    assert [e.gap for e in now.empty] == [Gap(at(a), at(b), why) for a, b, why in empty]
    assert now.asked == RangeSet((slots(0, 4), slots(7, 10)))
    then = run(store.coverage(KEY, EVER, _known(told) - 1))
    assert [e.gap for e in then.empty] == [Gap(at(0), at(4), outage)]


def test_another_reason_supersedes_the_old_one(run: Run, store: BarStore) -> None:
    """The newest answer says why; the gaps as of the past keep the reason of the past."""
    run(store.write(batch(slots(0, 4), [bar(0)], empty=[(1, 4, GapReason.UNKNOWN)])))
    later = run(
        store.write(batch(slots(2, 5), [bar(4)], empty=[(2, 4, GapReason.PROVIDER_OUTAGE)]))
    )
    now = run(store.coverage(KEY, slots(0, 5)))
    assert now.gaps(Interval.M1, NOON) == (
        Gap(at(1), at(2), GapReason.UNKNOWN),
        Gap(at(2), at(4), GapReason.PROVIDER_OUTAGE),
    )
    then = run(store.coverage(KEY, slots(0, 4), _known(later) - 1))
    assert then.gaps(Interval.M1, NOON) == (Gap(at(1), at(4), GapReason.UNKNOWN),)


def test_coverage_as_of_the_past_ignores_later_checks(run: Run, store: BarStore) -> None:
    """Asked again, the same answer: not even the time of the last look has moved."""
    told = batch(slots(0, 3), [bar(0)], empty=[(1, 3, GapReason.UNKNOWN)])
    moment = _known(run(store.write(told)))
    before = run(store.coverage(KEY, slots(0, 3), moment))
    run(store.write(structs.replace(told, fetched_at=T0 + 80_000.0)))
    run(store.write(batch(slots(3, 5), [bar(3)], empty=[(4, 5, GapReason.UNKNOWN)])))
    assert run(store.coverage(KEY, slots(0, 3), moment)) == before


def test_months_follow_the_calendar(run: Run, store: BarStore) -> None:
    """Months of different length are neighbours; a missing one is a gap."""
    key = SeriesKey("BTC-USDT", Interval.MO1, "kraken")
    months = Interval.MO1.grid(1_672_531_200, 1_704_067_200)  # 2023
    present = [int(ts) for k, ts in enumerate(months) if k != 5]
    series = BarSeries.of(Interval.MO1, [structs.replace(bar(0), ts=ts) for ts in present])
    year = TimeRange(1_672_531_200, 1_704_067_200)
    run(store.write(Batch(key, year, series, 1_704_067_300.0)))
    held = run(store.coverage(key, year)).held
    assert held == RangeSet(
        (TimeRange(int(months[0]), int(months[5])), TimeRange(int(months[6]), year.end))
    )


def test_provenance_names_the_batches_behind_the_bars(run: Run, store: BarStore) -> None:
    """Newest first, only those that gave a bar of the span a value, replaced values included."""
    first = run(store.write(batch(slots(0, 3), [bar(0), bar(1), bar(2)], request_id="a")))
    second = run(store.write(batch(slots(1, 3), [bar(1, 7.0), bar(2)], request_id="b\0c")))
    found = run(store.provenance({KEY: slots(1, 2)}, 10))
    assert [p.known_at for p in found] == [second.known_at, first.known_at]
    assert (found[1].range, found[1].fetched_at) == (slots(0, 3), T0 + 10_000.5)
    assert (found[0].inserted, found[0].changed) == (0, 1)
    assert [p.request_id for p in run(store.provenance({KEY: slots(2, 3)}, 10))] == ["a"]
    assert len(run(store.provenance({KEY: EVER}, 1))) == 1


def test_the_newest_quality_report_is_kept(run: Run, store: BarStore) -> None:
    """The report comes back with every finding."""
    run(store.write(batch(slots(0, 1), [bar(0)], quality=REPORT)))
    better = structs.replace(REPORT, findings=())
    run(store.write(batch(slots(1, 2), [bar(1)], quality=better)))
    assert run(store.reports([KEY])) == {KEY: better}


def test_many_series_are_read_together(run: Run, store: BarStore) -> None:
    """Each within its own part, in the order they are asked for; what is not stored is empty."""
    monthly = SeriesKey("BTC-USD", Interval.MO1, "binance")
    nobody = structs.replace(KEY, instrument="NOBODY-USD")
    whole = structs.replace(KEY, provider="kraken")
    holes = [(2, 4, GapReason.NO_TRADES), (7, 9, GapReason.PROVIDER_OUTAGE)]
    run(store.write(batch(slots(0, 10), [bar(k) for k in (0, 1, 4, 5, 6, 9)], empty=holes)))
    run(store.write(structs.replace(walk(10), key=whole)))
    opens = [int(Interval.MO1.shift(1_704_067_200, k)) for k in (0, 1, 3)]
    months = [structs.replace(bar(0), ts=ts) for ts in opens]
    year = TimeRange(opens[0], Interval.MO1.shift(opens[0], 12))
    run(store.write(Batch(monthly, year, BarSeries.of(Interval.MO1, months), T0 + 1.0)))
    parts = {monthly: year, nobody: slots(0, 5), whole: slots(2, 20), KEY: slots(1, 8)}
    found = run(store.coverages(parts))
    assert list(found) == list(parts)
    assert found == {key: run(store.coverage(key, span)) for key, span in parts.items()}
    assert found[KEY].held == RangeSet((slots(1, 2), slots(4, 7)))
    assert len(found[monthly].held.ranges) == 2
    assert run(store.coverages({})) == {}
    bounds = run(store.bounds([nobody, monthly, KEY]))
    assert bounds == {monthly: (opens[0], opens[2]), KEY: (at(0), at(9))}


def test_revisions_of_many_series_come_in_the_order_asked_for(run: Run, store: BarStore) -> None:
    """Each series by time; what is skipped is skipped across all of them."""
    other = structs.replace(KEY, provider="other")
    for key in (KEY, other):
        for close in (1.0, 2.0, 3.0):
            bars = [bar(k, close) for k in (0, 3)]
            run(store.write(structs.replace(batch(slots(0, 5), bars), key=key)))
    parts = {other: EVER, KEY: slots(0, 2)}
    everything = run(store.revisions(parts, 10))
    assert [(r.key, r.bar.ts, r.bar.close) for r in everything] == [
        *((other, at(k), close) for k in (0, 3) for close in (1.0, 2.0)),
        *((KEY, at(0), close) for close in (1.0, 2.0)),
    ]
    for skip in range(7):
        assert run(store.revisions(parts, 2, skip)) == everything[skip : skip + 2]
    batches = run(store.provenance(parts, 4))
    assert [p.key for p in batches] == [other, other, other, KEY]
    assert [p.known_at for p in batches] == sorted((p.known_at for p in batches), reverse=True)


def test_the_reports_of_many_series_come_together(run: Run, store: BarStore) -> None:
    """Each under its key; a series that was never judged, or that is none, has no report."""
    other = structs.replace(KEY, provider="other")
    better = structs.replace(REPORT, findings=())
    run(store.write(batch(slots(0, 1), [bar(0)], quality=REPORT)))
    run(store.write(structs.replace(batch(slots(0, 1), [bar(0)], quality=better), key=other)))
    nobody = structs.replace(KEY, instrument="NOBODY-USD")
    assert run(store.reports([other, nobody, KEY])) == {KEY: REPORT, other: better}
    assert run(store.reports([])) == {}


def test_impossible_rows_are_kept_aside(run: Run, store: BarStore) -> None:
    """Whatever a provider sends in place of a bar can be remembered, and is no bar."""
    rejected = (
        RejectedRow(at(1), '["NaN","1"]', "not finite"),
        RejectedRow(None, "\0\ud800", "no time"),
        RejectedRow(10**30, "x" * 100_000, "out of range"),
    )
    receipt = run(store.write(batch(slots(0, 2), [bar(0)], rejected=rejected)))
    assert receipt.inserted == 1
    again = run(store.write(batch(slots(0, 2), [bar(0)], rejected=rejected)))
    assert again.known_at is None
    assert list(_closes(run, store)) == [at(0)]


def test_many_holes_are_no_trouble(run: Run, store: BarStore) -> None:
    """A thin market with thousands of quiet minutes is written and covered in seconds."""
    full = walk(10_000)
    thin = full.series.where(np.arange(10_000) % 3 == 0)
    holes = [(k, k + 2, GapReason.NO_TRADES) for k in range(1, 9_998, 3)]
    run(store.write(batch(full.asked, thin, empty=holes)))
    coverage = run(store.coverage(KEY, full.asked))
    assert len(coverage.held.ranges) == 3334
    assert len(coverage.empty) == 3333
    assert run(store.write(batch(full.asked, thin, empty=holes))).known_at is None


def test_writers_of_one_series_take_turns(run: Run, store: BarStore) -> None:
    """Batches that overlap and arrive together leave each bar once, with one value per moment."""
    work = [
        store.write(batch(slots(0, 50), [bar(k, 100.0 + n) for k in range(n, 50)]))
        for n in range(8)
    ]
    receipts = [r for r in run(gather(*work)) if isinstance(r, Receipt)]
    assert len(_closes(run, store)) == 50
    assert sum(r.inserted for r in receipts) == 50
    revisions = run(store.revisions({KEY: EVER}, 1000))
    assert sum(r.changed for r in receipts) == len(revisions)
    known = [r.known_at for r in receipts]
    assert len(set(known)) == len(known)


def _told(*rows: tuple[int, float, float, float]) -> SessionFacts:
    """Facts by slot: day, settlement, turnover."""
    columns = list(zip(*((at(slot), *values) for slot, *values in rows), strict=True))
    ts = np.array(columns[0], dtype=np.int64)
    return SessionFacts(ts, *(np.array(column, dtype=np.float64) for column in columns[1:]))


def _shown(facts: SessionFacts) -> list[list[float | None]]:
    columns = (facts.ts, facts.session_day, facts.settlement_price, facts.dollar_volume)
    return [
        [None if math.isnan(value) else float(value) for value in row]
        for row in zip(*columns, strict=True)
    ]


def test_facts_are_kept_beside_the_bars(run: Run, store: BarStore) -> None:
    """By bar and ascending; a series without any has none."""
    assert len(run(store.facts(KEY, slots(0, 9)))) == 0
    facts = _told((0, 20_000.0, math.nan, 10.5), (2, 20_001.0, 99.5, math.nan))
    run(store.write(structs.replace(walk(3), facts=facts)))
    assert _shown(run(store.facts(KEY, slots(0, 3)))) == [
        [at(0), 20_000.0, None, 10.5],
        [at(2), 20_001.0, 99.5, None],
    ]
    assert _shown(run(store.facts(KEY, slots(1, 3)))) == [[at(2), 20_001.0, 99.5, None]]


def test_a_fact_that_comes_later_joins_the_bar(run: Run, store: BarStore) -> None:
    """A settlement is told after its session; what an answer lacks stays as it was."""
    first = _told((0, 20_000.0, math.nan, 10.5))
    run(store.write(structs.replace(walk(1), facts=first)))
    run(store.write(structs.replace(walk(1), facts=_told((0, 20_000.0, 99.5, math.nan)))))
    assert _shown(run(store.facts(KEY, slots(0, 1)))) == [[at(0), 20_000.0, 99.5, 10.5]]
    run(store.write(structs.replace(walk(1), facts=_told((0, 20_000.0, 99.75, 11.0)))))
    assert _shown(run(store.facts(KEY, slots(0, 1)))) == [[at(0), 20_000.0, 99.75, 11.0]]
