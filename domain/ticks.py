"""Ticks: single trades and quotes with the venue's own time.

Times are integer nanoseconds since the epoch: 19 digits do not fit into a float, so they never
go through one.
"""

import hashlib
from collections import Counter
from collections.abc import Sequence
from enum import Enum
from typing import Generic, TypeVar

from msgspec import Struct

from domain.instrument import Instrument
from domain.timerange import TimeRange


class Side(Enum):
    """Which side took liquidity, the taker's, whatever side the venue reports."""

    BUY = "buy"
    SELL = "sell"


class Stamp(Enum):
    """Whose clock a quote's ``ts_ns`` is: the venue's, or ours when the venue sends no time."""

    VENUE = "venue"
    RECEIPT = "receipt"


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
    """The best bid and ask at ``ts_ns`` (Unix ns); a side that is empty is None, never 0.

    ``stamp`` says when ``ts_ns`` is merely the moment in which we received it.
    """

    ts_ns: int
    bid_price: float | None = None
    bid_size: float | None = None
    ask_price: float | None = None
    ask_size: float | None = None
    session: str | None = None
    stamp: Stamp = Stamp.VENUE


class TicksAsk(Struct, frozen=True, kw_only=True):
    """A request for ticks in ``[start_ns, end_ns)`` (Unix ns; None: open).

    With ``newest`` the last ``limit`` of them, else the first. An answer may bring more.
    """

    instrument: Instrument
    limit: int
    start_ns: int | None = None
    end_ns: int | None = None
    newest: bool = True


T = TypeVar("T", bound=Trade | Quote)


class TickKey(Struct, frozen=True, order=True):
    """Identifies the stored trades, or quotes, of one instrument at one provider."""

    instrument: str
    provider: str


class TicksPage(Struct, Generic[T], frozen=True, kw_only=True):
    """A provider's answer, ascending by time.

    ``covers`` (Unix **ns**) is the range of which ``ticks`` holds everything that the provider
    has; None for a mere look at the present. Ticks may lie outside of it, at its edges.
    ``looked_ns`` is when the provider looked at the latest, by the slower one of both clocks
    (None: when the answer was received).
    """

    ticks: tuple[T, ...]
    received_ns: int
    covers: TimeRange | None = None
    looked_ns: int | None = None


class TickSlice(Struct, frozen=True, kw_only=True):
    """A choice among stored ticks: ``[start_ns, end_ns)``, the newest or the first of them."""

    limit: int
    start_ns: int | None = None
    end_ns: int | None = None
    newest: bool = True


class StoredTicks(Struct, Generic[T], frozen=True):
    """Ticks in ascending order and when we received each (Unix ns)."""

    ticks: tuple[T, ...] = ()
    received_ns: tuple[int, ...] = ()


_MARK_BYTES = 8
_LONGEST_ID = 18  # digits of a number that surely fits 64 bits


def marks(ticks: Sequence[Trade | Quote]) -> list[tuple[int, int]]:
    """What tells ticks of one moment apart: (ordinal, mark) of each, both 64-bit integers.

    The mark of a numeric venue id is that number, of another id its hash. Without an id it is
    the hash of the values and of how many equal ticks came before at that moment, so that the
    same answer read again gives the same marks, however its pages were cut; the ordinal (0 for
    ticks with ids) then keeps the venue's order within the moment.
    """
    seen: Counter[object] = Counter()
    found: list[tuple[int, int]] = []
    for tick in ticks:
        name = tick.id if isinstance(tick, Trade) else ""
        if name:
            found.append((0, _mark(name)))
            continue
        values = (tick.ts_ns, *_values(tick))
        twins, ordinal = seen[values], seen[tick.ts_ns]
        seen[values] += 1
        seen[tick.ts_ns] += 1
        found.append((ordinal, _hash(f"{values!r}#{twins}")))
    return found


def _values(tick: Trade | Quote) -> tuple[float | str | None, ...]:
    """What is stored for ever as a mark: a field that is added later must not change it."""
    if isinstance(tick, Trade):
        return tick.price, tick.size, tick.side.value if tick.side else None
    return tick.bid_price, tick.bid_size, tick.ask_price, tick.ask_size


def _mark(name: str) -> int:
    plain = name.isascii() and name.isdigit() and len(name) <= _LONGEST_ID
    return int(name) if plain and (name == "0" or name[0] != "0") else _hash(name)


def _hash(text: str) -> int:
    digest = hashlib.blake2b(text.encode(), digest_size=_MARK_BYTES).digest()
    return int.from_bytes(digest, signed=True)
