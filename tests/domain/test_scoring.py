"""The verdict on an answer: the formulas of the default profile and what it is told."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.bars import BarSeries
from domain.coverage import Gap, GapReason
from domain.errors import InvalidRequest
from domain.interval import Interval
from domain.quality import QualityReport, Severity
from domain.scoring import (
    Profile,
    completeness_score,
    freshness_score,
    inspect,
    judge,
    outlier_score,
    status_of,
)
from domain.timerange import TimeRange
from tests.domain.made import T0, altered, poked, serieses, walk, whole, without

M1 = Interval.M1
WALK = walk(100)
SLOPE = np.linspace(100, 101, 100)  # no z-score beyond 3
CALM = altered(WALK, open=SLOPE - 0.1, high=SLOPE + 0.2, low=SLOPE - 0.2, close=SLOPE)
NOTHING_TO_DO = ("Data quality is excellent - no action needed",)


def verdict(series: BarSeries, span: TimeRange | None = None, *gaps: Gap) -> QualityReport:
    """Judged one second after the range has ended."""
    span = span or whole(series)
    return judge(series, span, series.interval, span.end + 1, gaps)


def told(report: QualityReport) -> dict[str, tuple[Severity, int]]:
    """Check, severity and count of every finding."""
    return {f.check: (f.severity, f.count) for f in report.findings}


@pytest.mark.parametrize(
    ("minutes", "score"),
    [
        *((0, 100), (5, 100), (6, 100 - 5 / 14 * 50), (8, 75), (15, 50)),
        *((15.001, 50), (37.5, 25), (60, 0), (61, 0), (1e9, 0)),
    ],
)
def test_freshness_falls_by_the_minute(minutes: float, score: float) -> None:
    """Fresh up to 5 minutes, a warning up to 15, nothing left after an hour."""
    assert freshness_score(minutes) == pytest.approx(score, abs=0.01)


@given(st.floats(0, 1e6), st.floats(0, 1e6))
def test_older_is_never_fresher(a: float, b: float) -> None:
    """The score of freshness does not rise with age and stays a percentage."""
    young, old = sorted((a, b))
    assert 100 >= freshness_score(young) >= freshness_score(old) >= 0


@pytest.mark.parametrize(
    ("outliers", "rows", "score"), [(0, 100, 100), (1, 100, 90), (5, 1000, 95), (10, 100, 0)]
)
def test_each_per_cent_of_outliers_costs_ten(outliers: int, rows: int, score: float) -> None:
    """Ten per cent of outliers leave nothing."""
    assert outlier_score(outliers, rows) == score
    assert outlier_score(3 * rows, rows) == 0


@pytest.mark.parametrize(
    ("whole_bars", "expected", "score"),
    [(100, 100, 100), (50, 100, 50), (49, 100, 24.5), (10, 10, 100), (9, 10, 45), (0, 0, 100)],
)
def test_completeness_is_a_share_halved_when_short(
    whole_bars: int, expected: int, score: float
) -> None:
    """A short answer to a short question is complete; less than min(50, expected) is halved."""
    assert completeness_score(whole_bars, expected) == score


@pytest.mark.parametrize(
    ("score", "status"),
    [
        *((100, "excellent"), (85, "excellent"), (84.9, "good"), (70, "good")),
        *((69.9, "fair"), (50, "fair"), (49.9, "poor"), (0, "poor")),
    ],
)
def test_status_has_four_steps(score: float, status: str) -> None:
    """Excellent from 85, good from 70, fair from 50."""
    assert status_of(score) == status


def test_a_perfect_answer_scores_a_hundred() -> None:
    """Complete, fresh and calm: 100, no issue, nothing to do."""
    report = verdict(CALM)
    score = report.score
    assert (score.score, score.status) == (100.0, "excellent")
    assert (score.completeness, score.freshness, score.outliers) == (100.0, 100.0, 100.0)
    assert (report.issues, report.recommendations) == ((), NOTHING_TO_DO)
    assert report.profile == "default"


def test_an_empty_answer_is_poor() -> None:
    """Nothing scores nothing, in the words of the contract."""
    report = judge(BarSeries.empty(M1), TimeRange(T0, T0 + 600), M1, T0 + 601)
    assert (report.score.score, report.score.status) == (0.0, "poor")
    assert report.issues == ("No data available",)
    assert report.recommendations == ("Collect data before proceeding",)


def test_holes_cost_completeness() -> None:
    """Ten of a hundred bars missing cost four points of the score and are named."""
    report = verdict(without(CALM, *range(20, 30)), whole(CALM))
    assert report.score.completeness == 90
    assert report.score.score == pytest.approx(96)
    assert told(report)["missing"] == (Severity.WARNING, 10)
    assert report.issues[0] == "10 of 100 bars are missing (first at 2024-01-01 00:20 UTC)."
    assert report.recommendations == ()


@pytest.mark.parametrize("reason", GapReason)
def test_explained_holes_cost_nothing(reason: GapReason) -> None:
    """A closed or quiet market and a missing listing excuse; an outage and we do not."""
    gap = Gap(T0 + 1200, T0 + 1800, reason)
    report = verdict(without(CALM, *range(20, 30)), whole(CALM), gap)
    excused = reason.value in {"market_closed", "no_trades", "not_listed"}
    assert report.score.completeness == (100 if excused else 90)
    assert ("missing" in told(report)) == (not excused)


def test_a_late_answer_is_not_fresh() -> None:
    """Eight minutes behind cost a quarter of the freshness and are said."""
    report = verdict(CALM, TimeRange(T0, T0 + 108 * 60))
    assert report.score.freshness == 75
    assert told(report)["late"] == (Severity.WARNING, 8)
    assert "The newest bar is 8 minutes behind the newest that is due." in report.issues


def test_a_bar_that_is_not_published_yet_is_not_late() -> None:
    """A daily bar that the provider publishes hours later is missing, not late."""
    days = walk(60, interval=Interval.D1)
    span = TimeRange(T0, T0 + 61 * 86_400)
    late = judge(days, span, Interval.D1, span.end + 60)
    pending = Gap(span.end - 86_400, span.end, GapReason.NOT_YET_PUBLISHED)
    excused = judge(days, span, Interval.D1, span.end + 60, [pending])
    assert (late.score.freshness, excused.score.freshness) == (0, 100)
    assert late.score.completeness == excused.score.completeness == pytest.approx(100 * 60 / 61)


def test_outliers_of_close_and_volume_add_up() -> None:
    """One false close and one false volume in a hundred bars cost twenty points of calm."""
    spoilt = altered(
        CALM, close=poked(CALM.close, 50, 150.0), volume=poked(CALM.volume, 60, 5000.0)
    )
    report = verdict(spoilt)
    assert report.score.outliers == 80
    assert told(report)["outlier_close"] == told(report)["outlier_volume"] == (Severity.INFO, 1)
    assert told(report)["spike"] == (Severity.WARNING, 2)


def test_a_volume_that_was_not_sent_makes_a_bar_incomplete() -> None:
    """A bar without a volume is there but not whole."""
    unsent = CALM.volume.copy()
    unsent[:5] = math.nan
    report = verdict(altered(CALM, volume=unsent))
    assert report.score.completeness == 95
    assert told(report) == {"volume_not_sent": (Severity.WARNING, 5)}


def test_a_source_that_has_no_volume_lacks_nothing() -> None:
    """Its declaration decides, not what came: with it an answer of prices is complete."""
    priced = altered(CALM, volume=np.full(len(CALM), math.nan))
    span = whole(CALM)
    assert judge(priced, span, M1, span.end).score.completeness == 0
    report = judge(priced, span, M1, span.end, has_volume=False)
    assert (report.score.score, report.score.completeness) == (100, 100)
    assert told(report) == {}


def test_weak_parts_come_with_advice() -> None:
    """Each part below seventy says what to do about it, and only those."""
    thin = verdict(without(CALM, *range(10, 70)), whole(CALM))
    assert [text.split()[0] for text in thin.recommendations] == ["Backfill"]
    old = verdict(CALM, TimeRange(T0, T0 + 130 * 60))
    assert [text.split()[0] for text in old.recommendations] == ["Refresh"]


def test_only_inspection_runs_the_hampel_filter() -> None:
    """A false tick in the middle of a trend is found by the full suite alone."""
    trend = walk(300, seed=4)
    close = trend.close * np.linspace(1, 2, 300)
    series = altered(trend, close=poked(close, 150, close[150] * 1.05))
    cheap, full = (f(series, whole(series), M1, whole(series).end) for f in (judge, inspect))
    assert "hampel_close" not in told(cheap)
    hampel = next(f for f in full.findings if f.check == "hampel_close")
    assert T0 + 150 * 60 in hampel.ts
    assert full.score == cheap.score
    calm = inspect(CALM, whole(CALM), M1, whole(CALM).end)
    assert calm == judge(CALM, whole(CALM), M1, whole(CALM).end)


@given(serieses(), st.integers(-5, 40), st.integers(1, 40), st.integers(-(10**7), 10**8))
def test_any_series_can_be_judged(series: BarSeries, first: int, bars: int, later: int) -> None:
    """Whatever the prices, range and time: a score within bounds that its parts add up to."""
    interval = series.interval
    start = interval.shift(interval.floor(T0), first)
    span = TimeRange(start, interval.shift(start, bars))
    score = inspect(series, span, interval, T0 + later).score
    parts = 0.4 * score.completeness + 0.3 * score.freshness + 0.3 * score.outliers
    assert score.score == pytest.approx(parts, abs=1e-6)
    assert score.status == status_of(score.score)


@pytest.mark.parametrize("method", ["zscore", "iqr", "mad"])
def test_a_profile_chooses_the_method(method: str) -> None:
    """Every method finds the false close; the report carries the profile's name."""
    profile = Profile("strict", outlier_method=method)
    spoilt = altered(CALM, close=poked(CALM.close, 50, 150.0))
    report = judge(spoilt, whole(CALM), M1, whole(CALM).end, (), profile)
    assert report.profile == "strict"
    assert told(report)["outlier_close"][1] == 1


@pytest.mark.parametrize(
    ("fault", "fields"),
    [("add up to 1", {"outlier_weight": 0.5}), ("one of zscore", {"outlier_method": "guess"})],
)
def test_a_profile_that_cannot_score_is_refused(fault: str, fields: dict[str, object]) -> None:
    """Weights that do not add up to one and unknown methods are refused."""
    with pytest.raises(InvalidRequest, match=fault):
        Profile("odd", **fields)  # type: ignore[arg-type]  # fields by name
