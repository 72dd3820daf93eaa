"""What the messages of Kraken's stream mean, of its second version and of its first."""

import json
from pathlib import Path

import pytest

from adapters_out.provider_kit.feed import (
    Connected,
    Heartbeat,
    LastTraded,
    Pong,
    Refused,
    Subscribed,
    Topic,
    Unknown,
    Unsubscribed,
    Update,
)
from adapters_out.providers.kraken import PROVIDER
from domain.bars import Bar
from domain.errors import CallRefused, MalformedPayload, NotListed, ProviderError, RateLimited
from domain.interval import Interval
from domain.ticks import Quote, Side, Stamp, Trade
from tests.providers.streams import (
    RECEIVED_NS,
    changed,
    only,
    read,
    recorded,
    refusal_of,
    value_of,
)

FEED = PROVIDER.feed
ROW = {
    "symbol": "BTC/USD",
    "interval": 1,
    "interval_begin": "2025-11-20T00:01:00.000000000Z",
    "open": 1.5,
    "high": 2.5,
    "low": 1.25,
    "close": 1.75,
    "volume": 7.5,
    "vwap": 1.625,
    "trades": 3,
    "timestamp": "2025-11-20T00:02:00.000000Z",
}
FIRST_S = 1_763_596_860
OHLC = json.dumps({"channel": "ohlc", "type": "update", "data": [ROW]})
TRADE = json.dumps(
    {
        "channel": "trade",
        "type": "update",
        "data": [
            {
                "symbol": "BTC/USD",
                "side": "buy",
                "price": 1.5,
                "qty": 2.25,
                "trade_id": 9,
                "ord_type": "limit",
                "timestamp": "2025-11-20T00:01:00.123456Z",
            }
        ],
    }
)
TICKER = json.dumps(
    {
        "channel": "ticker",
        "type": "snapshot",
        "data": [
            {
                "symbol": "BTC/USD",
                "bid": 1.5,
                "bid_qty": 2.0,
                "ask": 1.75,
                "ask_qty": 3.0,
                "last": 1.625,
                "volume": 9.5,
                "timestamp": "2025-11-20T00:01:00.123456Z",
            }
        ],
    }
)
REFUSED = json.dumps(
    {
        "method": "subscribe",
        "success": False,
        "req_id": 3,
        "symbol": "NOPE/USD",
        "error": "Currency pair not supported NOPE/USD",
    }
)
STATUS = '{"channel":"status","type":"update","data":[{"system":"maintenance","version":"2.0.1"}]}'
V1_TRADE = '[993,[["1.5","2.25","1618678142.557535","s","l",""]],"trade","XBT/USD"]'
V1_REFUSED = json.dumps(
    {
        "event": "subscriptionStatus",
        "status": "error",
        "pair": "NOPE/USD",
        "reqid": 3,
        "subscription": {"name": "trade"},
        "errorMessage": "Currency pair not supported X/Y",
    }
)
MESSAGES = (OHLC, TRADE, TICKER, REFUSED, STATUS, V1_TRADE, V1_REFUSED, '{"channel":"heartbeat"}')


def ohlc(*begins: str, kind: str = "update") -> str:
    """Bars of one pair that begin at these minutes."""
    rows = [{**ROW, "interval_begin": f"2025-11-20T{begin}:00.000000000Z"} for begin in begins]
    return json.dumps({"channel": "ohlc", "type": kind, "data": rows})


@pytest.mark.recordings
def test_the_recorded_bar_is_read_right(recordings: Path) -> None:
    """Every number as it was sent; nobody says that it is closed."""
    (line,) = recorded(recordings, "kraken/ws_ohlc")
    update = only(FEED, line, Update)
    assert update.topic == Topic("ohlc", "BTC/USD", Interval.M1)
    assert not update.snapshot
    assert update.value == Bar(
        ts=1_696_436_700,
        open=106038.2,
        high=106044.3,
        low=106038.1,
        close=106040.1,
        volume=30927.68066226,
        vwap=106039.6,
        trades=12,
        final=False,
    )


