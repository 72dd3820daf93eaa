"""What each provider is asked for in the scenarios of the service."""

import time

from msgspec import Struct

from adapters_in.simulator.assets import ASSETS
from adapters_in.simulator.columns import BarColumns, Grid
from adapters_in.simulator.market import SyntheticMarket
from adapters_out.provider_kit.discovery import discover
from domain.coverage import GapReason
from domain.instrument import AssetClass
from domain.interval import Interval
from domain.provider import Capability
from domain.sessions import calendar_of

PROVIDERS = discover()
MARKET = SyntheticMarket(7)
DAY = 86_400
REST_S = 2 * DAY  # what is asked for ended so long ago that nobody publishes it any more


class Part(Struct, frozen=True, kw_only=True):
    """What a provider is asked for: a stretch of so many slots is more than three of its pages.

    ``slots`` 0: all that it keeps fits on a page. ``empty`` is an interval and a stretch in which
    nothing was traded; None: it keeps no such stretch.
    """

    symbol: str
    interval: Interval
    slots: int
    empty: tuple[Interval, int, int] | None


def futures() -> list[str]:
    """The contracts that have been traded, and will be, for a while; the most traded first."""
    now = time.time()
    alive = [
        asset
        for asset in ASSETS.values()
        if asset.instrument.asset_class is AssetClass.FUTURE
        and asset.listed < now - 100 * DAY
        and (asset.expires or 0) > now + DAY
    ]
    return [asset.id for asset in sorted(alive, key=lambda asset: -asset.volume)]


def future() -> str:
    """The contract that is traded most."""
    return futures()[0]


def weekend() -> tuple[Interval, int, int]:
    """The two days of one that is over."""
    monday = int(time.time()) // DAY * DAY - 7 * DAY
    monday -= (monday // DAY + 3) % 7 * DAY  # 1970 began on a Thursday
    return Interval.D1, monday - 2 * DAY, monday


BEFORE = (Interval.D1, 1_500_000_000 // DAY * DAY, 1_500_000_000 // DAY * DAY + 3 * DAY)
MINUTES = {
    # Calendar months, stretches of 120 days, and weeks, whatever is traded in them.
    "alpha_vantage": 4 * 44_640,
    "eodhd": 3 * 172_800 + 500,
    "yahoo": 39_000,
}
PARTS = {
    "coingecko": Part(symbol="BTC-USD", interval=Interval.H4, slots=0, empty=None),
    "coinmarketcap": Part(symbol="BTC-USDT", interval=Interval.H1, slots=1600, empty=BEFORE),
    "kraken": Part(symbol="BTC-USDT", interval=Interval.H1, slots=0, empty=None),
    # Of minutes a page has too many; an hour counts as sixty.
    "polygon": Part(symbol="BTC-USD", interval=Interval.H1, slots=2600, empty=BEFORE),
}


def another(symbol: str) -> str:
    """One of the same kind, of which nothing is stored."""
    if ASSETS[symbol].instrument.asset_class is AssetClass.FUTURE:
        return next(other for other in futures() if other != symbol)
    return symbol.replace("BTC", "ETH").replace("THIN", "KO")


def part_of(name: str) -> Part:
    """As written above, else by what it trades and how long its pages are."""
    if name in PARTS:
        return PARTS[name]
    can = PROVIDERS[name].capabilities
    interval = min(can.intervals, key=lambda each: each.seconds)
    slots = MINUTES.get(name, 3 * can.page_bars + 50)
    if AssetClass.FUTURE in can.asset_classes:
        slots = slots * 8 // 5  # a third of the week there are no minutes
        return Part(symbol=future(), interval=interval, slots=slots, empty=weekend())
    if AssetClass.STOCK in can.asset_classes:
        return Part(symbol="THIN", interval=interval, slots=slots, empty=weekend())
    return Part(symbol="BTC-USDT", interval=interval, slots=slots, empty=BEFORE)


def offering(capability: Capability) -> list[str]:
    """Every provider that offers it."""
    return sorted(n for n, p in PROVIDERS.items() if capability in p.capabilities.offers)


def has_stocks(name: str) -> bool:
    """Whether Apple is among what it trades."""
    return AssetClass.STOCK in PROVIDERS[name].capabilities.asset_classes


def traded(symbol: str, interval: Interval, start: int, end: int, name: str) -> BarColumns:
    """What the synthetic market has of a stretch, as this provider tells it."""
    edges = Grid.of(interval).edges(start, interval.count(start, end))
    rows = MARKET.bars(ASSETS[symbol], edges, 4e9)
    if PROVIDERS[name].capabilities.holes is GapReason.NO_TRADES:
        return rows.take(rows.trades > 0)
    return rows


def stretch(part: Part, slots: int) -> tuple[int, int]:
    """So many slots that ended a while ago; if they are few, those before the close of a session.

    Many hold sessions wherever they end, and some providers keep hardly more.
    """
    rest = int(time.time()) - REST_S
    if slots * part.interval.seconds < DAY:
        sessions = calendar_of(part.symbol).all()
        rest = max((s.close for s in sessions if s.close <= rest), default=rest)
    end = part.interval.floor(rest)
    return part.interval.shift(end, -slots), end
