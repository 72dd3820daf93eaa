"""The full quality suite over a million bars, beside the same rules in pandas."""

import numpy as np
import pandas as pd

from domain.bars import COLUMNS, BarSeries
from domain.interval import Interval
from domain.outliers import hampel
from domain.quality import SHOWN, QualityReport
from domain.scoring import DEFAULT, inspect
from domain.timerange import TimeRange
from tests.benchmarks.measuring import Timings, side_by_side
from tests.benchmarks.options import Options
from tests.benchmarks.pandas_rules import Flags, exact_flags, two_pass_flags
from tests.benchmarks.payloads import series
from tests.benchmarks.report import Cells, Section, duration, noted, times

_OURS, _EXACT, _TWO_PASS = "fks-data", "exact", "two passes"
_SIZES = {10_000: 21, 100_000: 7, 1_000_000: 3}
_LATE = {"late"}  # judged by the clock, which the rules in pandas do not know


def measure(options: Options) -> Section:
    """Time all sizes; the flags are compared first."""
    rows = [_row(size, options.rounds(rounds)) for size, rounds in _SIZES.items()]
    header = (
        "bars",
        "fks-data",
        "per bar",
        "pandas, exact",
        "pandas, two passes",
        "faster than exact",
        "faster than two passes",
        "flags of two passes that differ",
        "n",
    )
    return Section("judge", _TITLE, header, tuple(rows), _NOTES)


def _row(size: int, rounds: int) -> Cells:
    bars = flawed(size)
    frame = pd.DataFrame({n: getattr(bars, n) for n in COLUMNS[1:6]}, index=bars.ts)
    differ = _compared(bars, exact_flags(frame), two_pass_flags(frame))
    taken = _timed(bars, frame, rounds)
    ours = taken.of(_OURS)
    return noted(
        (
            f"{size:,}",
            duration(ours.median),
            duration(ours.median / size),
            duration(taken.of(_EXACT).median),
            duration(taken.of(_TWO_PASS).median),
            times(taken.ratio(_EXACT, _OURS)),
            times(taken.ratio(_TWO_PASS, _OURS)),
            differ,
            str(ours.n),
        )
    )


def _timed(bars: BarSeries, frame: pd.DataFrame, rounds: int) -> Timings:
    columns = bars.columns()
    return side_by_side(
        {
            _OURS: lambda: inspected(BarSeries(bars.interval, **columns)),  # type: ignore[arg-type]  # by name
            _EXACT: lambda: exact_flags(frame),
            _TWO_PASS: lambda: two_pass_flags(frame),
        },
        rounds,
    )


def inspected(bars: BarSeries) -> QualityReport:
    """Everything that we check, from the structure of the columns to the score."""
    span = TimeRange(int(bars.ts[0]), int(bars.ts[-1]) + 60)
    return inspect(bars, span, bars.interval, float(span.end))


def flawed(size: int) -> BarSeries:
    """A random walk with about one flaw of each kind per thousand bars."""
    bars = series(size)
    chance = np.random.default_rng(11)
    columns = {name: getattr(bars, name).copy() for name in COLUMNS}

    def some() -> np.ndarray:
        return chance.choice(size - 20, size // 1_000, replace=False) + 10

    columns["close"][some()] *= 1.02
    columns["high"][some()] *= 3.0
    columns["low"][some()] *= 2.0
    columns["volume"][some()] = 0.0
    for start in some():
        for name in COLUMNS[1:6]:
            columns[name][start : start + 4] = columns[name][start]
    for start in some():
        for name in COLUMNS[1:5]:
            columns[name][start : start + 6] = columns["close"][start]
    keep = np.ones(size, dtype=bool)
    keep[some()] = False
    return BarSeries(Interval.M1, **{name: column[keep] for name, column in columns.items()})


def _compared(bars: BarSeries, exact: Flags, two_pass: Flags) -> str:
    """All our findings are those of the exact rules; how many of the shortcut's are not."""
    findings = {f.check: (f.count, f.ts) for f in inspected(bars).findings if f.check not in _LATE}
    theirs = {
        name: (len(found), tuple(found[:SHOWN].tolist()))
        for name, found in exact.items()
        if len(found)
    }
    if findings != theirs:
        raise AssertionError(f"{findings} {theirs}")
    threshold, least = DEFAULT.hampel_threshold, DEFAULT.hampel_least
    if not np.array_equal(bars.ts[hampel(bars.close, threshold, least)], exact["hampel_close"]):
        raise AssertionError("the Hampel filters flag different bars")
    differ = exact["hampel_close"].symmetric_difference(two_pass["hampel_close"])
    return f"{len(differ):,} of {len(exact['hampel_close']):,}"


_TITLE = "The full quality suite"
_NOTES = """\
Structure, impossible and odd bars, flat and copied runs, z-scores of close and volume, jumps,
missing bars and an exact rolling Hampel filter, over one-minute bars with about one flaw of each
kind per thousand. Before timing, the flags of every rule are compared with those of pandas in its
exact form: they are the same, bar by bar. *Two passes* is the usual shortcut for the Hampel
filter with a second rolling median; it flags other bars.

It grows with the number of bars alone; the rules work in blocks that fit the second level cache
of the processor.
"""
