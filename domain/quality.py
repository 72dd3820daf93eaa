"""The vocabulary of quality: findings, reports and scores.

The rules that produce them live in :mod:`domain.checks` (single bars and runs of bars),
:mod:`domain.outliers` (statistics), :mod:`domain.presence` (what should be there and is not)
and :mod:`domain.scoring` (the verdict).
"""

from datetime import UTC, datetime
from enum import Enum

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from domain.errors import InvalidRequest

SHOWN = 20  # bars that a finding lists; its count is always the full one


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

    @classmethod
    def at(cls, check: str, severity: Severity, says: str, ts: NDArray[np.int64]) -> "Finding":
        """A finding about the bars that open at ``ts`` (ascending, at least one).

        ``says`` completes the sentence "In 3 bars ...", such as "nothing was traded".
        """
        bars = "1 bar" if len(ts) == 1 else f"{len(ts)} bars"
        first = "at" if len(ts) == 1 else "first at"
        message = f"In {bars} {says} ({first} {moment(int(ts[0]))})."
        return cls(check, severity, message, len(ts), tuple(ts[:SHOWN].tolist()))


class QualityScore(Struct, frozen=True):
    """0..100 with its parts; ``status`` is excellent, good, fair or poor.

    Raises:
        InvalidRequest: a number lies outside of 0..100 or is no number.
    """

    score: float
    status: str
    completeness: float
    freshness: float
    outliers: float

    def __post_init__(self) -> None:
        """Refuse what is no percentage."""
        for part in (self.score, self.completeness, self.freshness, self.outliers):
            if not 0 <= part <= 100:  # noqa: PLR2004  # a percentage; false for NaN as well
                message = f"A quality score lies between 0 and 100, not at {part}."
                raise InvalidRequest(message)

    @property
    def is_acceptable(self) -> bool:
        """Whether the answer may be used: fair or better (50)."""
        return self.score >= 50  # noqa: PLR2004  # fks_data contract, section 7

    @property
    def is_good(self) -> bool:
        """Whether the answer is good or better (70)."""
        return self.score >= 70  # noqa: PLR2004  # fks_data contract, section 7


class QualityReport(Struct, frozen=True):
    """The verdict on one answer or batch: the score and every finding behind it."""

    score: QualityScore
    findings: tuple[Finding, ...] = ()
    recommendations: tuple[str, ...] = ()
    profile: str = "default"

    @property
    def issues(self) -> tuple[str, ...]:
        """The sentences of the findings that call for attention (all but the informative)."""
        return tuple(f.message for f in self.findings if f.severity is not Severity.INFO)


def moment(ts: int) -> str:
    """A bar's open as people write it: ``2024-05-01 12:00 UTC``."""
    return f"{datetime.fromtimestamp(ts, UTC).isoformat(' ', 'minutes')[:16]} UTC"


def span(seconds: float) -> str:
    """A duration in a unit that people would choose: ``7 minutes``, ``1.5 hours``, ``3 days``."""
    unit, length = "day", 86_400
    if seconds < 2 * 3600:
        unit, length = "minute", 60
    elif seconds < 2 * 86_400:
        unit, length = "hour", 3600
    amount = f"{seconds / length:.1f}".removesuffix(".0")
    return f"{amount} {unit}" if amount == "1" else f"{amount} {unit}s"
