"""A provider's bytes to a validated, normalised and scored series, beside its Python client."""

from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import NamedTuple

import numpy as np
import orjson

from adapters_out.provider_kit.calls import Reply
from adapters_out.provider_kit.faults import find_fault
from adapters_out.provider_kit.provider import Provider
from adapters_out.provider_kit.walk import Walk
from adapters_out.providers import (
    alpha_vantage,
    binance,
    coinbase,
    coingecko,
    coinmarketcap,
    eodhd,
    kraken,
    kucoin,
    massive_futures,
    polygon,
    yahoo,
)
from domain.bars import BarSeries
from domain.coverage import explain_holes
from domain.instrument import Instrument
from domain.interval import Interval
from domain.provider import BarsAsk
from domain.quality import QualityReport
from domain.scoring import judge
from domain.timerange import TimeRange
from tests.benchmarks import clients, payloads
from tests.benchmarks import stock_payloads as stocks
from tests.benchmarks.clients import Client
from tests.benchmarks.measuring import side_by_side
from tests.benchmarks.options import Options
from tests.benchmarks.report import Section, duration, noted, times

_STRETCH_S = 0.02
_FORMING = 1  # the last candle of CoinGecko always forms
_LATER_S = 4 * 86_400.0
_OURS, _CLIENT, _ORJSON = "fks-data", "client", "orjson"
_DOLLARS, _TETHERS = Instrument.pair("BTC", "USD"), Instrument.pair("BTC", "USDT")
_APPLE, _FUTURE = Instrument.stock("AAPL"), Instrument.future("ES", "Z", 2023)


class _Times(NamedTuple):
    """When the bars of a page open."""

    name: str
    walk: Callable[[int], payloads.Walk]
    interval: Interval


_MINUTES = _Times("", payloads.random_walk, Interval.M1)
_SESSIONS = _Times("minutes", stocks.session_walk, Interval.M1)
_DAYS = _Times("days", stocks.daily_walk, Interval.D1)
_HALF_HOURS = _Times("half hours", stocks.half_hours, Interval.M30)


@dataclass(frozen=True, slots=True)
class _Case:
    """One provider with its yardstick and the sizes that are tried: pages as it sends them.

    Of some a longer one, too, which shows what the time grows with.
    """

    room: ModuleType
    instrument: Instrument
    body: Callable[[int], bytes]
    client: Client
    sizes: tuple[int, ...]
    times: _Times = _MINUTES

    @property
    def provider(self) -> Provider:
        """What is timed."""
        provider: Provider = self.room.PROVIDER
        return provider

    @property
    def name(self) -> str:
        """The provider and which of its answers it is."""
        return f"{self.provider.name} {self.times.name}".strip()


# Who it is, about what, the body, who reads it beside us, how many rows, when, and what else.
_CASES = (
    _Case(
        binance, _TETHERS, payloads.binance_klines, clients.CCXT_BINANCE, (1_000, 10_000, 100_000)
    ),
    _Case(kraken, _DOLLARS, payloads.kraken_ohlc, clients.CCXT_KRAKEN, (720, 7_200, 72_000)),
    _Case(coinbase, _DOLLARS, payloads.coinbase_candles, clients.CCXT_COINBASE, (300,)),
    _Case(kucoin, _TETHERS, payloads.kucoin_candles, clients.CCXT_KUCOIN, (1_500,)),
    _Case(polygon, _DOLLARS, stocks.polygon_aggregates, clients.MASSIVE, (5_000, 50_000)),
    _Case(massive_futures, _FUTURE, stocks.massive_aggregates, clients.MASSIVE_FUTURES, (10_000,)),
    _Case(eodhd, _APPLE, stocks.eodhd_minutes, clients.EODHD, (1_950, 31_200), _SESSIONS),
    _Case(eodhd, _APPLE, stocks.eodhd_days, clients.EODHD, (365, 7_300), _DAYS),
    _Case(
        alpha_vantage, _APPLE, stocks.alpha_vantage_minutes, clients.READ_CSV, (8_190,), _SESSIONS
    ),
    _Case(alpha_vantage, _APPLE, stocks.alpha_vantage_days, clients.READ_CSV, (100, 6_500), _DAYS),
    _Case(alpha_vantage, _APPLE, stocks.alpha_vantage_days, clients.ALPHA_VANTAGE, (6_500,), _DAYS),
    _Case(yahoo, _APPLE, stocks.yahoo_chart, clients.YFINANCE, (390, 1_950), _SESSIONS),
    _Case(
        coinmarketcap, _DOLLARS, stocks.coinmarketcap_periods, clients.COINMARKETCAP, (500,), _DAYS
    ),
    _Case(coingecko, _DOLLARS, stocks.coingecko_candles, clients.COINGECKO, (48,), _HALF_HOURS),
)


