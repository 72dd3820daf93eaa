"""The bodies of the futures routes; ``None`` was not sent. Times are Unix seconds."""

from typing import Literal

from msgspec import Struct, field

from domain.futures import Contract, MarketStatus, Product, SessionEvent, Snapshot, Venue

Asked = dict[str, str | int | float | bool | None]


class ContractRow(Contract, frozen=True, kw_only=True):
    """A contract and its name among our instruments; null for spreads."""

    instrument_id: str | None = field(name="instrument")


class SnapshotRow(Snapshot, frozen=True, kw_only=True):
    """A snapshot, and the second of its last trade."""

    ts: int | None


class AggregateRow(Struct, frozen=True, kw_only=True):
    """One window; ``ts`` is its open, of a session the first moment of its date."""

    ts: int
    ts_ns: int
    open: float
    high: float
    low: float
    close: float
    volume: int | float | None
    transactions: int | None
    dollar_volume: float | None
    settlement_price: float | None
    session_end_date: str | None
    ticker: str


class FuturesTradeRow(Struct, frozen=True, kw_only=True):
    """One trade."""

    ts: int
    ts_ns: int
    price: float
    size: int | float
    ticker: str
    session_end_date: str | None


class FuturesQuoteRow(Struct, frozen=True, kw_only=True):
    """The best bid and ask; a side that is empty is null."""

    ts: int
    ts_ns: int
    bid_price: float | None
    bid_size: int | float | None
    ask_price: float | None
    ask_size: int | float | None
    ticker: str
    session_end_date: str | None


class _Envelope(Struct, frozen=True, kw_only=True):
    """Whose answer it is, what was asked, and how fresh the answer is.

    ``request`` has the parameters that counted, defaults too; ``fetched_at`` is when the
    provider was asked for the beginning of it; ``next`` is the ``cursor`` of the next page.
    """

    provider: str
    request: Asked
    next: str | None
    cached: bool
    stale: bool
    fetched_at: int
    age_s: int
    demo: bool


class Contracts(_Envelope, frozen=True, kw_only=True):
    """Contracts, or the one that was asked for."""

    endpoint_type: Literal["contracts", "contract"]
    data: tuple[ContractRow, ...]


class Products(_Envelope, frozen=True, kw_only=True):
    """Products, or the one that was asked for."""

    endpoint_type: Literal["products", "product"]
    data: tuple[Product, ...]


class Schedules(_Envelope, frozen=True, kw_only=True):
    """The events of sessions, each once."""

    endpoint_type: Literal["schedules", "product_schedules"]
    data: tuple[SessionEvent, ...]


class Statuses(_Envelope, frozen=True, kw_only=True):
    """Which markets are open."""

    endpoint_type: Literal["market_status"]
    data: tuple[MarketStatus, ...]


class Venues(_Envelope, frozen=True, kw_only=True):
    """The exchanges."""

    endpoint_type: Literal["exchanges"]
    data: tuple[Venue, ...]


class Snapshots(_Envelope, frozen=True, kw_only=True):
    """Contracts as they are now."""

    endpoint_type: Literal["snapshot"]
    data: tuple[SnapshotRow, ...]


class Aggregates(_Envelope, frozen=True, kw_only=True):
    """Windows in the order that was asked for."""

    endpoint_type: Literal["aggs"]
    data: tuple[AggregateRow, ...]


class FuturesTrades(_Envelope, frozen=True, kw_only=True):
    """Trades in the order that was asked for."""

    endpoint_type: Literal["trades"]
    data: tuple[FuturesTradeRow, ...]


class FuturesQuotes(_Envelope, frozen=True, kw_only=True):
    """Quotes in the order that was asked for."""

    endpoint_type: Literal["quotes"]
    data: tuple[FuturesQuoteRow, ...]
