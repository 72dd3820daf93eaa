"""Reading trades: whatever was asked before, an answer is what was traded."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from adapters_out.memory.budget_book import MemoryBudgetBook
from adapters_out.memory.clock import ManualClock
from adapters_out.memory.health_board import MemoryHealthBoard
from adapters_out.memory.instrument_store import MemoryInstrumentStore
from adapters_out.memory.telemetry import RecordingTelemetry
from adapters_out.memory.tick_store import MemoryTickStore
from adapters_out.provider_kit.pacer import SharedPacer
from application.collect_ticks import TRADES, CollectTicks
from application.rank_candidates import RankCandidates
from application.read_ticks import ReadTicks, TickAnswer, TickQuery
from application.tick_window import TickWindow
from domain.errors import (
    NoData,
    NoProviderAvailable,
    NotEntitled,
    NotListed,
    UnknownInstrument,
)
from domain.instrument import Instrument
from domain.provider import Basis
from domain.ticks import StoredTicks, Trade
from domain.timerange import RangeSet, TimeRange
from ports.market_data import CallContext
from tests.adapters_in.http.house import Shelf
from tests.adapters_in.http.paper_exchange import PaperExchange
from tests.adapters_in.http.paper_tape import AFTER, NS
from tests.adapters_out.provider_kit.scripted import in_virtual_time

NOW = 1_732_700_000
DAY = 86_400
BTC = Instrument.pair("BTC", "USDT")
SILENT = range(NOW - 100, NOW - 80)

offsets = st.integers(0, 199)
questions = st.tuples(
    st.one_of(st.none(), offsets),
    st.one_of(st.none(), st.integers(1, 220)),
    st.integers(1, 25),
    st.integers(0, 4),
)


class World:
    """One provider of at most ``page`` trades per answer, or two, and a reader."""

    def __init__(self, page: int, *, two: bool = False) -> None:
        self.clock = ManualClock(float(NOW))
        self.venue, self.other = PaperExchange(self.clock), PaperExchange(self.clock, "other")
        self.venue.page = page
        self.venue.silent = SILENT
        shelf = Shelf(self.venue, self.other) if two else Shelf(self.venue)
        self.pacer = SharedPacer(MemoryBudgetBook(self.clock), self.clock, RecordingTelemetry())
        health, lists = MemoryHealthBoard(self.clock), MemoryInstrumentStore()
        candidates = RankCandidates(shelf, health, self.pacer, lists, self.clock)
        collect = CollectTicks(TRADES, MemoryTickStore(), shelf)
        self.read = ReadTicks(candidates, collect, self.clock)

    async def ask(self, start: int | None, end: int | None, limit: int) -> TickAnswer[Trade] | None:
        """In seconds after ``NOW - 200``; None when there is no data."""
        first, stop = (None if at is None else (NOW - 200 + at) * NS for at in (start, end))
        query = TickQuery(symbol="BTC", instrument=BTC, limit=limit, start_ns=first, end_ns=stop)
        try:
            return await self.read(query, CallContext())
        except NoData:
            return None

    def traded(self, start: int | None, end: int | None, limit: int) -> list[int]:
        """What the answer must be."""
        now = int(self.clock.now())
        stop = now if end is None else min(NOW - 200 + end, now)
        first = NOW - 1000 if start is None else NOW - 200 + start
        seconds = [at for at in range(first, stop) if at not in SILENT]
        return seconds[-limit:] if start is None else seconds[:limit]


@settings(deadline=None, max_examples=150)
@given(st.integers(8, 100), st.lists(questions, min_size=1, max_size=8))
def test_every_answer_is_what_was_traded(
    page: int, asked: list[tuple[int | None, int | None, int, int]]
) -> None:
    """Any ranges in any order while time goes on: never a hole, a twin or a stranger."""

    async def work() -> None:
        world = World(page)
        for start, end, limit, pause in asked:
            world.clock.advance(float(pause))
            if start is not None and end is not None and end <= start:
                continue
            answer, wanted = await world.ask(start, end, limit), world.traded(start, end, limit)
            found = [] if answer is None else [t.ts_ns // NS for t in answer.ticks]
            assert found == wanted, (start, end, limit, world.venue.asks)
            assert answer is None or not answer.gaps

    in_virtual_time(work())


def test_a_page_costs_one_question() -> None:
    """What one answer can hold is not asked for in pieces."""

    async def work() -> list[int]:
        counts = []
        for start, end in ((None, None), (None, 100), (10, None), (10, 190)):
            world = World(1000)
            await world.ask(start, end, 20)
            counts.append(len(world.venue.asks))
        return counts

    assert in_virtual_time(work()) == [1, 1, 1, 1]


def test_the_cursor_counts_within_a_moment() -> None:
    """The tick that follows is named by its moment and how many of it were shown."""

    async def work() -> TickAnswer[Trade] | None:
        return await World(1000).ask(10, 190, 20)

    answer = in_virtual_time(work())
    assert answer is not None
    assert answer.next == ((NOW - 200 + 30) * NS + AFTER, 0)


def test_gaps_are_within_what_is_shown() -> None:
    """Before the first of the newest, and after the last of a full page, nothing is claimed."""
    ticks = tuple(Trade(ts_ns=at, price=1.0, size=1.0) for at in (10, 20, 30))
    stored = StoredTicks(ticks, (0, 0, 0))
    known = RangeSet((TimeRange(15, 25),))
    newest = TickWindow(wanted=3, stop_ns=40, now_ns=40)
    assert newest.gaps(known, stored).ranges == (TimeRange(11, 15), TimeRange(25, 40))
    first = TickWindow(wanted=3, stop_ns=40, now_ns=40, start_ns=5)
    assert first.gaps(known, stored).ranges == (TimeRange(5, 15), TimeRange(25, 30))
    short = TickWindow(wanted=4, stop_ns=40, now_ns=40)
    assert short.gaps(known, stored).ranges == (TimeRange(11, 15), TimeRange(25, 40))
    nothing = StoredTicks[Trade]((), ())
    assert short.gaps(known, nothing).ranges == (TimeRange(0, 15), TimeRange(25, 40))
    more = TickWindow(wanted=9, stop_ns=40, now_ns=40, start_ns=5)
    assert more.gaps(known, stored).ranges == (TimeRange(5, 15), TimeRange(25, 40))


def test_a_plan_that_refuses_old_trades_is_still_asked_for_new_ones() -> None:
    """What was refused, and what is older, is not asked for again; the present is."""

    async def scene() -> None:
        world = World(50)
        world.venue.fault = NotEntitled("Upgrade.", provider=world.venue.name)
        for start in (-90 * DAY, -90 * DAY, -91 * DAY):
            with pytest.raises(NoProviderAvailable):
                await world.ask(start, start + 10, 5)
        assert len(world.venue.asks) == 1
        world.venue.fault = None
        answer = await world.ask(10, 20, 5)
        assert answer is not None
        assert len(answer.ticks) == 5

    in_virtual_time(scene())


def test_stored_ticks_of_a_stand_in_answer_only_while_the_first_choice_cannot() -> None:
    """While it rests nobody else is asked for what is held; when it is back it is asked itself."""

    async def scene() -> None:
        world = World(50, two=True)
        await world.pacer.freeze("paper", NOW + 60.0, banned=False)
        for is_held in (False, True):
            answer = await world.ask(10, 20, 50)
            assert answer is not None
            assert (answer.provider, answer.substituted) == ("other", True)
            assert (answer.cached, len(world.other.asks)) == (is_held, 1)
        world.clock.advance(61.0)
        answer = await world.ask(10, 20, 50)
        assert answer is not None
        assert (answer.provider, answer.substituted, answer.cached) == ("paper", False, False)

    in_virtual_time(scene())


def test_of_those_who_tell_a_part_the_most_preferred_is_believed() -> None:
    """Who tells everything comes before who tells a part; of two parts the first one counts."""

    async def scene() -> None:
        for other_keeps, teller in ((None, "other"), (150, "paper")):
            world = World(500, two=True)
            world.venue.kept_s, world.other.kept_s = 100, other_keeps
            answer = await world.ask(10, 190, 300)
            assert answer is not None
            assert answer.provider == teller
            assert bool(answer.gaps) is (teller == "paper")

    in_virtual_time(scene())


def test_who_stands_for_something_else_tells_what_no_venue_lists() -> None:
    """In the first question as in the next, as a substitute; one who fails changes no denial."""

    async def scene() -> None:
        world = World(500, two=True)
        world.venue.fault = NotListed("paper does not list it.", provider="paper")
        tape = replace(PaperExchange.capabilities, basis=Basis.CONSOLIDATED)
        world.other.capabilities = tape
        for is_held in (False, True):
            answer = await world.ask(10, 190, 300)
            assert answer is not None
            assert (answer.provider, answer.substituted) == ("other", True)
            assert (answer.cached, len(answer.ticks)) == (is_held, 180)
        world = World(500, two=True)
        world.venue.fault = world.other.fault = NotListed("Nobody lists it.", provider="paper")
        world.other.capabilities = tape
        for _ in range(2):
            with pytest.raises(UnknownInstrument):
                await world.ask(10, 190, 300)

    in_virtual_time(scene())
