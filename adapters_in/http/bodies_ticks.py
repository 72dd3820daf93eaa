"""The bodies of trades and quotes. Times are Unix seconds, ``_ns`` Unix nanoseconds."""

from typing import Literal

from msgspec import Struct

from adapters_in.http.bodies_series import Span


class TradeRow(Struct, frozen=True, kw_only=True):
    """One trade; ``side`` is the taker's; null was not sent."""

    ts: int
    ts_ns: int
    price: float
    size: float
    side: Literal["buy", "sell"] | None
    id: str | None
    received_ns: int


class QuoteRow(Struct, frozen=True, kw_only=True):
    """The top of the book; ``ts_source`` says whose clock ``ts_ns`` is; null was not sent."""

    ts: int
    ts_ns: int
    bid_price: float | None
    bid_size: float | None
    ask_price: float | None
    ask_size: float | None
    ts_source: Literal["venue", "receipt"]
    received_ns: int


class _Ticks(Struct, frozen=True, kw_only=True):
    """Whose answer it is, and how it came about."""

    symbol: str
    instrument: str
    provider: str
    cached: bool
    stale: bool
    substituted: bool
    demo: bool


class Trades(_Ticks, frozen=True, kw_only=True):
    """Trades, ascending; ``gaps`` are stretches (to the second) where some may be missing.

    They lie between ``start``, or without one the first row, and ``end``.
    """

    data: tuple[TradeRow, ...]
    gaps: tuple[Span, ...]
    next: str | None


class Quotes(_Ticks, frozen=True, kw_only=True):
    """Quotes, ascending; ``gaps`` are stretches (to the second) where some may be missing.

    They lie between ``start``, or without one the first row, and ``end``.
    """

    data: tuple[QuoteRow, ...]
    gaps: tuple[Span, ...]
    next: str | None
