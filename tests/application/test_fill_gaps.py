"""Back-filling: what is missing, page by page, whatever happens."""

import asyncio
from contextlib import aclosing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from application.fill_gaps import Committed, Filled, FillGapsAsk
from domain.coverage import GapReason
from domain.errors import (
    AccessDenied,
    InvalidRequest,
    MarketDataError,
    NoProviderAvailable,
    NotListed,
    ProviderError,
    RangeUnavailable,
    RateLimited,
    StoreUnavailable,
    UnknownInstrument,
)
from domain.interval import Interval
from domain.ledger import BarSlice, Batch, Receipt
from domain.timerange import TimeRange
from tests.application.scripted_market import OFFERS
from tests.application.world import (
    BTC,
    DAY,
    DOWN,
    HOUR,
    MINUTE,
    NOW,
    Process,
    WatchedStore,
    World,
    in_virtual_time,
    key,
    minutes,
)

UNLISTED = NotListed("It does not list that.")


def ask(count: int = 2000, *, provider: str | None = None, end: int = NOW) -> FillGapsAsk:
    """The minutes before the world's full hour."""
    return FillGapsAsk(BTC, Interval.M1, end - count * MINUTE, end, provider)


async def fill(process: Process, wanted: FillGapsAsk) -> tuple[list[Committed], Filled]:
    """Run to the end: the batches and what is said last."""
    batches: list[Committed] = []
    async with aclosing(process.fill_gaps(wanted)) as events:
        async for event in events:
            if isinstance(event, Filled):
                return batches, event
            batches.append(event)
    raise AssertionError(batches)


async def kill_after(process: Process, wanted: FillGapsAsk, batches: int) -> list[Committed]:
    """Take so many batches and go away."""
    taken: list[Committed] = []
    async with aclosing(process.fill_gaps(wanted)) as events:
        async for event in events:
            if len(taken) == batches or isinstance(event, Filled):
                break
            taken.append(event)
    return taken


async def stored(world: World, count: int, provider: str = "first") -> list[int]:
    """The opens that are stored of the range."""
    bars = await world.store.read(key(provider), BarSlice(TimeRange(NOW - count * MINUTE, NOW)))
    return [int(ts) for ts in bars.series.ts]


def whole(count: int) -> list[int]:
    """Every open of the range."""
    return list(range(NOW - count * MINUTE, NOW, MINUTE))


def test_a_range_is_filled_page_by_page_and_every_page_is_said() -> None:
    """Four pages of five hundred, each committed before it is told, then the summary."""

    async def scene() -> None:
        world = World()
        batches, filled = await fill(Process(world), ask())
        spans = minutes(TimeRange(batch.start, batch.end) for batch in batches)
        assert spans == [(-2000, -1500), (-1500, -1000), (-1000, -500), (-500, 0)]
        assert [batch.done for batch in batches] == [0.25, 0.5, 0.75, 1.0]
        assert [batch.rows for batch in batches] == [500] * 4
        assert filled == Filled("first", 2000, ())
        assert filled.is_complete
        assert await stored(world, 2000) == whole(2000)

    in_virtual_time(scene())


def test_a_committed_page_is_in_the_store_when_it_is_told() -> None:
    """Whoever dies right after the message has lost nothing of it."""

    async def scene() -> None:
        world = World()
        (batch,) = await kill_after(Process(world), ask(), 1)
        assert await stored(world, 2000) == whole(2000)[:1000]  # the second was committed untold
        assert batch.end == NOW - 1500 * MINUTE

    in_virtual_time(scene())


