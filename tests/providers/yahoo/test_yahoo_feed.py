"""What the messages of Yahoo's stream mean."""

import base64
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters_out.provider_kit.feed import LastTraded, Topic, Unknown, Update
from adapters_out.providers.yahoo import PROVIDER
from domain.errors import MalformedPayload
from domain.ticks import Quote, Stamp
from tests.providers.streams import (
    RECEIVED_NS,
    assert_read_or_refused,
    read,
    recorded,
    spoiled,
    value_of,
)
from tests.providers.yahoo.pricing import field, message, number, signed

FEED = PROVIDER.feed
AT = 1_700_000_000_123
AAPL = field(1, b"AAPL")
PRICE, TIME, USD = number(2, 227.31), signed(3, AT), field(4, b"USD")
WHOLE = AAPL + PRICE + TIME + USD + field(5, b"NMS") + signed(9, 5) + signed(27, 2)


@pytest.mark.recordings
def test_the_recorded_price_is_read_right(recordings: Path) -> None:
    """Without the noise of single precision, at the time of the last trade."""
    (line,) = recorded(recordings, "yahoo/ws_pricing")
    last = LastTraded(94745.08, 1_736_509_140_000_000_000)
    expected = (Update(topic=Topic("pricing", "BTC-USD"), value=last),)
    assert read(FEED, line) == expected
    wrapped = json.dumps({"type": "pricing", "message": line.decode()})
    assert read(FEED, wrapped) == expected


def test_a_price_has_its_decimals_and_its_time() -> None:
    """Fields that are not taken do not matter, nor does their order."""
    last = LastTraded(227.31, AT * 1_000_000)
    assert value_of(FEED, message(WHOLE), LastTraded) == last
    other = message(field(99, b"new"), signed(27, 2), USD, TIME, PRICE, AAPL)
    assert value_of(FEED, other, LastTraded) == last


@pytest.mark.parametrize(
    ("price", "hint"), [(34.45, 2), (0.00001234, 8), (0.1234567, 2), (94745.08, 2)]
)
def test_single_precision_adds_no_noise(price: float, hint: int) -> None:
    """Also where the places that are hinted at would not do."""
    body = message(AAPL, number(2, price), signed(27, hint))
    assert value_of(FEED, body, LastTraded).price == price


def test_the_hint_says_how_many_decimals_there_are() -> None:
    """Two, where there is none; more than twelve are a mistake."""
    for hint, shown in ((signed(27, 4), 94745.0781), (signed(27, 2), 94745.08), (b"", 94745.08)):
        body = message(AAPL, number(2, 94745.0781), hint)
        assert value_of(FEED, body, LastTraded).price == shown
    assert value_of(FEED, message(AAPL, PRICE, signed(27, 12)), LastTraded).price > 227
    with pytest.raises(MalformedPayload, match="decimals"):
        read(FEED, message(AAPL, PRICE, signed(27, 13)))


def test_pence_are_parts_of_a_pound() -> None:
    """As wherever Yahoo names such a currency."""
    body = message(AAPL, number(2, 7250.5), field(4, b"GBp"), signed(27, 2))
    assert value_of(FEED, body, LastTraded).price == 72.505


def test_a_quote_is_of_now() -> None:
    """The time that is sent is that of the last trade, and sizes are in lots nobody tells."""
    body = message(WHOLE, number(23, 227.25), signed(24, 3), number(25, 227.5), signed(26, 4))
    _, quote = read(FEED, body)
    assert isinstance(quote, Update)
    assert quote.value == Quote(
        ts_ns=RECEIVED_NS, bid_price=227.25, ask_price=227.5, stamp=Stamp.RECEIPT
    )
    alone = value_of(FEED, message(AAPL, number(23, 0.0), number(25, 227.5)), Quote)
    assert (alone.bid_price, alone.ask_price) == (None, 227.5)


def test_what_is_absent_is_not_known() -> None:
    """Neither a time nor a price is ever 0."""
    assert value_of(FEED, message(AAPL, PRICE), LastTraded).ts_ns is None
    assert value_of(FEED, message(AAPL, PRICE, signed(3, 0)), LastTraded).ts_ns is None
    nothing = (Unknown("pricing of AAPL without a price"),)
    assert read(FEED, message(AAPL)) == nothing
    assert read(FEED, message(AAPL, number(2, 0.0))) == nothing


def test_what_is_not_known_is_told() -> None:
    """By its type; other keys do not matter."""
    assert read(FEED, '{"type":"news","message":"x"}') == (Unknown("news"),)
    more = json.dumps({"type": "pricing", "message": message(WHOLE), "new": [None]})
    assert value_of(FEED, more, LastTraded).price == 227.31


@pytest.mark.parametrize(
    "body",
    [
        *("", "{}", "[]", "x", "%%%%", '{"type":"pricing"}', '{"type":"pricing","message":"%"}'),
        message(WHOLE)[:-8],
        message(PRICE),
        message(field(1, 5), PRICE),
        message(field(1, b"\xff"), PRICE),
        message(AAPL, field(2, b"text")),
        message(number(1, 1.5), PRICE),
        message(AAPL, field(2, 5)),
        message(AAPL, number(2, float("nan"))),
        message(AAPL, number(2, float("inf"))),
        message(AAPL, PRICE, field(3, b"soon")),
        message(AAPL, PRICE, signed(27, 10**15)),
        message(AAPL, PRICE, signed(27, -1)),
    ],
)
def test_what_cannot_be_read_is_malformed(body: str) -> None:
    """Never half a value, and never a 0 in its place."""
    with pytest.raises(MalformedPayload, match="yahoo sent an unreadable message"):
        read(FEED, body)


@given(spoiled([json.dumps({"type": "pricing", "message": message(WHOLE)})]))
def test_whatever_comes_is_read_or_refused(body: bytes) -> None:
    """No other exception, and no number that is none."""
    assert_read_or_refused(FEED, body)


@given(st.binary(max_size=60), st.integers(0, len(WHOLE)), st.integers(0, len(WHOLE)))
def test_whatever_its_bytes_hold_is_read_or_refused(noise: bytes, end: int, start: int) -> None:
    """Beneath the Base64, too: noise in place of some of them."""
    body = base64.b64encode(WHOLE[:end] + noise + WHOLE[start:])
    assert_read_or_refused(FEED, body)
