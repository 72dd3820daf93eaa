"""Trades and quotes without a network: one each second, a little after it began."""

from abc import abstractmethod

from domain.errors import MarketDataError, RangeUnavailable
from domain.instrument import Instrument
from domain.ticks import Quote, Side, Stamp, TicksAsk, TicksPage, Trade
from domain.timerange import TimeRange
from ports.clock import Clock
from ports.market_data import CallContext
from ports.ticks import TickSource

NS = 10**9
AFTER = 123_456_789  # ns after the second began


class PaperTape(TickSource):
    """``kept_s`` is how far back it tells; ``page`` the most that one answer holds.

    ``asks`` are the questions so far; ``silent`` are seconds without a trade.
    """

    def __init__(self, clock: Clock) -> None:
        self._tape_clock = clock
        self.kept_s: int | None = None
        self.page = 10_000
        self.asks: list[TicksAsk] = []
        self.silent: range = range(0)
        self.fault: MarketDataError | None = None

    @property
    @abstractmethod
    def name(self) -> str:
        """As in the API."""

    @abstractmethod
    def _check(self, instrument: Instrument) -> None:
        """Raise what is wrong."""

    async def trades(self, ask: TicksAsk, context: CallContext) -> TicksPage[Trade]:
        """A trade each second; buyers and sellers take turns."""
        del context
        seconds, covers = self._chosen(ask)
        ticks = tuple(
            Trade(
                ts_ns=at * NS + AFTER,
                price=100.0 + at % 7,
                size=0.5,
                id=str(at),
                side=Side.BUY if at % 2 else Side.SELL,
            )
            for at in seconds
        )
        return TicksPage(ticks=ticks, received_ns=self._now_ns(), covers=covers)

    async def quotes(self, ask: TicksAsk, context: CallContext) -> TicksPage[Quote]:
        """The present one; nobody bids."""
        del context
        now = self._now_ns()
        self.asks.append(ask)
        self._check(ask.instrument)
        if ask.end_ns is not None and ask.end_ns <= now:
            raise RangeUnavailable("The past is not told.", provider=self.name)
        quote = Quote(ts_ns=now, ask_price=100.5, ask_size=2.0, stamp=Stamp.RECEIPT)
        return TicksPage(ticks=(quote,), received_ns=now)

    def _chosen(self, ask: TicksAsk) -> tuple[list[int], TimeRange | None]:
        self.asks.append(ask)
        self._check(ask.instrument)
        now = self._now_ns()
        oldest = 0 if self.kept_s is None else now - self.kept_s * NS
        start, end = max(ask.start_ns or 0, oldest), min(ask.end_ns or now, now)
        count = min(self.page, max(ask.limit, 1))
        first, stop = max(-(-(start - AFTER) // NS), 0), -(-(end - AFTER) // NS)
        # Far more than anybody asks for, without counting from 1970.
        near = range(max(first, stop - 20_000), stop) if ask.newest else range(first, stop)
        found = [at for at in near[:40_000] if at not in self.silent]
        cut = found[-count:] if ask.newest else found[:count]
        if len(cut) < len(found) and ask.newest:
            start = cut[0] * NS + AFTER + 1
        elif len(cut) < len(found):
            end = cut[-1] * NS + AFTER
        return cut, TimeRange(start, end) if start < end else None

    def _now_ns(self) -> int:
        return int(self._tape_clock.now() * 1_000_000) * 1000