def test_what_is_stored_is_not_fetched_again_and_a_full_series_asks_nobody() -> None:
    """Only the hole in the middle is missing; then nothing is, and all may be down."""

    async def scene() -> None:
        world = World()
        process = Process(world)
        await fill(process, ask())
        world.forget_calls()
        world.store.lose(key(), TimeRange(NOW - 700 * MINUTE, NOW - 600 * MINUTE))
        batches, filled = await fill(process, ask())
        assert (minutes(world.pages), filled.rows) == ([(-700, -600)], 100)
        assert [batch.done for batch in batches] == [1.0]
        world.forget_calls()
        world.first.fails = world.second.fails = DOWN
        await world.health.open_circuit("first", world.clock.now())
        assert await fill(process, ask()) == ([], Filled("first", 0, ()))
        assert world.pages == []

    in_virtual_time(scene())


def test_a_full_series_is_complete_although_its_provider_can_never_be_asked_again() -> None:
    """Its key was taken away, and nothing is missing."""

    async def scene() -> None:
        world = World()
        await fill(Process(world), ask())
        world.first.key_needed = True
        assert await fill(Process(world), ask()) == ([], Filled("first", 0, ()))

    in_virtual_time(scene())


@settings(deadline=None, max_examples=40)
@given(
    kills=st.lists(st.integers(0, 4), max_size=4),
    lost=st.lists(st.tuples(st.integers(0, 1999), st.integers(1, 400)), max_size=3),
    quiet=st.sets(st.integers(1, 2000), max_size=20),
    fault=st.integers(1, 8),
)
def test_killed_anywhere_and_run_again_it_ends_with_the_full_set(
    kills: list[int], lost: list[tuple[int, int]], quiet: set[int], fault: int
) -> None:
    """Whatever was lost, quiet or faulty in between, every bar is there once and is right."""

    async def scene() -> None:
        world = World()
        world.first.quiet = {NOW - k * MINUTE for k in quiet}
        world.first.fails_at_page = {fault: DOWN}
        for taken, (start, length) in zip(kills, [*lost, *[(0, 1)] * 4], strict=False):
            told = await kill_after(Process(world), ask(), taken)
            assert [b.done for b in told] == sorted(b.done for b in told)
            assert world.first.open_generators == 0
            gone = NOW - (2000 - start) * MINUTE
            world.store.lose(key(), TimeRange(gone, gone + length * MINUTE))
        batches, filled = await fill(Process(world), ask())
        done = [batch.done for batch in batches]
        assert done == sorted(done)
        assert all(0.0 <= d <= 1.0 for d in done)
        assert filled.is_complete
        expected = [ts for ts in whole(2000) if ts not in world.first.quiet]
        assert await stored(world, 2000) == expected
        bars = await world.store.read(key(), BarSlice(TimeRange(NOW - DAY, NOW)))
        assert all(bar == world.first.bar(bar.ts) for bar in bars.series)
        assert await world.store.revisions({key(): TimeRange(0, NOW)}, 10) == []

    in_virtual_time(scene())


@settings(deadline=None, max_examples=30)
@given(st.floats(0.0, 4.5))
def test_cancelled_in_the_middle_of_a_page_the_store_stays_consistent(after_s: float) -> None:
    """Each page takes a second: whole pages are stored, nothing is left open, and it goes on."""

    async def scene() -> None:
        world = World()
        world.first.delay_s, world.store.slow_s = 0.9, 0.02
        process = Process(world)
        task = asyncio.ensure_future(fill(process, ask()))
        await world.clock.sleep(after_s)
        task.cancel()
        await asyncio.wait([task])
        assert world.first.open_generators == 0
        assert len(await stored(world, 2000)) % 500 == 0
        await fill(process, ask())
        assert await stored(world, 2000) == whole(2000)

    in_virtual_time(scene())


def test_transient_faults_are_waited_out_and_progress_forgives_them() -> None:
    """Two faults at each page are no reason to give up."""

    async def scene() -> None:
        world = World()
        world.first.fails_at_page = dict.fromkeys((1, 2, 4, 5, 7, 8, 10, 11), DOWN)
        batches, filled = await fill(Process(world), ask())
        assert (filled.provider, filled.rows, len(batches)) == ("first", 2000, 4)
        assert world.second.pages == []
        assert world.clock.monotonic() == pytest.approx(4 * (1.0 + 2.0))

    in_virtual_time(scene())


