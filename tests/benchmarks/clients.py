"""How the Python clients of the providers read the same bytes, without their network."""

import io
import json
import warnings
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import ccxt
import numpy as np
import pandas as pd
from alpha_vantage.timeseries import TimeSeries
from coingecko_sdk._models import construct_type
from coingecko_sdk.types.coins import OhlcGetResponse
from eodhd import APIClient
from massive.rest.models import Agg, FuturesAgg
from numpy.typing import NDArray
from yfinance.utils import parse_quotes

from domain.instrument import AssetClass
from tests.benchmarks.stock_payloads import alpha_vantage_json

Columns = tuple[NDArray[Any], ...]
Parsed = Any  # each client has its own form, and most are without types


class Client(NamedTuple):
    """What it is called, what it makes of a body, and how that looks as columns.

    Columns are times in seconds (None: as they may be), open, high, low, close and perhaps volume,
    in ascending order. ``body``: the form in which it asks for the same bars, if in another one.
    ``near``: by how much (relative) its numbers may differ from ours.
    """

    name: str
    parse: Callable[[bytes], Any]
    columns: Callable[[Any], Sequence[NDArray[Any] | None]]
    body: Callable[[int], bytes] | None = None
    near: float = 0.0


_MARKET = {"inverse": False, "spot": True, "type": AssetClass.CRYPTO.value}
_binance, _kraken = ccxt.binance(), ccxt.kraken()
_coinbase, _kucoin = ccxt.coinbaseexchange(), ccxt.kucoin()


def _ccxt_binance(body: bytes) -> Parsed:
    return _binance.parse_ohlcvs(_binance.parse_json(body.decode()), _MARKET, "1m")


def _ccxt_kraken(body: bytes) -> Parsed:
    rows = _kraken.parse_json(body.decode())["result"]["XXBTZUSD"]
    return _kraken.parse_ohlcvs(rows, _MARKET, "1m")


def _ccxt_coinbase(body: bytes) -> Parsed:
    return _coinbase.parse_ohlcvs(_coinbase.parse_json(body.decode()), _MARKET, "1m")


def _ccxt_kucoin(body: bytes) -> Parsed:
    return _kucoin.parse_ohlcvs(_kucoin.parse_json(body.decode())["data"], _MARKET, "1m")


def _of_ccxt(rows: Parsed) -> Columns:
    ts, *others = np.array(rows, dtype=float).T
    return (ts / 1000, *others)


CCXT_BINANCE = Client("ccxt", _ccxt_binance, _of_ccxt)
CCXT_KRAKEN = Client("ccxt", _ccxt_kraken, _of_ccxt)
CCXT_COINBASE = Client("ccxt", _ccxt_coinbase, _of_ccxt)
CCXT_KUCOIN = Client("ccxt", _ccxt_kucoin, _of_ccxt)


def _massive(body: bytes) -> Parsed:
    return [Agg.from_dict(row) for row in json.loads(body.decode("utf-8"))["results"]]


def _massive_futures(body: bytes) -> Parsed:
    return [FuturesAgg.from_dict(row) for row in json.loads(body.decode("utf-8"))["results"]]


def _picked(rows: Parsed, stamp: str, unit: int) -> Columns:
    ts = np.array([getattr(row, stamp) for row in rows]) // unit
    names = ("open", "high", "low", "close", "volume")
    return (ts, *(np.array([getattr(row, n) for row in rows], dtype=float) for n in names))


MASSIVE = Client("massive", _massive, lambda rows: _picked(rows, "timestamp", 1000))
MASSIVE_FUTURES = Client(
    "massive", _massive_futures, lambda rows: _picked(rows, "window_start", 10**9)
)


class _AlphaVantage(TimeSeries):
    """Its client, which is handed a body instead of fetching one."""

    body = b""

    def _handle_api_call(self, url: str) -> Parsed:
        del url
        return json.loads(self.body)


_series = _AlphaVantage("demo", output_format="pandas")


def _alpha_vantage(body: bytes) -> Parsed:
    _series.body = body
    return _series.get_daily("AAPL")[0]


def _read_csv(body: bytes) -> Parsed:
    return pd.read_csv(io.BytesIO(body), index_col=0, parse_dates=True)


def _of_local(frame: Parsed) -> Sequence[NDArray[Any] | None]:
    return (None, *frame.sort_index().to_numpy(dtype=float).T)


def _of_quotes(frame: Parsed) -> Columns:
    ts = frame.index.to_numpy().astype("datetime64[s]").astype(np.int64)
    names = ("Open", "High", "Low", "Close", "Volume")
    return (ts, *(frame[name].to_numpy(dtype=float) for name in names))


warnings.filterwarnings("ignore", module="yfinance")  # pandas 3 would rather not sort in place


def _yfinance(body: bytes) -> Parsed:
    return parse_quotes(json.loads(body)["chart"]["result"][0])


ALPHA_VANTAGE = Client("alpha_vantage, from JSON", _alpha_vantage, _of_local, alpha_vantage_json)
READ_CSV = Client("`pandas.read_csv`", _read_csv, _of_local)
YFINANCE = Client("yfinance", _yfinance, _of_quotes, near=1e-7)


def _coingecko(body: bytes) -> Parsed:
    return construct_type(type_=OhlcGetResponse, value=json.loads(body))


def _of_candles(rows: Parsed) -> Sequence[NDArray[Any] | None]:
    ts, *prices = np.array(rows, dtype=float).T
    return (ts / 1000 - 1800, *prices)


COINGECKO = Client("coingecko_sdk", _coingecko, _of_candles)


class _Eodhd(APIClient):
    """Its client, which is handed a body instead of fetching one."""

    body = b""

    def _rest_get(self, endpoint: str = "", uri: str = "", querystring: str = "") -> pd.DataFrame:
        """What the original makes of an answer."""
        del endpoint, uri, querystring
        return pd.DataFrame.from_dict(json.loads(self.body))


_eodhd = _Eodhd("demo")


def _eodhd_frame(body: bytes) -> Parsed:
    _eodhd.body = body
    period = "1m" if body.startswith(b'[{"timestamp"') else "d"
    return _eodhd.get_historical_data("AAPL.US", period, "2000-01-01", "2030-01-01")


def _of_eodhd(frame: Parsed) -> Sequence[NDArray[Any] | None]:
    ts = frame.index.to_numpy().astype("datetime64[s]").astype(np.int64)
    names = ("open", "high", "low", "close", "volume")
    return (ts, *(frame[name].to_numpy(dtype=float) for name in names))


def _of_coinmarketcap(answer: Parsed) -> Sequence[NDArray[Any] | None]:
    rows = [period["quote"]["USD"] for period in answer["data"]["quotes"]]
    return (None, *(np.array([r[n] for r in rows]) for n in ("open", "high", "low", "close")))


EODHD = Client("eodhd", _eodhd_frame, _of_eodhd)
COINMARKETCAP = Client("`json.loads`", json.loads, _of_coinmarketcap)
