"""Massive's snapshots of futures, and its older version, which has none."""

import json

import pytest

from adapters_out.provider_kit.calls import Call, Reply
from adapters_out.provider_kit.faults import UNREADABLE
from adapters_out.providers.massive_futures import PROVIDER, massive_futures
from domain.errors import CallRefused
from domain.futures import FuturesAsk, FuturesKind, Snapshot
from domain.provider import Capability

assert PROVIDER.futures is not None
FUTURES = PROVIDER.futures
# As the models of massive-com/client-python name the fields; minutes in ms, the rest in ns.
ROW = {
    "ticker": "ESZ5",
    "product_code": "ES",
    "details": {"open_interest": 2_100_000, "settlement_date": 1_766_102_400_000_000_000},
    "last_minute": {
        "open": 6053.5,
        "high": 6055,
        "low": 6053,
        "close": 6054.25,
        "volume": 812,
        "last_updated": 1_763_474_400_000,
        "timeframe": "DELAYED",
    },
    "last_quote": {
        "ask": 6054.5,
        "ask_size": 12,
        "ask_timestamp": 1_763_474_429_000_000_000,
        "bid": "6054.25",
        "bid_size": 9,
        "bid_timestamp": 1_763_474_429_000_000_000,
        "last_updated": 1_763_474_429_500_000_001,
    },
    "last_trade": {
        "price": "6054.25",
        "size": 2,
        "timeframe": "DELAYED",
        "last_updated": 1_763_474_429_123_456_789,
    },
    "session": {
        "open": 6040,
        "high": 6060.25,
        "low": 6031.75,
        "close": 6054.25,
        "volume": 990_000,
        "change": 14.25,
        "change_percent": 0.236,
        "previous_settlement": 6040,
        "settlement_price": 6041.5,
    },
}


def read(*rows: object) -> list[object]:
    """The records of an answer."""
    body = json.dumps({"status": "OK", "results": rows, "request_id": 7}).encode()
    ask = FuturesAsk(kind=FuturesKind.SNAPSHOT)
    return list(FUTURES.read(Reply(200, body), ask).records)


def test_a_snapshot_is_read_with_all_its_parts() -> None:
    """Stamps to the nanosecond, numbers from texts, the day of settlement as a date."""
    assert read(ROW | {"new": {}}) == [
        Snapshot(
            ticker="ESZ5",
            product_code="ES",
            timeframe="DELAYED",
            price=6054.25,
            size=2.0,
            ts_ns=1_763_474_429_123_456_789,
            bid_price=6054.25,
            bid_size=9.0,
            ask_price=6054.5,
            ask_size=12.0,
            quote_ts_ns=1_763_474_429_500_000_001,
            minute_close=6054.25,
            minute_volume=812.0,
            minute_ts_ns=1_763_474_400_000_000_000,
            open=6040.0,
            high=6060.25,
            low=6031.75,
            close=6054.25,
            volume=990_000.0,
            change=14.25,
            change_percent=0.236,
            previous_settlement=6040.0,
            settlement_price=6041.5,
            open_interest=2_100_000.0,
            settlement_date="2025-12-19",
        )
    ]


def test_what_a_plan_does_not_include_is_absent() -> None:
    """So is a side of the book that is empty; a date may be a text."""
    bare = {"ticker": "ESZ5", "details": {"settlement_date": "2025-12-19"}}
    empty = {"last_quote": {"bid": 0, "bid_size": 0, "ask": 6054.5}}
    assert read(bare | empty) == [
        Snapshot(ticker="ESZ5", settlement_date="2025-12-19", ask_price=6054.5)
    ]


@pytest.mark.parametrize("row", [{}, {"ticker": None}, {"ticker": "E", "session": []}])
def test_another_shape_is_unreadable(row: object) -> None:
    """A snapshot is of somebody."""
    with pytest.raises(UNREADABLE):
        read(row)


def test_snapshots_are_asked_for_by_contract_or_product() -> None:
    """With a limit, for the default cuts silently."""
    ask = FuturesAsk(kind=FuturesKind.SNAPSHOT, filters=(("product_code", "ES"),))
    assert FUTURES.ask(ask) == Call("/futures/v1/snapshot", {"limit": 1000, "product_code": "ES"})


def test_the_older_version_has_none() -> None:
    """Nothing is asked for; it has no price either, which is read from a snapshot."""
    old = massive_futures("vX")
    assert old.futures is not None
    with pytest.raises(CallRefused, match="vX"):
        old.futures.ask(FuturesAsk(kind=FuturesKind.SNAPSHOT))
    assert old.price is None
    assert Capability.PRICE not in old.capabilities.offers


def test_a_status_of_the_older_version_is_its_event() -> None:
    """It was called otherwise."""
    body = b'{"results":[{"market_status":"open","product_code":"ES","trading_venue":"XCME"}]}'
    ask = FuturesAsk(kind=FuturesKind.MARKET_STATUS)
    (status,) = FUTURES.read(Reply(200, body), ask).records
    assert getattr(status, "market_event", None) == "open"