def test_a_named_pause_is_kept() -> None:
    """The provider asks for twenty seconds: nothing is sent before they are over."""

    async def scene() -> None:
        world = World()
        pause = RateLimited("Slow down.", provider="first", retry_at=NOW + 50.0)
        world.first.fails_at_page = {2: pause}
        _, filled = await fill(Process(world), ask())
        assert filled.provider == "first"
        assert world.clock.now() >= NOW + 50.0
        assert world.clock.now() < NOW + 51.0

    in_virtual_time(scene())


def test_a_first_choice_with_an_open_circuit_is_waited_for() -> None:
    """Its series is the one that questions prefer: a rest of two seconds is no reason to switch."""

    async def scene() -> None:
        world = World()
        await world.health.open_circuit("first", world.clock.now())
        _, filled = await fill(Process(world), ask())
        assert (filled.provider, filled.substituted) == ("first", False)

    in_virtual_time(scene())


def test_a_first_choice_that_is_away_for_an_hour_gives_way() -> None:
    """That is longer than anybody wants to wait, and the substitution is said."""

    async def scene() -> None:
        world = World()
        await world.pacer.freeze("first", NOW + HOUR, banned=True)
        _, filled = await fill(Process(world), ask())
        assert (filled.provider, filled.substituted) == ("second", True)
        assert world.first.pages == []

    in_virtual_time(scene())


@pytest.mark.parametrize(
    "fault", [UNLISTED, AccessDenied("Blocked."), RangeUnavailable("Too old.")]
)
def test_a_permanent_refusal_is_not_waited_out(fault: ProviderError) -> None:
    """The next provider fills the range at once."""

    async def scene() -> None:
        world = World()
        world.first.fails = fault
        _, filled = await fill(Process(world), ask())
        assert (filled.provider, filled.substituted) == ("second", True)
        assert (world.clock.monotonic(), len(world.first.pages)) == (0.0, 1)

    in_virtual_time(scene())


def test_six_faults_in_a_row_are_too_many() -> None:
    """Then the next provider has its chance."""

    async def scene() -> None:
        world = World()
        world.first.fails = DOWN
        _, filled = await fill(Process(world), ask())
        assert (filled.provider, len(world.first.pages)) == ("second", 6)

    in_virtual_time(scene())


def test_a_provider_that_has_begun_is_not_replaced() -> None:
    """Its rows stay, the other series is not begun, and the reason says when it may go on."""

    async def scene() -> None:
        world = World()
        gone = RateLimited("Come tomorrow.", provider="first", retry_at=NOW + float(DAY))
        world.first.fails_at_page = {3: gone}
        with pytest.raises(NoProviderAvailable) as failed:
            await fill(Process(world), ask())
        assert [(a.provider, a.retry_at) for a in failed.value.attempts] == [
            ("first", NOW + float(DAY))
        ]
        assert world.second.pages == []
        assert len(await stored(world, 2000)) == 1000

    in_virtual_time(scene())


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (UNLISTED, UNLISTED, UnknownInstrument),
        (RangeUnavailable("Too old."), UNLISTED, RangeUnavailable),
        (DOWN, UNLISTED, NoProviderAvailable),
    ],
)
def test_when_nobody_can_fill_the_range_the_reason_is_said(
    first: ProviderError, second: ProviderError, expected: type[MarketDataError]
) -> None:
    """Unknown, out of reach, or unavailable for now."""

    async def scene() -> None:
        world = World()
        world.first.fails, world.second.fails = first, second
        with pytest.raises(expected):
            await fill(Process(world), ask())

    in_virtual_time(scene())


def test_a_named_provider_is_never_replaced() -> None:
    """Its refusal is the end."""

    async def scene() -> None:
        world = World()
        world.first.fails = UNLISTED
        with pytest.raises(UnknownInstrument):
            await fill(Process(world), ask(provider="first"))
        assert world.second.pages == []

    in_virtual_time(scene())


