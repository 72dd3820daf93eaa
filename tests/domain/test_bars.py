"""Bar series: guaranteed structure and the algebra of rows."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from domain.bars import COLUMNS, PRICES, Bar, BarSeries
from domain.errors import InvalidRequest
from domain.interval import Interval
from tests.domain.made import T0, altered, poked, serieses, walk

WALK = walk(8)
PAIRS = st.sampled_from(Interval).flatmap(lambda i: st.tuples(serieses(i), serieses(i)))


def model(series: BarSeries) -> dict[int, Bar]:
    """The naive model: bars by their open."""
    return {bar.ts: bar for bar in series}


@given(serieses())
def test_bars_and_columns_are_two_views_of_one_thing(series: BarSeries) -> None:
    """Scalar bars make the same series again, and absent values stay absent."""
    bars = list(series)
    assert BarSeries.of(series.interval, bars) == series
    assert len(bars) == len(series)
    for k, bar in enumerate(bars):
        assert bar == series.bar(k) == series.bar(k - len(series))
        assert (bar.volume is None) == math.isnan(series.volume[k])
        assert (bar.vwap is None) == math.isnan(series.vwap[k])
        assert (bar.trades is None) == (series.trades[k] == -1)
        assert bar.final


@given(serieses(), st.integers(-3, 30), st.integers(-3, 30))
def test_between_keeps_the_opens_of_a_half_open_range(series: BarSeries, a: int, b: int) -> None:
    """Start counts, end does not; a reversed range holds nothing."""
    first = series.interval.floor(T0)
    start, end = series.interval.shift(first, a), series.interval.shift(first, b)
    kept = {t: bar for t, bar in model(series).items() if start <= t < end}
    assert model(series.between(start, end)) == kept


@given(serieses(), st.data())
def test_where_takes_masks_positions_and_slices(series: BarSeries, data: st.DataObject) -> None:
    """All three ways of choosing rows give the chosen rows."""
    wanted = data.draw(st.lists(st.booleans(), min_size=len(series), max_size=len(series)))
    mask = np.array(wanted, dtype=np.bool_)
    expected = [bar for bar, keep in zip(series, wanted, strict=True) if keep]
    assert list(series.where(mask)) == expected
    assert list(series.where(mask.nonzero()[0])) == expected
    assert list(series.where(slice(1, 3))) == list(series)[1:3]


@given(PAIRS)
def test_merging_prefers_the_newer(pair: tuple[BarSeries, BarSeries]) -> None:
    """The union of both by open; where both have a bar the newer one's is taken."""
    old, new = pair
    assert model(old.merged(new)) == dict(sorted((model(old) | model(new)).items()))
    assert old.merged(old) == old
    assert old.merged(BarSeries.empty(old.interval)) == old


@given(serieses(), st.integers(0, 12), st.integers(0, 12))
def test_concat_undoes_cutting(series: BarSeries, a: int, b: int) -> None:
    """The pieces of a series joined in order are the series."""
    low, high = sorted((a, b))
    pieces = [series.where(slice(0, low)), series.where(slice(low, high))]
    pieces.append(series.where(slice(high, len(series))))
    assert BarSeries.concat(series.interval, pieces) == series


@given(PAIRS)
def test_concat_refuses_what_does_not_follow(pair: tuple[BarSeries, BarSeries]) -> None:
    """Parts that overlap or go back in time are refused."""
    first, second = pair
    assume(len(first) and len(second) and second.ts[0] <= first.ts[-1])
    with pytest.raises(InvalidRequest, match="strictly increase"):
        BarSeries.concat(first.interval, pair)


@given(PAIRS)
def test_equality_is_that_of_the_bars(pair: tuple[BarSeries, BarSeries]) -> None:
    """Two series are equal exactly if their bars are; a series equals nothing else."""
    a, b = pair
    assert (a == b) == (list(a) == list(b))
    assert a != list(a)


def test_series_of_different_intervals_do_not_mix() -> None:
    """Minutes and hours are neither joined nor merged, although both may open at 00:00."""
    minutes, hours = walk(3), walk(3, interval=Interval.H1)
    assert minutes != hours
    with pytest.raises(InvalidRequest, match="different intervals"):
        minutes.merged(hours)
    with pytest.raises(InvalidRequest, match="different intervals"):
        BarSeries.concat(Interval.M1, [hours])


