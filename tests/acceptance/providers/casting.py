"""Stocks in the parts of coins, for providers that have no minutes of coins against USDT.

They play in the last hours of a session, where the scenarios of the coins hold for them too: only
"the last 700 hours" are then the last 700 quarters of an hour in which there was trading.
"""

from domain.interval import Interval
from ports.clock import Clock

STOCK_PLAYERS = frozenset({"alpha_vantage", "yahoo"})
SESSION = 1_762_980_330.5  # 2025-11-12 20:45:30.5 UTC, a Wednesday; New York closes at 21:00
_PARTS = {"BTC-USDT": "AAPL", "ETH-USDT": "MSFT", "KAS-USDT": "THIN", "NOPE-USDT": "NOPE"}
_UNITS = {"minutes": Interval.M1, "hours": Interval.M15}


def cast(symbol: str) -> str:
    """The stock that plays a coin; stocks play themselves."""
    return _PARTS.get(symbol, symbol)


def unit_of(unit: str) -> Interval:
    """The interval that plays another: their hours do not open when ours do."""
    return _UNITS[unit]


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
