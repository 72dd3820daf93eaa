"""What all answers of Polygon have in common: how it spells, where the next page is."""

import re

from msgspec import Struct

from adapters_out.provider_kit.calls import Call
from adapters_out.provider_kit.cells import Unreadable
from domain.errors import NotListed
from domain.instrument import AssetClass, Instrument
from domain.renames import holder

NAME = "polygon"
DELAYED = "DELAYED"  # the status of good data, but not of
DELAY_S = 15 * 60  # the last quarter of an hour
MOST = 50_000  # rows of one page, where the page does not say otherwise

# Share classes have a dot (BRK.B), preferred shares a small p (KIMpL): tickers are case-sensitive.
_THEIR_PREFERRED = re.compile(r"([A-Z]+)p([A-Z])")
_OUR_PREFERRED = re.compile(r"([A-Z]+)\.P([A-Z])")
_TICKER = re.compile(r"[A-Z0-9]+(?:\.[A-Z]+)?")
# What a path may hold: with anything else it is another path, and 404 speaks of that.
_SPELLED = re.compile(r"(?:X:)?[A-Za-z0-9]+(?:\.[A-Za-z0-9]+)*", re.ASCII)


class Page(Struct):
    """The envelope of a list; a page may be empty and yet name a following one."""

    next_url: str | None = None
    status: str = ""

    @property
    def more(self) -> Call | None:
        """The call for the following page; the address never carries the key."""
        return Call(self.next_url) if self.next_url else None


class Details(Struct):
    """What it knows of one ticker."""

    ticker: str


def is_pair(instrument: Instrument) -> bool:
    """Whether this is a crypto pair, which other rules hold for."""
    return instrument.asset_class is AssetClass.CRYPTO


def ticker_of(instrument: Instrument) -> str:
    """``X:BTCUSD`` for BTC-USD, ``KIMpL`` for KIM.PL, stocks as they are.

    Raises:
        NotListed: no ticker has such characters.
    """
    if is_pair(instrument):
        ticker = f"X:{instrument.base}{instrument.quote}"
    else:
        ticker = _OUR_PREFERRED.sub(r"\1p\2", instrument.id)
    if not _SPELLED.fullmatch(ticker):
        message = f"{NAME} does not list {instrument.id}: its tickers are letters, digits and dots."
        raise NotListed(message, provider=NAME)
    return ticker


def stock_of(ticker: str) -> Instrument | None:
    """The stock of a ticker; None for one that only a case-sensitive name could tell apart."""
    ours = _THEIR_PREFERRED.sub(r"\1.P\2", ticker)
    return Instrument.stock(ours) if _TICKER.fullmatch(ours) else None


def same_ticker(named: str | None, instrument: Instrument) -> None:
    """Refuse an answer about somebody else.

    Raises:
        Unreadable: the answer names another ticker than was asked for.
    """
    if named is not None and named != ticker_of(instrument):
        raise Unreadable(f"it is about {named[:20]}")


def details_of(instrument: Instrument) -> Call:
    """What to ask after an empty answer: nobody traded, or there is no such ticker.

    Only details tell: 404 says that there is none.
    """
    return Call(f"/v3/reference/tickers/{ticker_of(instrument)}")


def of_today(instrument: Instrument, at: int) -> Instrument:
    """Whom details are about: they know who held a ticker at ``at`` (Unix s) by its present one."""
    return instrument if is_pair(instrument) else Instrument.stock(holder(instrument.id, at))
