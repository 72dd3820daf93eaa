"""The verdict on bars: one score of 0..100, its parts, and the findings behind it.

:func:`judge` is cheap enough for every answer; :func:`inspect` adds what costs more and is
meant for a look at quality itself.
"""

from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from domain.bars import BarSeries, Ints
from domain.checks import odd_bars, stale_bars
from domain.coverage import Gap
from domain.errors import InvalidRequest
from domain.interval import Interval
from domain.outliers import hampel, iqr, mad, spikes, zscore
from domain.presence import Presence, take_stock
from domain.quality import Finding, QualityReport, QualityScore, Severity, moment, span
from domain.timerange import TimeRange

METHODS = {"zscore": zscore, "iqr": iqr, "mad": mad}


class Profile(Struct, frozen=True):
    """How parts are weighed and from where on something stands out.

    ``outlier_method`` is ``zscore``, ``iqr`` or ``mad`` and ``outlier_threshold`` its limit.
    A Hampel limit of three flags one bar in fifty of a pure random walk; five flags one in
    170 and still finds 99 of 100 false ticks of ten times the usual move (measured on 1 M).

    Raises:
        InvalidRequest: the weights do not add up to 1 or the method is unknown.
    """

    name: str
    completeness_weight: float = 0.4
    freshness_weight: float = 0.3
    outlier_weight: float = 0.3
    min_points: int = 50
    outlier_method: str = "zscore"
    outlier_threshold: float = 3.0
    spike_threshold: float = 5.0
    hampel_threshold: float = 5.0
    hampel_least: float = 0.001

    def __post_init__(self) -> None:
        """Refuse a profile that cannot score."""
        weights = self.completeness_weight + self.freshness_weight + self.outlier_weight
        if abs(weights - 1) > 1e-9:  # noqa: PLR2004  # room for binary fractions
            message = f"The weights of profile {self.name} must add up to 1, not to {weights}."
            raise InvalidRequest(message)
        if self.outlier_method not in METHODS:
            message = f"Profile {self.name}: the outlier method is one of {', '.join(METHODS)}."
            raise InvalidRequest(message)


DEFAULT = Profile("default")


def judge(
    series: BarSeries,
    expected_range: TimeRange,
    interval: Interval,
    now: float,
    explained_gaps: Sequence[Gap] = (),
    profile: Profile = DEFAULT,
    *,
    has_volume: bool = True,
) -> QualityReport:
    """Score an answer to ``expected_range`` as seen at ``now`` (Unix s).

    The formulas are those of the fks_data contract (section 7), with these readings:

    - *completeness*, weight 0.4: bars with a value in every field over bars expected (see
      :class:`domain.presence.Presence`: closed by now, not explained by a closed or quiet
      market or a missing listing), in per cent; halved when fewer than min(50, expected) came,
      so a short answer to a short question is complete; the volume is no field of a source that
      says that it has none (``has_volume``, ADR 13);
    - *freshness*, weight 0.3: by how far the newest bar lags behind the newest that is due;
      100 up to 5 minutes, falling to 50 at 15 and to 0 at 60;
    - *outliers*, weight 0.3: 100 less ten points per per cent of closes and volumes that stand
      out (z-score above 3, from 20 values on).

    No bar at all scores 0. Findings cover missing, late and odd bars, copies, outliers and
    spikes; the Hampel filter is left to :func:`inspect`.
    """
    if not len(series):
        return _nothing(profile)
    presence = take_stock(series, expected_range, interval, now, explained_gaps)
    unsent = (np.isnan(series.volume) & has_volume).nonzero()[0]
    standing_out = {
        name: METHODS[profile.outlier_method](column, profile.outlier_threshold)
        for name, column in (("close", series.close), ("volume", series.volume))
    }
    score = _score(presence, len(series), len(unsent), standing_out, profile)
    findings = [
        *_absences(presence, interval, score.completeness),
        *_unsent(series, unsent),
        *odd_bars(series),
        *stale_bars(series),
        *_outliers(series, standing_out),
        *_spikes(series, profile),
    ]
    return _report(score, findings, profile)


def inspect(
    series: BarSeries,
    expected_range: TimeRange,
    interval: Interval,
    now: float,
    explained_gaps: Sequence[Gap] = (),
    profile: Profile = DEFAULT,
) -> QualityReport:
    """The full suite: :func:`judge` plus an exact rolling Hampel filter over the closes."""
    report = judge(series, expected_range, interval, now, explained_gaps, profile)
    found = hampel(series.close, profile.hampel_threshold, profile.hampel_least)
    if not len(found):
        return report
    says = "the close stands apart from the three bars on either side"
    severity = _severity(len(found), len(series))
    finding = Finding.at("hampel_close", severity, says, series.ts[found])
    return _report(report.score, [*report.findings, finding], profile)


def freshness_score(lag_minutes: float) -> float:
    """100 up to 5 minutes, a warning down to 50 at 15, critical down to 0 at 60 (section 7)."""
    if lag_minutes <= 5:  # noqa: PLR2004  # fresh
        return 100.0
    if lag_minutes <= 15:  # noqa: PLR2004  # warning
        return max(50.0, 100.0 - (lag_minutes - 1) / 14 * 50)
    return max(0.0, 50.0 - (min(lag_minutes, 60.0) - 15) / 45 * 50)


