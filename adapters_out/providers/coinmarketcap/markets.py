"""Prices and snapshots of coins at CoinMarketCap, which there are and what they are."""

from collections.abc import Mapping, Sequence

import msgspec
from msgspec import Struct

from adapters_out.provider_kit.calls import Call, Question, Reply
from adapters_out.provider_kit.cells import Unreadable, number
from adapters_out.provider_kit.moments import seconds_of_iso
from adapters_out.provider_kit.provider import (
    LastPrice,
    ListingsEndpoint,
    ListingsPart,
    MarketsEndpoint,
    PriceEndpoint,
)
from adapters_out.providers.coinmarketcap.answers import NAME, data_of, in_currency
from adapters_out.providers.coinmarketcap.coins import (
    MAP,
    USD,
    Platform,
    best,
    best_ranked,
    coins_of,
    latest,
    with_id,
)
from domain.assets import AssetSnapshot
from domain.instrument import Instrument, Listing

_DAY_S = 86_400
_ROWS_PER_CREDIT = 200


def _ask_price(instrument: Instrument) -> Question:
    return with_id(instrument.base, lambda coin: latest(coin, instrument.quote))


def _read_price(reply: Reply, instrument: Instrument) -> LastPrice:
    coin = best(reply, instrument.base)
    quote = in_currency(coin.quote, instrument.quote)
    return LastPrice(number(quote.price), seconds_of_iso(quote.last_updated or coin.last_updated))


def _read_listings(reply: Reply) -> ListingsPart:
    """In dollars, under the slug: an id could be taken for somebody's ticker."""
    return ListingsPart(
        [
            Listing(NAME, coin.slug, Instrument.pair(code, USD))
            for code, coin in best_ranked(reply).items()
        ]
    )


def _ask_markets(limit: int, offset: int) -> Call:
    """Coins by rank; a credit for every 200."""
    params: dict[str, str | int] = {"start": offset + 1, "limit": limit, "convert": USD}
    weight = -(-limit // _ROWS_PER_CREDIT)
    return Call("/v3/cryptocurrency/listings/latest", params, weight=weight)


def _read_markets(reply: Reply) -> Sequence[AssetSnapshot]:
    """As sent, by rank."""
    return [coin.snapshot(reply.received_at) for coin in coins_of(reply)]


def _find(code: str) -> Question:
    """One coin by its ticker."""
    return with_id(code, lambda coin: latest(coin, USD))


def _read_one(reply: Reply, code: str) -> AssetSnapshot:
    """The snapshot of the coin that was asked for."""
    return best(reply, code).snapshot(reply.received_at)


def _ask_description(snapshot: AssetSnapshot) -> Call:
    """What the coin is; it changes seldom."""
    return Call("/v2/cryptocurrency/info", {"id": snapshot.id}, keep_s=_DAY_S)


class _Info(Struct):
    id: int
    slug: str | None = None
    category: str | None = None
    description: str | None = None
    logo: str | None = None
    date_added: str | None = None
    tags: list[str] | None = None
    platform: Platform | None = None
    urls: dict[str, list[str]] = {}

    def texts(self) -> Mapping[str, str]:
        """What is known, as texts by name."""
        addresses = {name: each[0] for name, each in self.urls.items() if each}
        kept = {name: addresses.get(name) for name in ("website", "explorer", "source_code")}
        told = {
            "slug": self.slug,
            "category": self.category,
            "description": self.description,
            "logo": self.logo,
            "date_added": self.date_added,
            "tags": ", ".join(self.tags or ()),
            "platform": self.platform.name if self.platform else None,
            **kept,
        }
        return {name: text for name, text in told.items() if text}


def _read_description(reply: Reply, snapshot: AssetSnapshot) -> Mapping[str, str]:
    """The texts about one coin, keyed in the answer by its id."""
    infos = msgspec.json.decode(data_of(reply), type=dict[str, _Info])
    if snapshot.id not in infos:
        raise Unreadable(f"it does not describe the coin {snapshot.id}")
    return infos[snapshot.id].texts()


PRICE = PriceEndpoint(ask=_ask_price, read=_read_price)
LISTINGS = ListingsEndpoint(ask=lambda: MAP, read=_read_listings)
MARKETS = MarketsEndpoint(
    ask=_ask_markets,
    read=_read_markets,
    find=_find,
    read_one=_read_one,
    describe=_ask_description,
    read_description=_read_description,
)
