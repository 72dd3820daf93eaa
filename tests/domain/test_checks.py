"""Rules about single bars and runs of bars."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.bars import Bar, BarSeries
from domain.checks import BLOCK, odd_bars, runs, scan, stale_bars
from domain.interval import Interval
from domain.quality import Finding, Severity
from tests.domain.made import T0, altered, poked, walk

ANY = st.floats() | st.sampled_from([0.0, 1.0, 2.0, 3.0])
WALK = walk(100)
# The sample row of Binance's documentation: a wick of fifty times the open.
DOCS = Bar(ts=T0, open=0.0163479, high=0.8, low=0.015758, close=0.015771, volume=148976.11427815)


def found(series: BarSeries) -> dict[str, Finding]:
    """The findings about single bars by the name of the check."""
    return {f.check: f for f in odd_bars(series)}


def test_an_ordinary_market_is_not_odd() -> None:
    """A plausible walk causes no finding, and neither does the empty series."""
    assert odd_bars(WALK) == stale_bars(WALK) == []
    nothing = BarSeries.empty(Interval.M1)
    assert odd_bars(nothing) == stale_bars(nothing) == []


def test_the_wick_of_the_docs_is_flagged() -> None:
    """A high of 0.8 over an open of 0.016 is a possible bar, and it is reported."""
    series = BarSeries.of(Interval.MO1, [DOCS])
    wick = found(series)["wick"]
    assert (wick.severity, wick.count, wick.ts) == (Severity.WARNING, 1, (T0,))
    assert wick.message == (
        "In 1 bar the high or low lies twice as far out as the open and the close "
        "(at 2024-01-01 00:00 UTC)."
    )


@pytest.mark.parametrize(
    ("column", "value", "check", "severity"),
    [
        ("high", 50.0, "ohlc", Severity.CRITICAL),
        ("low", 150.0, "ohlc", Severity.CRITICAL),
        ("low", 0.0, "price_not_positive", Severity.CRITICAL),
        ("volume", -1.0, "negative_volume", Severity.CRITICAL),
        ("high", 900.0, "wick", Severity.WARNING),
        ("low", 9.0, "wick", Severity.WARNING),
        ("volume", 0.0, "no_volume", Severity.INFO),
    ],
)
def test_one_odd_bar_is_found(column: str, value: float, check: str, severity: Severity) -> None:
    """The one bar that was spoilt is named, and only that."""
    spoilt = altered(WALK, **{column: poked(getattr(WALK, column), 41, value)})
    findings = found(spoilt)
    assert findings.keys() == {check}
    finding = findings[check]
    assert (finding.severity, finding.count) == (severity, 1)
    assert finding.ts == (T0 + 41 * 60,)
    assert "2024-01-01 00:41 UTC" in finding.message


def test_a_volume_that_was_not_sent_is_not_odd() -> None:
    """NaN is neither zero nor negative."""
    assert odd_bars(altered(WALK, volume=np.full(100, np.nan))) == []


def test_findings_list_twenty_bars_and_count_all() -> None:
    """A finding about many bars shows the first twenty."""
    finding = found(altered(WALK, volume=np.zeros(100)))["no_volume"]
    assert finding.count == 100
    assert finding.ts == tuple(range(T0, T0 + 20 * 60, 60))
    assert finding.message == "In 100 bars nothing was traded (first at 2024-01-01 00:00 UTC)."


def flat(series: BarSeries, start: int, stop: int) -> BarSeries:
    """The series with a stretch that does not move at all."""
    columns = {}
    for name in ("open", "high", "low", "close"):
        column = getattr(series, name).copy()
        column[start:stop] = series.close[start]
        columns[name] = column
    return altered(series, **columns)


def test_long_flat_stretches_are_mentioned() -> None:
    """Five bars without any move are worth a word, four are not."""
    assert "flat" not in found(flat(WALK, 10, 14))
    finding = found(flat(WALK, 10, 17))["flat"]
    assert (finding.severity, finding.count, finding.ts[0]) == (Severity.INFO, 7, T0 + 600)
    assert "for up to 7 minutes on end" in finding.message


@pytest.mark.parametrize(
    ("copies", "volume", "flagged"),
    [(1, 5.0, 0), (2, 5.0, 2), (6, 5.0, 6), (6, 0.0, 0), (6, math.nan, 6)],
)
def test_copied_bars_are_stale(copies: int, volume: float, flagged: int) -> None:
    """Traded bars that repeat twice and more are stale; quiet ones repeat by nature."""
    columns = {n: np.array(c) for n, c in WALK.columns().items() if n not in {"ts", "trades"}}
    columns["volume"][30] = volume
    for column in columns.values():
        column[31 : 31 + copies] = column[30]
    stale = stale_bars(altered(WALK, **columns))
    assert [f.count for f in stale] == ([flagged] if flagged else [])
    assert all(f.ts == tuple(T0 + 60 * (31 + k) for k in range(copies)) for f in stale)


def test_flat_bars_without_a_volume_are_quiet_not_stale() -> None:
    """A provider that sends no volume and repeats the last price says that nothing happened."""
    assert stale_bars(altered(flat(WALK, 10, 40), volume=np.full(100, np.nan))) == []


@given(st.lists(st.booleans(), max_size=40))
def test_runs_are_stretches_of_neighbours(marks: list[bool]) -> None:
    """Starts and lengths of the runs give the positions back, and runs do not touch."""
    positions = np.array(marks, dtype=np.bool_).nonzero()[0]
    starts, lengths = runs(positions)
    pairs = list(zip(starts.tolist(), lengths.tolist(), strict=True))
    assert [k for start, n in pairs for k in range(start, start + n)] == positions.tolist()
    assert all(not marks[start - 1] for start, _ in pairs if start)


@pytest.mark.parametrize("n", [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 7])
def test_blocks_hide_no_row(n: int) -> None:
    """Scanning block by block finds what one look at everything finds."""
    values = np.arange(n) % 7 == 3
    assert scan(n, lambda rows: values[rows]).tolist() == values.nonzero()[0].tolist()
