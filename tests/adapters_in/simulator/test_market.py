"""Laws of the synthetic market."""

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from adapters_in.simulator.assets import ASSETS, Asset, Hours
from adapters_in.simulator.columns import COLUMNS, BarColumns, Grid
from adapters_in.simulator.market import SyntheticMarket
from domain.instrument import AssetClass
from domain.interval import Interval

LATE = 1_900_000_000  # every tested bar is over by then
MARKET = SyntheticMarket(seed=11)
FINER = [(Interval.H1, Interval.M1), (Interval.M15, Interval.M5), (Interval.D1, Interval.H1)]
FINER += [(Interval.W1, Interval.D1), (Interval.MO1, Interval.D1), (Interval.H4, Interval.M30)]
assets = st.sampled_from(sorted(ASSETS)).map(ASSETS.__getitem__)
moments = st.integers(1_420_070_400, 1_800_000_000)


def between(asset: Asset, grid: Grid, start: int, bars: int, now: float = LATE) -> BarColumns:
    """The bars of a stretch."""
    return MARKET.bars(asset, grid.edges(grid.floor(start), bars), now)


@given(assets, moments, st.sampled_from(FINER))
def test_a_bar_is_the_roll_up_of_finer_bars(
    asset: Asset, moment: int, pair: tuple[Interval, Interval]
) -> None:
    """Open, high, low, close, volume, turnover and trades of any bar follow from finer ones."""
    coarse, fine = (Grid.of(interval) for interval in pair)
    whole = between(asset, coarse, moment, 1)
    stop = coarse.shift(coarse.floor(moment), 1)
    count = pair[1].count(coarse.floor(moment), stop)
    parts = between(asset, fine, coarse.floor(moment), count)
    assert len(whole) == (len(parts) > 0)
    if not len(whole):
        return
    assert whole.open[0] == parts.open[0]
    assert whole.close[0] == parts.close[-1]
    assert whole.high[0] == parts.high.max()
    assert whole.low[0] == parts.low.min()
    assert whole.trades[0] == parts.trades.sum()
    np.testing.assert_allclose(whole.volume[0], parts.volume.sum(), rtol=1e-12)
    np.testing.assert_allclose(whole.turnover[0], parts.turnover.sum(), rtol=1e-9)


@given(assets, moments, st.sampled_from(Interval))
def test_bars_are_possible_and_join(asset: Asset, moment: int, interval: Interval) -> None:
    """Prices are ordered and positive, vwap lies between them, opens continue closes."""
    rows = between(asset, Grid.of(interval), moment, 60)
    assert np.all(rows.low > 0)
    assert np.all(rows.high >= np.maximum(rows.open, rows.close))
    assert np.all(rows.low <= np.minimum(rows.open, rows.close))
    busy = rows.volume > 0
    assert np.array_equal(busy, rows.trades > 0)
    assert np.all(rows.vwap[busy] >= rows.low[busy] * (1 - 1e-12))
    assert np.all(rows.vwap[busy] <= rows.high[busy] * (1 + 1e-12))
    assert np.array_equal(rows.open[1:], rows.close[:-1])
    still = ~busy
    assert np.array_equal(rows.high[still], rows.low[still])
    assert np.all(rows.ts >= asset.listed - (rows.closes - rows.ts))


