"""How Polygon writes: tickers, numbers, envelopes, links to the next page."""

import base64
import hashlib

import numpy as np

from adapters_in.simulator.assets import Asset
from adapters_in.simulator.wire import Reply, World, decimal
from domain.instrument import AssetClass

_LONG = 1e7


def is_pair(asset: Asset) -> bool:
    """Whether this is a crypto pair."""
    return asset.instrument.asset_class is AssetClass.CRYPTO


def ticker_of(asset: Asset) -> str:
    """``AAPL`` or ``X:BTCUSD``."""
    instrument = asset.instrument
    return f"X:{instrument.base}{instrument.quote}" if is_pair(asset) else instrument.id


def assets(world: World) -> dict[str, Asset]:
    """Everything that it knows, by ticker: stocks in the order of their names, then pairs."""
    found = (*world.assets(AssetClass.STOCK), *world.assets(AssetClass.CRYPTO))
    return {ticker_of(a): a for a in sorted(found, key=lambda a: (is_pair(a), ticker_of(a)))}


def number(value: float, places: int) -> str:
    """As a number is written where there is no need for zeros."""
    text = decimal(value, places)
    return text.rstrip("0").rstrip(".") if "." in text else text


def volume_of(value: float, places: int) -> str:
    """The same; large ones with an exponent."""
    if abs(value) >= _LONG:
        return np.format_float_scientific(value, trim="-", exp_digits=2)
    return number(value, places)


def request_id(world: World, *parts: object) -> str:
    """Different for every call that differs."""
    text = f"{parts}{world.now}".encode()
    return hashlib.blake2b(text, digest_size=16).hexdigest()


def cursor_of(text: str) -> str:
    """An opaque word."""
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def text_of(cursor: str) -> str:
    """What an opaque word means."""
    return base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()


def failed(status: int, code: str, field: str, sentence: str) -> Reply:
    """An error: its sentence is in ``error`` or in ``message``."""
    body = {"status": code, "request_id": "3b1d3b1d3b1d3b1d3b1d3b1d3b1d3b1d", field: sentence}
    return Reply.json(body, status)


def listed(world: World, rows: object, next_url: str | None = None, **more: object) -> Reply:
    """A list in its envelope."""
    body = {"results": rows, "status": "OK", "request_id": request_id(world, rows), **more}
    return Reply.json(body | ({"next_url": next_url} if next_url else {}))
