"""What the messages of KuCoin's stream mean."""

import json
from pathlib import Path

import pytest

from adapters_out.provider_kit.feed import (
    Acknowledged,
    Connected,
    LastTraded,
    Pong,
    Refused,
    Topic,
    Unknown,
    Update,
)
from adapters_out.providers.kucoin import PROVIDER
from domain.bars import Bar
from domain.errors import (
    AccessDenied,
    CallRefused,
    MalformedPayload,
    NotListed,
    ProviderError,
    RateLimited,
)
from domain.interval import Interval
from domain.ticks import Quote, Side, Stamp, Trade
from tests.providers.streams import (
    RECEIVED_NS,
    changed,
    only,
    read,
    recorded,
    value_of,
)

FEED = PROVIDER.feed
CANDLE = json.dumps(
    {
        "type": "message",
        "topic": "/market/candles:BTC-USDT_1hour",
        "subject": "trade.candles.update",
        "data": {
            "symbol": "BTC-USDT",
            "candles": ["1699999200", "1.5", "1.75", "2.5", "1.25", "7.5", "12"],
            "time": 1_700_000_000_123_456_789,
        },
    }
)
MATCH = json.dumps(
    {
        "type": "message",
        "topic": "/market/match:BTC-USDT",
        "subject": "trade.l3match",
        "data": {
            "symbol": "BTC-USDT",
            "sequence": "50",
            "side": "sell",
            "size": "2.25",
            "price": "1.5",
            "time": "1700000000123456789",
            "tradeId": "abc",
        },
    }
)
TICKER = json.dumps(
    {
        "type": "message",
        "topic": "/market/ticker:BTC-USDT",
        "subject": "trade.ticker",
        "data": {
            "sequence": "51",
            "price": "1.5",
            "size": "1",
            "bestAsk": "1.75",
            "bestBid": "1.25",
            "bestAskSize": "3",
            "bestBidSize": "2",
            "time": 1_700_000_000_123,
        },
    }
)
REFUSED = '{"id":"3","type":"error","code":404,"data":"topic /market/x is not found"}'
MESSAGES = (CANDLE, MATCH, TICKER, REFUSED, '{"id":"3","type":"ack"}')


@pytest.mark.recordings
def test_the_recorded_candle_is_read_right(recordings: Path) -> None:
    """Open, CLOSE, HIGH, LOW; nobody says that it is closed, and eight hours are no bar of ours."""
    ack, candle = recorded(recordings, "kucoin/ws_candles")
    assert read(FEED, ack) == (Acknowledged("1"),)
    bar = Bar(
        ts=1_589_968_800,
        open=9786.9,
        high=9806.1,
        low=9732.0,
        close=9740.8,
        volume=27.45649579,
        final=False,
    )
    topic = Topic("/market/candles", "BTC-USDT", "8hour")
    update = Update(topic=topic, value=bar, sent_ns=1_589_970_010_253_893_337)
    assert read(FEED, candle) == (update,)


@pytest.mark.recordings
def test_recorded_matches_are_read_right(recordings: Path) -> None:
    """To the nanosecond, with the taker's side and the ids that other answers have."""
    lines = recorded(recordings, "kucoin/ws_match")
    assert len(lines) == 10
    for line in lines:
        said = json.loads(line)["data"]
        update = only(FEED, line, Update)
        assert update.topic == Topic("/market/match", said["symbol"])
        assert update.sequence == int(said["sequence"])
        assert update.value == Trade(
            ts_ns=int(said["time"]),
            price=float(said["price"]),
            size=float(said["size"]),
            id=said["sequence"],
            side=Side(said["side"]),
        )


@pytest.mark.recordings
def test_recorded_tickers_are_read_right(recordings: Path) -> None:
    """A price and a quote of the pair that the topic names."""
    lines = recorded(recordings, "kucoin/ws_ticker")
    assert len(lines) == 10
    for line in lines:
        whole = json.loads(line)
        said = whole["data"]
        at = said["time"] * 1_000_000
        topic = Topic("/market/ticker", whole["topic"].split(":")[1])
        quote = Quote(
            ts_ns=at,
            bid_price=float(said["bestBid"]),
            bid_size=float(said["bestBidSize"]),
            ask_price=float(said["bestAsk"]),
            ask_size=float(said["bestAskSize"]),
        )
        sequence = int(said["sequence"])
        last = LastTraded(float(said["price"]), at)
        assert read(FEED, line) == (
            Update(topic=topic, value=last, sequence=sequence),
            Update(topic=topic, value=quote, sequence=sequence),
        )


@pytest.mark.parametrize("subject", ["trade.candles.update", "trade.candles.add"])
def test_no_bar_is_final(subject: str) -> None:
    """Whether it goes on or was just opened: there is no word for one that is closed."""
    update = only(FEED, changed(CANDLE, ("subject",), subject), Update)
    assert update.topic.interval is Interval.H1
    assert isinstance(update.value, Bar)
    assert not update.value.final


