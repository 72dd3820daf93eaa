"""Rows of Massive's lists, and the records that they mean.

In the older vX the day is called ``as_of``, and the events of a session are nested in its row.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime

from msgspec import Struct

from adapters_out.provider_kit.cells import number, optional_number, whole
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

Cell = float | str | None

# Python reads more than this as a time.
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", re.ASCII)


class _Product(Product, frozen=True, kw_only=True):
    """With the multiplier, a number or a text, also under its older name."""

    unit_of_measure_qty: Cell = None  # type: ignore[assignment]  # what the wire may hold
    unit_of_measure_quantity: Cell = None


def _product(row: _Product) -> Sequence[Product]:
    quantity: Cell = row.unit_of_measure_qty
    names = set(Product.__struct_fields__)
    values = {name: getattr(row, name) for name in names}
    told = row.unit_of_measure_quantity if quantity is None else quantity
    return (Product(**values | {"unit_of_measure_qty": optional_number(told)}),)


class ContractRow(Contract, frozen=True, kw_only=True):
    """With its day under its older name; numbers may be texts."""

    as_of: str | None = None
    trade_tick_size: Cell = None  # type: ignore[assignment]  # what the wire may hold
    settlement_tick_size: Cell = None  # type: ignore[assignment]  # what the wire may hold
    spread_tick_size: Cell = None  # type: ignore[assignment]  # what the wire may hold
    days_to_maturity: Cell = None  # type: ignore[assignment]  # what the wire may hold
    min_order_quantity: Cell = None  # type: ignore[assignment]  # what the wire may hold
    max_order_quantity: Cell = None  # type: ignore[assignment]  # what the wire may hold


_SIZES = ("trade_tick_size", "settlement_tick_size", "spread_tick_size")
_COUNTS = ("days_to_maturity", "min_order_quantity", "max_order_quantity")


def _contract(row: ContractRow) -> Sequence[Contract]:
    values = {name: getattr(row, name) for name in Contract.__struct_fields__}
    values |= {name: optional_number(values[name]) for name in _SIZES}
    values |= {name: _count(values[name]) for name in _COUNTS}
    return (Contract(**values | {"date": row.date or row.as_of}),)


def _count(cell: Cell) -> int | None:
    return None if cell is None else whole(cell)


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
    open: Cell = None
    high: Cell = None
    low: Cell = None
    close: Cell = None
    volume: Cell = None
    transactions: Cell = None
    dollar_volume: Cell = None
    settlement_price: Cell = None


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
            transactions=_count(row.transactions),
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
