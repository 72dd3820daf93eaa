"""Instruments, how people spell them, and series of their bars.

The canonical id of a crypto pair is ``BASE-QUOTE`` (``BTC-USDT``), of a stock its ticker
(``AAPL``), of a futures contract root, month and year (``ESZ2025``).
"""

import re
from enum import Enum

from msgspec import Struct

from domain.contract_code import FUTURE_PLACES, is_contract, read_contract
from domain.errors import InvalidRequest, UnknownInstrument
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

    @classmethod
    def future(cls, root: str, month: str, year: int) -> "Instrument":
        """A futures contract from its root, month code (F to Z) and full year: ``ESZ2025``."""
        return cls(f"{root}{month}{year}", AssetClass.FUTURE, root)


class Listing(Struct, frozen=True):
    """One provider's listing: its ``symbol`` for an instrument and whether it trades now.

    ``valid_from`` and ``valid_to`` (Unix s, half-open; None: not known to begin or end) bound the
    time in which the symbol means the instrument; ``name`` is for people.
    """

    provider: str
    symbol: str
    instrument: Instrument
    active: bool = True
    valid_from: int | None = None
    valid_to: int | None = None
    name: str = ""

    def is_valid(self, at: float) -> bool:
        """Whether the symbol meant the instrument at that time (Unix s), as far as is known."""
        begun = self.valid_from is None or self.valid_from <= at
        return begun and (self.valid_to is None or at < self.valid_to)


class SeriesKey(Struct, frozen=True, order=True):
    """Identifies one stored series: series are kept per provider and never blended."""

    instrument: str
    interval: Interval
    provider: str

    @property
    def place(self) -> tuple[str, int, str]:
        """Where it stands in a list: by instrument, by the length of its bars, by provider."""
        return self.instrument, self.interval.seconds, self.provider


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
        *("XTZ", "ZEC", "DASH", "CRV", "LDO", "JUP", "ENA", "WLD", "ORDI", "FLOKI", "TRUMP"),
        *("WBTC", "WETH", "STETH", "USDT", "USDC", "FDUSD", "TUSD", "BUSD", "USDP", "USDE"),
        *("USDD", "USDS", "PYUSD", "DAI"),
    )
)
# Written before a colon, these say that a ticker is meant even if a coin has the same name.
STOCK_VENUES = frozenset({"NASDAQ", "NYSE", "AMEX", "ARCA", "BATS"})


# What EODHD, Alpha Vantage and others append for an exchange, as Yahoo writes it; ours is that.
_PLACES = {
    "LSE": "L",
    "LON": "L",
    "XETRA": "DE",
    "DEX": "DE",
    "BSE": "BO",
    "TRT": "TO",
    "TRV": "V",
    "SHG": "SS",
    "SHH": "SS",
    "SHE": "SZ",
    "SHZ": "SZ",
    "KO": "KS",
    "KQ": "KQ",
    "TSE": "T",
}
_HOME_PLACE = "US"  # the exchanges of the United States together
_CRYPTO_PLACE = "CC"
# Kraken's names of old assets: X before a coin, Z before a currency.
_OLD_COINS = "XBT|XDG|ETH|ETC|XRP|LTC|XLM|XMR|ZEC|REP|MLN"
_LEGACY = re.compile(rf"X({_OLD_COINS})(?:Z(USD|EUR|GBP|JPY|CAD|AUD)|X({_OLD_COINS}))")


def clean_symbol(text: str) -> str:
    """The symbol in upper case without surrounding blanks.

    Raises:
        InvalidRequest: empty, longer than 40 characters, or not letters, digits and ``-/._:``.
    """
    symbol = text.strip().upper()
    # Some letters of other scripts turn into plain ones in upper case: refuse them before.
    if len(text) > _MAX_SYMBOL or not text.isascii() or not _ALLOWED.fullmatch(symbol):
        message = (
            f"The symbol must be 1 to {_MAX_SYMBOL} letters and digits, "
            "optionally separated by - / . _ or :, such as BTCUSDT, BTC/USDT or AAPL."
        )
        raise InvalidRequest(message, "symbol")
    return symbol


