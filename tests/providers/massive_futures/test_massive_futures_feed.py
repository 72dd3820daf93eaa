"""What the messages of Massive's stream of futures mean."""

import json
from pathlib import Path

import pytest

from adapters_out.provider_kit.feed import (
    Authorized,
    Connected,
    Subscribed,
    Topic,
    Unknown,
    Update,
)
from adapters_out.providers.massive_futures import PROVIDER, massive_futures
from domain.bars import Bar
from domain.errors import MalformedPayload, QuotaExhausted
from domain.interval import Interval
from domain.ticks import Quote, Trade
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
AT = 1_700_000_000_123
TRADE = json.dumps([{"ev": "T", "sym": "ESZ5", "p": "6054.25", "s": 2, "t": AT, "q": 9}])
QUOTE = json.dumps(
    [
        {
            "ev": "Q",
            "sym": "CLZ5",
            "bp": "-1.25",
            "bs": 1,
            "bt": AT,
            "ap": "0",
            "as": 3,
            "at": AT,
            "t": AT,
        }
    ]
)
MINUTE = json.dumps(
    [
        {
            "ev": "AM",
            "sym": "ESZ5",
            "o": "1.5",
            "h": "2.5",
            "l": "-1.25",
            "c": "1.75",
            "v": 228,
            "dv": "1731135.75",
            "n": 108,
            "s": 1_699_999_980_000,
            "e": 1_700_000_040_000,
        }
    ]
)
MESSAGES = (TRADE, QUOTE, MINUTE, '[{"ev":"status","status":"connected"}]')


@pytest.mark.recordings
def test_recorded_bars_are_read_right(recordings: Path) -> None:
    """Texts on the wire, numbers in the documentation; neither has an average."""
    live, documented = recorded(recordings, "massive_futures/ws_aggs")
    assert only(FEED, live, Update) == Update(
        topic=Topic("AM", "MESU6", Interval.M1),
        value=Bar(
            ts=1_783_930_140,
            open=7592.25,
            high=7593.75,
            low=7591.5,
            close=7593.0,
            volume=228.0,
            trades=108,
        ),
    )
    assert only(FEED, documented, Update) == Update(
        topic=Topic("AM", "6CH5", Interval.M1),
        value=Bar(
            ts=1_734_717_060,
            open=6994.5,
            high=6995.0,
            low=6994.5,
            close=6995.0,
            volume=91.0,
            trades=10,
        ),
    )


@pytest.mark.recordings
def test_the_recorded_quote_is_read_right(recordings: Path) -> None:
    """At its own time, though that of a side is later."""
    (line,) = recorded(recordings, "massive_futures/ws_quotes")
    quote = Quote(
        ts_ns=1_536_036_818_784_000_000,
        bid_price=114.125,
        bid_size=100.0,
        ask_price=114.128,
        ask_size=160.0,
    )
    assert read(FEED, line) == (Update(topic=Topic("Q", "ESZ4"), value=quote),)


@pytest.mark.recordings
def test_recorded_words_about_the_stream_are_understood(recordings: Path) -> None:
    """The handshake, and that another connection has taken the place of this one."""
    lines = recorded(recordings, "massive_futures/ws_handshake")
    assert [event for line in lines for event in read(FEED, line)] == [
        Connected(),
        Authorized(),
        Subscribed(topics=(Topic("A", "NQZ6", "second"),)),
        Subscribed(topics=(Topic("AM", "NQZ6", Interval.M1),)),
    ]
    (crowd,) = recorded(recordings, "massive_futures/ws_errors")
    error = refusal_of(FEED, crowd)
    assert type(error) is QuotaExhausted
    assert error.retry_at == RECEIVED_NS / 10**9 + 60


def test_a_trade_has_no_id() -> None:
    """Trades of one packet share the number that is sent."""
    trade = Trade(ts_ns=AT * 1_000_000, price=6054.25, size=2.0)
    assert read(FEED, TRADE) == (Update(topic=Topic("T", "ESZ5"), value=trade, sequence=9),)


def test_prices_may_be_negative_or_zero() -> None:
    """Those of oil were; a side is empty if its size is 0 or its price is missing."""
    quote = value_of(FEED, QUOTE, Quote)
    assert (quote.bid_price, quote.ask_price) == (-1.25, 0.0)
    assert value_of(FEED, MINUTE, Bar).low == -1.25
    for key, cell in (("bs", 0), ("bp", None)):
        quote = value_of(FEED, changed(QUOTE, (0, key), cell), Quote)
        assert (quote.bid_price, quote.bid_size, quote.ask_size) == (None, None, 3.0)


def test_numbers_may_be_bare_and_unknown_keys_do_not_matter() -> None:
    """Both forms are the same value."""
    bare = changed(changed(MINUTE, (0, "o"), 1.5), (0, "v"), "228")
    assert read(FEED, bare) == read(FEED, MINUTE)
    assert read(FEED, changed(TRADE, (0, "new"), [{}])) == read(FEED, TRADE)


def test_either_version_has_the_stream() -> None:
    """It has no version in its address."""
    assert massive_futures("vX").feed is FEED is not None


def test_what_is_not_known_is_told() -> None:
    """By its kind: there are no kinds of pairs here."""
    assert read(FEED, '[{"ev":"XT","pair":"BTC-USD"}]') == (Unknown("XT"),)


@pytest.mark.parametrize(
    "message",
    [
        *("", "{}", "[null]", MINUTE[:-1], '[{"ev":"AM","sym":"ESZ5"}]'),
        MINUTE.replace('"1.5"', "Infinity"),
        changed(MINUTE, (0, "o"), "1,5"),
        changed(MINUTE, (0, "n"), -(10**30)),
        changed(TRADE, (0, "t"), "soon"),
        changed(TRADE, (0, "p"), None),
        changed(QUOTE, (0, "ap"), "NaN"),
    ],
)
def test_what_cannot_be_read_is_malformed(message: str) -> None:
    """Never half a value, and never a 0 in its place."""
    with pytest.raises(MalformedPayload, match="massive_futures sent an unreadable message"):
        read(FEED, message)
