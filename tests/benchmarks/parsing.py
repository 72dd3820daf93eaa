"""A provider's bytes to a validated, normalised and scored series, beside ccxt and orjson."""

from collections.abc import Callable
from dataclasses import dataclass

import ccxt
import numpy as np
import orjson

from adapters_out.provider_kit.calls import Reply
from adapters_out.provider_kit.provider import Provider
from adapters_out.provider_kit.walk import Walk
from adapters_out.providers import binance, coinbase, kraken, kucoin
from domain.bars import BarSeries
from domain.coverage import explain_holes
from domain.instrument import AssetClass, Instrument
from domain.interval import Interval
from domain.provider import BarsAsk
from domain.quality import QualityReport
from domain.scoring import judge
from domain.timerange import TimeRange
from tests.benchmarks.measuring import side_by_side
from tests.benchmarks.options import Options
from tests.benchmarks.payloads import (
    START,
    binance_klines,
    coinbase_candles,
    kraken_ohlc,
    kucoin_candles,
)
from tests.benchmarks.report import Section, duration, noted, times

_STRETCH_S = 0.02
_OURS, _CCXT, _ORJSON = "fks-data", "ccxt", "orjson"


@dataclass(frozen=True, slots=True)
class _Case:
    """One provider with its yardstick and the sizes that are tried."""

    provider: Provider
    quote: str
    body: Callable[[int], bytes]
    ccxt: Callable[[bytes], list[list[float]]]
    sizes: tuple[int, ...]


def measure(options: Options) -> Section:
    """Time all sizes of all providers; two of them answer in windows of one page."""
    cases = (
        _Case(binance.PROVIDER, "USDT", binance_klines, _ccxt_binance, (1_000, 10_000, 100_000)),
        _Case(kraken.PROVIDER, "USD", kraken_ohlc, _ccxt_kraken, (720, 7_200, 72_000)),
        _Case(coinbase.PROVIDER, "USD", coinbase_candles, _ccxt_coinbase, (300,)),
        _Case(kucoin.PROVIDER, "USDT", kucoin_candles, _ccxt_kucoin, (1_500,)),
    )
    rows = [
        _row(case, size, stretch_s, options)
        for case in cases
        for size, stretch_s in ((case.sizes[0], 0.0), *((size, _STRETCH_S) for size in case.sizes))
    ]
    header = (
        "rows",
        "fks-data",
        "per row",
        "ccxt parse only",
        "faster than ccxt",
        "faster than `orjson.loads`",
        "n",
    )
    return Section("parse", _TITLE, header, tuple(rows), _NOTES)


def read_as_the_service_does(provider: Provider, ask: BarsAsk, reply: Reply) -> QualityReport:
    """The whole way of one page between the socket and the store."""
    endpoint = provider.bars
    if endpoint is None or provider.faults.complaint(reply) is not None:
        raise AssertionError("the body is an answer with bars")
    walk = Walk(ask, endpoint, provider.capabilities.page_bars, reply.received_at)
    page = walk.read(walk.part, reply)
    if page is None or page.rejected:
        raise AssertionError("every row is a bar")
    _last_read[0] = page.series
    interval, now = ask.interval, reply.received_at
    earliest = int(page.series.ts[0])
    holes = provider.capabilities.holes
    empty = explain_holes(
        page.covers, interval, page.series.ts, earliest=earliest, reason=holes, now=now
    )
    return judge(page.series, page.covers, interval, now, empty)


_last_read: list[BarSeries] = [BarSeries.empty(Interval.M1)]


def _row(case: _Case, rows: int, stretch_s: float, options: Options) -> tuple[str, ...]:
    body = case.body(rows)
    end = START + 60 * rows
    reply = Reply(200, body, asked_at=end + 60.0, received_at=end + 60.5)
    instrument = Instrument.pair("BTC", case.quote)
    ask = BarsAsk(instrument, Interval.M1, TimeRange(START, end))
    _agree(case, ask, reply)
    taken = side_by_side(
        {
            _OURS: lambda: read_as_the_service_does(case.provider, ask, reply),
            _CCXT: lambda: case.ccxt(body),
            _ORJSON: lambda: orjson.loads(body),
        },
        options.rounds(max(9, min(100, 400_000 // rows))),
        stretch_s,
    )
    ours = taken.of(_OURS)
    return noted(
        (
            f"{case.provider.name} {rows:,}" + ("" if stretch_s else ", once per turn"),
            duration(ours.median),
            duration(ours.median / rows),
            duration(taken.of(_CCXT).median),
            times(taken.ratio(_CCXT, _OURS)),
            times(taken.ratio(_ORJSON, _OURS)),
            str(ours.n),
        )
    )


def _agree(case: _Case, ask: BarsAsk, reply: Reply) -> None:
    """Both read the same numbers, or the comparison is worth nothing."""
    score = read_as_the_service_does(case.provider, ask, reply).score
    read, theirs = _last_read[0], np.array(case.ccxt(reply.body), dtype=float)
    ours = (read.ts * 1000, read.open, read.high, read.low, read.close, read.volume)
    if score.completeness != 100 or not all(map(np.array_equal, ours, theirs.T)):
        raise AssertionError("fks-data and ccxt disagree")


_binance = ccxt.binance()
_kraken = ccxt.kraken()
_coinbase = ccxt.coinbaseexchange()
_kucoin = ccxt.kucoin()
_MARKET = {"inverse": False, "spot": True, "type": AssetClass.CRYPTO.value}


def _ccxt_binance(body: bytes) -> list[list[float]]:
    rows = _binance.parse_json(body.decode())
    parsed: list[list[float]] = _binance.parse_ohlcvs(rows, _MARKET, "1m")
    return parsed


def _ccxt_kraken(body: bytes) -> list[list[float]]:
    rows = _kraken.parse_json(body.decode())["result"]["XXBTZUSD"]
    parsed: list[list[float]] = _kraken.parse_ohlcvs(rows, _MARKET, "1m")
    return parsed


def _ccxt_coinbase(body: bytes) -> list[list[float]]:
    rows = _coinbase.parse_json(body.decode())
    parsed: list[list[float]] = _coinbase.parse_ohlcvs(rows, _MARKET, "1m")
    return parsed


def _ccxt_kucoin(body: bytes) -> list[list[float]]:
    rows = _kucoin.parse_json(body.decode())["data"]
    parsed: list[list[float]] = _kucoin.parse_ohlcvs(rows, _MARKET, "1m")
    return parsed


_TITLE = "A provider's bytes to a judged series"
_NOTES = """\
From the body of one page to what is handed to the store: error look-up, numbers, units, order and
repetitions, impossible and forming bars, holes with their reason, score and findings. ccxt turns
the same bytes into lists (with orjson inside) and checks nothing; `orjson.loads` leaves prices as
strings. Before timing, the values of fks-data and ccxt are compared. *Once per turn* means that
the others have filled the caches of the processor in the meantime, as it is for a page that
arrives now and then: more than a hundred numpy calls suffer more from that than a loop in C.

It grows with the number of rows, about 0.3 µs each, on top of a fixed 0.15 ms: that is what a
page of 1,000 rows pays for, and why the lead over a parser grows with the page. The numbers of
Coinbase and KuCoin differ in length, so their points must be found as well. If a few rows of a
page hold an exponent, a sign or a null, the page takes three times as long; if all do, or there
are blanks between the cells, it takes about as long as with ccxt.
"""
