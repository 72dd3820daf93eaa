"""Minutes rolled up to quarters of an hour, beside pandas."""

import numpy as np
import pandas as pd

from domain.bars import BarSeries
from domain.interval import Interval
from domain.rollup import roll_up
from tests.benchmarks.measuring import side_by_side
from tests.benchmarks.options import Options
from tests.benchmarks.payloads import START, random_walk
from tests.benchmarks.report import Cells, Section, duration, noted, number, times

_OURS, _PANDAS = "fks-data", "pandas"
_SIZES = {1_440: 200, 10_000: 100, 100_000: 50, 1_000_000: 15}
_HOW = {"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum"}
_AVERAGES = {"vwap": "sum", "trades": "sum"}


def measure(options: Options) -> Section:
    """Time all sizes, without an average price and with one; the bars are compared first."""
    rows = [
        _row(size, options.rounds(rounds), averages=averages)
        for averages in (False, True)
        for size, rounds in _SIZES.items()
    ]
    header = (
        "minutes",
        "fks-data",
        "rows a second",
        "pandas `resample`",
        "faster than pandas",
        "n",
    )
    return Section("roll", _TITLE, header, tuple(rows), _NOTES)


def _row(size: int, rounds: int, *, averages: bool) -> Cells:
    bars = _minutes(size, averages=averages)
    how = _HOW | (_AVERAGES if averages else {})
    frame = pd.DataFrame(
        {name: getattr(bars, name) for name in how}, index=pd.to_datetime(bars.ts, unit="s")
    )
    _agree(roll_up(bars, Interval.M15), _resampled(frame, how))
    taken = side_by_side(
        {_OURS: lambda: roll_up(bars, Interval.M15), _PANDAS: lambda: _resampled(frame, how)},
        rounds,
    )
    ours = taken.of(_OURS)
    return noted(
        (
            f"{size:,}" + (", average prices and trades, too" if averages else ""),
            duration(ours.median),
            f"{number(size / ours.median / 1e6)} M",
            duration(taken.of(_PANDAS).median),
            times(taken.ratio(_PANDAS, _OURS)),
            str(ours.n),
        )
    )


def _minutes(size: int, *, averages: bool) -> BarSeries:
    """Minutes of a coin from the beginning of a quarter; every 500th is missing."""
    walk = random_walk(size + size // 400)
    columns = walk._asdict() | {"ts": walk.ts - START + START // 900 * 900}
    if not averages:
        columns |= {"vwap": np.full(len(walk.ts), np.nan), "trades": np.full(len(walk.ts), -1)}
    kept = np.arange(len(walk.ts)) % 500 > 0
    return BarSeries(Interval.M1, **{name: column[kept][:size] for name, column in columns.items()})


def _resampled(frame: pd.DataFrame, how: dict[str, str]) -> pd.DataFrame:
    if "vwap" not in how:
        return frame.resample("15min").agg(how)
    spent = frame.assign(vwap=frame["vwap"] * frame["volume"])
    found = spent.resample("15min").agg(how)
    found["vwap"] /= found["volume"]
    return found


def _agree(ours: BarSeries, theirs: pd.DataFrame) -> None:
    for name in theirs.columns:
        if not np.allclose(getattr(ours, name), theirs[name].to_numpy(), rtol=1e-12, atol=0):
            raise AssertionError(f"fks-data and pandas disagree about {name}")


_TITLE = "Minutes to quarters of an hour"
_NOTES = """\
From minutes in memory to checked bars of 15 minutes: first, highest, lowest and last price, sum of
the volumes, and where it is said the average price weighted by volume and the number of trades.
pandas gets a DataFrame that is indexed by time already, is asked for the same columns, and gives
one back. Before timing, the bars are compared. One minute in 500 is missing.

It grows with the minutes alone.
"""
