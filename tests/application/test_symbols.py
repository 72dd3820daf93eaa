"""What people call an instrument: resolving and searching."""

import asyncio
from collections.abc import Mapping
from datetime import datetime

import pytest

from adapters_out.memory.instrument_store import MemoryInstrumentStore
from application.get_price import PriceQuery
from application.refresh_listings import RefreshListings
from application.resolve_symbol import ResolveSymbol
from application.search_symbols import SearchSymbols
from domain.errors import (
    DeadlineExceeded,
    InvalidRequest,
    NoProviderAvailable,
    NotEntitled,
    NotListed,
    ProviderUnavailable,
    UnknownInstrument,
)
from domain.instrument import AssetClass, Instrument, Listing
from tests.application.world import BTC, DOWN, Process, World, in_virtual_time, query

USDC = Instrument.pair("BTC", "USDC")
NEW = Instrument.pair("NEWCOIN", "BTC")
DAY_S = 86_400.0


def listing(provider: str, symbol: str, instrument: Instrument) -> Listing:
    """An active listing."""
    return Listing(provider, symbol, instrument)


class Cabinet(MemoryInstrumentStore):
    """Counts how often somebody asks how old a list is, which takes a moment."""

    looked = 0

    async def lists(self) -> Mapping[str, float]:
        self.looked += 1
        await asyncio.sleep(0.01)  # noqa: TID251 - the store's own time
        return await super().lists()


class Desk:
    """A world with instrument lists, and the use case that searches them."""

    def __init__(self, store: MemoryInstrumentStore | None = None) -> None:
        self.world = World()
        self.store = store or MemoryInstrumentStore()
        self.world.first.listed = [listing("first", "BTCUSDT", BTC)]
        self.world.second.listed = [
            listing("second", "XBTUSDT", BTC),
            listing("second", "NEWXBT", NEW),
        ]
        self.refresh = RefreshListings(
            self.world.catalogue, self.store, self.world.clock, self.world.told
        )
        self.search = SearchSymbols(
            self.world.catalogue, self.store, self.refresh, self.world.clock
        )

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


def test_a_crowd_of_searches_does_not_keep_the_store_busy() -> None:
    """How old a list is takes one look for all who ask at a time, and none for a minute."""

    async def scene() -> None:
        cabinet = Cabinet()
        desk = Desk(cabinet)
        await desk.find("btc")
        cabinet.looked = 0
        for _ in range(3):
            await asyncio.gather(*(desk.find("btc") for _ in range(50)))
        assert cabinet.looked == 1
        await desk.world.clock.sleep(61.0)
        await asyncio.gather(*(desk.find("btc") for _ in range(50)))
        assert cabinet.looked == 2

    in_virtual_time(scene())


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


def test_a_list_that_is_not_in_the_plan_is_not_asked_for_with_every_search() -> None:
    """Once in fifteen minutes; the reason is told all the same."""

    async def scene() -> None:
        desk = Desk()
        desk.world.first.fails = NotEntitled("Upgrade.", provider="first")
        for _ in range(3):
            with pytest.raises(NotEntitled, match="Upgrade"):
                await desk.find("btc", provider="first")
        assert desk.calls == (1, 0)
        await desk.world.clock.sleep(900.0)
        desk.world.first.recover()
        assert await desk.find("btc", provider="first") == ["BTCUSDT"]

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


def test_a_long_list_is_waited_for_only_while_there_is_no_other() -> None:
    """One of many parts holds a search up for two seconds, unless it is all that there is."""

    async def scene() -> None:
        desk = Desk()
        desk.world.first.delay_s = 6.0
        began = desk.world.clock.monotonic()
        assert await desk.find("btc") == ["XBTUSDT", "NEWXBT"]
        assert desk.world.clock.monotonic() - began == pytest.approx(2.0)
        assert await desk.find("btc", provider="first") == ["BTCUSDT"]
        assert desk.calls == (1, 1)
        other = Desk()
        other.world.first.delay_s = other.world.second.delay_s = 5.0
        began = other.world.clock.monotonic()
        assert await other.find("btc") == ["BTCUSDT", "XBTUSDT", "NEWXBT"]
        assert other.world.clock.monotonic() - began == pytest.approx(5.0)
        assert other.calls == (1, 1)

    in_virtual_time(scene())