def measure(options: Options) -> Section:
    """Time all sizes of all providers; most of them answer in windows of one page."""
    rows = [
        _row(case, size, stretch_s, options)
        for case in _CASES
        for size, stretch_s in ((case.sizes[0], 0.0), *((size, _STRETCH_S) for size in case.sizes))
    ]
    header = (
        "rows",
        "fks-data",
        "per row",
        "beside",
        "its time",
        "faster than that",
        "faster than `orjson.loads`",
        "n",
    )
    return Section("parse", _TITLE, header, tuple(rows), _NOTES)


def read_as_the_service_does(provider: Provider, ask: BarsAsk, reply: Reply) -> QualityReport:
    """The whole way of one page between the socket and the store."""
    endpoint = provider.bars
    fault = find_fault(provider.name, reply, provider.faults, provider.policy)
    if endpoint is None or fault is not None:
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
    ask, reply = _asked(case, rows)
    body = reply.body
    theirs = body if case.client.body is None else case.client.body(rows)
    _agree(case, ask, reply, theirs, rows)
    subjects: dict[str, Callable[[], object]] = {
        _OURS: lambda: read_as_the_service_does(case.provider, ask, reply),
        _CLIENT: lambda: case.client.parse(theirs),
    }
    if body[:1] in b"[{":
        subjects[_ORJSON] = lambda: orjson.loads(body)
    taken = side_by_side(subjects, options.rounds(max(9, min(100, 400_000 // rows))), stretch_s)
    ours = taken.of(_OURS)
    return noted(
        (
            f"{case.name} {rows:,}" + ("" if stretch_s else ", once per turn"),
            duration(ours.median),
            duration(ours.median / rows),
            case.client.name,
            duration(taken.of(_CLIENT).median),
            times(taken.ratio(_CLIENT, _OURS)),
            times(taken.ratio(_ORJSON, _OURS)) if _ORJSON in subjects else "–",
            str(ours.n),
        )
    )


def _asked(case: _Case, rows: int) -> tuple[BarsAsk, Reply]:
    """The question that this body answers to the bar, so late that all of them are final."""
    ts = case.times.walk(rows).ts
    span = TimeRange(int(ts[0]), case.times.interval.shift(int(ts[-1]), 1))
    at = span.end + _LATER_S
    ask = BarsAsk(case.instrument, case.times.interval, span)
    return ask, Reply(200, case.body(rows), asked_at=at, received_at=at + 0.5)


def _agree(case: _Case, ask: BarsAsk, reply: Reply, theirs: bytes, rows: int) -> None:
    """Both read the same numbers, or the comparison is worth nothing."""
    read_as_the_service_does(case.provider, ask, reply)
    read, client = _last_read[0], case.client
    ours = (read.ts, read.open, read.high, read.low, read.close, read.volume)
    pairs = zip(ours, client.columns(client.parse(theirs)), strict=False)
    same = [b is None or np.allclose(a, b[: len(a)], rtol=client.near, atol=0) for a, b in pairs]
    if not all(same) or len(read) + _FORMING < rows:
        raise AssertionError(f"fks-data and {client.name} disagree about {case.name}")


_TITLE = "A provider's bytes to a judged series"
_NOTES = """\
From the body of one page, as long as the provider sends them, to what is handed to the store: error
look-up, numbers, units, order and repetitions, impossible and forming bars, holes with their
reason, score and findings. Beside it is what the Python client of the provider makes of the same
bytes, which checks nothing: ccxt turns them into lists (with orjson inside), *massive* (for Polygon
and for futures) into one object per bar, *eodhd*, *yfinance* and `pandas.read_csv` into DataFrames,
*coingecko_sdk* into typed lists. The client of Alpha Vantage reads numbers from JSON only (CSV it
splits into texts), so it is given the same bars in that form, and `pandas.read_csv` our CSV. The
clients of CoinMarketCap do nothing but `json.loads`, which therefore stands beside it.
`orjson.loads` makes nothing of what it
decodes, leaves texts as they are, and cannot read CSV. Before timing, the values are compared.

*Once per turn* means that the others have filled the caches of the processor in the meantime, as
it is for a page that arrives now and then: more than a hundred numpy calls suffer more from that
than a loop in C.

It grows with the number of rows on top of a fixed 0.1 ms, which is why the lead over a parser
grows with the page. Numbers in texts (Binance, Kraken, KuCoin) are read as columns, 0.3 µs a row;
where they differ in length, their points must be found as well. If a few rows of such a page hold
an exponent, a sign or a null, it takes three times as long; if all do, or there are blanks between
the cells, it takes about as long as with the client. Bare numbers and objects are decoded as rows
of numbers (msgspec), 0.5 µs a row, whatever they look like.
"""
