"""Ticks: single trades and quotes with the venue's own time.

Times are integer nanoseconds since the epoch: 19 digits do not fit into a float, so they never
go through one.
"""

from enum import Enum

from msgspec import Struct

from domain.instrument import Instrument


class Side(Enum):
    """Which side took liquidity, the taker's, whatever side the venue reports."""

    BUY = "buy"
    SELL = "sell"


class Trade(Struct, frozen=True, kw_only=True):
    """One trade at ``ts_ns`` of the venue's clock (Unix ns).

    ``id`` is the venue's own (empty: none was sent); ``session`` the ISO date of the futures
    session it belongs to; ``None`` means "not sent".
    """

    ts_ns: int
    price: float
    size: float
    id: str = ""
    side: Side | None = None
    session: str | None = None


class Quote(Struct, frozen=True, kw_only=True):
    """The best bid and ask at ``ts_ns`` (Unix ns); a side that is empty is None, never 0."""

    ts_ns: int
    bid_price: float | None = None
    bid_size: float | None = None
    ask_price: float | None = None
    ask_size: float | None = None
    session: str | None = None


class TicksAsk(Struct, frozen=True, kw_only=True):
    """A request for ticks in ``[start_ns, end_ns)`` (Unix ns; None: open).

    With ``newest`` the last ``limit`` of them, else the first.
    """

    instrument: Instrument
    limit: int
    start_ns: int | None = None
    end_ns: int | None = None
    newest: bool = True
