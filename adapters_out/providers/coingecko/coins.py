"""The coins of CoinGecko: ids for tickers, which are not unique."""

import re
from collections import Counter
from collections.abc import Mapping

import msgspec
from msgspec import Struct

from adapters_out.provider_kit.calls import MIB, Call, Question, Reply, Steps
from adapters_out.provider_kit.moments import seconds_of_iso
from adapters_out.provider_kit.provider import ListingsEndpoint, ListingsPart
from adapters_out.provider_kit.snapshots import snapshot_of
from domain.assets import AssetSnapshot
from domain.errors import NotListed
from domain.instrument import Instrument, Listing

NAME = "coingecko"
USD = "USD"
_DAY_S = 86_400
_UNRANKED = 10**9
# Whom a ticker means beyond doubt. Everybody else is asked for: the best rank has the ticker.
IDS: Mapping[str, str] = {
    "BTC": "bitcoin",
    "ETH": "ethereum",
    "USDT": "tether",
    "USDC": "usd-coin",
    "SOL": "solana",
    "BNB": "binancecoin",
    "XRP": "ripple",
    "DOGE": "dogecoin",
    "ADA": "cardano",
    "AVAX": "avalanche-2",
    "LINK": "chainlink",
    "DOT": "polkadot",
    "LTC": "litecoin",
    "BCH": "bitcoin-cash",
    "TRX": "tron",
    "POL": "polygon-ecosystem-token",
    "SHIB": "shiba-inu",
    "UNI": "uniswap",
    "XLM": "stellar",
    "ATOM": "cosmos",
    "DAI": "dai",
}
# No currency of its own there, and none of them is the dollar.
STABLE_COINS = frozenset(
    ("USDT", "USDC", "FDUSD", "TUSD", "BUSD", "USDP", "USDE", "USDD", "USD1", "DAI", "BIDR")
)
_CODE = re.compile(r"[A-Z0-9]{1,19}")
Number = float | str | None


def not_listed(what: str) -> NotListed:
    """The refusal for what it does not know."""
    return NotListed(f"{NAME} does not list {what}.", provider=NAME)


def with_id(instrument: Instrument, path: str, params: Mapping[str, str | int]) -> Question:
    """The call at ``path`` (with ``{id}``, or taking ``ids``) for the coin of a pair.

    Raises:
        NotListed: the pair is quoted in a stable coin.
    """
    if instrument.quote in STABLE_COINS:
        raise not_listed(instrument.id)
    known = IDS.get(instrument.base)
    if known is not None:
        return _call(path, params, known)
    return _looked_up(instrument.base, path, params)


def _looked_up(code: str, path: str, params: Mapping[str, str | int]) -> Steps:
    reply = yield msgspec.structs.replace(find(code), keep_s=_DAY_S)
    return _call(path, params, best(reply, code).id)


def _call(path: str, params: Mapping[str, str | int], coin: str) -> Call:
    if "{id}" in path:
        return Call(path.format(id=coin), params)
    return Call(path, {"ids": coin, **params})


class Market(Struct):
    """One coin in dollars."""

    id: str
    symbol: str
    name: str | None = None
    current_price: Number = None
    market_cap: Number = None
    market_cap_rank: int | None = None
    fully_diluted_valuation: Number = None
    total_volume: Number = None
    price_change_percentage_24h: Number = None
    circulating_supply: Number = None
    total_supply: Number = None
    max_supply: Number = None
    last_updated: str | None = None

    def snapshot(self, received_at: float) -> AssetSnapshot:
        """As ours."""
        return snapshot_of(
            NAME,
            self.symbol,
            self.id,
            seconds_of_iso(self.last_updated) or int(received_at),
            name=self.name,
            rank=self.market_cap_rank,
            price=self.current_price,
            market_cap=self.market_cap,
            fully_diluted_market_cap=self.fully_diluted_valuation,
            volume_24h=self.total_volume,
            change_24h_pct=self.price_change_percentage_24h,
            circulating_supply=self.circulating_supply,
            total_supply=self.total_supply,
            max_supply=self.max_supply,
        )


def markets_of(reply: Reply) -> list[Market]:
    """Coins in the order of the answer."""
    return msgspec.json.decode(reply.body, type=list[Market])


def find(code: str) -> Call:
    """One coin by its id if that is known, else whoever has that ticker."""
    known = IDS.get(code)
    whom = {"symbols": code.lower()} if known is None else {"ids": known}
    return Call("/coins/markets", {"vs_currency": "usd", **whom})


def best(reply: Reply, code: str) -> Market:
    """The coin that is meant by a ticker: the one known by heart, or that of the best rank.

    Raises:
        NotListed: there is none.
    """
    known = IDS.get(code)
    found = [
        market
        for market in markets_of(reply)
        if (market.id == known if known else market.symbol.upper() == code)
    ]
    if not found:
        raise not_listed(code)
    return min(found, key=lambda market: (market.market_cap_rank or _UNRANKED, market.id))


class _Listed(Struct):
    id: str
    symbol: str


def _read_listings(reply: Reply) -> ListingsPart:
    """In dollars, under the id; a ticker of several coins is left out unless known by heart."""
    everything = msgspec.json.decode(reply.body, type=list[_Listed])
    owners = Counter(coin.symbol.upper() for coin in everything)
    found = [
        Listing(NAME, coin.id, Instrument.pair(code, USD))
        for coin in everything
        if _CODE.fullmatch(code := coin.symbol.upper())
        and (IDS[code] == coin.id if code in IDS else owners[code] == 1)
        and code != USD
    ]
    return ListingsPart(found)


LISTINGS = ListingsEndpoint(
    ask=lambda: Call("/coins/list", max_bytes=16 * MIB), read=_read_listings
)
