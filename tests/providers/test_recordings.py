"""Every recording has a reader: a test of its provider, or one of these."""

import json
import re
from pathlib import Path

import pytest

from adapters_out.provider_kit.calls import Reply
from adapters_out.provider_kit.cells import Unreadable
from adapters_out.provider_kit.discovery import discover
from adapters_out.provider_kit.faults import UNREADABLE, KeyRefused
from adapters_out.provider_kit.feed import Unknown
from adapters_out.provider_kit.provider import Provider
from domain.errors import (
    Banned,
    CallRefused,
    NotEntitled,
    NotListed,
    ProviderError,
    ProviderUnavailable,
    QuotaExhausted,
    RangeUnavailable,
    RateLimited,
)
from domain.instrument import Instrument
from domain.interval import Interval
from domain.provider import BarsAsk
from domain.timerange import TimeRange
from tests.providers.reading import NOW, error_of, verdict_of
from tests.providers.streams import RECEIVED_NS
from tests.providers.ticks import read_quote

PROVIDERS = discover()
TESTS = Path(__file__).parent
BTC = Instrument.pair("BTC", "USDT")
ADABTC = Instrument.pair("ADA", "BTC")
# Answers to questions that are never asked, because another answers them better.
UNASKED = {
    "alpha_vantage/symbol_search__1.json": "only whole lists are searched, in the store",
    "binance/ticker_24hr__2.json": "the last price costs as little and says no more than asked",
    "binance/time__1.json": "the Date of every answer tells how its clock stands",
    "coinbase/stats__1.json": "the ticker has the last price and its time",
    "kraken/SystemStatus__1.json": "what is refused during maintenance says so itself",
    "kraken/Time__1.json": "only asked to see whether it answers",
    "kucoin/allTickers__1.json": "one pair is asked for at a time",
    "kucoin/symbol__1.json": "the list of all pairs is asked for",
    "kucoin/ua_ticker__1.json": "of the newer family, which is not needed",
    "kucoin/bullet_public__1.json": "the way to a stream",
    "yahoo/search__1.json": "only whole lists are searched, in the store",
}
# The status that each was recorded with, and others that it came with elsewhere.
REFUSALS = [
    ("binance/error_418_banned__1.json", 418, Banned),
    ("binance/error_429_weight__1.json", 429, RateLimited),
    ("binance/error_403_waf__1.html", 403, Banned),
    ("coingecko/error_10011_demo_key_on_pro_host__1.json", 400, KeyRefused),
    ("coingecko/error_429__1.json", 429, RateLimited),
    ("coingecko/error_not_found__1.json", 404, NotListed),
    ("coinmarketcap/error_1002_string_code__1.json", 401, KeyRefused),
    ("coinmarketcap/error_1002_string_code__1.json", 200, KeyRefused),
    ("coinmarketcap/error_1006_plan__1.json", 403, NotEntitled),
    ("coinmarketcap/error_400_symbol__1.json", 400, NotListed),
    ("eodhd/error_402_daily_limit__1.txt", 402, QuotaExhausted),
    ("eodhd/error_403_free_plan__1.txt", 403, NotEntitled),
    ("kraken/error_rate_limit__1.json", 200, RateLimited),
    ("kraken/error_unknown_pair__1.json", 200, NotListed),
    ("kraken/error_520__1.html", 520, ProviderUnavailable),
    ("kucoin/error_429__1.json", 429, RateLimited),
    ("kucoin/error_bad_interval__1.json", 200, CallRefused),
    ("kucoin/error_bad_interval__1.json", 400, CallRefused),
    ("polygon/error_401_unknown_key__1.json", 401, KeyRefused),
    ("polygon/error_403_not_authorized__1.json", 403, NotEntitled),
    ("polygon/error_403_not_authorized__1.json", 200, NotEntitled),
    ("polygon/error_404_path__1.txt", 404, CallRefused),
    ("yahoo/error_404_not_found__1.json", 404, NotListed),
    ("yahoo/quote_summary_404__1.json", 404, NotListed),
    ("yahoo/error_422_1m_range__1.json", 422, RangeUnavailable),
    ("yahoo/error_401_invalid_crumb__1.json", 401, KeyRefused),
    ("yahoo/error_429__1.txt", 429, RateLimited),
    ("yahoo/error_404_not_found__1.json", 200, NotListed),
]
_LABELS = {"eodhd": {"content-type": "text/html; charset=UTF-8"}}  # though they are plain texts
_NO_ANSWER = re.compile(r"error_|_404_|crumb_flow|expected|warning|_item_|_na__|bulk_quotes")
_KIND = re.compile(r"__\d|_\d_|\.")


@pytest.mark.recordings
def test_every_recording_is_read_somewhere(recordings: Path) -> None:
    """By a test of that provider that names its kind."""
    for folder in sorted(path for path in recordings.iterdir() if path.name in PROVIDERS):
        told = "\n".join(path.read_text() for path in (TESTS / folder.name).glob("*.py"))
        told += Path(__file__).read_text()
        for path in folder.iterdir():
            kind = _KIND.split(path.name)[0]
            assert path.name == "SOURCES.md" or kind in told, f"{folder.name}/{path.name}"


@pytest.mark.recordings
def test_every_recorded_message_of_a_stream_is_known(recordings: Path) -> None:
    """Each line of a stream is read by its provider's feed, and means something."""
    paths = sorted(recordings.glob("*/*.jsonl"))
    assert len(paths) >= 29
    for path in paths:
        feed = PROVIDERS[path.parent.name].feed
        assert feed is not None, path
        for line in path.read_bytes().splitlines():
            events = feed.read(line, RECEIVED_NS)
            assert events, (path, line)
            assert not any(isinstance(event, Unknown) for event in events), (path, line)


