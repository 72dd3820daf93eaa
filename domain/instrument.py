"""Instruments, how people spell them, and series of their bars.

The canonical id of a crypto pair is ``BASE-QUOTE`` (``BTC-USDT``), of a stock its ticker
(``AAPL``), of a futures contract root, month and year (``ESZ2025``).
"""

import re
from enum import Enum

from msgspec import Struct

from domain.errors import InvalidRequest
from domain.interval import Interval


class AssetClass(Enum):
    """What kind of thing is traded; decides which providers are comparable."""

    CRYPTO = "crypto"
    STOCK = "stock"
    FUTURE = "future"


class Instrument(Struct, frozen=True, order=True):
    """What is traded. ``base`` and ``quote`` are asset codes; ``quote`` is empty for stocks."""

    id: str
    asset_class: AssetClass
    base: str
    quote: str = ""

    @classmethod
    def pair(cls, base: str, quote: str) -> "Instrument":
        """A crypto pair from its two asset codes."""
        return cls(f"{base}-{quote}", AssetClass.CRYPTO, base, quote)

    @classmethod
    def stock(cls, ticker: str) -> "Instrument":
        """A stock by its ticker."""
        return cls(ticker, AssetClass.STOCK, ticker)


class Listing(Struct, frozen=True):
    """One provider's listing: its ``symbol`` for an instrument and whether it trades now."""

    provider: str
    symbol: str
    instrument: Instrument
    active: bool = True


class SeriesKey(Struct, frozen=True, order=True):
    """Identifies one stored series: series are kept per provider and never blended."""

    instrument: str
    interval: Interval
    provider: str


_MAX_SYMBOL = 40
_ALLOWED = re.compile(r"[A-Z0-9]+(?:[-/._:][A-Z0-9]+)*")
_SEPARATOR = re.compile(r"[-/_:]")
_ALIASES = {"XBT": "BTC", "XDG": "DOGE"}
# Asset codes that quote crypto pairs, longest first so that BTCFDUSD is BTC-FDUSD.
QUOTE_ASSETS = (
    *("FDUSD", "USDT", "USDC", "TUSD", "BUSD", "USDP", "USDE", "USDD", "USD1", "BIDR"),
    *("DAI", "EUR", "GBP", "USD", "JPY", "AUD", "TRY", "BRL", "CHF", "CAD", "KRW"),
    *("MXN", "PLN", "RON", "UAH", "ZAR", "ARS", "COP", "CZK", "BTC", "ETH", "BNB", "SOL"),
)
# Codes that are a crypto asset when they stand alone; everything else alone is a stock ticker.
BASE_ASSETS = frozenset(
    (
        *("BTC", "ETH", "SOL", "XRP", "BNB", "DOGE", "ADA", "AVAX", "SUI", "DOT", "LINK", "LTC"),
        *("BCH", "TRX", "TON", "SHIB", "PEPE", "MATIC", "POL", "NEAR", "UNI", "XLM", "ETC", "XMR"),
        *("APT", "ARB", "OP", "ATOM", "FIL", "HBAR", "ICP", "INJ", "AAVE", "MKR", "TAO", "KAS"),
        *("ALGO", "VET", "RUNE", "TIA", "SEI", "BONK", "WIF", "FET", "GRT", "STX", "IMX", "EOS"),
        *("XTZ", "ZEC", "DASH", "USDT", "USDC"),
    )
)


def clean_symbol(text: str) -> str:
    """The symbol in upper case without surrounding blanks.

    Raises:
        InvalidRequest: empty, longer than 40 characters, or not letters, digits and ``-/._:``.
    """
    symbol = text.strip().upper()
    if len(text) > _MAX_SYMBOL or not _ALLOWED.fullmatch(symbol):
        message = (
            f"The symbol must be 1 to {_MAX_SYMBOL} letters and digits, "
            "optionally separated by - / . _ or :, such as BTCUSDT, BTC/USDT or AAPL."
        )
        raise InvalidRequest(message, "symbol")
    return symbol


def resolve_symbol(text: str, default_quote: str = "USDT") -> Instrument:
    """The instrument that a person means, from the spelling alone.

    - ``BTCUSDT``, ``btcusdt``, ``BTC/USDT``, ``BTC-USDT``, ``XBTUSDT`` are ``BTC-USDT``;
    - ``BTC/USD`` is another instrument: USDT is not USD;
    - a bare crypto asset such as ``BTC`` takes ``default_quote``;
    - anything else, ``AAPL``, is a stock ticker.

    Raises:
        InvalidRequest: see :func:`clean_symbol`.
    """
    symbol = clean_symbol(text)
    parts = [p for p in _SEPARATOR.split(symbol) if p]
    if len(parts) == 2 and "." not in symbol:  # noqa: PLR2004  # a base and a quote
        return Instrument.pair(_asset(parts[0]), _asset(parts[1]))
    if len(parts) > 1 or "." in symbol:
        return Instrument.stock(symbol)
    if _asset(symbol) in BASE_ASSETS:
        base, quote = _asset(symbol), default_quote
        return Instrument.pair(base, "USD" if base == quote else quote)
    for quote in QUOTE_ASSETS:
        base = symbol.removesuffix(quote)
        if base and base != symbol and _quotes(_asset(base), quote):
            return Instrument.pair(_asset(base), quote)
    return Instrument.stock(symbol)


def _quotes(base: str, quote: str) -> bool:
    """Whether a run-together spelling plausibly ends in ``quote`` rather than being a ticker.

    Stable coins and USD end no stock ticker of note; the short fiat and crypto codes do
    (``SOL`` ends ``CONSOL``), so they need a base that is known.
    """
    return base in BASE_ASSETS or len(quote) > len("USD") or (quote == "USD" and len(base) > 1)


def _asset(code: str) -> str:
    return _ALIASES.get(code, code)
