"""The trades behind the bars: numbered without holes, and exactly what the bars sum up."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters_in.simulator.assets import ASSETS
from adapters_in.simulator.columns import BarColumns
from adapters_in.simulator.market import SyntheticMarket
from adapters_in.simulator.tape import Tape

NOW = 1_763_208_030.5
NAMES = ("BTC-USDT", "KAS-USDT", "SHIB-USDT", "USDC-USD", "TIA-USDT")


def tape(name: str) -> Tape:
    """Of one asset."""
    return Tape(SyntheticMarket(3), ASSETS[name], NOW)


def minute(name: str, opened: int) -> BarColumns:
    """One bar."""
    edges = np.array([opened, opened + 60], dtype=np.int64)
    return SyntheticMarket(3).bars(ASSETS[name], edges, NOW)


@pytest.mark.parametrize("name", NAMES)
@settings(deadline=None, max_examples=10)
@given(back=st.integers(1, 500_000))
def test_a_minute_adds_up(name: str, back: int) -> None:
    """As many trades as the bar counts, of its volume, within its range, ending at its close."""
    opened = int(NOW) // 60 * 60 - 60 * back
    found = tape(name)
    first, stop = (found.first_from(at * 1_000_000) for at in (opened, opened + 60))
    trades, bar = found.between(first, stop), minute(name, opened)
    if not len(bar):
        assert trades == []
        return
    assert len(trades) == int(bar.trades[0])
    lots = 10 ** ASSETS[name].lots
    assert sum(round(t.size * lots) for t in trades) == round(float(bar.volume[0]) * lots)
    assert all(opened * 1_000_000 <= t.ts_us < (opened + 60) * 1_000_000 for t in trades)
    if trades:
        assert all(bar.low[0] <= t.price <= bar.high[0] for t in trades)
        assert trades[-1].price == bar.close[0]


@pytest.mark.parametrize("name", [*NAMES, "NQZ2030", "THIN"])
@settings(deadline=None, max_examples=10)
@given(start=st.integers(1_750_000_000, int(NOW)), length=st.integers(1, 100_000))
def test_the_busy_seconds_are_the_bars_of_seconds_with_trades(
    name: str, start: int, length: int
) -> None:
    """All of them and no others, though nothing quiet was taken apart."""
    asset, edges = ASSETS[name], np.arange(start, start + length + 1, dtype=np.int64)
    rows = SyntheticMarket(3).bars(asset, edges, float(edges[-1]))
    rows = rows.take(rows.trades > 0)
    busy = SyntheticMarket(3).busy_seconds(asset, start, start + length)
    scale, lots = 10**asset.decimals, 10**asset.lots
    assert np.array_equal(busy.start, rows.ts)
    assert np.array_equal(busy.trades, rows.trades)
    assert np.array_equal(busy.volume / lots, rows.volume)
    for column in ("open", "high", "low", "close"):
        assert np.array_equal(getattr(busy, column) / scale, getattr(rows, column))


def test_a_thin_contract_is_printed_from_its_first_trade_to_its_last() -> None:
    """Years of it in one go, whole and in order."""
    found = tape("NQZ2030")
    trades = found.between(1, found.last_id + 1)
    assert [t.id for t in trades] == list(range(1, found.last_id + 1))
    assert all(a.ts_us <= b.ts_us for a, b in pairwise(trades))
    assert trades[0].ts_us >= ASSETS["NQZ2030"].listed * 1_000_000


@pytest.mark.parametrize("name", NAMES)
@settings(deadline=None, max_examples=10)
@given(at=st.integers(0, 10**9), count=st.integers(1, 40))
def test_numbers_have_no_holes(name: str, at: int, count: int) -> None:
    """Any stretch of numbers comes whole and in order, however it is cut."""
    found = tape(name)
    first = 1 + at % (found.last_id - count)
    trades = found.between(first, first + count)
    assert [t.id for t in trades] == list(range(first, first + count))
    assert [t.ts_us for t in trades] == sorted(t.ts_us for t in trades)
    assert found.first_from(trades[0].ts_us) <= first <= found.first_from(trades[0].ts_us + 1)
    cut = first + count // 2
    assert [*found.between(first, cut), *found.between(cut, first + count)] == trades


def test_nothing_is_traded_before_the_listing_or_after_now() -> None:
    """The tape begins with 1 and ends with the last whole second."""
    found = tape("BTC-USDT")
    assert found.between(-5, 1) == []
    assert [t.id for t in found.between(-5, 3)] == [1, 2]
    last = found.between(found.last_id, found.last_id + 10)
    assert [t.id for t in last] == [found.last_id]
    assert last[0].ts_us < int(NOW) * 1_000_000
    assert found.first_from(10**18) == found.last_id + 1
    assert found.first_from(0) == 1
