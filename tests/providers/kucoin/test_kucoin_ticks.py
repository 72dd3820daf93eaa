"""KuCoin's trades and quotes: the last hundred and the book of now."""

import json
from pathlib import Path

import msgspec
import pytest

from adapters_out.provider_kit.cells import Unreadable
from adapters_out.providers.kucoin import PROVIDER
from domain.errors import NotListed
from domain.ticks import Stamp
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


def test_recorded_trades_are_read_right(recordings: Path) -> None:
    """As another parser reads them, told apart by their sequence."""
    folder = recordings / "kucoin"
    body = (folder / "histories__1.json").read_bytes()
    trades = read_trades(TRADES, body)
    assert as_expected(trades) == expected_trades(folder / "histories__1.expected.json")
    assert [t.id for t in trades] == [row["sequence"] for row in json.loads(body)["data"]]
    assert trades[0].ts_ns == 1_729_177_117_877_000_000


def test_the_recorded_book_is_read_right(recordings: Path) -> None:
    """Best bid and ask at the venue's own time; another parser leaves the prices out."""
    body = (recordings / "kucoin" / "ticker_level1__1.json").read_bytes()
    quote = read_quote(PROVIDER.quotes, body)
    assert quote.ts_ns == 1_729_172_965_609_000_000
    assert quote.stamp is Stamp.VENUE
    assert (quote.bid_price, quote.bid_size) == (67267.5, 0.000025)
    assert (quote.ask_price, quote.ask_size) == (67267.6, 1.24808993)


def test_nothing_is_known_before_the_last_hundred() -> None:
    """An empty answer knows nothing at all."""
    row = '{"sequence":"1","price":"1","size":"1","side":"buy","time":1729177117877000000}'
    part = TRADES.read(reply(f'{{"code":"200000","data":[{row}]}}'.encode()), ask())
    assert part.known_from_ns == 1_729_177_117_877_000_001
    empty = TRADES.read(reply(b'{"code":"200000","data":[]}'), ask())
    assert empty.known_from_ns == RECEIVED_NS + 1


@pytest.mark.parametrize("endpoint", ["trades", "quotes"])
def test_no_data_is_an_unknown_pair(endpoint: str) -> None:
    """With the code of success."""
    ticks = getattr(PROVIDER, endpoint)
    with pytest.raises(NotListed):
        ticks.read(reply(b'{"code":"200000","data":null}'), ask())


def test_an_empty_side_is_absent() -> None:
    """Null, missing or 0; without a time it is ours, and said to be."""
    body = b'{"code":"200000","data":{"bestBid":"0","bestBidSize":"0","bestAsk":null}}'
    quote = read_quote(PROVIDER.quotes, body)
    assert quote.bid_price is quote.bid_size is quote.ask_price is quote.ask_size is None
    assert quote.stamp is Stamp.RECEIPT


@pytest.mark.parametrize(
    "row",
    [
        '{"sequence":"1","price":"x","size":"1","side":"buy","time":1}',
        '{"sequence":"1","price":"1","size":"1","side":"both","time":1}',
        "[]",
    ],
)
def test_another_shape_is_unreadable(row: str) -> None:
    """It is never an empty answer."""
    with pytest.raises((Unreadable, msgspec.ValidationError)):
        read_trades(TRADES, f'{{"code":"200000","data":[{row}]}}'.encode())
