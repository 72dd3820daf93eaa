"""How Yahoo spells instruments, and how it finds them."""

import re
from collections.abc import Sequence
from urllib.parse import quote

import msgspec
from msgspec import Struct, field

from adapters_out.provider_kit.calls import Call, Reply
from domain.instrument import AssetClass, Instrument, Listing

NAME = "yahoo"
# Anything that does not look like a browser gets 429 at once.
BROWSER = {
    "user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    "accept": "application/json,text/plain,*/*",
}
# A class of shares stands behind a hyphen, an exchange behind a point (VOD.L, 7203.T).
_CLASS = re.compile(r"\.([ABC])$")
_THEIR_CLASS = re.compile(r"-([ABC])$")
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
_OURS = {theirs: ours for ours, theirs in _THEIRS.items()}


def symbol_of(instrument: Instrument) -> str:
    """``AAPL``, ``BRK-B``, ``VOD.L``, ``BTC-USD``, ``^GSPC``."""
    if instrument.asset_class is AssetClass.CRYPTO:
        return f"{_THEIRS.get(instrument.base, instrument.base)}-{instrument.quote}"
    return _CLASS.sub(r"-\1", instrument.base)


def chart_call(symbol: str, params: dict[str, str | int]) -> Call:
    """A chart; the symbol may hold characters that mean something in an address."""
    return Call(f"/v8/finance/chart/{quote(symbol, safe='')}", params, headers=BROWSER)


class _Match(Struct):
    """Some are articles or companies and have no symbol."""

    symbol: str = ""
    kind: str = field(name="quoteType", default="")


class _Matches(Struct):
    quotes: list[_Match]


def ask_search(text: str) -> Call:
    """Instruments by a few letters of their name or symbol, without news."""
    params: dict[str, str | int] = {"q": text, "quotesCount": 20, "newsCount": 0}
    return Call("/v1/finance/search", params, headers=BROWSER)


def read_matches(reply: Reply) -> Sequence[Listing]:
    """The stocks, funds and coins that were found, the best match first."""
    found = msgspec.json.decode(reply.body, type=_Matches).quotes
    return [Listing(NAME, m.symbol, _instrument(m)) for m in found if m.kind in _KINDS]


_KINDS = frozenset({"EQUITY", "ETF", "CRYPTOCURRENCY"})


def _instrument(match: _Match) -> Instrument:
    if match.kind == "CRYPTOCURRENCY":
        base, _, money = match.symbol.partition("-")
        return Instrument.pair(_OURS.get(base, base), money)
    return Instrument.stock(_THEIR_CLASS.sub(r".\1", match.symbol))
