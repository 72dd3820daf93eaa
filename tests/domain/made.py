"""Values to test the domain with: series of bars, real looking and arbitrary."""

import numpy as np
from hypothesis import strategies as st

from domain.bars import Bar, BarSeries, Floats
from domain.coverage import Gap
from domain.interval import Interval
from domain.timerange import TimeRange

T0 = 1_704_067_200  # 2024-01-01 00:00 UTC, a Monday and the first of a month
FINITE = st.floats(allow_nan=False, allow_infinity=False)
INTERVALS = st.sampled_from(Interval)
MOMENTS = st.integers(-2_000_000_000, 4_000_000_000)


def walk(n: int, seed: int = 1, start: int = T0, interval: Interval = Interval.M1) -> BarSeries:
    """A plausible market: a random walk without a fault, with a volume in every bar."""
    chance = np.random.default_rng(seed)  # noqa: TID251  # seeded: the same series every time
    close = 100 * np.exp(np.cumsum(chance.normal(0, 5e-4, n)))
    open_ = np.concatenate(([100.0], close[:-1]))
    reach = 1e-4 + np.abs(chance.normal(0, 2e-4, (2, n)))
    high, low = np.maximum(open_, close) * (1 + reach[0]), np.minimum(open_, close) * (1 - reach[1])
    ts = interval.grid(start, interval.shift(interval.ceil(start), n))
    return BarSeries(interval, ts, open_, high, low, close, chance.uniform(5, 6, n))


def altered(series: BarSeries, **columns: Floats) -> BarSeries:
    """The series with other columns."""
    return BarSeries(series.interval, **{**series.columns(), **columns})  # type: ignore[arg-type]  # by name


def poked(values: Floats, at: int, value: float) -> Floats:
    """A copy of the column with one other value."""
    other = values.copy()
    other[at] = value
    return other


def without(series: BarSeries, *positions: int) -> BarSeries:
    """The series with holes."""
    return series.where(np.delete(np.arange(len(series)), positions))


def whole(series: BarSeries) -> TimeRange:
    """From the first bar's open to the last bar's close."""
    return TimeRange(int(series.ts[0]), series.interval.close(int(series.ts[-1])))


def slots(gaps: tuple[Gap, ...], interval: Interval) -> dict[int, str]:
    """Every missing open with its reason."""
    return {int(t): gap.reason.value for gap in gaps for t in interval.grid(gap.start, gap.end)}


@st.composite
def bars(draw: st.DrawFn, ts: int) -> Bar:
    """One bar with any finite prices and any values left out."""
    return Bar(
        ts=ts,
        open=draw(FINITE),
        high=draw(FINITE),
        low=draw(FINITE),
        close=draw(FINITE),
        volume=draw(st.none() | FINITE),
        vwap=draw(st.none() | FINITE),
        trades=draw(st.none() | st.integers(0, 2**62)),
    )


@st.composite
def serieses(draw: st.DrawFn, interval: Interval | None = None, size: int = 12) -> BarSeries:
    """Structurally sound series with arbitrary content and holes, of any or the given interval."""
    chosen = draw(INTERVALS) if interval is None else interval
    steps = draw(st.lists(st.integers(0, 2 * size), unique=True, max_size=size).map(sorted))
    origin = chosen.floor(T0)
    return BarSeries.of(chosen, [draw(bars(chosen.shift(origin, k))) for k in steps])
