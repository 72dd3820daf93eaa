"""What the messages of EODHD's streams mean."""

import json
from pathlib import Path

import pytest

from adapters_out.provider_kit.faults import KeyRefused
from adapters_out.provider_kit.feed import Authorized, Topic, Unknown, Update
from adapters_out.providers.eodhd import PROVIDER
from domain.errors import (
    AccessDenied,
    CallRefused,
    MalformedPayload,
    ProviderError,
    ProviderUnavailable,
    RateLimited,
)
from domain.ticks import Quote, Trade
from tests.providers.streams import (
    changed,
    only,
    read,
    recorded,
    refusal_of,
    value_of,
)

FEED = PROVIDER.feed
AT = 1_700_000_000_123
AT_NS = AT * 1_000_000
STOCK = json.dumps(
    {"s": "AAPL", "p": 227.31, "c": [12, 37], "v": 100, "dp": False, "ms": "open", "t": AT}
)
STOCK_QUOTE = json.dumps({"s": "AAPL", "ap": 1.75, "as": 3, "bp": 1.25, "bs": 2, "t": AT})
CURRENCY = json.dumps(
    {"s": "EURUSD", "a": 1.75, "b": 1.25, "dc": "0.1", "dd": "0.2", "ppms": False, "t": AT}
)
COIN = json.dumps({"s": "BTC-USD", "p": "1.5", "q": "2.25", "dc": "0.1", "dd": "0.2", "t": AT})
REFUSED = '{"status_code":403,"message":"Forbidden"}'
MESSAGES = (STOCK, STOCK_QUOTE, CURRENCY, COIN, REFUSED)


@pytest.mark.recordings
def test_recorded_quotes_of_currencies_are_read_right(recordings: Path) -> None:
    """Ask before bid, without sizes; what the day did comes as texts and is not taken."""
    lines = recorded(recordings, "eodhd/ws_forex")
    assert len(lines) == 3
    for line in lines:
        said = json.loads(line)
        assert read(FEED, line) == (
            Update(
                topic=Topic("forex", "AUDUSD"),
                value=Quote(ts_ns=said["t"] * 1_000_000, bid_price=said["b"], ask_price=said["a"]),
            ),
        )


def test_fields_tell_which_stream_it_is() -> None:
    """Trades and quotes of stocks, quotes of currencies, trades of coins."""
    quote = Quote(ts_ns=AT_NS, bid_price=1.25, bid_size=2.0, ask_price=1.75, ask_size=3.0)
    for message, topic, value in (
        (STOCK, Topic("us", "AAPL"), Trade(ts_ns=AT_NS, price=227.31, size=100.0)),
        (STOCK_QUOTE, Topic("us-quote", "AAPL"), quote),
        (CURRENCY, Topic("forex", "EURUSD"), Quote(ts_ns=AT_NS, bid_price=1.25, ask_price=1.75)),
        (COIN, Topic("crypto", "BTC-USD"), Trade(ts_ns=AT_NS, price=1.5, size=2.25)),
    ):
        assert read(FEED, message) == (Update(topic=topic, value=value),)


def test_an_empty_side_has_no_price() -> None:
    """Neither as 0 nor as nothing."""
    for nothing in (0, None):
        quote = value_of(FEED, changed(STOCK_QUOTE, ("bp",), nothing), Quote)
        assert (quote.bid_price, quote.bid_size, quote.ask_price) == (None, None, 1.75)
    alone = value_of(FEED, '{"s":"AAPL","ap":1.75,"as":3,"t":1700000000123}', Quote)
    assert (alone.bid_price, alone.ask_price) == (None, 1.75)
    for key, sides in (("a", (None, 1.5)), ("b", (1.5, None))):
        alone = value_of(FEED, json.dumps({"s": "EURUSD", key: 1.5, "t": AT}), Quote)
        assert (alone.bid_price, alone.ask_price) == sides


def test_numbers_may_be_texts_or_not_and_unknown_keys_do_not_matter() -> None:
    """Both are seen of coins."""
    bare = changed(changed(COIN, ("p",), 1.5), ("q",), 2.25)
    assert read(FEED, bare) == read(FEED, COIN)
    texts = changed(changed(STOCK, ("p",), "227.31"), ("t",), str(AT))
    assert read(FEED, texts) == read(FEED, STOCK)
    assert read(FEED, changed(STOCK, ("new",), [{}])) == read(FEED, STOCK)


def test_the_first_word_says_whether_the_key_is_good() -> None:
    """It is the only one that there is, if all goes well."""
    assert read(FEED, '{"status_code":200,"message":"Authorized"}') == (Authorized(),)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (401, KeyRefused),
        (403, AccessDenied),
        (422, CallRefused),
        (429, RateLimited),
        (500, ProviderUnavailable),
        (0, CallRefused),
    ],
)
def test_refusals_mean_what_they_do_in_http(status: int, expected: type[ProviderError]) -> None:
    """With what was said."""
    error = refusal_of(FEED, changed(REFUSED, ("status_code",), status))
    assert type(error) is expected
    assert "Forbidden" in error.message


def test_what_is_not_known_is_told() -> None:
    """By the names of its fields."""
    assert only(FEED, '{"s":"AAPL","z":1}', Unknown) == Unknown("s z")


@pytest.mark.parametrize(
    "message",
    [
        *("", "{}", "[]", "null", STOCK[:-1], '{"status_code":"no"}', '{"s":"AAPL","p":1,"t":1}'),
        STOCK.replace("227.31", "NaN"),
        changed(STOCK, ("p",), None),
        changed(STOCK, ("v",), "x"),
        changed(STOCK, ("s",), None),
        changed(COIN, ("q",), "1e999"),
        changed(COIN, ("t",), 10**30),
        changed(CURRENCY, ("a",), "Infinity"),
        changed(STOCK_QUOTE, ("t",), 0.5),
    ],
)
def test_what_cannot_be_read_is_malformed(message: str) -> None:
    """Never half a value, and never a 0 in its place."""
    with pytest.raises(MalformedPayload, match="eodhd sent an unreadable message"):
        read(FEED, message)
