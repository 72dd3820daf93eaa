"""The coins behind the synthetic pairs: names, ids, supplies, and so capitalisations.

The supply is eight hundred times what is traded in a day, the price that of the pair in dollars
(in USDT where there is none), so a capitalisation is a pure function of the time.
"""

from collections.abc import Sequence

from msgspec import Struct

from adapters_in.simulator.assets import ASSETS, Asset
from adapters_in.simulator.wire import World
from domain.instrument import AssetClass

_TURNOVER_DAYS = 800
_CAPPED = 1.05  # the most there will ever be, for those that have an end
_NAMES = {
    "BTC": ("Bitcoin", "bitcoin", 1),
    "ETH": ("Ethereum", "ethereum", 1027),
    "USDC": ("USDC", "usd-coin", 3408),
    "BNB": ("BNB", "binancecoin", 1839),
    "SOL": ("Solana", "solana", 5426),
    "XRP": ("XRP", "ripple", 52),
    "DOGE": ("Dogecoin", "dogecoin", 74),
    "ADA": ("Cardano", "cardano", 2010),
    "AVAX": ("Avalanche", "avalanche-2", 5805),
    "LINK": ("Chainlink", "chainlink", 1975),
    "DOT": ("Polkadot", "polkadot", 6636),
    "LTC": ("Litecoin", "litecoin", 2),
    "BCH": ("Bitcoin Cash", "bitcoin-cash", 1831),
    "TRX": ("TRON", "tron", 1958),
    "SHIB": ("Shiba Inu", "shiba-inu", 5994),
    "UNI": ("Uniswap", "uniswap", 7083),
    "ATOM": ("Cosmos", "cosmos", 3794),
}
_WITHOUT_END = frozenset({"ETH", "SOL", "DOGE", "DOT", "USDC"})
_OTHERS = 900_000


class Coin(Struct, frozen=True):
    """One coin; ``rank`` counts from 1, ``traded`` is the pair that gives its price in dollars."""

    code: str
    name: str
    slug: str
    number: int
    traded: Asset
    supply: float
    most: float | None
    rank: int


def coins(world: World) -> Sequence[Coin]:
    """Every coin of a pair that is listed by now, by rank."""
    return [coin for coin in _COINS if coin.traded.listed <= world.now]


def pair(coin: Coin, currency: str) -> Asset | None:
    """The pair of a coin with a currency, None if nobody quotes it so."""
    found = ASSETS.get(f"{coin.code}-{currency}")
    return coin.traded if found is None and currency == "USD" else found


def _made() -> list[Coin]:
    traded = {
        asset.instrument.base: ASSETS.get(f"{asset.instrument.base}-USD", asset)
        for asset in ASSETS.values()
        if asset.instrument.asset_class is AssetClass.CRYPTO and asset.instrument.quote == "USDT"
    }
    supplies = {code: ASSETS[f"{code}-USDT"].volume * _TURNOVER_DAYS for code in traded}
    ranked = sorted(traded, key=lambda code: -supplies[code] * traded[code].level)
    return [_coin(code, traded[code], supplies[code], k) for k, code in enumerate(ranked, 1)]


def _coin(code: str, traded: Asset, supply: float, rank: int) -> Coin:
    name, slug, number = _NAMES.get(code, (code.title(), code.lower(), _OTHERS + rank))
    most = None if code in _WITHOUT_END else supply * _CAPPED
    return Coin(code, name, slug, number, traded, supply, most, rank)


_COINS = _made()
