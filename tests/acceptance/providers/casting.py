"""Stocks and futures in the parts of coins, for providers without minutes of coins against USDT.

They play in the last hours of a session, where the scenarios of the coins hold for them too: only
"the last 700 hours" are then the last 700 quarters of an hour in which there was trading.
"""

from collections.abc import Mapping

from msgspec import Struct

from domain.interval import Interval
from ports.clock import Clock

STOCK_PLAYERS = frozenset({"alpha_vantage", "yahoo"})
SESSION = 1_762_980_330.5  # 2025-11-12 20:45:30.5 UTC, a Wednesday; New York closes at 21:00
_STOCKS = {"BTC-USDT": "AAPL", "ETH-USDT": "MSFT", "KAS-USDT": "THIN", "NOPE-USDT": "NOPE"}
_FUTURES = {
    "BTC-USDT": "ESZ2026",
    "ETH-USDT": "NQZ2026",
    "KAS-USDT": "NQZ2030",
    "NOPE-USDT": "NOPZ2026",
}
_UNITS = {"minutes": Interval.M1, "hours": Interval.M15}


class Troupe(Struct, frozen=True):
    """Who plays whom; all of them trade whenever ``usual`` does."""

    parts: Mapping[str, str]
    usual: str

    def cast(self, symbol: str) -> str:
        """The one that plays a coin; they play themselves too."""
        return self.parts.get(symbol, symbol)


TROUPES = {
    **dict.fromkeys(STOCK_PLAYERS, Troupe(_STOCKS, "AAPL")),
    "massive_futures": Troupe(_FUTURES, "ESZ2026"),
}


def unit_of(unit: str) -> Interval:
    """The interval that plays another: their hours do not open when ours do."""
    return _UNITS[unit]


def bad_rows(name: str) -> int:
    """How many rows of an answer to spoil so that some are among those asked for, and not all."""
    return 2000 if name == "alpha_vantage" else 40  # which sends a whole month


class ShiftedClock(Clock):
    """Another clock whose wall time began at a chosen moment."""

    def __init__(self, clock: Clock, began: float) -> None:
        """Begin now."""
        self._clock = clock
        self._ahead = began - clock.now()

    def now(self) -> float:
        """Unix seconds in the chosen time."""
        return self._clock.now() + self._ahead

    def monotonic(self) -> float:
        """As the other clock."""
        return self._clock.monotonic()

    async def sleep(self, seconds: float) -> None:
        """As the other clock."""
        await self._clock.sleep(seconds)
