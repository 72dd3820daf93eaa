"""The coins of CoinMarketCap: their ids and their quotes."""

import re
from collections.abc import Callable, Mapping, Sequence

import msgspec
from msgspec import Struct

from adapters_out.provider_kit.calls import MIB, Call, Question, Reply, Steps
from adapters_out.provider_kit.moments import seconds_of_iso
from adapters_out.provider_kit.snapshots import snapshot_of
from adapters_out.providers.coinmarketcap.answers import NAME, HasSymbol, data_of, in_currency
from domain.assets import AssetSnapshot
from domain.errors import NotListed

USD = "USD"
_DAY_S = 86_400
_LARGEST_LIST = 5000
# Tickers collide; ids never change. Everybody else is looked up in the map, which is kept.
IDS = {"BTC": 1, "ETH": 1027, "USDT": 825, "BNB": 1839, "USDC": 3408}
MAP = Call(
    "/v1/cryptocurrency/map",
    {"listing_status": "active", "sort": "cmc_rank", "limit": _LARGEST_LIST},
    keep_s=_DAY_S,
    weight=0,  # the map costs no credits
    max_bytes=8 * MIB,
)
_CODE = re.compile(r"[A-Z0-9]{1,19}")

Number = float | str | None


class CoinQuote(HasSymbol):
    """One coin in one currency."""

    price: Number = None
    market_cap: Number = None
    fully_diluted_market_cap: Number = None
    volume_24h: Number = None
    percent_change_24h: Number = None
    last_updated: str | None = None


class Platform(Struct):
    """The chain that a token lives on."""

    name: str | None = None


class Coin(Struct):
    """One coin of quotes or listings."""

    id: int
    symbol: str
    quote: dict[str, CoinQuote] | list[CoinQuote]
    name: str | None = None
    slug: str | None = None
    cmc_rank: int | None = None
    circulating_supply: Number = None
    total_supply: Number = None
    max_supply: Number = None
    last_updated: str | None = None
    date_added: str | None = None
    platform: Platform | None = None

    def snapshot(self, received_at: float) -> AssetSnapshot:
        """As ours, in dollars."""
        quote = in_currency(self.quote, USD)
        ts = (
            seconds_of_iso(quote.last_updated)
            or seconds_of_iso(self.last_updated)
            or int(received_at)
        )
        return snapshot_of(
            NAME,
            self.symbol,
            str(self.id),
            ts,
            name=self.name,
            rank=self.cmc_rank,
            price=quote.price,
            market_cap=quote.market_cap,
            fully_diluted_market_cap=quote.fully_diluted_market_cap,
            volume_24h=quote.volume_24h,
            change_24h_pct=quote.percent_change_24h,
            circulating_supply=self.circulating_supply,
            total_supply=self.total_supply,
            max_supply=self.max_supply,
        )


def coins_of(reply: Reply) -> Sequence[Coin]:
    """Every coin, whichever version answered."""
    data = data_of(reply)
    if bytes(data).startswith(b"["):
        return msgspec.json.decode(data, type=list[Coin])
    return [
        coin
        for entry in msgspec.json.decode(data, type=dict[str, Coin | list[Coin]]).values()
        for coin in (entry if isinstance(entry, list) else [entry])
    ]


def best(reply: Reply, code: str) -> Coin:
    """The coin that was asked for; of several with its ticker the one of the best rank.

    Raises:
        NotListed: there is none.
    """
    found = coins_of(reply)
    if not found:
        raise not_listed(code)
    return min(found, key=lambda coin: coin.cmc_rank or _LARGEST_LIST + coin.id)


def not_listed(code: str) -> NotListed:
    """The refusal for a coin that it does not know."""
    return NotListed(f"{NAME} does not list {code}.", provider=NAME)


class Mapped(Struct):
    """One coin of the map."""

    id: int
    symbol: str
    slug: str
    rank: int | None = None
    is_active: int = 1


def best_ranked(reply: Reply) -> Mapping[str, Mapped]:
    """By ticker the active coin of the best rank; without those whose ticker is no asset code."""
    found: dict[str, Mapped] = {}
    everything = msgspec.json.decode(data_of(reply), type=list[Mapped])
    for coin in sorted(everything, key=lambda c: (c.rank is None, c.rank, c.id)):
        code = coin.symbol.upper()
        if coin.is_active and _CODE.fullmatch(code):
            found.setdefault(code, coin)
    return found


def with_id(code: str, call: Callable[[int], Call]) -> Question:
    """The call about a coin, after a look into the map if its id is not known by heart."""
    return call(IDS[code]) if code in IDS else _looked_up(code, call)


def _looked_up(code: str, call: Callable[[int], Call]) -> Steps:
    coin = best_ranked((yield MAP)).get(code)
    if coin is None:
        raise not_listed(code)
    return call(coin.id)


def latest(coin: int, currency: str) -> Call:
    """The quote of one coin."""
    return Call("/v3/cryptocurrency/quotes/latest", {"id": coin, "convert": currency})