@given(assets, moments, st.sampled_from([Interval.M1, Interval.H1, Interval.D1, Interval.W1]))
def test_a_forming_bar_becomes_the_final_one(asset: Asset, moment: int, interval: Interval) -> None:
    """While it forms a bar only grows; at its end it is the final bar."""
    grid = Grid.of(interval)
    opened = grid.floor(moment)
    closes = grid.shift(opened, 1)
    steps = [opened, opened + 1, moment, (moment + closes) // 2, closes - 1, closes]
    seen = [MARKET.bars(asset, grid.edges(opened, 1), float(now)) for now in sorted(steps)]
    seen = [rows for rows in seen if len(rows)]
    if not seen:
        return
    assert not seen[-1].forming
    assert all(rows.forming for rows in seen if rows is not seen[-1])
    for earlier, later in pairwise(seen):
        assert earlier.open[0] == later.open[0]
        assert earlier.high[0] <= later.high[0]
        assert earlier.low[0] >= later.low[0]
        assert earlier.volume[0] <= later.volume[0]
        assert earlier.trades[0] <= later.trades[0]
    final = between(asset, grid, opened, 1)
    assert all(getattr(seen[-1], n)[0] == getattr(final, n)[0] for n in COLUMNS)


@given(assets, moments, st.integers(1, 400), st.integers(0, 399))
def test_where_one_starts_to_look_changes_nothing(
    asset: Asset, moment: int, bars: int, skip: int
) -> None:
    """A bar is the same in whatever range it is asked for."""
    grid = Grid.of(Interval.M5)
    first = grid.floor(moment)
    far = between(asset, grid, first, bars + skip)
    near = between(asset, grid, first + skip * 300, bars)
    same = far.take(far.ts >= first + skip * 300)
    assert all(np.array_equal(getattr(near, n), getattr(same, n)) for n in COLUMNS)


@given(assets, moments)
def test_numbers_have_at_most_fifteen_digits(asset: Asset, moment: int) -> None:
    """Prices and volumes are decimals that survive float64 and back."""
    rows = between(asset, Grid.of(Interval.W1), moment, 20)
    for name in ("open", "high", "low", "close", "volume"):
        for value in getattr(rows, name).tolist():
            assert len(repr(value).replace(".", "").strip("0")) <= 15 or value >= 1e15
            assert float(f"{value:.15g}") == value


@given(assets, moments, st.floats(0, 0.999))
def test_the_price_is_the_close_of_the_forming_bar(asset: Asset, moment: int, part: float) -> None:
    """Ticker and bars agree at every moment."""
    grid = Grid.of(Interval.M1)
    rows = MARKET.bars(asset, grid.edges(grid.floor(moment), 1), moment + part)
    if len(rows):
        assert MARKET.price(asset, moment + part) == rows.close[-1]


def test_another_seed_is_another_market() -> None:
    """The seed decides every value, and the same seed repeats them."""
    asset, grid = ASSETS["BTC-USDT"], Grid.of(Interval.H1)
    edges = grid.edges(1_700_000_000 - 1_700_000_000 % 3600, 100)
    one, two, three = (SyntheticMarket(s).bars(asset, edges, LATE) for s in (1, 1, 2))
    assert np.array_equal(one.close, two.close)
    assert not np.array_equal(one.close, three.close)


def test_no_bars_before_the_listing() -> None:
    """A pair starts with the hour in which it was listed, at every interval."""
    asset = ASSETS["BTC-USDT"]
    for interval in (Interval.M1, Interval.H1, Interval.D1):
        grid = Grid.of(interval)
        rows = between(asset, grid, asset.listed - 100 * interval.seconds, 150)
        assert rows.ts[0] == grid.floor(asset.listed)


def test_a_thin_pair_has_quiet_minutes() -> None:
    """Most minutes of the thin pair are flat rows without a trade."""
    rows = between(ASSETS["KAS-USDT"], Grid.of(Interval.M1), 1_700_000_000, 1440)
    assert len(rows) == 1440
    assert 0.5 < np.mean(rows.trades == 0) < 0.99


def test_outages_leave_holes() -> None:
    """Nothing is written in the great outage, nor on Sundays for the pair that has bad luck."""
    hour = between(ASSETS["ETH-USDT"], Grid.of(Interval.M1), 1_606_716_000 - 60, 62)
    assert hour.ts.tolist() == [1_606_716_000 - 60, 1_606_719_600]
    sunday = 1_763_251_200  # 2025-11-16
    rows = between(ASSETS["TIA-USDT"], Grid.of(Interval.H1), sunday, 24)
    assert [int(t - sunday) // 3600 for t in rows.ts] == [0, 1, 2, *range(5, 24)]


def test_stocks_keep_new_york_hours() -> None:
    """390 minutes a day from 09:30, in winter an hour later by UTC, none at weekends."""
    asset, grid = ASSETS["AAPL"], Grid.of(Interval.M1)
    friday, monday = 1_678_406_400, 1_678_665_600  # 2023-03-10 and -13: the clock changes
    for day, first in ((friday, 14.5), (monday, 13.5)):
        rows = between(asset, grid, day, 1440)
        assert len(rows) == 390
        assert rows.ts[0] == day + first * 3600
    assert len(between(asset, grid, friday + 86_400, 2880)) == 0
    assert between(asset, Grid.of(Interval.D1), friday, 4).ts.tolist() == [friday, monday]


def test_stocks_keep_the_holidays_of_new_york() -> None:
    """No Thanksgiving, and 210 minutes on the day after it."""
    thursday = 1_732_752_000  # 2024-11-28
    rows = between(ASSETS["AAPL"], Grid.of(Interval.M1), thursday, 2880)
    assert (len(rows), rows.ts[0]) == (210, thursday + 86_400 + 14.5 * 3600)


def test_futures_rest_one_hour() -> None:
    """A weekday of a futures contract has 23 hours."""
    rows = between(ASSETS["ESZ2026"], Grid.of(Interval.H1), 1_768_348_800, 24)  # 2026-01-14
    assert [int(t - 1_768_348_800) // 3600 for t in rows.ts] == [*range(22), 23]


def test_there_is_something_of_everything() -> None:
    """Thirty crypto pairs or more in several quotes, twenty stocks or more, a few futures."""
    classes = [asset.instrument.asset_class for asset in ASSETS.values()]
    assert classes.count(AssetClass.CRYPTO) >= 30
    assert classes.count(AssetClass.STOCK) >= 20
    assert classes.count(AssetClass.FUTURE) >= 3
    assert {a.instrument.quote for a in ASSETS.values()} >= {"USDT", "USD", "EUR"}
    assert {a.hours for a in ASSETS.values()} == set(Hours)
    assert all(identity == asset.instrument.id for identity, asset in ASSETS.items())


def test_one_asset_moves_alike_in_every_quote() -> None:
    """BTC in USDT, USD and EUR differ by the exchange rate and nothing else."""
    grid = Grid.of(Interval.D1)
    usdt, euro = (
        between(ASSETS[i], grid, 1_700_000_000, 50).close for i in ("BTC-USDT", "BTC-EUR")
    )
    np.testing.assert_allclose(usdt / euro, 1.08, rtol=1e-5)