@pytest.mark.parametrize("name", PRICES)
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_prices_are_finite(name: str, value: float) -> None:
    """A price that is no finite number is no price, in any column and row."""
    column = poked(getattr(WALK, name), 5, value)
    with pytest.raises(InvalidRequest, match="a price is not finite"):
        altered(WALK, **{name: column})


@pytest.mark.parametrize("name", ["volume", "vwap"])
def test_a_volume_may_be_absent_but_not_infinite(name: str) -> None:
    """NaN means not sent; infinity means nothing."""
    column = poked(np.ones(8), 2, math.nan)
    assert getattr(altered(WALK, **{name: column}).bar(2), name) is None
    with pytest.raises(InvalidRequest, match="infinite"):
        altered(WALK, **{name: poked(column, 5, math.inf)})


@pytest.mark.parametrize(
    ("ts", "fault"),
    [
        ([T0, T0], "strictly increase"),
        ([T0 + 60, T0], "strictly increase"),
        ([T0, T0 + 60, T0 + 60], "strictly increase"),
        ([T0 + 1, T0 + 61], "do not open 1m bars"),
        ([T0, T0 + 60, T0 + 150], "do not open 1m bars"),
        ([float(T0), T0 + 60.5], "whole numbers"),
        ([T0, math.nan], "whole numbers"),
    ],
)
def test_times_ascend_and_open_bars(ts: list[float], fault: str) -> None:
    """Disorder, duplicates, moments inside of a bar and fractions are refused."""
    ones = np.ones(len(ts))
    with pytest.raises(InvalidRequest, match=fault):
        BarSeries(Interval.M1, np.array(ts), ones, ones, ones, ones, ones)


@pytest.mark.parametrize("name", COLUMNS)
def test_columns_have_one_length(name: str) -> None:
    """A column that is shorter than the others is refused, not padded."""
    with pytest.raises(InvalidRequest, match="differ in length"):
        altered(WALK, **{name: getattr(WALK, name)[:-1]})


@pytest.mark.parametrize("interval", Interval)
def test_every_interval_checks_its_own_alignment(interval: Interval) -> None:
    """A series of any interval accepts its own opens and refuses a minute later."""
    series = walk(3, interval=interval)
    assert interval.aligned(series.ts).all()
    with pytest.raises(InvalidRequest, match=f"do not open {interval.value} bars"):
        altered(series, ts=series.ts + 7)  # type: ignore[arg-type]  # times are whole numbers


def test_columns_cannot_be_written() -> None:
    """What was checked once stays true: columns are read-only."""
    for name, column in WALK.columns().items():
        with pytest.raises(ValueError, match="read-only"):
            column[0] = 1
        assert name in COLUMNS


def test_an_impossible_bar_can_be_represented() -> None:
    """A high below the low is a finding and no structural fault: it must be reportable."""
    odd = altered(WALK, high=poked(WALK.high, 3, 1.0))
    assert odd.bar(3).high < odd.bar(3).low


def test_a_series_is_no_key() -> None:
    """A series compares by content and therefore has no hash."""
    with pytest.raises(TypeError, match="unhashable"):
        hash(WALK)


def test_negative_numbers_of_trades_are_refused() -> None:
    """-1 says that the number was not sent; anything below says nothing."""
    bar = Bar(ts=T0, open=1.0, high=1.0, low=1.0, close=1.0, trades=-2)
    with pytest.raises(InvalidRequest, match="number of trades"):
        BarSeries.of(Interval.M1, [bar])


def test_the_empty_series_is_a_series() -> None:
    """Nothing can be iterated, merged and joined like something."""
    nothing = BarSeries.empty(Interval.H1)
    assert (len(nothing), list(nothing)) == (0, [])
    assert nothing == BarSeries.of(Interval.H1, []) == BarSeries.concat(Interval.H1, [])
    assert nothing.between(0, 10) == nothing.merged(nothing) == nothing
