"""Bars as far as the plan includes them."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from datetime import UTC, datetime

from adapters_out.provider_kit.entitled import Entitled
from adapters_out.provider_kit.faults import BeyondPlan
from adapters_out.provider_kit.provider import BarsEndpoint
from adapters_out.provider_kit.walk import Walk
from domain.errors import RangeUnavailable
from domain.instrument import Instrument
from domain.interval import Interval
from domain.provider import BarsAsk, BarsPage
from domain.sessions import calendar_of
from domain.timerange import TimeRange
from ports.clock import Clock

AGAIN_S = 86_400.0  # a plan may be upgraded, but where calls are few each costs
_MOST = 10_000  # series

Turn = Callable[[Walk], Awaitable[BarsPage | None]]


class PlannedBars:
    """Walks by the best way that the plan leaves open.

    What another way does not reach is no outage, nor is it empty: the pages that there are come
    first, then :class:`BeyondPlan`. It is remembered for a day, and not asked for meanwhile.
    """

    def __init__(self, name: str, endpoint: BarsEndpoint, page_bars: int, clock: Clock) -> None:
        """Everything is open."""
        self._name = name
        self._best = endpoint
        self._ways = Entitled(_ways(endpoint), clock, AGAIN_S)
        self._page_bars = page_bars
        self._clock = clock
        self._beyond: dict[tuple[Instrument, Interval], tuple[float, int]] = {}

    async def pages(self, ask: BarsAsk, turn: Turn) -> AsyncGenerator[BarsPage, None]:
        """The pages of an ask; ``turn`` takes one, if there is one, and moves the walk on.

        Raises:
            BeyondPlan: the plan does not reach back to the start.
            NotEntitled: it includes nothing of that kind.
        """
        self._refuse_known(ask)
        kind = (ask.instrument.asset_class, ask.interval)
        way, walk, page = await self._ways.first(kind, lambda way: self._begun(way, ask, turn))
        begins = ask.range.start if page is None else page.covers.start
        if page is not None:
            yield page
        while not walk.done:
            page = await turn(walk)
            if page is not None:
                yield page
        if way is not self._best and self._lacks(ask, begins):
            raise self._reaches_only(ask, begins)

    async def _begun(
        self, way: BarsEndpoint, ask: BarsAsk, turn: Turn
    ) -> tuple[BarsEndpoint, Walk, BarsPage | None]:
        """The walk by one way behind its first page."""
        walk = Walk(ask, way, self._page_bars, self._clock.now())
        try:
            page = None if walk.done else await turn(walk)
        except RangeUnavailable:
            if way is self._best:
                raise
            raise self._reaches_only(ask, ask.range.end) from None
        return way, walk, page

    def _refuse_known(self, ask: BarsAsk) -> None:
        until, begins = self._beyond.get((ask.instrument, ask.interval), (0.0, 0))
        if ask.range.end <= begins and self._clock.monotonic() < until:
            raise self._error(begins)

    def _lacks(self, ask: BarsAsk, begins: int) -> bool:
        """Whether there are bars, for all we know, before those that came."""
        calendar = calendar_of(ask.instrument.id)
        return ask.range.start < begins and bool(
            calendar.count(ask.interval, TimeRange(ask.range.start, begins))
        )

    def _reaches_only(self, ask: BarsAsk, begins: int) -> BeyondPlan:
        key = (ask.instrument, ask.interval)
        self._beyond.pop(key, None)
        while len(self._beyond) >= _MOST:
            del self._beyond[next(iter(self._beyond))]
        self._beyond[key] = (self._clock.monotonic() + AGAIN_S, begins)
        return self._error(begins)

    def _error(self, begins: int) -> BeyondPlan:
        day = datetime.fromtimestamp(begins, UTC)
        message = f"The plan of {self._name} does not include bars before {day:%Y-%m-%d %H:%M}Z."
        return BeyondPlan(message, provider=self._name)


def _ways(endpoint: BarsEndpoint | None) -> Sequence[BarsEndpoint]:
    return () if endpoint is None else (endpoint, *_ways(endpoint.instead))
