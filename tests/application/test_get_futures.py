"""Lists of futures: how far they are fetched, and for whom."""

import pytest

from adapters_out.memory.futures_store import MemoryFuturesStore
from application.get_futures import CATCH_UP_PARTS, GetFutures
from domain.errors import NoData
from domain.futures import FuturesAsk, FuturesKind, FuturesPart, Venue
from ports.futures import FuturesCatalogue, FuturesSource
from ports.market_data import CallContext
from tests.application.world import World, in_virtual_time

VENUES = FuturesAsk(kind=FuturesKind.EXCHANGES)
_ROWS = 10  # of a part


class LongList(FuturesSource, FuturesCatalogue):
    """A list of so many parts of ten rows; counts its calls."""

    def __init__(self, parts: int) -> None:
        self.calls = 0
        self._parts = parts

    def source(self, name: str) -> FuturesSource:
        assert name == "first"
        return self

    async def futures(
        self, ask: FuturesAsk, context: CallContext, *, after: str | None = None
    ) -> FuturesPart:
        assert (ask, context.deadline) == (VENUES, None)
        self.calls += 1
        part = 0 if after is None else int(after)
        rows = (Venue(mic=f"X{n:03}") for n in range(part * _ROWS, (part + 1) * _ROWS))
        return FuturesPart(tuple(rows), str(part + 1) if part + 1 < self._parts else None)


def desk(parts: int) -> tuple[LongList, GetFutures, World]:
    """The use case over a list, in a world of its own."""
    world, pages = World(), LongList(parts)
    use = GetFutures(world.catalogue, pages, MemoryFuturesStore(), world.clock)
    return pages, use, world


def test_who_follows_next_reads_the_whole_list_and_each_part_is_fetched_once() -> None:
    """However long it is, and also after it was fetched anew."""

    async def scene() -> None:
        pages, get, world = desk(parts=40)
        first, seen = 0, list[object]()
        while True:
            page = await get(VENUES, 7, CallContext(None), first=first)
            seen += page.records
            if page.rest is None:
                break
            first = page.rest
        assert len(seen) == len(set(seen)) == 400
        assert pages.calls == 40
        await world.clock.sleep(90_000.0)  # a day is over: the list is fetched again
        pages.calls = 0
        assert (await get(VENUES, 7, CallContext(None), first=200)).records == tuple(seen[200:207])
        assert pages.calls == 21

    in_virtual_time(scene())


def test_a_cursor_that_nobody_was_given_costs_three_calls_at_most() -> None:
    """Far beyond what is known of a list begins no page; the list itself is none the worse."""

    async def scene() -> None:
        pages, get, _ = desk(parts=1000)
        for asked in range(1, 3):
            with pytest.raises(NoData, match="without one"):
                await get(VENUES, 100, CallContext(None), first=999_999)
            assert pages.calls <= asked * CATCH_UP_PARTS
        page = await get(VENUES, 5, CallContext(None))
        assert [venue.key.strip() for venue in page.records] == [f"X{n:03}" for n in range(5)]

    in_virtual_time(scene())


def test_a_cursor_behind_the_end_of_a_list_is_an_empty_page() -> None:
    """What ends is known to end."""

    async def scene() -> None:
        _, get, _ = desk(parts=2)
        page = await get(VENUES, 100, CallContext(None), first=999_999)
        assert (page.records, page.rest) == ((), None)

    in_virtual_time(scene())
