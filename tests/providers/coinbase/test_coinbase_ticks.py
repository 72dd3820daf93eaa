"""Coinbase's trades and quotes: found by id, sides turned round."""

import json
from pathlib import Path

import msgspec
import pytest

from adapters_out.provider_kit.calls import Call
from adapters_out.provider_kit.cells import Unreadable
from adapters_out.providers.coinbase import PROVIDER
from domain.ticks import Side, Stamp
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


def page(first: int, count: int) -> bytes:
    """Trades ``[first, first + count)``, newest first, one a second."""
    return json.dumps(
        [
            {
                "trade_id": k,
                "side": "buy",
                "size": "0.5",
                "price": "100.25",
                "time": f"2024-03-13T{k // 3600:02}:{k // 60 % 60:02}:{k % 60:02}.000001Z",
            }
            for k in range(first + count - 1, first - 1, -1)
        ]
    ).encode()


def test_recorded_trades_are_read_right(recordings: Path) -> None:
    """As another parser reads them: the maker sold, so the taker bought."""
    folder = recordings / "coinbase"
    (trade,) = trades = read_trades(TRADES, (folder / "trades__1.json").read_bytes())
    assert as_expected(trades) == expected_trades(folder / "trades__1.expected.json")
    assert trade.id == "18502034"
    assert trade.ts_ns == 1_710_327_617_710_679_000
    assert trade.side is Side.BUY


def test_the_recorded_top_is_read_right(recordings: Path) -> None:
    """Its time is that of the last trade: the quote's is ours, and said to be."""
    folder = recordings / "coinbase"
    quote = read_quote(PROVIDER.quotes, (folder / "ticker__1.json").read_bytes())
    said = json.loads((folder / "ticker__1.expected.json").read_text())
    assert (quote.bid_price, quote.ask_price) == (said["bid"], said["ask"])
    assert quote.bid_size is quote.ask_size is None
    assert (quote.stamp, quote.ts_ns) == (Stamp.RECEIPT, RECEIVED_NS)


def test_the_newest_need_no_search() -> None:
    """One call, as many as were asked for."""
    call = TRADES.ask(ask(limit=7))
    assert isinstance(call, Call)
    assert (call.path, dict(call.params)) == ("/products/BTC-USDT/trades", {"limit": 7})


@pytest.mark.parametrize(("newest", "after"), [(True, 500), (False, 1500)])
def test_a_moment_is_looked_up_first(newest: bool, after: int) -> None:
    """The page ends before the moment, or begins at it."""
    moment = 1_710_288_000 * 10**9 + 500 * 10**9  # when trade 500 comes next
    steps = TRADES.ask(ask(end_ns=moment, start_ns=moment, newest=newest))
    assert not isinstance(steps, Call)
    assert dict(next(steps).params) == {"limit": 1000}
    with pytest.raises(StopIteration) as end:
        steps.send(reply(page(100, 1000)))
    assert dict(end.value.value.params) == {"limit": 1000, "after": after}


def test_pages_follow_by_id() -> None:
    """Older ones below the oldest, newer ones a thousand above the newest."""
    older = TRADES.read(reply(page(2001, 1000)), ask()).more
    assert older is not None
    assert older.params["after"] == 2001
    newer = TRADES.read(reply(page(2001, 1000)), ask(start_ns=1, newest=False)).more
    assert newer is not None
    assert newer.params["after"] == 4001
    assert TRADES.read(reply(page(1, 1000)), ask()).more is None
    ended = ask(start_ns=1, newest=False, end_ns=1_710_288_000 * 10**9)
    assert TRADES.read(reply(page(2001, 1000)), ended).more is None
    assert TRADES.read(reply(b"[]"), ask()).more is None


@pytest.mark.parametrize(
    "change",
    [(b'"buy"', b'"both"'), (b"Z", b""), (b'"100.25"', b'"NaN"'), (b'"trade_id"', b'"id"')],
)
def test_another_shape_is_unreadable(change: tuple[bytes, bytes]) -> None:
    """It is never an empty answer."""
    with pytest.raises((Unreadable, msgspec.ValidationError)):
        read_trades(TRADES, page(1, 1).replace(*change))
