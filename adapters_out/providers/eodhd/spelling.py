"""How EODHD spells: an exchange behind the ticker, a hyphen where we have a dot."""

import re

from domain.instrument import AssetClass, Instrument

NAME = "eodhd"

_CODE = re.compile(r"[A-Z0-9]+(?:-[A-Z0-9]+)?")
_PAIR = re.compile(r"([A-Z0-9]+)-([A-Z0-9]+)")


def is_pair(instrument: Instrument) -> bool:
    """Whether this is a crypto pair, which other rules hold for."""
    return instrument.asset_class is AssetClass.CRYPTO


def symbol_of(instrument: Instrument) -> str:
    """``AAPL.US``, ``BRK-B.US``, ``BTC-USD.CC``."""
    if is_pair(instrument):
        return f"{instrument.base}-{instrument.quote}.CC"
    return f"{instrument.id.replace('.', '-')}.US"


def stock_of(code: str) -> Instrument | None:
    """The stock of a code of the US; None for what has no name of ours."""
    return Instrument.stock(code.replace("-", ".")) if _CODE.fullmatch(code) else None


def pair_of(code: str) -> Instrument | None:
    """The pair of a code of CC, nearly all of which are in dollars."""
    found = _PAIR.fullmatch(code)
    return Instrument.pair(*found.groups()) if found else None
