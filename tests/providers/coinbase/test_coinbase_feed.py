"""What the messages of Coinbase's stream mean."""

import json
from pathlib import Path

import pytest

from adapters_out.provider_kit.feed import (
    Heartbeat,
    LastTraded,
    Refused,
    Subscribed,
    Topic,
    Unknown,
    Update,
)
from adapters_out.provider_kit.moments import ns_of_iso
from adapters_out.providers.coinbase import PROVIDER
from domain.errors import (
    AccessDenied,
    CallRefused,
    MalformedPayload,
    NotListed,
    ProviderError,
    RateLimited,
)
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
AT = "2025-11-20T00:01:00.123456Z"
AT_NS = 1_763_596_860_123_456_000
MATCH = json.dumps(
    {
        "type": "match",
        "trade_id": 9,
        "side": "sell",
        "size": "2.25",
        "price": "1.5",
        "product_id": "BTC-USD",
        "sequence": 50,
        "time": AT,
        "maker_order_id": "a",
    }
)
TICKER = json.dumps(
    {
        "type": "ticker",
        "sequence": 51,
        "product_id": "BTC-USD",
        "price": "1.5",
        "time": AT,
        "best_bid": "1.25",
        "best_ask": "1.75",
        "side": "buy",
        "trade_id": 9,
        "best_bid_size": "2",
        "best_ask_size": "3",
        "last_size": "2.25",
    }
)
BEAT = json.dumps(
    {
        "type": "heartbeat",
        "sequence": 90,
        "last_trade_id": 20,
        "product_id": "BTC-USD",
        "time": AT,
    }
)
REFUSED = json.dumps(
    {"type": "error", "message": "Failed to subscribe", "reason": "X-Y is not a valid product"}
)
ON = '{"type":"subscriptions","channels":[{"name":"matches","product_ids":["BTC-USD"]}]}'
MESSAGES = (MATCH, TICKER, BEAT, REFUSED, ON)
OPPOSITE = {"buy": Side.SELL, "sell": Side.BUY}


@pytest.mark.recordings
def test_every_recorded_message_is_read_right(recordings: Path) -> None:
    """Trades with the taker's side, tickers as a price and a quote, and all that is on."""
    counts = dict.fromkeys(("subscriptions", "ticker", "match", "last_match"), 0)
    for line in recorded(recordings, "coinbase/ws_feed"):
        said = json.loads(line)
        counts[said["type"]] += 1
        if said["type"] == "subscriptions":
            topics = only(FEED, line, Subscribed)
            assert topics.whole
            assert topics.topics == tuple(
                Topic(channel["name"], product)
                for channel in said["channels"]
                for product in channel["product_ids"]
            )
        elif said["type"] == "ticker":
            assert read(FEED, line) == ticker_of(said)
        else:
            assert read(FEED, line) == (match_of(said),)
    assert counts == {"subscriptions": 3, "ticker": 12, "match": 12, "last_match": 4}


def ticker_of(said: dict[str, str]) -> tuple[Update, Update]:
    """What a ticker means."""
    last = LastTraded(float(said["price"]), ns_of_iso(said["time"]))
    quote = Quote(
        ts_ns=RECEIVED_NS,
        bid_price=float(said["best_bid"]),
        ask_price=float(said["best_ask"]),
        stamp=Stamp.RECEIPT,
    )
    topic, sequence = Topic("ticker", said["product_id"]), int(said["sequence"])
    first = Update(topic=topic, value=last, sequence=sequence)
    return first, Update(topic=topic, value=quote, sequence=sequence)


def match_of(said: dict[str, str]) -> Update:
    """What a match means."""
    trade = Trade(
        ts_ns=ns_of_iso(said["time"]),
        price=float(said["price"]),
        size=float(said["size"]),
        id=str(said["trade_id"]),
        side=OPPOSITE[said["side"]],
    )
    return Update(
        topic=Topic("matches", said["product_id"]),
        value=trade,
        snapshot=said["type"] == "last_match",
        sequence=int(said["sequence"]),
    )


