"""A call to Binance: its parameters, checked as Binance checks them."""

import re
from collections.abc import Callable

import msgspec
from msgspec import Struct

from adapters_in.simulator.assets import Asset
from adapters_in.simulator.dialects.binance.errors import MESSAGES, Refused
from adapters_in.simulator.wire import Reply, Request, World
from domain.instrument import AssetClass

SYMBOL = re.compile(r"[A-Z0-9\-_.]{1,20}")
NUMBER = re.compile(r"[0-9]{1,20}")
DELISTED = ("BCC", "BTC")
_QUOTES = frozenset({"USDT", "USDC", "EUR"})  # binance.com has no USD
_MICROSECONDS = 10**14  # a larger time parameter is in microseconds


class Call(Struct, frozen=True):
    """A call whose parameters are known to the route. ``unit`` ticks make a second."""

    request: Request
    world: World
    unit: int

    @property
    def us(self) -> int:
        """How many microseconds one tick is."""
        return 1_000_000 // self.unit

    def text(self, name: str, pattern: re.Pattern[str]) -> str | None:
        """A parameter of this form, None if it was not sent."""
        value = self.request.one(name)
        if value == "":
            raise Refused(-1105, f"Parameter '{name}' was empty.")
        if value is not None and not pattern.fullmatch(value):
            legal = f"^{pattern.pattern}$"
            raise Refused(
                -1100, f"Illegal characters found in parameter '{name}'; legal range is '{legal}'."
            )
        return value

    def required(self, name: str, pattern: re.Pattern[str]) -> str:
        """A parameter that must be there."""
        value = self.text(name, pattern) if self.request.one(name) else None
        if value is None:
            raise Refused(
                -1102,
                f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.",
            )
        return value

    def seconds(self, name: str, *, round_up: bool) -> int | None:
        """A time parameter as the first whole second at or after it (or after, rounding up)."""
        value = self.text(name, NUMBER)
        if value is None:
            return None
        per_second = 10**6 if int(value) >= _MICROSECONDS else 1000
        return (int(value) // per_second + 1) if round_up else -(-int(value) // per_second)


def each(call: Call, render: Callable[[Asset], object]) -> Reply:
    """An object for ``symbol``, an array for ``symbols`` or for all."""
    if call.request.one("symbol") is not None:
        asset = asset_of(call.world, call.required("symbol", SYMBOL))
        return Reply.json(render(asset) if asset else [])
    return Reply.json([render(asset) for asset in chosen(call)])


def chosen(call: Call) -> list[Asset]:
    """The assets of ``symbols=["A","B"]``, or all."""
    text = call.request.one("symbols")
    if text is None:
        return [a for a in call.world.assets(AssetClass.CRYPTO) if a.instrument.quote in _QUOTES]
    try:
        names = msgspec.json.decode(text, type=list[str])
    except msgspec.DecodeError:
        legal = r"^\[(\"[A-Z0-9-_.]{1,20}\"(,\"[A-Z0-9-_.]{1,20}\"){0,}){0,1}\]$"
        raise Refused(
            -1100, f"Illegal characters found in parameter 'symbols'; legal range is '{legal}'."
        ) from None
    return [asset for name in names if (asset := asset_of(call.world, name))]


def asset_of(world: World, name: str) -> Asset | None:
    """The asset, None for the delisted one, which has no data.

    Raises:
        Refused: Binance does not know the symbol.
    """
    for asset in world.assets(AssetClass.CRYPTO):
        if asset.instrument.quote in _QUOTES and symbol_of(asset) == name:
            return asset
    if name == "".join(DELISTED):
        return None
    raise Refused(-1121, MESSAGES[-1121])


def symbol_of(asset: Asset) -> str:
    """Base and quote without a separator."""
    return asset.instrument.base + asset.instrument.quote
