"""Rows of Massive's lists, and the records that they mean.

In the older vX the day is called ``as_of``, and the events of a session are nested in its row.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime

from msgspec import Struct

from adapters_out.provider_kit.cells import number, optional_number
from adapters_out.providers.massive_futures.snapshots import SnapshotRow, snapshot_of
from domain.futures import (
    Aggregate,
    Contract,
    FuturesKind,
    FuturesRecord,
    MarketStatus,
    Product,
    SessionEvent,
    Venue,
)

# Python reads more than this as a time.
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", re.ASCII)


class _Product(Product, frozen=True, kw_only=True):
    """With the multiplier under its older name."""

    unit_of_measure_quantity: float | None = None


def _product(row: _Product) -> Sequence[Product]:
    quantity = row.unit_of_measure_qty
    names = set(Product.__struct_fields__)
    values = {name: getattr(row, name) for name in names}
    values["unit_of_measure_qty"] = row.unit_of_measure_quantity if quantity is None else quantity
    return (Product(**values),)


class ContractRow(Contract, frozen=True, kw_only=True):
    """With its day under its older name."""

    as_of: str | None = None


def _contract(row: ContractRow) -> Sequence[Contract]:
    values = {name: getattr(row, name) for name in Contract.__struct_fields__}
    return (Contract(**values | {"date": row.date or row.as_of}),)


class _Event(Struct):
    event: str | None = None
    timestamp: str | None = None


class _Session(Struct):
    """One event, or in vX all events of a session."""

    product_code: str | None = None
    product_name: str | None = None
    session_end_date: str | None = None
    trading_venue: str | None = None
    event: str | None = None
    timestamp: str | None = None
    schedule: tuple[_Event, ...] | None = None


def _events(row: _Session) -> Sequence[SessionEvent]:
    events = (_Event(row.event, row.timestamp),) if row.schedule is None else row.schedule
    return [
        SessionEvent(
            product_code=row.product_code,
            product_name=row.product_name,
            session_end_date=row.session_end_date,
            event=each.event,
            ts=seconds_of(each.timestamp),
            timestamp=each.timestamp,
            trading_venue=row.trading_venue,
        )
        for each in events
    ]


class _Status(Struct):
    """The event was once called a status."""

    product_code: str | None = None
    name: str | None = None
    market_event: str | None = None
    market_status: str | None = None
    session_end_date: str | None = None
    timestamp: str | None = None
    trading_venue: str | None = None


def _status(row: _Status) -> Sequence[MarketStatus]:
    names = set(_Status.__struct_fields__) - {"market_status"}
    values = {name: getattr(row, name) for name in names}
    values["market_event"] = row.market_event or row.market_status
    return (MarketStatus(ts=seconds_of(row.timestamp), **values),)


class _Venue(Venue, frozen=True, kw_only=True):
    """Its number is a text, or was once a number."""

    id: str | int | None = None  # type: ignore[assignment]  # what the wire may hold


def _venue(row: _Venue) -> Sequence[Venue]:
    values = {name: getattr(row, name) for name in Venue.__struct_fields__}
    return (Venue(**values | {"id": None if row.id is None else str(row.id)}),)


class _Aggregate(Struct):
    ticker: str | None = None
    window_start: int | None = None
    session_end_date: str | None = None
    open: float | str | None = None
    high: float | str | None = None
    low: float | str | None = None
    close: float | str | None = None
    volume: float | str | None = None
    transactions: int | None = None
    dollar_volume: float | str | None = None
    settlement_price: float | str | None = None


def _aggregate(row: _Aggregate) -> Sequence[Aggregate]:
    """Nothing of a row that lacks its time or a price: a window without prices is none."""
    prices = [row.open, row.high, row.low, row.close]
    if row.window_start is None or None in prices:
        return ()
    opened, high, low, close = map(number, prices)
    rest = (row.volume, row.dollar_volume, row.settlement_price)
    volume, turnover, settled = map(optional_number, rest)
    return (
        Aggregate(
            ticker=row.ticker,
            ts_ns=row.window_start,
            session_end_date=row.session_end_date,
            open=opened,
            high=high,
            low=low,
            close=close,
            volume=volume,
            transactions=row.transactions,
            dollar_volume=turnover,
            settlement_price=settled,
        ),
    )


READERS: Mapping[FuturesKind, tuple[Callable[..., Sequence[FuturesRecord]], type]] = {
    FuturesKind.CONTRACTS: (_contract, ContractRow),
    FuturesKind.PRODUCTS: (_product, _Product),
    FuturesKind.SCHEDULES: (_events, _Session),
    FuturesKind.MARKET_STATUS: (_status, _Status),
    FuturesKind.EXCHANGES: (_venue, _Venue),
    FuturesKind.AGGREGATES: (_aggregate, _Aggregate),
    FuturesKind.SNAPSHOT: (snapshot_of, SnapshotRow),
}


def seconds_of(text: str | None) -> int | None:
    """Unix seconds of an RFC 3339 time; None for what is none, of which an official sample has."""
    if text is None or not _RFC3339.fullmatch(text):
        return None
    with suppress(ValueError):  # the 30th of February
        return int(datetime.fromisoformat(text).timestamp())
    return None