@pytest.mark.recordings
@pytest.mark.parametrize(("name", "status", "expected"), REFUSALS)
def test_recorded_refusals_mean_what_they_say(
    recordings: Path, name: str, status: int, expected: type[ProviderError]
) -> None:
    """Whatever the envelope, the status or the label; a limit says when to come back."""
    provider = PROVIDERS[name.partition("/")[0]]
    body = (recordings / name).read_bytes()
    found = error_of(provider, status, body, _LABELS.get(provider.name))
    assert type(found) is expected
    if isinstance(found, RateLimited):
        assert found.retry_at is not None
        assert found.retry_at > NOW


@pytest.mark.recordings
def test_recorded_answers_are_no_complaints(recordings: Path) -> None:
    """Whatever codes and messages they carry, no answer of success is taken for an error."""
    answers = [
        path
        for path in sorted(recordings.glob("*/*.json"))
        if path.parent.name in PROVIDERS and not _NO_ANSWER.search(path.name)
    ]
    assert len(answers) > 100
    for path in answers:
        provider = PROVIDERS[path.parent.name]
        assert error_of(provider, 200, path.read_bytes(), now=2e9) is None, path


@pytest.mark.recordings
@pytest.mark.parametrize("name", UNASKED)
def test_an_answer_to_another_question_is_no_data(recordings: Path, name: str) -> None:
    """It is no complaint either: bars, prices and lists refuse it as unreadable, never as empty."""
    provider = PROVIDERS[name.partition("/")[0]]
    reply = Reply(200, (recordings / name).read_bytes(), {}, 2e9, 2e9)
    ask = BarsAsk(BTC, Interval.M1, TimeRange(0, 60_000))
    assert provider.bars is not None
    assert provider.price is not None
    refused = (*UNREADABLE, ProviderError)
    with pytest.raises(refused):
        _judged(provider, reply, ask)
    with pytest.raises(refused):
        provider.price.read(reply, BTC)
    if provider.listings is not None:
        with pytest.raises(refused):
            provider.listings.read(reply)


def _judged(provider: Provider, reply: Reply, ask: BarsAsk) -> None:
    """What the kit makes of bars: rows of which none belongs to the range are no answer."""
    if verdict_of(provider, reply.body, ask).strange:
        raise Unreadable("none of its rows was asked for")


@pytest.mark.recordings
def test_a_bulk_file_of_binance_holds_the_same_rows(recordings: Path) -> None:
    """Its lines are rows of klines, in milliseconds until 2025: the same layout reads them."""
    lines = (recordings / "binance/vision_klines_1m_ADABTC__2.csv").read_text().split()
    body = f"[[{'],['.join(lines)}]]".encode()
    bars = PROVIDERS["binance"].bars
    assert bars is not None
    first = 1_638_057_600
    ask = BarsAsk(ADABTC, Interval.M1, TimeRange(first, first + 60 * len(lines)))
    sheet = bars.read(Reply(200, body), ask)
    assert sheet.ts.tolist() == list(range(first, first + 60 * len(lines), 60))
    assert sheet.unread == {}
    cells = [line.split(",") for line in lines]
    for place, column in ((1, sheet.open), (2, sheet.high), (3, sheet.low), (4, sheet.close)):
        assert column.tolist() == [float(row[place]) for row in cells]
    assert sheet.volume.tolist() == [float(row[5]) for row in cells]
    assert sheet.trades.tolist() == [int(row[8]) for row in cells]


@pytest.mark.recordings
@pytest.mark.parametrize("name", ["Ticker__2", "Ticker__3"])
def test_prices_of_kraken_are_those_of_another_parser(recordings: Path, name: str) -> None:
    """Last price, bid and ask; sizes where that parser reads them, too."""
    folder = recordings / "kraken"
    ((_, told),) = json.loads((folder / f"{name}.expected.json").read_text())["tickers"].items()
    body = (folder / f"{name}.json").read_bytes()
    provider = PROVIDERS["kraken"]
    assert provider.price is not None
    assert provider.price.read(Reply(200, body), BTC).price == told["last"]
    quote = read_quote(provider.quotes, body)
    assert (quote.bid_price, quote.ask_price) == (told["bid"], told["ask"])
    sizes = (told["bidVolume"], told["askVolume"])
    assert sizes in {(quote.bid_size, quote.ask_size), (None, None)}


@pytest.mark.recordings
def test_prices_and_nothing_of_binance_are_those_of_another_parser(recordings: Path) -> None:
    """A price without a time, and an empty range."""
    folder, provider = recordings / "binance", PROVIDERS["binance"]
    assert provider.bars is not None
    assert provider.price is not None
    told = json.loads((folder / "ticker_price__1.expected.json").read_text())["ticker"]
    last = provider.price.read(Reply(200, (folder / "ticker_price__1.json").read_bytes()), BTC)
    assert (told["symbol"], told["timestamp"], last.ts) == ("BTC/USDT", None, None)
    assert json.loads((folder / "klines__4.expected.json").read_text())["rows"] == []
    ask = BarsAsk(BTC, Interval.M1, TimeRange(0, 60))
    assert len(provider.bars.read(Reply(200, (folder / "klines__4.json").read_bytes()), ask)) == 0