def test_a_ticker_may_lack_its_time_and_its_price() -> None:
    """Old ones have no time; a pair that nobody traded has no price."""
    early = json.loads(TICKER)
    del early["data"]["time"]
    last, quote = read(FEED, json.dumps(early))
    assert isinstance(last, Update)
    assert isinstance(quote, Update)
    assert last.value == LastTraded(1.5, None)
    assert isinstance(quote.value, Quote)
    assert (quote.value.ts_ns, quote.value.stamp) == (RECEIVED_NS, Stamp.RECEIPT)
    assert value_of(FEED, changed(TICKER, ("data", "price"), None), Quote).bid_price == 1.25


def test_an_empty_side_has_no_price() -> None:
    """Neither as 0 nor as null."""
    for nothing in ("0", None):
        _, quote = read(FEED, changed(TICKER, ("data", "bestAsk"), nothing))
        assert isinstance(quote, Update)
        assert isinstance(quote.value, Quote)
        assert (quote.value.ask_price, quote.value.ask_size) == (None, None)


def test_of_all_tickers_the_subject_names_the_pair() -> None:
    """The topic is the same for all of them."""
    every = changed(changed(TICKER, ("topic",), "/market/ticker:all"), ("subject",), "ETH-BTC")
    events = read(FEED, every)
    assert [e.topic.symbol for e in events if isinstance(e, Update)] == ["ETH-BTC", "ETH-BTC"]


def test_words_about_the_stream() -> None:
    """It is ready, it did as we asked, and it is alive; our numbers come back as texts."""
    assert read(FEED, '{"id":"x","type":"welcome"}') == (Connected(),)
    assert read(FEED, '{"id":"3","type":"ack"}') == (Acknowledged("3"),)
    assert read(FEED, '{"id":3,"type":"pong","timestamp":1}') == (Pong("3"),)


@pytest.mark.parametrize(
    ("code", "expected"),
    [(404, NotListed), (509, RateLimited), ("401", AccessDenied), (400, CallRefused)],
)
def test_refusals_mean_what_they_say(code: int | str, expected: type[ProviderError]) -> None:
    """By their code, of the request that is named; a limit says when to come back."""
    refused = only(FEED, changed(REFUSED, ("code",), code), Refused)
    assert type(refused.error) is expected
    assert refused.request == "3"
    assert "is not found" in refused.error.message
    assert (refused.error.retry_at is not None) is (expected is RateLimited)


def test_numbers_may_be_bare_and_unknown_keys_do_not_matter() -> None:
    """Both forms are the same value, also of a moment in nanoseconds."""
    bare = changed(changed(MATCH, ("data", "price"), 1.5), ("data", "sequence"), 50)
    bare = changed(bare, ("data", "time"), 1_700_000_000_123_456_789)
    assert read(FEED, bare) == read(FEED, MATCH)
    cells = [1_699_999_200, 1.5, 1.75, 2.5, 1.25, 7.5, 12]
    assert read(FEED, changed(CANDLE, ("data", "candles"), cells)) == read(FEED, CANDLE)
    assert read(FEED, changed(MATCH, ("data", "new"), [{}])) == read(FEED, MATCH)


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ('{"type":"notice"}', "notice"),
        ('{"type":"message","topic":"/market/level2:A-B","data":{}}', "/market/level2:A-B"),
        ('{"type":"message"}', ""),
    ],
)
def test_what_is_not_known_is_told(message: str, kind: str) -> None:
    """By its type, or by its topic."""
    assert read(FEED, message) == (Unknown(kind),)


@pytest.mark.parametrize(
    "message",
    [
        *("", "{}", "[]", "null", CANDLE[:-1], '{"type":"error","code":404}'),
        '{"type":"message","topic":"/market/match:A-B"}',
        MATCH.replace('"1.5"', "NaN"),
        changed(CANDLE, ("data", "candles"), ["1699999200", "1.5", "1.75", "2.5", "1.25"]),
        changed(CANDLE, ("data", "candles", 0), "1699999200.5"),
        changed(CANDLE, ("data", "candles", 3), None),
        changed(MATCH, ("data", "price"), "Infinity"),
        changed(MATCH, ("data", "side"), "SELL"),
        changed(MATCH, ("data", "time"), "soon"),
        changed(MATCH, ("data", "time"), 10**30),
        changed(TICKER, ("data", "sequence"), "x"),
        changed(TICKER, ("data",), None),
    ],
)
def test_what_cannot_be_read_is_malformed(message: str) -> None:
    """Never half a value, and never a 0 in its place."""
    with pytest.raises(MalformedPayload, match="kucoin sent an unreadable message"):
        read(FEED, message)