def test_a_list_that_hangs_delays_no_other_and_not_the_answer_beyond_its_time() -> None:
    """The two are fetched side by side, and there is time left to search."""

    async def scene() -> None:
        desk = Desk()
        desk.world.first.hang()
        assert await desk.find("xbt", within=1.5) == ["XBTUSDT", "NEWXBT"]
        assert desk.world.clock.monotonic() == pytest.approx(1.3)
        desk.world.second.hang()
        other = Desk()
        other.world.first.hang()
        other.world.second.hang()
        with pytest.raises(DeadlineExceeded):
            await other.find("xbt", within=3.0)

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
        found = await ResolveSymbol(desk.store, desk.world.clock, "EUR")(text)
        assert found.id == expected
        assert (found.asset_class is AssetClass.STOCK) is ("-" not in expected)

    in_virtual_time(scene())


def test_what_is_no_symbol_is_refused() -> None:
    """Before any list is looked at."""

    async def scene() -> None:
        with pytest.raises(InvalidRequest):
            await ResolveSymbol(MemoryInstrumentStore(), World().clock)("BTC\x00USDT")

    in_virtual_time(scene())


def test_lists_are_refreshed_daily_in_the_background_and_not_at_once() -> None:
    """Nothing is fetched in the first ten minutes; then once a day, by who leads only."""

    async def scene() -> None:
        desk, leads = Desk(), True

        async def is_leader() -> bool:
            return leads

        clock = desk.world.clock
        work = asyncio.create_task(desk.refresh.forever(is_leader))
        await clock.sleep(599.0)
        assert desk.calls == (0, 0)
        await clock.sleep(10.0)
        assert desk.calls == (1, 1)
        assert [each.symbol for each in await desk.store.search("BTCUSDT", 5)] == ["BTCUSDT"]
        await clock.sleep(DAY_S - 700.0)
        assert desk.calls == (1, 1)
        await clock.sleep(1300.0)
        assert desk.calls == (2, 2)
        leads = False
        await clock.sleep(3 * DAY_S)
        assert desk.calls == (2, 2)
        work.cancel()

    in_virtual_time(scene())


def test_a_list_that_cannot_be_fetched_harms_nobody() -> None:
    """The others are fetched, and it is left alone for an hour; one without a key is not asked."""

    async def scene() -> None:
        desk = Desk()
        desk.world.first.fails = DOWN
        for _ in range(3):
            await desk.refresh.once()
        assert desk.calls == (1, 1)
        desk.world.first.recover()
        await desk.world.clock.sleep(3600.0)
        await desk.refresh.once()
        assert desk.calls == (2, 1)
        other = Desk()
        other.world.first.key_needed = True
        await other.refresh.once()
        assert other.calls == (0, 1)

    in_virtual_time(scene())


def test_a_long_list_is_fetched_to_its_end_although_nobody_waits() -> None:
    """The next who searches finds it."""

    async def scene() -> None:
        desk = Desk()
        desk.world.second.delay_s = 120.0
        assert await desk.find("xbt") == []
        await desk.world.clock.sleep(120.0)
        assert await desk.find("xbt") == ["XBTUSDT", "NEWXBT"]
        assert desk.calls == (1, 1)

    in_virtual_time(scene())


def test_a_misspelling_finds_what_was_meant() -> None:
    """When nothing is spelled like it."""

    async def scene() -> None:
        desk = Desk()
        assert (await desk.find("BTCUSTD"))[0] == "BTCUSDT"
        assert await desk.find("BTCUSTD", provider="second") == ["XBTUSDT"]
        assert await desk.find("QQQQQQ") == []

    in_virtual_time(scene())


def test_an_unknown_instrument_comes_with_suggestions() -> None:
    """From the stored lists, without what was asked for, whoever is asked for what."""

    async def scene() -> None:
        world = World()
        process = Process(world)
        gone = Listing("first", "BTCEUR", Instrument.pair("BTC", "EUR"), active=False)
        lists = [listing("first", "BTCUSDT", BTC), listing("first", "BTCUSDC", USDC), gone]
        await world.instruments.replace("first", lists, world.clock.now())
        refusal = NotListed("No.")
        world.first.fails = world.second.fails = refusal
        wrong = Instrument.pair("BTC", "USTD")
        with pytest.raises(UnknownInstrument) as unknown:
            await process.ask(query(symbol="BTC-USTD", instrument=wrong))
        assert unknown.value.did_you_mean == ("BTC-USDT", "BTC-USDC")
        asked = PriceQuery("BTC-USTD", wrong)
        with pytest.raises(UnknownInstrument) as unknown:
            await process.get_price(asked, world.within(5.0))
        assert unknown.value.did_you_mean == ("BTC-USDT", "BTC-USDC")
        stock = Instrument.stock("BTCUSTD")
        with pytest.raises(UnknownInstrument) as unknown:
            await process.ask(query(symbol="BTCUSTD", instrument=stock))
        assert unknown.value.did_you_mean == ("BTC-USDT", "BTC-USDC")

    in_virtual_time(scene())


