"""How Yahoo spells instruments."""

import re
from urllib.parse import quote

from adapters_out.provider_kit.calls import Call
from domain.errors import NotListed
from domain.instrument import AssetClass, Instrument

NAME = "yahoo"
# Anything that does not look like a browser gets 429 at once.
BROWSER = {
    "user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    "accept": "application/json,text/plain,*/*",
}
# A class of shares stands behind a hyphen, an exchange behind a point (VOD.L, 7203.T).
_CLASS = re.compile(r"\.([ABC])$")
# Coins whose code another coin had first.
_THEIRS = {
    "APT": "APT21794",
    "ARB": "ARB11841",
    "GRT": "GRT6719",
    "IMX": "IMX10603",
    "PEPE": "PEPE24478",
    "STX": "STX4847",
    "SUI": "SUI20947",
    "TAO": "TAO22974",
    "TON": "TON11419",
    "UNI": "UNI7083",
}


def symbol_of(instrument: Instrument) -> str:
    """``AAPL``, ``BRK-B``, ``VOD.L``, ``BTC-USD``, ``^GSPC``.

    Raises:
        NotListed: no symbol of Yahoo has a slash, which its addresses do not take either.
    """
    if instrument.asset_class is AssetClass.CRYPTO:
        return f"{_THEIRS.get(instrument.base, instrument.base)}-{instrument.quote}"
    if "/" in instrument.base:
        message = f"{NAME} does not list {instrument.id}: its symbols have no slash."
        raise NotListed(message, provider=NAME)
    return _CLASS.sub(r"-\1", instrument.base)


def chart_call(symbol: str, params: dict[str, str | int]) -> Call:
    """A chart; the symbol may hold characters that mean something in an address."""
    return Call(f"/v8/finance/chart/{quote(symbol, safe='')}", params, headers=BROWSER)
