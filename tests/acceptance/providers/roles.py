"""How a provider plays a scenario whose instrument or interval it does not have.

The scenarios speak of minutes and hours of pairs with USDT. Who lacks these plays them with the
nearest that it has: the sentences stay as strict as they are.
"""

from collections.abc import Mapping

from msgspec import Struct

from domain.instrument import Instrument, resolve_symbol
from domain.interval import Interval


class Role(Struct, frozen=True, kw_only=True):
    """What stands for the minutes, the hours and the quote of a scenario.

    ``reach``: how many closed bars it has at least, where these are few. ``listed_in`` is the quote
    of its list, if that is another.
    """

    minutes: Interval = Interval.M1
    hours: Interval = Interval.H1
    quote: str = "USDT"
    listed_in: str = ""
    reach: Mapping[Interval, int] = {}

    def interval(self, unit: str) -> Interval:
        """What stands for ``minutes`` or ``hours``."""
        return {"minutes": self.minutes, "hours": self.hours}[unit]

    def instrument(self, symbol: str) -> Instrument:
        """What stands for an instrument of a scenario."""
        meant = resolve_symbol(symbol)
        return Instrument.pair(meant.base, self.quote) if meant.quote == "USDT" else meant

    def listed(self, symbol: str) -> Instrument:
        """The same as its list has it."""
        played = self.instrument(symbol)
        return Instrument.pair(played.base, self.listed_in) if self.listed_in else played


_ROLES: Mapping[str, Role] = {
    "coinmarketcap": Role(minutes=Interval.H1, listed_in="USD"),
    "coingecko": Role(
        minutes=Interval.H4,
        hours=Interval.H4,
        quote="USD",
        reach={Interval.M30: 47, Interval.H4: 179},
    ),
}


def role_of(name: str) -> Role:
    """The role of a provider: most play themselves."""
    return _ROLES.get(name, Role())
