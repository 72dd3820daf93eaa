"""Complete a stretch of ticks from one provider, into the store."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic

from msgspec import Struct, structs

from application.tick_window import TickWindow
from domain.instrument import Instrument
from domain.provider import Capability
from domain.ticks import Quote, StoredTicks, T, TickKey, TicksAsk, TicksPage, Trade
from domain.timerange import RangeSet, TimeRange
from ports.market_data import CallContext
from ports.ticks import TickCatalogue, TickSource, TickStore

SETTLE_NS = 10 * 10**9  # for so long a venue may still add to its newest trades
_QUESTIONS = 8  # to one provider, for one answer


@dataclass(frozen=True, slots=True)
class TickSubject(Generic[T]):
    """One kind of tick: its type, what it is called, and how a provider is asked for it."""

    kind: type[T]
    capability: Capability
    ask: Callable[[TickSource, TicksAsk, CallContext], Awaitable[TicksPage[T]]]


TRADES = TickSubject(Trade, Capability.TRADES, lambda source, *asked: source.trades(*asked))
QUOTES = TickSubject(Quote, Capability.QUOTES, lambda source, *asked: source.quotes(*asked))


class TickView(Struct, Generic[T], frozen=True, kw_only=True):
    """What there is for a window: ``gaps`` (Unix ns) is where something may be missing.

    ``asked``: the provider was asked, and answered.
    """

    stored: StoredTicks[T]
    gaps: RangeSet
    asked: bool


class CollectTicks(Generic[T]):
    """Read what is held, ask for what is missing, remember it.

    - what the venue may still add to (the newest 10 s) is served, but asked for again next time;
    - a provider that does not get on with a hole is not asked again for this answer.
    """

    def __init__(self, subject: TickSubject[T], store: TickStore, catalogue: TickCatalogue) -> None:
        """Take the collaborators."""
        self.subject = subject
        self._store = store
        self._catalogue = catalogue

    async def held(
        self, key: TickKey, window: TickWindow, known: RangeSet | None = None
    ) -> TickView[T]:
        """What the store has, gaps and all."""
        covered = known if known is not None else await self._covered(key, window)
        stored = await self._store.read(self.subject.kind, key, window.slice())
        return TickView(stored=stored, gaps=window.gaps(covered, stored), asked=known is not None)

    async def whole(self, key: TickKey, window: TickWindow) -> TickView[T] | None:
        """The answer of the store, if it needs no provider."""
        if window.newest and window.is_open:
            return None
        view = await self.held(key, window)
        short = len(view.stored.ticks) < window.wanted
        return None if view.gaps or (window.newest and short) else view

    async def __call__(
        self, instrument: Instrument, name: str, window: TickWindow, context: CallContext
    ) -> TickView[T]:
        """Complete the window as far as the provider can.

        Raises:
            ProviderError, DeadlineExceeded: it could not be asked.
        """
        key = TickKey(instrument.id, name)
        source = self._catalogue.source(name)
        known = await self._covered(key, window)
        for asked in range(_QUESTIONS):
            edge = window.edge(known)
            near = await self._store.read(self.subject.kind, key, window.slice(edge))
            lacking = window.wanted - len(near.ticks)
            if (lacking <= 0 or window.is_done(edge)) and (asked or not window.newest):
                break
            start, end = window.hole(known, edge, asked)
            ask = TicksAsk(
                instrument=instrument,
                limit=max(0, lacking) + 1,  # where a page is cut, one tick does not count
                start_ns=start,
                end_ns=end,
                newest=window.newest,
            )
            page = await self.subject.ask(source, ask, context)
            await self._store.write(self.subject.kind, key, _settled(page))
            if page.covers is not None:
                known = known.union(RangeSet((page.covers,)))
            if window.edge(known) == edge:
                break
        return await self.held(key, window, known)

    async def _covered(self, key: TickKey, window: TickWindow) -> RangeSet:
        return await self._store.covered(self.subject.kind, key, window.span)


def _settled(page: TicksPage[T]) -> TicksPage[T]:
    """The page, covering only what nothing is added to any more."""
    span = page.covers
    if span is None:
        return page
    looked_ns = page.received_ns if page.looked_ns is None else page.looked_ns
    end = min(span.end, looked_ns - SETTLE_NS)
    covers = TimeRange(span.start, end) if span.start < end else None
    return structs.replace(page, covers=covers)