@pytest.mark.recordings
def test_recorded_tickers_and_trades_are_read_right(recordings: Path) -> None:
    """Each after the word that its topic is on."""
    on, ticker = recorded(recordings, "kraken/ws_ticker")
    assert read(FEED, on) == (Subscribed(topics=(Topic("ticker", "ETH/USDT"),), request="1"),)
    last, quote = read(FEED, ticker)
    topic = Topic("ticker", "ETH/USDT")
    assert last == Update(topic=topic, value=LastTraded(0.10035))
    book = Quote(
        ts_ns=RECEIVED_NS,
        bid_price=0.10025,
        bid_size=740.0,
        ask_price=0.10035,
        ask_size=740.0,
        stamp=Stamp.RECEIPT,
    )
    assert quote == Update(topic=topic, value=book)
    on, trade = recorded(recordings, "kraken/ws_trade")
    assert read(FEED, on) == (Subscribed(topics=(Topic("trade", "ETH/USDT"),), request="1"),)
    told = Trade(
        ts_ns=1_695_628_177_708_706_000, price=0.5117, size=40.0, id="4665906", side=Side.SELL
    )
    assert read(FEED, trade) == (Update(topic=Topic("trade", "ETH/USDT"), value=told),)


@pytest.mark.recordings
def test_recorded_words_about_the_stream_are_understood(recordings: Path) -> None:
    """One topic is on, and it is alive."""
    on, pong = recorded(recordings, "kraken/ws_control")
    assert read(FEED, on) == (Subscribed(topics=(Topic("ticker", "BTC/USD"),), request="1"),)
    assert read(FEED, pong) == (Pong("42"),)


@pytest.mark.recordings
def test_the_recorded_stream_of_version_1_is_read_right(recordings: Path) -> None:
    """Ten topics, three trades to the microsecond, and a heart that beats in between."""
    lines = recorded(recordings, "kraken/ws_v1_trade")
    events = [event for line in lines for event in read(FEED, line)]
    assert len(events) == len(lines)
    assert events[0] == Connected("online")
    topics = [topic for event in events if isinstance(event, Subscribed) for topic in event.topics]
    assert topics[:2] == [Topic("trade", "WAVES/EUR"), Topic("trade", "XMR/USD")]
    assert len(topics) == 10
    updates = [event for event in events if isinstance(event, Update)]
    assert updates == [
        Update(topic=Topic("trade", pair), value=Trade(ts_ns=ns, price=p, size=size, side=side))
        for pair, p, size, ns, side in (
            ("XMR/USD", 354.11, 0.89594024, 1_618_678_142_557_535_000, Side.SELL),
            ("XMR/USD", 354.55, 1.25690315, 1_618_678_145_715_785_000, Side.BUY),
            ("SC/EUR", 0.04299, 15979.71727919, 1_618_678_145_920_708_000, Side.SELL),
        )
    ]
    assert events.count(Heartbeat()) == len(lines) - 1 - 10 - 3


def test_a_bar_is_final_once_a_later_one_has_begun() -> None:
    """Kraken has no word for it: the last one of a message may always come again."""
    assert not value_of(FEED, ohlc("00:01"), Bar).final
    updates = read(FEED, ohlc("00:01", "00:02", "00:02", kind="snapshot"))
    bars = [e.value for e in updates if isinstance(e, Update) and isinstance(e.value, Bar)]
    assert [(b.ts - FIRST_S, b.final) for b in bars] == [(0, True), (60, False), (60, False)]
    assert all(e.snapshot for e in updates if isinstance(e, Update))


def test_a_bar_of_another_pair_or_length_closes_none() -> None:
    """Both are running."""
    for key, other in (("symbol", "ETH/USD"), ("interval", 5)):
        later = {**ROW, "interval_begin": "2025-11-20T00:05:00.000000000Z", key: other}
        body = json.dumps({"channel": "ohlc", "type": "update", "data": [ROW, later]})
        bars = [e.value for e in read(FEED, body) if isinstance(e, Update)]
        assert [bar.final for bar in bars if isinstance(bar, Bar)] == [False, False]


def test_a_bar_without_trades_has_no_average() -> None:
    """It is sent as 0, which is no price."""
    quiet = changed(changed(OHLC, ("data", 0, "vwap"), 0.0), ("data", 0, "trades"), 0)
    bar = value_of(FEED, quiet, Bar)
    assert (bar.vwap, bar.trades) == (None, 0)


def test_lengths_that_we_have_not_are_told_in_their_minutes() -> None:
    """Weeks that open on Thursday are none of ours."""
    for minutes, ours in ((240, Interval.H4), (10080, "10080"), (21600, "21600")):
        update = only(FEED, changed(OHLC, ("data", 0, "interval"), minutes), Update)
        assert update.topic.interval == ours