def test_the_side_is_the_takers() -> None:
    """What is sent is the maker's."""
    trade = value_of(FEED, MATCH, Trade)
    assert trade == Trade(ts_ns=AT_NS, price=1.5, size=2.25, id="9", side=Side.BUY)
    assert value_of(FEED, changed(MATCH, ("side",), "buy"), Trade).side is Side.SELL


def test_a_ticker_may_tell_sizes_and_may_lack_a_time() -> None:
    """Sizes came in 2022; the quote is of now, the time that of the last trade."""
    last, quote = read(FEED, TICKER)
    assert isinstance(last, Update)
    assert isinstance(quote, Update)
    assert last.value == LastTraded(1.5, AT_NS)
    assert isinstance(quote.value, Quote)
    assert (quote.value.bid_size, quote.value.ask_size) == (2.0, 3.0)
    assert (quote.value.ts_ns, quote.value.stamp) == (RECEIVED_NS, Stamp.RECEIPT)
    early, _ = read(FEED, changed(TICKER, ("time",), None))
    assert isinstance(early, Update)
    assert early.value == LastTraded(1.5, None)


def test_an_empty_side_has_no_price() -> None:
    """Neither as 0 nor as null."""
    for nothing in ("0", None):
        _, quote = read(FEED, changed(TICKER, ("best_bid",), nothing))
        assert isinstance(quote, Update)
        assert isinstance(quote.value, Quote)
        assert (quote.value.bid_price, quote.value.bid_size) == (None, None)
        assert quote.value.ask_price == 1.75


def test_a_heartbeat_tells_what_may_have_been_missed() -> None:
    """Of its product: the newest sequence, and the id of the last trade."""
    topic = Topic("heartbeat", "BTC-USD")
    assert read(FEED, BEAT) == (Heartbeat(topic=topic, sequence=90, last_trade="20"),)


def test_a_channel_without_products_is_a_topic_too() -> None:
    """Such as the status of all of them."""
    on = '{"type":"subscriptions","channels":[{"name":"status"}]}'
    assert read(FEED, on) == (Subscribed(topics=(Topic("status"),), whole=True),)
    nothing = '{"type":"subscriptions","channels":[]}'
    assert read(FEED, nothing) == (Subscribed(topics=(), whole=True),)


@pytest.mark.parametrize(
    ("message", "reason", "expected"),
    [
        ("Failed to subscribe", "X-Y is not a valid product", NotListed),
        ("Failed to subscribe", "level2 requires authentication", AccessDenied),
        ("Rate limit exceeded", "", RateLimited),
        ("Malformed JSON", "", CallRefused),
    ],
)
def test_refusals_mean_what_they_say(
    message: str, reason: str, expected: type[ProviderError]
) -> None:
    """In either of both texts."""
    body = json.dumps({"type": "error", "message": message, "reason": reason})
    error = only(FEED, body, Refused).error
    assert type(error) is expected
    assert (reason or message) in error.message


def test_numbers_may_be_bare_and_unknown_keys_do_not_matter() -> None:
    """Both forms are the same value."""
    bare = changed(changed(MATCH, ("price",), 1.5), ("size",), 2.25)
    assert read(FEED, bare) == read(FEED, MATCH)
    assert read(FEED, changed(MATCH, ("new",), {"a": [None]})) == read(FEED, MATCH)


def test_what_is_not_known_is_told() -> None:
    """By its type."""
    assert read(FEED, '{"type":"l2update","changes":[]}') == (Unknown("l2update"),)


@pytest.mark.parametrize(
    "message",
    [
        *("", "{}", "[]", '"match"', '{"type":null}', MATCH[:-1], '{"type":"match"}'),
        MATCH.replace('"1.5"', "NaN"),
        changed(MATCH, ("price",), "NaN"),
        changed(MATCH, ("price",), None),
        changed(MATCH, ("side",), "SELL"),
        changed(MATCH, ("time",), "2025-11-20T00:01:00"),
        changed(TICKER, ("best_ask",), "x"),
        changed(TICKER, ("price",), "1e999"),
        changed(ON, ("channels", 0, "product_ids"), "BTC-USD"),
    ],
)
def test_what_cannot_be_read_is_malformed(message: str) -> None:
    """Never half a value, and never a 0 in its place."""
    with pytest.raises(MalformedPayload, match="coinbase sent an unreadable message"):
        read(FEED, message)
