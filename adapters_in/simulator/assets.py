"""What the synthetic market trades: well-known names at plausible prices.

Prices are the level around which a path wanders, not a forecast. Three instruments exist for
trouble: ``KAS-USDT`` and ``THIN`` are so thin that most minutes have no trade, and ``TIA-USDT``
loses two hours every Sunday to an outage.
"""

import calendar
from collections.abc import Mapping
from enum import Enum

from msgspec import Struct

from domain.instrument import AssetClass, Instrument


class Hours(Enum):
    """When a market is open."""

    ALWAYS = "always"
    NEW_YORK = "new_york"
    GLOBEX = "globex"


class Asset(Struct, frozen=True, kw_only=True):
    """One synthetic instrument.

    ``path`` names the noise that moves it, so that BTC-USDT and BTC-EUR move together. Prices
    are multiples of ``10**-decimals``, volumes of ``10**-lots`` base units. ``volume`` and
    ``trades`` are a usual day's; ``swing`` is about half the usual daily move (0.01 = 1 %).
    ``listed`` is the first open in Unix seconds, ``expires`` the end of all trading if there is
    one; ``outages`` says that Sundays have a hole.
    """

    instrument: Instrument
    path: str
    level: float
    decimals: int
    lots: int
    volume: float
    trades: float
    swing: float
    listed: int
    hours: Hours = Hours.ALWAYS
    outages: bool = False
    expires: int | None = None

    @property
    def id(self) -> str:
        """The canonical id of the instrument."""
        return self.instrument.id


def _day(text: str, hour: int = 0) -> int:
    year, month, day = map(int, text.split("-"))
    return calendar.timegm((year, month, day, hour, 0, 0))


# base, level in USD, decimals at that level, lots, coins a day, trades a day, swing, listed
_COINS = (
    ("BTC", 92_000.0, 2, 5, 24_000.0, 3_200_000.0, 0.010, _day("2017-08-17", 4)),
    ("ETH", 3_300.0, 2, 4, 420_000.0, 2_600_000.0, 0.013, _day("2017-08-17", 4)),
    ("SOL", 165.0, 2, 3, 4_100_000.0, 1_300_000.0, 0.018, _day("2020-08-11", 6)),
    ("XRP", 2.3, 4, 1, 210_000_000.0, 1_100_000.0, 0.017, _day("2018-05-04", 8)),
    ("BNB", 850.0, 2, 3, 310_000.0, 700_000.0, 0.011, _day("2017-11-06", 3)),
    ("DOGE", 0.19, 5, 0, 1_400_000_000.0, 800_000.0, 0.019, _day("2019-07-05", 12)),
    ("ADA", 0.62, 4, 1, 190_000_000.0, 420_000.0, 0.017, _day("2018-04-17", 4)),
    ("AVAX", 21.0, 2, 2, 4_900_000.0, 260_000.0, 0.019, _day("2020-09-22", 6)),
    ("LINK", 16.0, 2, 2, 5_200_000.0, 280_000.0, 0.018, _day("2019-01-16", 10)),
    ("DOT", 3.4, 3, 2, 11_000_000.0, 150_000.0, 0.017, _day("2020-08-18", 23)),
    ("LTC", 96.0, 2, 3, 590_000.0, 190_000.0, 0.014, _day("2017-12-13", 3)),
    ("BCH", 510.0, 1, 3, 71_000.0, 120_000.0, 0.015, _day("2019-11-28", 10)),
    ("TRX", 0.29, 4, 1, 330_000_000.0, 240_000.0, 0.009, _day("2018-06-11", 11)),
    ("SUI", 2.2, 4, 1, 98_000_000.0, 480_000.0, 0.020, _day("2023-05-03", 12)),
    ("SHIB", 0.0000112, 8, 0, 6_100_000_000_000.0, 160_000.0, 0.018, _day("2021-05-10", 11)),
    ("PEPE", 0.0000071, 8, 0, 9_800_000_000_000.0, 330_000.0, 0.024, _day("2023-05-05", 16)),
    ("NEAR", 2.6, 3, 1, 16_000_000.0, 160_000.0, 0.019, _day("2020-10-14", 5)),
    ("UNI", 7.4, 3, 2, 3_800_000.0, 130_000.0, 0.019, _day("2020-09-17", 3)),
    ("ATOM", 3.3, 3, 2, 4_100_000.0, 90_000.0, 0.016, _day("2019-04-29", 4)),
    ("USDC", 1.0, 4, 0, 1_200_000_000.0, 520_000.0, 0.00006, _day("2018-12-15", 3)),
)
# quote, its price in USD, the coins quoted in it, its share of the USDT volume
_QUOTES: tuple[tuple[str, float, tuple[str, ...], float], ...] = (
    ("USDT", 1.0, tuple(coin[0] for coin in _COINS), 1.0),
    ("USD", 1.0, ("BTC", "ETH", "SOL", "XRP", "ADA", "DOGE", "LTC", "LINK", "USDC"), 0.2),
    ("EUR", 1.08, ("BTC", "ETH", "SOL", "XRP"), 0.05),
    ("USDC", 1.0, ("BTC", "ETH"), 0.3),
)
_STOCKS = (
    ("AAPL", 255.0, 46e6, "1980-12-12"),
    ("MSFT", 480.0, 21e6, "1986-03-13"),
    ("NVDA", 180.0, 190e6, "1999-01-22"),
    ("AMZN", 225.0, 41e6, "1997-05-15"),
    ("GOOGL", 265.0, 34e6, "2004-08-19"),
    ("META", 640.0, 15e6, "2012-05-18"),
    ("METV", 14.0, 0.2e6, "2021-06-30"),  # it was META until the company took that name
    ("TSLA", 400.0, 88e6, "2010-06-29"),
    ("JPM", 300.0, 9e6, "1980-03-17"),
    ("V", 335.0, 6e6, "2008-03-19"),
    ("WMT", 102.0, 17e6, "1972-08-25"),
    ("XOM", 116.0, 15e6, "1970-01-02"),
    ("JNJ", 195.0, 8e6, "1970-01-02"),
    ("PG", 149.0, 8e6, "1970-01-02"),
    ("KO", 71.0, 16e6, "1970-01-02"),
    ("DIS", 108.0, 9e6, "1970-01-02"),
    ("IBM", 300.0, 4e6, "1970-01-02"),
    ("INTC", 37.0, 90e6, "1971-10-13"),
    ("AMD", 220.0, 50e6, "1972-09-27"),
    ("NFLX", 110.0, 35e6, "2002-05-23"),
    ("SPY", 670.0, 75e6, "1993-01-29"),
    ("THIN", 12.0, 9e3, "2015-03-02"),
)
# contract, root, level, decimals, contracts a day, first and last day of trading
_FUTURES = (
    ("ESZ2025", "ES", 6_700.0, 2, 1.4e6, "2024-06-21", "2025-12-19"),
    ("ESZ2026", "ES", 6_900.0, 2, 1.4e6, "2025-06-20", "2026-12-18"),
    ("ESH2027", "ES", 6_980.0, 2, 0.1e6, "2025-09-19", "2027-03-19"),
    ("NQZ2026", "NQ", 25_200.0, 2, 0.6e6, "2025-06-20", "2026-12-18"),
    ("NQZ2030", "NQ", 27_000.0, 2, 500.0, "2025-10-17", "2030-12-20"),
    ("CLF2027", "CL", 61.0, 2, 0.3e6, "2025-01-21", "2026-12-21"),
    ("CLZ2026", "CL", 61.0, 2, 0.3e6, "2024-11-20", "2026-11-20"),
    ("GCZ2026", "GC", 4_050.0, 1, 0.2e6, "2024-12-27", "2026-12-29"),
)
_LAST_HOUR = 15  # UTC, of the last day of trading
# Two contracts of each December go on with them. A ticker comes back after ten years: no further.
_DECEMBERS = range(2027, 2035)


