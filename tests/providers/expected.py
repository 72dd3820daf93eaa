"""What somebody else's parser made of a recording, to be compared with what we make of it."""

import json
import math
from pathlib import Path

from domain.bars import BarSeries


def expected_rows(path: Path, key: str) -> list[list[float]]:
    """Rows of [milliseconds, o, h, l, c, v] of an ``*.expected.json``."""
    rows: list[list[float]] = json.loads(path.read_text())[key]
    return rows


def as_rows(series: BarSeries) -> list[list[float]]:
    """The same of a series."""
    assert not any(math.isnan(v) for v in series.volume)
    return [[b.ts * 1000, b.open, b.high, b.low, b.close, b.volume or 0.0] for b in series]
