"""Scores and reports as values, and how findings speak."""

import math

import numpy as np
import pytest

from domain.errors import InvalidRequest
from domain.quality import Finding, QualityReport, QualityScore, Severity, moment, span
from tests.domain.made import T0

FAIR = QualityScore(50.0, "fair", 50.0, 50.0, 50.0)


@pytest.mark.parametrize("field", range(4))
@pytest.mark.parametrize("value", [-0.1, 100.1, math.nan, math.inf, -math.inf])
def test_a_score_is_a_percentage(field: int, value: float) -> None:
    """No part of a score leaves 0..100, and no part is no number."""
    parts = [80.0] * 4
    parts[field] = value
    with pytest.raises(InvalidRequest, match="between 0 and 100"):
        QualityScore(parts[0], "good", *parts[1:])


@pytest.mark.parametrize(
    ("score", "acceptable", "good"),
    [(0.0, False, False), (49.9, False, False), (50.0, True, False), (70.0, True, True)],
)
def test_thresholds_of_use(score: float, acceptable: bool, good: bool) -> None:
    """Fifty is acceptable and seventy good."""
    value = QualityScore(score, "", 0.0, 0.0, 0.0)
    assert (value.is_acceptable, value.is_good) == (acceptable, good)


def test_issues_leave_out_what_is_only_informative() -> None:
    """Infos are findings, but nothing that calls for attention."""
    findings = tuple(Finding(s.value, s, f"{s.value}!") for s in Severity)
    assert QualityReport(FAIR, findings).issues == ("warning!", "critical!")


def test_a_finding_speaks_of_one_bar_and_of_many() -> None:
    """The sentence counts the bars and names the first moment."""
    ts = np.arange(T0, T0 + 60 * 60, 60)
    one, many = (Finding.at("c", Severity.INFO, "it rained", t) for t in (ts[:1], ts[:30]))
    assert one.message == "In 1 bar it rained (at 2024-01-01 00:00 UTC)."
    assert many.message == "In 30 bars it rained (first at 2024-01-01 00:00 UTC)."
    assert (one.count, one.ts) == (1, (T0,))
    assert (many.count, len(many.ts)) == (30, 20)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (60, "1 minute"),
        (420, "7 minutes"),
        (90, "1.5 minutes"),
        (7200, "2 hours"),
        (9000, "2.5 hours"),
        (172_800, "2 days"),
        (604_800, "7 days"),
    ],
)
def test_durations_are_said_as_people_say_them(seconds: int, text: str) -> None:
    """Minutes, hours or days, whichever leaves a small number."""
    assert span(seconds) == text


def test_moments_are_said_in_utc() -> None:
    """A moment names its zone."""
    assert moment(T0 + 3661) == "2024-01-01 01:01 UTC"
