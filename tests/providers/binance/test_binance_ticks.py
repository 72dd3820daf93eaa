"""Binance's trades and quotes: what is asked, and what the answers mean."""

import json
from pathlib import Path

import msgspec
import pytest

from adapters_out.provider_kit.calls import Call
from adapters_out.provider_kit.cells import Unreadable
from adapters_out.providers.binance import PROVIDER
from domain.ticks import Side, Stamp, TicksAsk
from tests.providers.ticks import (
    RECEIVED_NS,
    as_expected,
    ask,
    expected_trades,
    read_quote,
    read_trades,
    reply,
)

assert PROVIDER.trades is not None
TRADES = PROVIDER.trades


def asked(question: TicksAsk) -> dict[str, str | int]:
    """The parameters."""
    call = TRADES.ask(question)
    assert isinstance(call, Call)
    assert (call.path, call.weight) == ("/api/v3/aggTrades", 4)
    return dict(call.params)


def rows(first: int, count: int, ms: int = 1_700_000_000_000) -> bytes:
    """Aggregated trades, one a millisecond."""
    return json.dumps(
        [
            {"a": k, "p": "1.50", "q": "2", "f": k, "l": k, "T": ms + k - first, "m": False}
            for k in range(first, first + count)
        ]
    ).encode()


@pytest.mark.parametrize("name", ["aggTrades__1", "aggTrades__2"])
def test_recorded_trades_are_read_right(recordings: Path, name: str) -> None:
    """As another parser reads them, ids included."""
    folder = recordings / "binance"
    body = (folder / f"{name}.json").read_bytes()
    trades = read_trades(TRADES, body)
    assert as_expected(trades) == expected_trades(folder / f"{name}.expected.json")
    assert [t.id for t in trades] == [str(row["a"]) for row in json.loads(body)]


def test_the_recorded_book_is_read_right(recordings: Path) -> None:
    """Four numbers; its time is ours, and said to be."""
    folder = recordings / "binance"
    quote = read_quote(PROVIDER.quotes, (folder / "bookTicker__1.json").read_bytes())
    said = json.loads((folder / "bookTicker__1.expected.json").read_text())["ticker"]
    assert (quote.bid_price, quote.bid_size) == (said["bid"], said["bidVolume"])
    assert (quote.ask_price, quote.ask_size) == (said["ask"], said["askVolume"])
    assert quote.stamp is Stamp.RECEIPT
    assert quote.ts_ns == RECEIVED_NS


def test_an_empty_book_has_no_prices() -> None:
    """A halted pair shows 0, which is no price."""
    zero = b'{"bidPrice":"0.00","bidQty":"0.00","askPrice":"0.00","askQty":"0.00"}'
    quote = read_quote(PROVIDER.quotes, zero)
    assert quote.bid_price is quote.bid_size is quote.ask_price is quote.ask_size is None


def test_the_question_says_from_where() -> None:
    """The newest, the newest before an end, or the first since a start."""
    assert asked(ask(limit=7)) == {"symbol": "BTCUSDT", "limit": 7}
    before = asked(ask(end_ns=1_700_000_000_001_000_000))
    assert before == {"symbol": "BTCUSDT", "limit": 1000, "endTime": 1_700_000_000_000}
    since = asked(ask(start_ns=1_700_000_000_001_999_999, newest=False, limit=5000))
    assert since == {"symbol": "BTCUSDT", "limit": 1000, "startTime": 1_700_000_000_001}


def test_pages_follow_by_id() -> None:
    """Times must not be sent with an id; a page that is not full is the last."""
    forward = ask(start_ns=1, newest=False)
    more = TRADES.read(reply(rows(5, 1000)), forward).more
    assert more is not None
    assert dict(more.params) == {"symbol": "BTCUSDT", "fromId": 1005, "limit": 1000}
    assert TRADES.read(reply(rows(5, 999)), forward).more is None
    ended = msgspec.structs.replace(forward, end_ns=1_700_000_000_000_000_500)
    assert TRADES.read(reply(rows(5, 1000)), ended).more is None
    back = TRADES.read(reply(rows(5000, 1000)), ask()).more
    assert back is not None
    assert back.params["fromId"] == 4000
    assert TRADES.read(reply(rows(0, 1000)), ask()).more is None


def test_microseconds_are_told_from_milliseconds() -> None:
    """Either unit is the same moment."""
    (trade,) = read_trades(TRADES, rows(1, 1, 1_700_000_000_123_456))
    assert trade.ts_ns == 1_700_000_000_123_456_000
    assert trade.side is Side.BUY


@pytest.mark.parametrize(
    "body",
    [b"{}", b"[1]", b'[{"a":1}]', b'[{"a":1,"p":"NaN","q":"1","T":1700000000000,"m":true}]'],
)
def test_another_shape_is_unreadable(body: bytes) -> None:
    """It is never an empty answer."""
    with pytest.raises((Unreadable, msgspec.ValidationError)):
        read_trades(TRADES, body)