def test_a_symbol_that_nobody_could_deny_comes_with_suggestions_too() -> None:
    """One does not list it, the other cannot be asked: nobody knows, but it looks like a slip."""

    async def scene() -> None:
        world = World()
        process = Process(world)
        lists = [listing("first", "BTCUSDT", BTC)]
        await world.instruments.replace("first", lists, world.clock.now())
        world.first.fails, world.second.fails = DOWN, NotListed("No.")
        wrong = Instrument.pair("BTC", "USTD")
        with pytest.raises(NoProviderAvailable) as nobody:
            await process.ask(query(symbol="BTC-USTD", instrument=wrong))
        assert nobody.value.did_you_mean == ("BTC-USDT",)
        world.first.fails = world.second.fails = DOWN
        with pytest.raises(NoProviderAvailable) as nobody:
            await process.ask(query())
        assert nobody.value.did_you_mean == ()

    in_virtual_time(scene())


@pytest.mark.parametrize(
    ("text", "day", "expected"),
    [
        ("META", "2022-01-03", "METV"),
        ("META", "2022-07-01", "META"),
        ("META", None, "META"),
        ("META", "2019-01-02", "META"),
        ("META.US", "2022-01-03", "METV"),
        ("METV", "2022-01-03", "METV"),
        ("METV", None, "METV"),
        ("FB", "2022-01-03", "META"),
        ("FB", None, "META"),
        ("SQ", None, "XYZ"),
        ("ESZ5", None, "ESZ2025"),  # nearest to the world's November 2023
        ("ESZ9", None, "ESZ2019"),
        ("ESU8", None, "ESU2028"),
    ],
)
def test_a_name_means_what_it_meant_at_the_time(text: str, day: str | None, expected: str) -> None:
    """A ticker that changed hands is two instruments; a year has its nearest decade."""

    async def scene() -> None:
        at = None if day is None else int(datetime.fromisoformat(f"{day}T00:00Z").timestamp())
        world = World()
        resolve = ResolveSymbol(world.instruments, world.clock)
        assert (await resolve(text, at)).id == expected

    in_virtual_time(scene())


def test_lists_decide_what_no_spelling_tells() -> None:
    """The decade of a contract, unknown roots, former meanings and ids of coins."""

    async def scene() -> None:
        world = World()
        now = world.clock.now()
        lists, resolve = world.instruments, ResolveSymbol(world.instruments, world.clock)
        old, late = Instrument.future("ES", "Z", 2029), Instrument.future("XYZ", "H", 2031)
        await lists.replace("m", [listing("m", "ESZ9", old), listing("m", "XYZH1", late)], now)
        assert (await resolve("ESZ9")).id == "ESZ2029"
        assert (await resolve("XYZH1")).id == "XYZH2031"
        first, later = Instrument.stock("OLD"), Instrument.stock("NEW")
        await lists.replace("s", [listing("s", "TICK", first)], 1000.0)
        await lists.replace("s", [listing("s", "TICK", later)], 2000.0)
        assert (await resolve("TICK", 1500)).id == "OLD"
        assert (await resolve("TICK", 2500)).id == "NEW"
        coin, other = Instrument.pair("ETC", "USD"), Instrument.pair("SNAP", "USD")
        ids = [listing("g", "ethereum-classic", coin), listing("g", "snap", other)]
        await lists.replace("g", ids, now)
        await lists.replace("c", [listing("c", "1321", coin)], now)
        assert (await resolve("ethereum-classic")).id == "ETC-USD"
        assert (await resolve("snap")).id == "SNAP"
        assert (await resolve("snap", provider="g")).id == "SNAP-USD"
        assert (await resolve("1321", provider="c")).id == "ETC-USD"
        assert (await resolve("1321")).id == "1321"

    in_virtual_time(scene())
