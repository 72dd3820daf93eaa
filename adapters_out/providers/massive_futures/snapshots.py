"""Massive's snapshots of futures: what is known of contracts now (client-python, state of 2026).

The older vX has none. Minutes are stamped in milliseconds, everything else in nanoseconds.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from msgspec import Struct

from adapters_out.provider_kit.cells import epoch_unit, optional_number
from domain.futures import Snapshot

Cell = float | str | None
_NS = 10**9


class _Details(Struct, frozen=True):
    """The date is nanoseconds in the official sample, a text in the schema."""

    open_interest: Cell = None
    settlement_date: int | str | None = None


class _Minute(Struct, frozen=True):
    close: Cell = None
    volume: Cell = None
    last_updated: int | None = None


class _Quote(Struct, frozen=True):
    bid: Cell = None
    bid_size: Cell = None
    ask: Cell = None
    ask_size: Cell = None
    last_updated: int | None = None


class _Trade(Struct, frozen=True):
    price: Cell = None
    size: Cell = None
    last_updated: int | None = None
    timeframe: str | None = None


class _Session(Struct, frozen=True):
    open: Cell = None
    high: Cell = None
    low: Cell = None
    close: Cell = None
    volume: Cell = None
    change: Cell = None
    change_percent: Cell = None
    previous_settlement: Cell = None
    settlement_price: Cell = None


class SnapshotRow(Struct):
    """Parts that a plan does not include are left out."""

    ticker: str
    product_code: str | None = None
    details: _Details = _Details()
    last_minute: _Minute = _Minute()
    last_quote: _Quote = _Quote()
    last_trade: _Trade = _Trade()
    session: _Session = _Session()


def snapshot_of(row: SnapshotRow) -> Sequence[Snapshot]:
    """In our words; a side of the book of size 0 is empty."""
    trade, minute, quote = row.last_trade, row.last_minute, row.last_quote
    bid, bid_size = _side(quote.bid, quote.bid_size)
    ask, ask_size = _side(quote.ask, quote.ask_size)
    names = _Session.__struct_fields__
    return (
        Snapshot(
            ticker=row.ticker,
            product_code=row.product_code,
            timeframe=trade.timeframe,
            price=optional_number(trade.price),
            size=optional_number(trade.size),
            ts_ns=_ns(trade.last_updated),
            bid_price=bid,
            bid_size=bid_size,
            ask_price=ask,
            ask_size=ask_size,
            quote_ts_ns=_ns(quote.last_updated),
            minute_close=optional_number(minute.close),
            minute_volume=optional_number(minute.volume),
            minute_ts_ns=_ns(minute.last_updated),
            open_interest=optional_number(row.details.open_interest),
            settlement_date=_date(row.details.settlement_date),
            **{name: optional_number(getattr(row.session, name)) for name in names},
        ),
    )


def _side(price: Cell, size: Cell) -> tuple[float | None, float | None]:
    amount = optional_number(size)
    return (None, None) if amount == 0 else (optional_number(price), amount)


def _ns(stamp: int | None) -> int | None:
    return None if stamp is None else stamp * (_NS // epoch_unit(stamp))


def _date(told: int | str | None) -> str | None:
    if not isinstance(told, int):
        return told
    return datetime.fromtimestamp(told // epoch_unit(told), UTC).date().isoformat()
