"""What Alpha Vantage says instead of data, and what it looks at first."""

from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus

from adapters_in.simulator.assets import ASSETS, Asset
from adapters_in.simulator.noise import Ints
from adapters_in.simulator.sessions import DAY
from adapters_in.simulator.wire import Reply, Request, World
from domain.instrument import AssetClass

_SITE = "https://www.alphavantage.co"
_PLANS = f"any of the premium plans at {_SITE}/premium/"
SAYINGS: Mapping[str, tuple[str, str]] = {
    "key": (
        "Error Message",
        (
            "the parameter apikey is invalid or missing. Please claim your free API key on "
            f"({_SITE}/support/#api-key). It should take less than 20 seconds."
        ),
    ),
    "premium": (
        "Information",
        (
            "Thank you for using Alpha Vantage! This is a premium endpoint. You may subscribe to "
            f"{_PLANS} to instantly unlock all premium endpoints"
        ),
    ),
    "burst": (
        "Information",
        (
            "Thank you for using Alpha Vantage! Please consider spreading out your free API "
            f"requests more sparingly. You may subscribe to {_PLANS} to lift the free key rate "
            "limit (25 requests per day) and instantly unlock all premium endpoints"
        ),
    ),
    "day": (
        "Information",
        (
            "We have detected your API key as SIMULATED and our standard API rate limit is 25 "
            f"requests per day. Please subscribe to {_PLANS} to instantly remove all daily rate "
            "limits."
        ),
    ),
}


def said(code: str) -> Reply:
    """One of the known sentences."""
    kind, text = SAYINGS[code]
    return Reply.json({kind: text})


def unknown(request: Request) -> Reply:
    """A function, symbol or parameter that it does not know: nothing tells which."""
    text = (
        "Invalid API call. Please retry or visit the documentation "
        f"({_SITE}/documentation/) for {request.one('function')}."
    )
    return Reply.json({"Error Message": text})


def is_free(request: Request) -> bool:
    """Whether the key has the free plan."""
    return (request.one("apikey") or "").startswith("free")


def stock(request: Request, world: World) -> Asset | None:
    """The stock that is asked for."""
    asset = ASSETS.get(request.one("symbol") or "")
    return asset if asset in world.assets(AssetClass.STOCK) else None


def coin(request: Request, world: World, base: str, quote: str) -> Asset | None:
    """The coin that these parameters name; the market is money."""
    asset = ASSETS.get(f"{request.one(base)}-{request.one(quote)}")
    is_money = request.one(quote) in {"USD", "EUR"}
    return asset if is_money and asset in world.assets(AssetClass.CRYPTO) else None


def stamps_of(local: Ints) -> list[str]:
    """Times as people of that place write them; midnights as days."""
    forms = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d")
    return [datetime.fromtimestamp(ts, UTC).strftime(forms[ts % DAY == 0]) for ts in local.tolist()]


def refuse(status: int, code: str | None, _now: float, _retry_after_s: float | None) -> Reply:
    """Words with status 200; other statuses come from the servers in front of it."""
    if status == HTTPStatus.OK and code is not None and code in SAYINGS:
        return said(code)
    phrase = HTTPStatus(status).phrase if status in set(HTTPStatus) else "Error"
    return Reply.html(f"{status} {phrase}", status, code or "cloudflare")


def limit(banned: bool, _now: float, _retry_after_s: float | None) -> Reply:  # noqa: FBT001  # Dialect.limit
    """First a word about haste; who goes on has used up the day."""
    return said("day" if banned else "burst")