def test_quiet_minutes_are_a_complete_answer_and_spoilt_rows_are_not() -> None:
    """Of the one we know the reason, of the other we do not."""

    async def scene() -> None:
        world = World()
        world.first.quiet = {NOW - 5 * MINUTE}
        _, filled = await fill(Process(world), ask(100))
        assert filled.is_complete
        assert [gap.reason for gap in filled.gaps] == [GapReason.NO_TRADES]
        world.second.spoilt = {NOW - 7 * MINUTE}
        _, other = await fill(Process(world), ask(100, provider="second"))
        assert not other.is_complete
        assert (other.rows, [gap.reason for gap in other.gaps]) == (99, [GapReason.UNKNOWN])

    in_virtual_time(scene())


def test_minutes_before_the_listing_are_no_failure() -> None:
    """The range reaches back before the first bar: complete, with that reason."""

    async def scene() -> None:
        world = World(replace(OFFERS, page_bars=2000))
        world.first.listed_from = NOW - 300 * MINUTE
        _, filled = await fill(Process(world), ask())
        assert (filled.rows, filled.is_complete) == (300, True)
        assert [gap.reason for gap in filled.gaps] == [GapReason.NOT_LISTED]

    in_virtual_time(scene())


def test_scattered_holes_are_asked_for_together() -> None:
    """Every tenth minute was lost: two pages and not two hundred calls."""

    async def scene() -> None:
        world = World(replace(OFFERS, page_bars=1000))
        process = Process(world)
        await fill(process, ask())
        world.forget_calls()
        for k in range(10, 2000, 10):
            world.store.lose(key(), TimeRange(NOW - k * MINUTE, NOW - (k - 1) * MINUTE))
        batches, filled = await fill(process, ask())
        assert len(world.pages) == 2
        assert [batch.done for batch in batches] == sorted(batch.done for batch in batches)
        assert filled.is_complete
        assert await stored(world, 2000) == whole(2000)

    in_virtual_time(scene())


@pytest.mark.parametrize(
    ("start", "end", "parameter"),
    [
        (NOW, NOW - 60, "end"),
        (NOW, NOW, "end"),
        (-60, NOW, "start"),
        (NOW * 1000 - 60, NOW * 1000, "end"),
        (NOW, NOW + HOUR, "start"),
    ],
)
def test_a_range_that_makes_no_sense_is_refused(start: int, end: int, parameter: str) -> None:
    """Reversed, empty, before 1970, in milliseconds, in the future."""

    async def scene() -> None:
        world = World()
        with pytest.raises(InvalidRequest) as refused:
            await fill(Process(world), FillGapsAsk(BTC, Interval.M1, start, end))
        assert refused.value.parameter == parameter
        assert world.pages == []

    in_virtual_time(scene())


def test_a_page_that_cannot_be_stored_ends_the_back_fill() -> None:
    """The store is away: nothing is told that is not safe."""

    class Full(WatchedStore):
        async def write(self, batch: Batch) -> Receipt:
            if batch.asked.start > NOW - 1200 * MINUTE:
                raise StoreUnavailable("The disk is full.")
            return await super().write(batch)

    async def scene() -> None:
        world = World()
        store = Full(world.clock)
        with pytest.raises(StoreUnavailable):
            await fill(Process(world, store), ask())
        assert await store.bounds([key()]) == {key(): (NOW - 2000 * MINUTE, NOW - 1001 * MINUTE)}
        assert world.first.open_generators == 0

    in_virtual_time(scene())


def test_an_end_in_the_running_minute_is_cut_to_what_has_closed() -> None:
    """The forming bar is not asked for."""

    async def scene() -> None:
        world = World()
        await fill(Process(world), ask(10, end=NOW + MINUTE))
        assert minutes(world.pages) == [(-9, 0)]

    in_virtual_time(scene())
