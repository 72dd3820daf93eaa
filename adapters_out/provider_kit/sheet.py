"""What a provider's body says, as columns that nobody has judged yet."""

from collections.abc import Callable, Mapping

from msgspec import Struct, field

from adapters_out.provider_kit.calls import Call
from domain.bars import Floats, Ints


class Layout(Struct, frozen=True):
    """Which cell of a row is what; None: the provider does not send it.

    ``unit`` is how many of the provider's time units make a second; 0 tells it from the
    magnitude, for a provider that may switch from milliseconds to microseconds.
    """

    ts: int
    open: int
    high: int
    low: int
    close: int
    volume: int | None = None
    vwap: int | None = None
    trades: int | None = None
    unit: int = 1


class Sheet(Struct, frozen=True, kw_only=True, eq=False):
    """Rows in the provider's own order, as columns of equal length.

    ``ts`` are int64 Unix seconds; the other columns as in :class:`domain.bars.BarSeries` (NaN
    and -1: not sent) but unchecked; ``unread`` names rows that hold no readable bar and why;
    ``text`` gives a row as it came.

    ``final_before`` (Unix s): the provider says that bars which open then or later are not
    final; ``published``: that some of them may be missing only because they are not out yet.
    ``kept_from``: it has nothing older. ``more``: the call for the following page when the
    provider hands one out; ``ended``: it says that there is none. ``facts``: further columns by
    their names in :class:`domain.session_facts.SessionFacts`.
    """

    ts: Ints
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    vwap: Floats
    trades: Ints
    text: Callable[[int], str]
    unread: Mapping[int, str] = field(default_factory=dict)
    final_before: int | None = None
    published: int | None = None
    kept_from: int | None = None
    more: Call | None = None
    ended: bool = False
    facts: Mapping[str, Floats] = field(default_factory=dict)

    def __len__(self) -> int:
        """How many rows."""
        return len(self.ts)

    def columns(self) -> tuple[Ints, Floats, Floats, Floats, Floats, Floats, Floats, Ints]:
        """In the order of :data:`domain.bars.COLUMNS`."""
        prices = (self.open, self.high, self.low, self.close)
        return (self.ts, *prices, self.volume, self.vwap, self.trades)