def resolve_symbol(text: str, default_quote: str = "USDT", now: float | None = None) -> Instrument:
    """The instrument that a person means, from the spelling alone.

    - ``BTCUSDT``, ``btcusdt``, ``BTC/USDT``, ``BTC-USDT``, ``XBTUSDT`` are ``BTC-USDT``;
      ``XXBTZUSD`` is Kraken's and ``BTC-USD.CC`` EODHD's name of ``BTC-USD``;
    - ``BTC/USD`` is another instrument: USDT is not USD;
    - a bare crypto asset such as ``BTC`` takes ``default_quote``;
    - ``BRK.B``, ``BRK-B``, ``BRK/B`` and ``BRK-B.US`` are one share class; ``AAPL.US`` is
      ``AAPL``, and ``VOD.LSE``, ``VOD.LON`` and ``VOD.L`` are one listing in London;
    - ``ESZ2025``, ``ESZ25``, ``ESZ25.CME`` and ``ESZ5`` are one futures contract; of a year with
      one digit the one nearest to ``now`` (Unix s) is meant, without ``now`` nobody can tell;
    - a venue before a colon is no part of the name (``BINANCE:BTCUSDT``; the provider is chosen
      by its own parameter), but a stock exchange says that a ticker is meant (``NASDAQ:DASH``);
    - anything else, ``AAPL``, is a stock ticker.

    Raises:
        InvalidRequest: see :func:`clean_symbol`.
        UnknownInstrument: the symbol names a derivative, or a pair of an asset with itself.
    """
    venue, colon, symbol = clean_symbol(text).rpartition(":")
    if _SEPARATOR.search(venue):
        raise UnknownInstrument(_NO_SPOT)
    if colon and symbol in QUOTE_ASSETS:
        return _pair(venue, symbol)
    if venue in STOCK_VENUES:
        return Instrument.stock(symbol.replace("-", "."))
    name, dot, place = symbol.rpartition(".")
    code = read_contract(name if place in FUTURE_PLACES else symbol, now)
    if code is not None:
        return Instrument.future(code.root, code.month, code.year)
    if dot and place != _CRYPTO_PLACE:
        return _listed_at(name, place)
    return _separated(name if dot else symbol, default_quote.upper())


_NO_SPOT = (
    "The symbol looks like a derivative and only spot pairs, stocks and single futures contracts "
    "are known: write BTC-USDT for the pair, AAPL for a stock or ESZ2025 for a contract."
)


def _listed_at(name: str, place: str) -> Instrument:
    """A ticker with a share class, or with the exchange on which it is listed."""
    if place == _HOME_PLACE:
        return Instrument.stock(name.replace("-", "."))
    return Instrument.stock(f"{name}.{_PLACES.get(place, place)}")


def _separated(symbol: str, default_quote: str) -> Instrument:
    """Base and quote, ticker and share class, or one word."""
    base, *rest = _SEPARATOR.split(symbol)
    if not rest:
        return _run_together(base, default_quote)
    if len(rest) > 1 or (is_contract(base) and is_contract(rest[0])):
        raise UnknownInstrument(_NO_SPOT)
    return Instrument.stock(f"{base}.{rest[0]}") if len(rest[0]) == 1 else _pair(base, rest[0])


def _run_together(symbol: str, default_quote: str) -> Instrument:
    """One word: a known asset, a pair without a separator, or else a ticker."""
    legacy = _LEGACY.fullmatch(symbol)
    if legacy is not None:
        return _pair(legacy[1], legacy[2] or legacy[3])
    if _asset(symbol) in BASE_ASSETS:
        return _pair(symbol, "USD" if _asset(symbol) == default_quote else default_quote)
    splits = [(symbol.removesuffix(q), q) for q in (*QUOTE_ASSETS, *_ALIASES) if symbol.endswith(q)]
    base, quote = min(splits, key=lambda split: _doubt(*split), default=("", ""))
    return _pair(base, quote) if _doubt(base, quote) < _TOO_MUCH else Instrument.stock(symbol)


def _pair(base: str, quote: str) -> Instrument:
    if _asset(base) == _asset(quote):
        message = f"{base} cannot be priced in itself: write a pair such as BTC-USDT."
        raise UnknownInstrument(message)
    return Instrument.pair(_asset(base), _asset(quote))


_TOO_MUCH = 3


def _doubt(base: str, quote: str) -> int:
    """How doubtful it is that a word ends in ``quote`` rather than being a ticker.

    A known base decides: BNBUSD is BNB-USD, not BN-BUSD. Otherwise stable coins and USD end no
    ticker of note, but the short fiat and crypto codes do (``SOL`` ends ``CONSOL``).
    """
    if _asset(base) in BASE_ASSETS:
        return 0
    if base in QUOTE_ASSETS:
        return 1
    plausible = (base and len(quote) > len("USD")) or (len(base) > 1 and quote == "USD")
    return 2 if plausible else _TOO_MUCH


def _asset(code: str) -> str:
    return _ALIASES.get(code, code)
