"""Kraken's trades and quotes: what is asked, and what the answers mean."""

import json
from pathlib import Path

import msgspec
import pytest

from adapters_out.provider_kit.calls import Call
from adapters_out.provider_kit.cells import Unreadable
from adapters_out.providers.kraken import PROVIDER
from domain.ticks import Side, Stamp, TicksAsk
from tests.providers.ticks import (
    as_expected,
    ask,
    expected_trades,
    read_quote,
    read_trades,
    reply,
)

assert PROVIDER.trades is not None
TRADES = PROVIDER.trades
S = 10**9


def asked(question: TicksAsk) -> dict[str, str | int]:
    """The parameters."""
    call = TRADES.ask(question)
    assert isinstance(call, Call)
    assert call.path == "/0/public/Trades"
    return dict(call.params)


def page(count: int, second: int = 1_700_000_000) -> bytes:
    """Trades of one second each."""
    rows = ",".join(f'["1.5","2.0",{second + k}.1234567,"s","l","",{k}]' for k in range(count))
    last = f"{second + count - 1}123456789"
    return f'{{"error":[],"result":{{"XXBTZUSD":[{rows}],"last":"{last}"}}}}'.encode()


def test_recorded_trades_are_read_right(recordings: Path) -> None:
    """As another parser reads them, and to the last digit of the time that was sent."""
    folder = recordings / "kraken"
    (trade,) = trades = read_trades(TRADES, (folder / "Trades__1.json").read_bytes())
    assert as_expected(trades) == expected_trades(folder / "Trades__1.expected.json")
    assert trade.id == "6324366"
    assert trade.ts_ns == 1_710_327_959_173_346_800


@pytest.mark.parametrize("name", ["Ticker__2", "Ticker__3"])
def test_the_recorded_book_is_read_right(recordings: Path, name: str) -> None:
    """Best bid and ask with our time; sizes are the last of the values."""
    body = (recordings / "kraken" / f"{name}.json").read_bytes()
    (ticker,) = json.loads(body)["result"].values()
    quote = read_quote(PROVIDER.quotes, body)
    assert (quote.bid_price, quote.ask_price) == (float(ticker["b"][0]), float(ticker["a"][0]))
    assert (quote.bid_size, quote.ask_size) == (float(ticker["b"][-1]), float(ticker["a"][-1]))
    assert quote.stamp is Stamp.RECEIPT


def test_the_question_says_from_where() -> None:
    """``since`` is exclusive; before an end alone, a minute is looked through."""
    assert asked(ask(limit=7)) == {"pair": "XBTUSDT", "count": 7}
    since = asked(ask(start_ns=5 * S, newest=False, limit=7))
    assert since == {"pair": "XBTUSDT", "count": 1000, "since": 5 * S - 1}
    assert asked(ask(end_ns=1000 * S))["since"] == 940 * S - 1
    for first in (ask(start_ns=0, newest=False), ask(end_ns=30 * S)):
        assert asked(first)["since"] == 0


def test_pages_follow_from_the_last_moment() -> None:
    """``last`` is the cursor; less than a thousand rows are the last page."""
    forward = ask(start_ns=1, newest=False)
    more = TRADES.read(reply(page(1000)), forward).more
    assert more is not None
    assert more.params["since"] == "1700000999123456789"
    assert TRADES.read(reply(page(999)), forward).more is None


def test_the_newest_say_nothing_of_what_was_before() -> None:
    """Only from the second moment on nothing is missing."""
    part = TRADES.read(reply(page(3)), ask())
    assert part.known_from_ns == 1_700_000_000_123_456_700 + 1
    assert part.more is None


def test_times_keep_their_digits() -> None:
    """As a number or as a text; the side is the taker's."""
    (trade,) = read_trades(TRADES, page(1))
    assert trade.ts_ns == 1_700_000_000_123_456_700
    assert trade.side is Side.SELL
    text = page(1).replace(b"1700000000.1234567", b'"1700000000.1234567"')
    assert read_trades(TRADES, text) == [trade]


@pytest.mark.parametrize(
    "change",
    [(b'"s"', b'"x"'), (b"1700000000.1234567", b"null"), (b'"1.5"', b'"-"'), (b'"last"', b'"no"')],
)
def test_another_shape_is_unreadable(change: tuple[bytes, bytes]) -> None:
    """It is never an empty answer."""
    with pytest.raises((Unreadable, msgspec.ValidationError, KeyError)):
        read_trades(TRADES, page(1).replace(*change))
