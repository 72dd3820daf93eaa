"""Bodies as the exchanges send them: the right cells, quotes, places and lengths."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from domain.bars import BarSeries
from domain.interval import Interval

START = 1_700_000_040  # opens a minute
_MINUTE = 60


class Walk(NamedTuple):
    """Plausible minutes of a coin: a random walk of closes with ranges and volumes around it."""

    ts: NDArray[np.int64]
    open: NDArray[np.float64]
    high: NDArray[np.float64]
    low: NDArray[np.float64]
    close: NDArray[np.float64]
    volume: NDArray[np.float64]
    vwap: NDArray[np.float64]
    trades: NDArray[np.int64]


def random_walk(rows: int, places: int = 2, seed: int = 7) -> Walk:
    """The same for the same arguments; prices have ``places`` digits behind the point."""
    chance = np.random.default_rng(seed)
    close = np.round(30_000 * np.exp(np.cumsum(chance.normal(0, 4e-4, rows))), places)
    open_ = np.concatenate(([30_000.0], close[:-1]))
    reach = np.abs(chance.normal(0, 8, (2, rows)))
    high = np.round(np.maximum(open_, close) + reach[0], places)
    low = np.round(np.minimum(open_, close) - reach[1], places)
    volume = np.round(np.exp(chance.normal(2, 1, rows)), 5).astype(np.float64)
    ts = START + _MINUTE * np.arange(rows)
    vwap = np.round((high + low + close) / 3, places)
    return Walk(ts, open_, high, low, close, volume, vwap, chance.integers(1, 5_000, rows))


def series(rows: int, seed: int = 7) -> BarSeries:
    """One-minute bars without vwap, as Binance gives them."""
    walk = random_walk(rows, seed=seed)
    columns = walk._asdict() | {"vwap": np.full(rows, np.nan)}
    return BarSeries(Interval.M1, **columns)


def binance_klines(rows: int) -> bytes:
    """The answer of ``/api/v3/klines``: twelve cells a row, eight places in quotes."""
    walk = random_walk(rows)
    lines = [
        f'[{ts * 1000},"{o:.8f}","{h:.8f}","{lo:.8f}","{c:.8f}","{v:.8f}",'
        f'{ts * 1000 + 59_999},"{v * w:.8f}",{n},"{v / 2:.8f}","{v * w / 2:.8f}","0"]'
        for ts, o, h, lo, c, v, w, n in zip(*(c.tolist() for c in walk), strict=True)
    ]
    return f"[{','.join(lines)}]".encode()


def kraken_ohlc(rows: int) -> bytes:
    """The answer of ``/0/public/OHLC``: eight cells a row, one place for prices of BTC."""
    walk = random_walk(rows, places=1)
    lines = [
        f'[{ts},"{o:.1f}","{h:.1f}","{lo:.1f}","{c:.1f}","{w:.1f}","{v:.8f}",{n}]'
        for ts, o, h, lo, c, v, w, n in zip(*(c.tolist() for c in walk), strict=True)
    ]
    last = int(walk.ts[-1])
    return f'{{"error":[],"result":{{"XXBTZUSD":[{",".join(lines)}],"last":{last}}}}}'.encode()


def coinbase_candles(rows: int) -> bytes:
    """The answer of ``/products/BTC-USD/candles``: newest first, bare numbers without zeros."""
    walk = random_walk(rows)
    lines = [
        f"[{ts},{lo:.10g},{h:.10g},{o:.10g},{c:.10g},{v:.10g}]"
        for ts, o, h, lo, c, v, _, _ in zip(*(c.tolist() for c in walk), strict=True)
    ]
    return f"[{','.join(reversed(lines))}]".encode()


def kucoin_candles(rows: int) -> bytes:
    """The answer of ``/api/v1/market/candles``: newest first, texts without zeros at the end."""
    walk = random_walk(rows, places=1)
    lines = [
        f'["{ts}","{o:.10g}","{c:.10g}","{h:.10g}","{lo:.10g}","{v:.10g}","{v * w:.9f}"]'
        for ts, o, h, lo, c, v, w, _ in zip(*(c.tolist() for c in walk), strict=True)
    ]
    return f'{{"code":"200000","data":[{",".join(reversed(lines))}]}}'.encode()