def outlier_score(outliers: int, rows: int) -> float:
    """100 less ten points per per cent of outliers, summed over the fields (section 7)."""
    return max(0.0, 100.0 - 10.0 * (100.0 * outliers / rows))


def completeness_score(whole: int, expected: int, min_points: int = 50) -> float:
    """Per cent of the expected bars that came whole, halved below the minimum of points."""
    if expected == 0:
        return 100.0
    score = min(100.0, 100.0 * whole / expected)
    return score if whole >= min(min_points, expected) else score / 2


def status_of(score: float) -> str:
    """``excellent`` from 85, ``good`` from 70, ``fair`` from 50, else ``poor`` (section 7)."""
    if score >= 85:  # noqa: PLR2004  # see above
        return "excellent"
    if score >= 70:  # noqa: PLR2004  # see above
        return "good"
    return "fair" if score >= 50 else "poor"  # noqa: PLR2004  # see above


def _nothing(profile: Profile) -> QualityReport:
    finding = Finding("empty", Severity.CRITICAL, "No data available", 0)
    score = QualityScore(0.0, "poor", 0.0, 0.0, 0.0)
    return QualityReport(score, (finding,), ("Collect data before proceeding",), profile.name)


def _score(
    presence: Presence, rows: int, unsent: int, outliers: dict[str, Ints], profile: Profile
) -> QualityScore:
    completeness = completeness_score(
        max(0, presence.present - unsent), presence.expected, profile.min_points
    )
    freshness = freshness_score(presence.lag_s / 60)
    calm = outlier_score(sum(map(len, outliers.values())), rows)
    score = (
        profile.completeness_weight * completeness
        + profile.freshness_weight * freshness
        + profile.outlier_weight * calm
    )
    score = min(100.0, round(score, 9))  # 0.4 + 0.3 + 0.3 of 100 is not quite 100 in binary
    return QualityScore(score, status_of(score), completeness, freshness, calm)


def _absences(presence: Presence, interval: Interval, completeness: float) -> list[Finding]:
    found: list[Finding] = []
    if presence.absent > 0:
        first = f" (first at {moment(presence.missing[0])})" if presence.missing else ""
        message = f"{presence.absent} of {presence.expected} bars are missing{first}."
        severity = _missing_severity(completeness)
        found.append(Finding("missing", severity, message, presence.absent, presence.missing))
    if presence.lag_s > 5 * 60:
        severity = Severity.CRITICAL if presence.lag_s > 15 * 60 else Severity.WARNING
        bars = max(1, presence.lag_s // interval.seconds)
        message = f"The newest bar is {span(presence.lag_s)} behind the newest that is due."
        found.append(Finding("late", severity, message, bars))
    return found


def _missing_severity(completeness: float) -> Severity:
    if completeness >= 99:  # noqa: PLR2004  # "excellent" in section 7
        return Severity.INFO
    return Severity.WARNING if completeness >= 90 else Severity.CRITICAL  # noqa: PLR2004  # "poor"


def _unsent(series: BarSeries, unsent: Ints) -> list[Finding]:
    if not len(unsent):
        return []
    says = "the provider sent no volume"
    return [Finding.at("volume_not_sent", Severity.WARNING, says, series.ts[unsent])]


def _outliers(series: BarSeries, outliers: dict[str, Ints]) -> list[Finding]:
    return [
        Finding.at(
            f"outlier_{name}",
            _severity(len(found), len(series)),
            f"the {name} stands out from the rest of the answer",
            series.ts[found],
        )
        for name, found in outliers.items()
        if len(found)
    ]


def _spikes(series: BarSeries, profile: Profile) -> list[Finding]:
    found = spikes(series.close, profile.spike_threshold)
    if not len(found):
        return []
    says = "the price jumps far more than it usually moves"
    return [Finding.at("spike", Severity.WARNING, says, series.ts[found])]


def _severity(count: int, rows: int) -> Severity:
    """More than 10 % is critical, more than 5 % a warning (section 7: high, medium, low)."""
    share = 100 * count / rows
    if share > 10:  # noqa: PLR2004  # see above
        return Severity.CRITICAL
    return Severity.WARNING if share > 5 else Severity.INFO  # noqa: PLR2004  # see above


def _report(score: QualityScore, findings: list[Finding], profile: Profile) -> QualityReport:
    calm = all(f.severity is Severity.INFO for f in findings)
    advice = [text for part, text in _ADVICE.items() if getattr(score, part) < 70]  # noqa: PLR2004  # section 7
    if calm and not advice:
        advice = ["Data quality is excellent - no action needed"]
    return QualityReport(score, tuple(findings), tuple(advice), profile.name)


_ADVICE = {
    "outliers": "Compare the bars that stand out with another provider before relying on them",
    "freshness": "Refresh the data, the newest bars are late, and check the provider's health",
    "completeness": "Backfill the missing bars before computing anything from the series",
}
