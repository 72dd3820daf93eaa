"""The vocabulary of quality: findings, reports and scores."""

from enum import Enum

from msgspec import Struct


class Severity(Enum):
    """How much a finding matters."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


class Finding(Struct, frozen=True):
    """One thing that a check noticed; ``ts`` are the bars concerned (at most the first 20)."""

    check: str
    severity: Severity
    message: str
    count: int = 1
    ts: tuple[int, ...] = ()


class QualityScore(Struct, frozen=True):
    """0..100 with its parts; ``status`` is excellent, good, fair or poor."""

    score: float
    status: str
    completeness: float
    freshness: float
    outliers: float


class QualityReport(Struct, frozen=True):
    """The verdict on one answer or batch: the score and every finding behind it."""

    score: QualityScore
    findings: tuple[Finding, ...] = ()
    recommendations: tuple[str, ...] = ()
    profile: str = "default"
