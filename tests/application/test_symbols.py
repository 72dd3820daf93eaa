"""What people call an instrument: resolving and searching."""

import asyncio

import pytest

from adapters_out.memory.instrument_store import MemoryInstrumentStore
from application.resolve_symbol import ResolveSymbol
from application.search_symbols import SearchSymbols
from domain.errors import DeadlineExceeded, InvalidRequest, ProviderUnavailable
from domain.instrument import AssetClass, Instrument, Listing
from tests.application.world import BTC, DOWN, World, in_virtual_time

NEW = Instrument.pair("NEWCOIN", "BTC")
DAY_S = 86_400.0


def listing(provider: str, symbol: str, instrument: Instrument) -> Listing:
    """An active listing."""
    return Listing(provider, symbol, instrument)


class Desk:
    """A world with instrument lists, and the use case that searches them."""

    def __init__(self) -> None:
        self.world = World()
        self.store = MemoryInstrumentStore()
        self.world.first.listed = [listing("first", "BTCUSDT", BTC)]
        self.world.second.listed = [
            listing("second", "XBTUSDT", BTC),
            listing("second", "NEWXBT", NEW),
        ]
        self.search = SearchSymbols(self.world.catalogue, self.store, self.world.clock)

    async def find(
        self, text: str, limit: int = 10, provider: str | None = None, within: float = 10.0
    ) -> list[str]:
        """The symbols found."""
        context = self.world.within(within)
        return [each.symbol for each in await self.search(text, limit, provider, context)]

    @property
    def calls(self) -> tuple[int, int]:
        """How often each list was fetched."""
        return (self.world.first.lists_asked, self.world.second.lists_asked)


def test_lists_are_fetched_when_somebody_searches_and_kept_for_a_day() -> None:
    """Many searches, one fetch each; a day later one more."""

    async def scene() -> None:
        desk = Desk()
        desk.world.first.delay_s = 0.1
        found = await asyncio.gather(*(desk.find("btc") for _ in range(20)))
        assert found[0] == ["BTCUSDT", "XBTUSDT", "NEWXBT"]
        assert found.count(found[0]) == 20
        await desk.find("new")
        assert desk.calls == (1, 1)
        await desk.world.clock.sleep(DAY_S + 1)
        await desk.find("new")
        assert desk.calls == (2, 2)

    in_virtual_time(scene())


def test_one_list_is_better_than_none_and_none_is_a_failure() -> None:
    """What could be fetched is searched; when nothing could, the reason is told."""

    async def scene() -> None:
        desk = Desk()
        desk.world.first.fails = DOWN
        assert await desk.find("btc") == ["XBTUSDT", "NEWXBT"]
        other = Desk()
        other.world.first.fails = other.world.second.fails = DOWN
        with pytest.raises(ProviderUnavailable):
            await other.find("btc")

    in_virtual_time(scene())


def test_an_old_list_is_used_when_it_cannot_be_refreshed() -> None:
    """After a day of outage the search still works."""

    async def scene() -> None:
        desk = Desk()
        await desk.find("btc")
        desk.world.first.fails = desk.world.second.fails = DOWN
        await desk.world.clock.sleep(DAY_S + 1)
        assert await desk.find("btcusdt") == ["BTCUSDT"]

    in_virtual_time(scene())


def test_a_list_that_hangs_delays_no_other_and_not_the_answer_beyond_its_time() -> None:
    """The two are fetched side by side, and there is time left to search."""

    async def scene() -> None:
        desk = Desk()
        desk.world.first.hang()
        assert await desk.find("xbt", within=3.0) == ["XBTUSDT", "NEWXBT"]
        assert desk.world.clock.monotonic() == pytest.approx(2.8)
        desk.world.second.hang()
        other = SearchSymbols(desk.world.catalogue, MemoryInstrumentStore(), desk.world.clock)
        with pytest.raises(DeadlineExceeded):
            await other("xbt", 10, None, desk.world.within(3.0))

    in_virtual_time(scene())


def test_a_search_may_be_limited_in_number_and_to_a_provider() -> None:
    """Only that provider's list is fetched; a name that is none is refused."""

    async def scene() -> None:
        desk = Desk()
        assert await desk.find("btc", provider="second") == ["XBTUSDT", "NEWXBT"]
        assert desk.calls == (0, 1)
        assert await desk.find("btc", limit=1) == ["BTCUSDT"]
        with pytest.raises(InvalidRequest) as refused:
            await desk.find("btc", provider="nobody")
        assert refused.value.parameter == "provider"

    in_virtual_time(scene())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("BTCUSDT", "BTC-USDT"),
        ("btc/usdt", "BTC-USDT"),
        ("BTC", "BTC-EUR"),
        ("AAPL", "AAPL"),
        ("newxbt", "NEWCOIN-BTC"),  # known from the second provider's list only
        ("NEW", "NEW"),
    ],
)
def test_the_spelling_decides_and_the_lists_help_with_new_names(text: str, expected: str) -> None:
    """What looks like a stock is looked up; a part of a name is no name."""

    async def scene() -> None:
        desk = Desk()
        await desk.find("btc")
        found = await ResolveSymbol(desk.store, "EUR")(text)
        assert found.id == expected
        assert (found.asset_class is AssetClass.STOCK) is ("-" not in expected)

    in_virtual_time(scene())


def test_what_is_no_symbol_is_refused() -> None:
    """Before any list is looked at."""

    async def scene() -> None:
        with pytest.raises(InvalidRequest):
            await ResolveSymbol(MemoryInstrumentStore())("BTC\x00USDT")

    in_virtual_time(scene())
