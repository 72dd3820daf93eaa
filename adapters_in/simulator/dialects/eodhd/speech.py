"""How EODHD writes: symbols, numbers, dates, and texts that say they are HTML."""

import datetime as dt

from adapters_in.simulator.assets import Asset
from adapters_in.simulator.wire import HTML, Reply, World, decimal
from domain.instrument import AssetClass

_PLACES = 6  # of raw prices of stocks


def is_pair(asset: Asset) -> bool:
    """Whether this is a crypto pair."""
    return asset.instrument.asset_class is AssetClass.CRYPTO


def code_of(asset: Asset) -> str:
    """``BRK-B``, ``BTC-USD``."""
    instrument = asset.instrument
    if is_pair(asset):
        return f"{instrument.base}-{instrument.quote}"
    return instrument.id.replace(".", "-")


def assets(world: World) -> dict[str, Asset]:
    """Everything that it knows, by symbol."""
    stocks = {f"{code_of(a)}.US": a for a in world.assets(AssetClass.STOCK)}
    return stocks | {f"{code_of(a)}.CC": a for a in world.assets(AssetClass.CRYPTO)}


def number(value: float, places: int) -> str:
    """As a number is written where there is no need for zeros."""
    text = decimal(value, places)
    return text.rstrip("0").rstrip(".") if "." in text else text


def price(value: float, asset: Asset) -> str:
    """A price, as exactly as it is known."""
    return number(value, asset.decimals if is_pair(asset) else _PLACES)


def date(ts: float) -> str:
    """The date of a moment, in UTC."""
    return dt.datetime.fromtimestamp(ts, dt.UTC).strftime("%Y-%m-%d")


def failed(status: int, text: str) -> Reply:
    """A plain text under the wrong label."""
    return Reply(text.encode(), status, HTML)