def _pairs() -> list[Asset]:
    found = [
        Asset(
            instrument=Instrument.pair(base, quote),
            path=base,
            level=level / rate,
            decimals=decimals,
            lots=lots,
            volume=volume * share,
            trades=trades * share,
            swing=swing,
            listed=listed,
        )
        for quote, rate, bases, share in _QUOTES
        for base, level, decimals, lots, volume, trades, swing, listed in _COINS
        if base in bases
    ]
    thin = _trouble("KAS", 0.078, 5, trades=300.0, volume=90_000.0, listed="2022-06-01")
    holed = _trouble("TIA", 1.05, 4, trades=90_000.0, volume=9e6, listed="2023-10-31")
    return [*found, thin, holed]


def _trouble(  # one row of a table
    base: str, level: float, decimals: int, *, trades: float, volume: float, listed: str
) -> Asset:
    return Asset(
        instrument=Instrument.pair(base, "USDT"),
        path=base,
        level=level,
        decimals=decimals,
        lots=1,
        volume=volume,
        trades=trades,
        swing=0.021,
        listed=_day(listed, 9),
        outages=base == "TIA",
    )


def _stocks() -> list[Asset]:
    return [
        Asset(
            instrument=Instrument.stock(ticker),
            path=ticker,
            level=level,
            decimals=2,
            lots=0,
            volume=volume,
            trades=volume / 80.0,
            swing=0.007,
            listed=_day(listed),
            hours=Hours.NEW_YORK,
        )
        for ticker, level, volume, listed in _STOCKS
    ]


def _futures() -> list[Asset]:
    return [
        Asset(
            instrument=Instrument(contract, AssetClass.FUTURE, root),
            path=root,
            level=level,
            decimals=decimals,
            lots=0,
            volume=volume,
            trades=volume / 3.0,
            swing=0.006,
            listed=_day(listed),
            hours=Hours.GLOBEX,
            expires=_day(last, _LAST_HOUR),
        )
        for contract, root, level, decimals, volume, listed, last in (
            *_FUTURES,
            *_decembers("ES", 6_900.0, 1.4e6),
            *_decembers("NQ", 25_200.0, 0.6e6),
        )
    ]


def _decembers(
    root: str, level: float, volume: float
) -> list[tuple[str, str, float, int, float, str, str]]:
    """Rows of the table: traded from the June of the year before to the third Friday."""
    named = {row[0] for row in _FUTURES}
    years = [year for year in _DECEMBERS if f"{root}Z{year}" not in named]
    return [
        (f"{root}Z{y}", root, level, 2, volume, _third_friday(y - 1, 6), _third_friday(y, 12))
        for y in years
    ]


def _third_friday(year: int, month: int) -> str:
    first = calendar.weekday(year, month, 1)
    return f"{year}-{month:02}-{15 + (calendar.FRIDAY - first) % 7}"


# Every synthetic instrument by its canonical id.
ASSETS: Mapping[str, Asset] = {asset.id: asset for asset in (*_pairs(), *_stocks(), *_futures())}