def test_a_ticker_has_the_venues_time_where_it_is_sent() -> None:
    """That of the quote: when the last trade was is not told."""
    last, quote = read(FEED, TICKER)
    assert isinstance(last, Update)
    assert isinstance(quote, Update)
    assert last.value == LastTraded(1.625)
    assert isinstance(quote.value, Quote)
    assert (quote.value.ts_ns, quote.value.stamp) == (1_763_596_860_123_456_000, Stamp.VENUE)
    assert last.snapshot
    assert quote.snapshot


def test_numbers_may_be_texts_and_unknown_keys_do_not_matter() -> None:
    """As bare numbers elsewhere are texts; an ``event`` in the midst of data is no word."""
    texts = changed(changed(TRADE, ("data", 0, "price"), "1.5"), ("data", 0, "qty"), "2.25")
    assert read(FEED, texts) == read(FEED, TRADE)
    more = changed(changed(TRADE, ("sequence",), 5), ("data", 0, "event"), {"a": None})
    assert read(FEED, more) == read(FEED, TRADE)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Currency pair not supported NOPE/USD", NotListed),
        ("Exceeded msg rate limit", RateLimited),
        ("Malformed request", CallRefused),
    ],
)
def test_refusals_mean_what_they_say(text: str, expected: type[ProviderError]) -> None:
    """Of which request and of which symbol is told, too."""
    refused = only(FEED, changed(REFUSED, ("error",), text), Refused)
    assert type(refused.error) is expected
    assert text in refused.error.message
    assert (refused.request, refused.topic) == ("3", Topic("", "NOPE/USD"))
    old = only(FEED, changed(V1_REFUSED, ("errorMessage",), text), Refused)
    assert type(old.error) is expected
    assert (old.request, old.topic) == ("3", Topic("trade", "NOPE/USD"))


def test_a_refusal_without_a_symbol_is_of_no_topic() -> None:
    """Such as one of a ping."""
    refused = only(FEED, '{"method":"ping","success":false,"error":"no","req_id":4}', Refused)
    assert (refused.topic, refused.request) == (None, "4")
    assert type(refusal_of(FEED, '{"method":"ping","error":"no"}')) is CallRefused


def test_words_about_the_stream() -> None:
    """How the market is, that it is alive, and what is off."""
    assert read(FEED, STATUS) == (Connected("maintenance"),)
    assert read(FEED, '{"channel":"heartbeat"}') == (Heartbeat(),)
    off = '{"method":"unsubscribe","success":true,"result":{"channel":"ohlc","interval":5}}'
    assert read(FEED, off) == (Unsubscribed(topics=(Topic("ohlc", "", Interval.M5),)),)
    old = '{"event":"subscriptionStatus","status":"unsubscribed","pair":"XBT/USD"}'
    assert read(FEED, old) == (Unsubscribed(topics=(Topic("", "XBT/USD"),)),)
    assert read(FEED, '{"event":"pong","reqid":7}') == (Pong("7"),)


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ('{"channel":"book","type":"update","data":[]}', "book"),
        ('{"method":"add_order","success":true,"result":{}}', "add_order"),
        ('{"event":"news"}', "news"),
        ('{"event":"subscriptionStatus","status":"odd"}', "odd"),
        ('[1,{"as":[]},"book-10","XBT/USD"]', "book-10"),
    ],
)
def test_what_is_not_known_is_told(message: str, kind: str) -> None:
    """By its name."""
    assert read(FEED, message) == (Unknown(kind),)


@pytest.mark.parametrize(
    "message",
    [
        *("", "[", "{}", "[]", "null", '{"type":"update"}', OHLC[:-2], V1_TRADE[:-1]),
        OHLC.replace("1.5", "NaN"),
        changed(OHLC, ("data",), None),
        changed(OHLC, ("data", 0, "interval_begin"), "2025-11-20T00:01:00"),
        changed(OHLC, ("data", 0, "interval_begin"), "2025-11-20T00:01:00.5Z"),
        changed(OHLC, ("data", 0, "open"), None),
        changed(OHLC, ("data", 0, "trades"), 10**30),
        changed(TRADE, ("data", 0, "side"), "b"),
        changed(TRADE, ("data", 0, "timestamp"), 1_700_000_000),
        changed(TRADE, ("data", 0, "price"), "1e999"),
        changed(TICKER, ("data", 0, "bid"), "x"),
        changed(V1_TRADE, (1, 0, 3), "buy"),
        changed(V1_TRADE, (1, 0, 2), "1e9"),
    ],
)
def test_what_cannot_be_read_is_malformed(message: str) -> None:
    """Never half a value, and never a 0 in its place."""
    with pytest.raises(MalformedPayload, match="kraken sent an unreadable message"):
        read(FEED, message)
