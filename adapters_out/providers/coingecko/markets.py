"""Prices and snapshots of coins at CoinGecko, and what they are."""

from collections.abc import Mapping, Sequence

import msgspec
from msgspec import Struct

from adapters_out.provider_kit.calls import Call, Question, Reply
from adapters_out.provider_kit.cells import Unreadable, number
from adapters_out.provider_kit.provider import LastPrice, MarketsEndpoint, PriceEndpoint
from adapters_out.providers.coingecko.coins import (
    IDS,
    NAME,
    best,
    find,
    markets_of,
    not_listed,
    with_id,
)
from domain.assets import AssetSnapshot
from domain.errors import CallRefused
from domain.instrument import Instrument

_DAY_S = 86_400


def _ask_price(instrument: Instrument) -> Question:
    params: dict[str, str | int] = {
        "vs_currencies": instrument.quote.lower(),
        "include_last_updated_at": "true",
        "precision": "full",
    }
    return with_id(instrument, "/simple/price", params)


def _read_price(reply: Reply, instrument: Instrument) -> LastPrice:
    """Nothing at all for a coin, or for a currency, that it does not know; null without trade."""
    prices = msgspec.json.decode(reply.body, type=dict[str, dict[str, object]])
    known = IDS.get(instrument.base)
    if known is None and len(prices) > 1:
        raise Unreadable("it holds the prices of several coins")
    coin = prices.get(known) if known else next(iter(prices.values()), None)
    currency = instrument.quote.lower()
    if coin is None or currency not in coin:
        raise not_listed(instrument.id)
    if coin[currency] is None:
        message = f"{NAME} has no price of {instrument.id} at the moment."
        raise CallRefused(message, provider=NAME)
    ts = coin.get("last_updated_at")
    return LastPrice(number(coin[currency]), None if ts is None else int(number(ts)))


def _ask_markets(limit: int, offset: int) -> Call:
    """Coins by capitalisation, a page of them."""
    params: dict[str, str | int] = {"vs_currency": "usd", "order": "market_cap_desc"}
    return Call("/coins/markets", {**params, "per_page": limit, "page": offset // limit + 1})


def _read_markets(reply: Reply) -> Sequence[AssetSnapshot]:
    """As sent."""
    return [market.snapshot(reply.received_at) for market in markets_of(reply)]


def _read_one(reply: Reply, code: str) -> AssetSnapshot:
    """The snapshot of the coin that is meant."""
    return best(reply, code).snapshot(reply.received_at)


def _ask_description(snapshot: AssetSnapshot) -> Call:
    """What the coin is, without its markets; it changes seldom."""
    parts = ("localization", "tickers", "market_data", "community_data", "developer_data")
    return Call(f"/coins/{snapshot.id}", dict.fromkeys(parts, "false"), keep_s=_DAY_S)


class _Links(Struct, frozen=True):
    homepage: list[str | None] = []
    blockchain_site: list[str | None] = []


class _About(Struct):
    id: str
    description: dict[str, str | None] = {}
    categories: list[str | None] = []
    links: _Links = _Links()
    genesis_date: str | None = None
    hashing_algorithm: str | None = None


def _read_description(reply: Reply, _: AssetSnapshot) -> Mapping[str, str]:
    """What is known, as texts by name."""
    about = msgspec.json.decode(reply.body, type=_About)
    told = {
        "slug": about.id,
        "description": about.description.get("en"),
        "category": ", ".join(each for each in about.categories if each),
        "website": next((each for each in about.links.homepage if each), None),
        "explorer": next((each for each in about.links.blockchain_site if each), None),
        "date_added": about.genesis_date,
        "hashing_algorithm": about.hashing_algorithm,
    }
    return {name: text for name, text in told.items() if text}


PRICE = PriceEndpoint(ask=_ask_price, read=_read_price)
MARKETS = MarketsEndpoint(
    ask=_ask_markets,
    read=_read_markets,
    find=find,
    read_one=_read_one,
    describe=_ask_description,
    read_description=_read_description,
)
