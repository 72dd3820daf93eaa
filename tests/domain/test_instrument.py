"""How people spell instruments, and what they mean."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import InvalidRequest, UnknownInstrument
from domain.instrument import (
    BASE_ASSETS,
    QUOTE_ASSETS,
    AssetClass,
    Instrument,
    clean_symbol,
    resolve_symbol,
)

PAIRS = """
BTCUSDT btcusdt BtcUsdt BTC/USDT BTC-USDT btc-usdt BTC_USDT BTC:USDT XBTUSDT XBT/USDT = BTC-USDT
BTC/USD BTC-USD BTCUSD XBTUSD xbt/usd                       = BTC-USD
BTC btc XBT                                                 = BTC-USDT
ETH                                                         = ETH-USDT
ETHBTC ETH/BTC ETHXBT                                       = ETH-BTC
SOLETH                                                      = SOL-ETH
SOLUSDT SOL                                                 = SOL-USDT
XDGUSD DOGEUSD DOGE/USD                                     = DOGE-USD
BTCFDUSD BTC-FDUSD                                          = BTC-FDUSD
BTCUSDC                                                     = BTC-USDC
BTCDAI                                                      = BTC-DAI
BTCEUR                                                      = BTC-EUR
BTCBRL                                                      = BTC-BRL
BNBUSD                                                      = BNB-USD
BNBBUSD                                                     = BNB-BUSD
DOTUSD                                                      = DOT-USD
ARBUSD                                                      = ARB-USD
SHIBUSD                                                     = SHIB-USD
GALABUSD                                                    = GALA-BUSD
JUPUSDT                                                     = JUP-USDT
1INCHUSDT                                                   = 1INCH-USDT
1000SATSUSDT                                                = 1000SATS-USDT
NEWCOINUSDT                                                 = NEWCOIN-USDT
NEWCOINUSD                                                  = NEWCOIN-USD
WBTC                                                        = WBTC-USDT
WBTCBTC                                                     = WBTC-BTC
USDTUSD USDT/USD USDT                                       = USDT-USD
USDC USDCUSDT                                               = USDC-USDT
USDTDAI                                                     = USDT-DAI
USDTTRY                                                     = USDT-TRY
USD1USDT                                                    = USD1-USDT
FDUSD FDUSDUSDT                                             = FDUSD-USDT
PYUSD                                                       = PYUSD-USDT
BUSDUSDT                                                    = BUSD-USDT
EURUSD EUR/USD                                              = EUR-USD
EURUSDT                                                     = EUR-USDT
USDJPY                                                      = USD-JPY
BINANCE:BTCUSDT KRAKEN:BTC/USDT                             = BTC-USDT
X:BTCUSD                                                    = BTC-USD
AAPL/USD                                                    = AAPL-USD
"""
STOCKS = """
AAPL aapl = AAPL
MSFT = MSFT
META = META
GLD = GLD
F = F
USD = USD
EUR = EUR
CONSOL = CONSOL
PETR4 = PETR4
TETH = TETH
XUSD = XUSD
GBTC = GBTC
BETH = BETH
ICAD = ICAD
BRK.B BRK-B BRK/B brk_b = BRK.B
VOD.L = VOD.L
0700.HK = 0700.HK
NASDAQ:DASH nyse:dash = DASH
NASDAQ:AAPL = AAPL
ESZ5 = ESZ5
"""
HOSTILE = [
    *("", " ", "-", "/", "BTC/", "/USDT", "BTC//USDT", "BTC USDT", "BTC-", ".", "..", "A..B"),
    *("BTC\x00USDT", "BTC\nUSDT", "BTC%00", "BTC;DROP", "<BTC>", "BTC'", '"BTC"', "BTC\\USDT"),
    *("../etc/passwd", "BTC*", "BTC?", "{BTC}", "$BTC", "BTC&limit=1", "BTC#", "BTC=1", "BTC,ETH"),
    *("\u212b", "\ufb01", "\u017fOL", "\u0131cp", "\u00dfTC", "BTCUSD\u0422", "\u0661\u0662"),
    *("BTC\u200bUSDT", "\u202eTDSU", "B" * 41, "B" * 60_000, "\U0001f680USDT", "BTC\u2215USDT"),
]
WORDS = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=2, max_size=10)


def table(text: str) -> list[tuple[str, str]]:
    """Spelling and canonical id of every line."""
    lines = (line.partition("=") for line in text.strip().splitlines())
    return [(spelling, name.strip()) for left, _, name in lines for spelling in left.split()]


@pytest.mark.parametrize(("spelling", "name"), table(PAIRS))
def test_spellings_of_pairs(spelling: str, name: str) -> None:
    """However a pair is written, base and quote are found and USD is not USDT."""
    base, _, quote = name.partition("-")
    assert resolve_symbol(spelling) == Instrument(name, AssetClass.CRYPTO, base, quote)


@pytest.mark.parametrize(("spelling", "name"), table(STOCKS))
def test_spellings_of_stocks(spelling: str, name: str) -> None:
    """A ticker stays a ticker, also when it ends like a currency."""
    assert resolve_symbol(spelling) == Instrument(name, AssetClass.STOCK, name)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_spellings_are_refused(text: str) -> None:
    """Anything but plain letters, digits and single separators is refused with a hint."""
    with pytest.raises(InvalidRequest, match="such as BTCUSDT, BTC/USDT or AAPL") as refused:
        resolve_symbol(text)
    assert refused.value.parameter == "symbol"
    assert len(refused.value.message) < 200


@pytest.mark.parametrize("text", ["BTC-USDT-SWAP", "BTC/USDT:USDT", "BTC-27DEC24-100000-C"])
def test_derivatives_are_not_mistaken_for_spot(text: str) -> None:
    """A swap or an option is refused and not taken for the pair it is named after."""
    with pytest.raises(UnknownInstrument, match="derivative"):
        resolve_symbol(text)


@pytest.mark.parametrize("text", ["BTC/BTC", "XBT/BTC", "USDTUSDT", "USD-USD"])
def test_nothing_is_priced_in_itself(text: str) -> None:
    """A pair of an asset with itself is refused."""
    with pytest.raises(UnknownInstrument, match="priced in itself"):
        resolve_symbol(text)


def test_forty_characters_are_the_most() -> None:
    """A symbol of forty characters is read, one of forty-one is not."""
    assert clean_symbol("B" * 40) == "B" * 40
    with pytest.raises(InvalidRequest, match="1 to 40"):
        clean_symbol("B" * 41)


@pytest.mark.parametrize(("quote", "name"), [("USD", "BTC-USD"), ("eur", "BTC-EUR")])
def test_a_bare_asset_takes_the_configured_quote(quote: str, name: str) -> None:
    """The operator decides what a bare BTC is priced in."""
    assert resolve_symbol("BTC", quote).id == name
    assert resolve_symbol("BTC/USDT", quote).id == "BTC-USDT"


@given(st.sampled_from(sorted(BASE_ASSETS)), st.sampled_from(QUOTE_ASSETS))
def test_known_assets_need_no_separator(base: str, quote: str) -> None:
    """Every known base run together with every quote is that pair."""
    if base != quote:
        pair = resolve_symbol(f"{base}-{quote}")
        assert (pair.base, pair.quote) == (base, quote)
        assert resolve_symbol(f"{base}{quote}") == pair


@given(WORDS, WORDS, st.sampled_from("-/_"))
def test_separated_pairs_are_taken_at_their_word(base: str, quote: str, separator: str) -> None:
    """With a separator nothing is guessed, and the canonical id resolves to itself."""
    codes = {"XBT": "BTC", "XDG": "DOGE"}
    base, quote = codes.get(base, base), codes.get(quote, quote)
    if base != quote:
        pair = resolve_symbol(f" {base}{separator}{quote} ".lower())
        assert pair == Instrument.pair(base, quote) == resolve_symbol(pair.id)


@given(WORDS)
def test_every_word_means_something_stable(word: str) -> None:
    """Any word resolves in any case, and its canonical id resolves to the same instrument."""
    try:
        meant = resolve_symbol(word)
    except UnknownInstrument:  # such as USDTUSDT
        return
    assert meant == resolve_symbol(word.lower()) == resolve_symbol(meant.id)


@given(st.text(max_size=60))
def test_any_text_is_resolved_or_refused(text: str) -> None:
    """No text causes anything but an instrument or a refusal, and ids are clean symbols."""
    try:
        meant = resolve_symbol(text)
    except UnknownInstrument:
        return
    except InvalidRequest as error:
        refused = error
    else:
        assert clean_symbol(meant.id) == meant.id
        return
    assert refused.parameter == "symbol"
