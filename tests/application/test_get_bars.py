"""Asking for bars: one call for many, what is stored first, patience with slow providers."""

import asyncio

import pytest
from msgspec.structs import replace

from adapters_out.memory.cache import MemoryCache
from application.answer_codec import pack_answer
from domain.coverage import GapReason
from domain.errors import (
    InvalidRequest,
    NoData,
    StoreUnavailable,
    UnknownInstrument,
    UnsupportedInterval,
)
from domain.instrument import AssetClass, Instrument, SeriesKey
from domain.interval import Interval
from domain.ledger import BarSlice, StoredBars
from domain.query import BarQuery
from domain.timerange import TimeRange
from tests.application.scripted_market import OFFERS
from tests.application.world import (
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
    opens,
    query,
)


def test_a_cold_question_is_one_call_and_says_everything_about_its_answer() -> None:
    """The latest ten closed minutes, judged, with source, window and freshness."""

    async def scene() -> None:
        world = World()
        answer = await Process(world).ask(query(10))
        assert minutes(world.pages) == [(-10, 0)]
        assert opens(answer) == list(range(-10, 0))
        assert (answer.provider, answer.cached, answer.stale) == ("first", False, False)
        assert (answer.substituted, answer.gaps, answer.next_start) == (False, (), None)
        assert answer.quality.score.status == "excellent"
        (source,) = answer.sources
        assert (source.provider, source.start, source.end) == ("first", NOW - 600, NOW)
        assert source.fetched_at == NOW + 30
        assert answer.learned_at == pytest.approx(NOW + 30, abs=0.01)
        assert answer.fresh_until == NOW + 60

    in_virtual_time(scene())


@pytest.mark.parametrize("says_so", [False, True])
def test_no_volume_costs_nothing_where_it_is_declared(says_so: bool) -> None:
    """An answer without any is as good as can be, now and as of then; undeclared it lacks all."""

    async def scene() -> None:
        without = frozenset({AssetClass.CRYPTO}) if says_so else frozenset()
        world = World(replace(OFFERS, without_volume=without))
        world.first.counts = world.second.counts = False
        process = Process(world)
        answer = await process.ask(query(60, provider="first"))
        score = answer.quality.score
        assert (score.completeness, score.score) == ((100, 100) if says_so else (0, 60))
        again = await process.ask(query(60, provider="first"))
        assert again.quality.score == score
        series = SeriesKey(answer.instrument.id, answer.interval, "first")
        reports = await world.store.reports([series])
        assert reports[series].score == score

    in_virtual_time(scene())


@pytest.mark.parametrize("impatient", [False, True])
def test_two_hundred_cold_questions_are_one_call(impatient: bool) -> None:
    """Also when the one who asked first hangs up."""

    async def scene() -> None:
        world = World()
        world.first.delay_s = 1.0
        process = Process(world)
        asking = [asyncio.ensure_future(process.ask(query(10))) for _ in range(200)]
        await world.clock.sleep(0.5)
        if impatient:
            asking.pop(0).cancel()
        answers = await asyncio.gather(*asking)
        assert len(world.pages) == 1
        assert {len(answer.series) for answer in answers} == {10}

    in_virtual_time(scene())


@pytest.mark.parametrize("shares_store", [False, True])
@pytest.mark.parametrize("shares_memory", [False, True])
def test_two_processes_make_one_call_together(shares_store: bool, shares_memory: bool) -> None:
    """They share the turnstile, and the store, the cache or both."""

    async def scene() -> None:
        world = World()
        world.first.delay_s = 0.7
        other_store = None if shares_store else WatchedStore(world.clock)
        other_cache = None if shares_memory or not shares_store else MemoryCache(world.clock)
        both = Process(world), Process(world, other_store, other_cache)
        asking = [both[i % 2].ask(query(10)) for i in range(200)]
        answers = await asyncio.gather(*asking)
        assert len(world.pages) == 1
        assert all(opens(answer) == list(range(-10, 0)) for answer in answers)

    in_virtual_time(scene())


def test_the_turn_goes_on_when_a_whole_process_hangs_up() -> None:
    """The lease of a caller who left is given back, and the other process asks."""

    async def scene() -> None:
        world = World()
        world.first.delay_s = 1.0
        one, other = Process(world), Process(world, WatchedStore(world.clock))
        gone = asyncio.ensure_future(one.ask(query(10)))
        await world.clock.sleep(0.5)
        waiting = asyncio.ensure_future(other.ask(query(10)))
        await world.clock.sleep(0.1)
        gone.cancel()
        assert len((await waiting).series) == 10
        assert world.clock.monotonic() < 2.0
        assert world.first.open_generators == 0

    in_virtual_time(scene())


def test_a_spelling_of_the_symbol_is_echoed_and_does_not_cost_a_call() -> None:
    """BTC-USDT and btcusdt fly together, each under its own name."""

    async def scene() -> None:
        world = World()
        world.first.delay_s = 1.0
        process = Process(world)
        one, other = await asyncio.gather(
            process.ask(query(symbol="BTC-USDT")), process.ask(query(symbol="btcusdt"))
        )
        assert (one.symbol, other.symbol) == ("BTC-USDT", "btcusdt")
        assert len(world.pages) == 1

    in_virtual_time(scene())


def test_what_is_stored_costs_one_round_trip_and_no_other_question() -> None:
    """No provider, no health board, no budget is asked; the answer is the same, and cached."""

    async def scene() -> None:
        world = World()
        process = Process(world)
        fresh = await process.ask(query(10))
        world.forget_calls()
        again = await process.ask(query(10))
        assert world.store.trips == ["read"]
        assert (world.health.looks, world.pacer.looks, world.pages) == (0, 0, [])
        assert again.cached
        assert pack_answer(again) == pack_answer(fresh)

    in_virtual_time(scene())


@pytest.mark.parametrize("state", ["open", "frozen", "hangs", "fails"])
def test_after_a_restart_what_is_stored_is_served_whatever_the_providers_do(state: str) -> None:
    """The same bytes from a new process without a cache, at once and without a call."""

    async def scene() -> None:
        world = World()
        before = await Process(world).ask(query(10))
        world.forget_calls()
        for provider in (world.first, world.second):
            if state == "open":
                await world.health.open_circuit(provider.name, world.clock.now())
            elif state == "frozen":
                await world.pacer.freeze(provider.name, NOW + HOUR, banned=True)
            elif state == "hangs":
                provider.hang()
            else:
                provider.fails = DOWN
        after = await Process(world, cache=MemoryCache(world.clock)).ask(query(10))
        assert pack_answer(after) == pack_answer(before)
        assert (world.pages, world.clock.monotonic()) == ([], 0.0)

    in_virtual_time(scene())


def test_a_lost_hour_is_fetched_exactly() -> None:
    """Nothing beside it is read again, although another process has just answered the same."""

    async def scene() -> None:
        world = World()
        process = Process(world)
        before = await process.ask(query(300))
        world.forget_calls()
        world.store.lose(key(), TimeRange(NOW - HOUR, NOW))
        after = await process.ask(query(300))
        assert minutes(world.pages) == [(-60, 0)]
        assert after.series == before.series
        assert not after.cached

    in_virtual_time(scene())


def test_a_lost_hour_together_with_a_new_minute_is_fetched_exactly() -> None:
    """A minute later the lost hour and the new minute are one call and nothing before them."""

    async def scene() -> None:
        world = World()
        process = Process(world)
        await process.ask(query(300))
        world.forget_calls()
        world.store.lose(key(), TimeRange(NOW - HOUR, NOW))
        await world.clock.sleep(MINUTE)
        assert len((await process.ask(query(300))).series) == 300
        assert minutes(world.pages) == [(-60, 1)]

    in_virtual_time(scene())


def test_new_bars_are_fetched_together_with_the_youngest_stored_ones() -> None:
    """Providers correct young bars: the newest two are read again with the new one."""

    async def scene() -> None:
        world = World()
        process = Process(world)
        await process.ask(query(10))
        world.forget_calls()
        world.first.corrections[NOW - MINUTE] = 107.0
        await world.clock.sleep(MINUTE)
        answer = await process.ask(query(10))
        assert minutes(world.pages) == [(-2, 1)]
        assert answer.series.close[-2] == 107.0

    in_virtual_time(scene())


def test_use_cache_false_asks_again_and_the_new_value_is_served_from_then_on() -> None:
    """Everything is stored, and still the provider is asked for the whole window."""

    async def scene() -> None:
        world = World()
        process = Process(world)
        await process.ask(query(10))
        world.forget_calls()
        world.first.corrections[NOW - 5 * MINUTE] = 107.0
        for use_cache in (False, True):
            answer = await process.ask(query(10, use_cache=use_cache))
            assert answer.series.close[5] == 107.0
            assert answer.cached is use_cache
        assert minutes(world.pages) == [(-10, 0)]
        (revision,) = await world.store.revisions({key(): TimeRange(NOW - HOUR, NOW)}, 10)
        assert revision.replaced_by.close == 107.0

    in_virtual_time(scene())


def test_use_cache_false_reads_everything_again_when_only_new_bars_are_missing() -> None:
    """A correction is not overlooked because a minute has passed meanwhile."""

    async def scene() -> None:
        world = World()
        process = Process(world)
        await process.ask(query(10))
        world.forget_calls()
        world.first.corrections[NOW - 5 * MINUTE] = 107.0
        await world.clock.sleep(MINUTE)
        answer = await process.ask(query(10, use_cache=False))
        assert minutes(world.pages) == [(-9, 1)]
        assert answer.series.close[4] == 107.0

    in_virtual_time(scene())


def test_a_slow_provider_delays_a_nearly_complete_answer_by_a_second_and_a_half() -> None:
    """The stored part is served as stale; the refresh goes on and lands in the store."""

    async def scene() -> None:
        world = World()
        process = Process(world)
        await process.ask(query(10))
        world.first.delay_s = 4.0
        await world.clock.sleep(MINUTE)
        asked_at = world.clock.monotonic()
        answer = await process.ask(query(10))
        assert world.clock.monotonic() - asked_at == pytest.approx(1.5)
        assert (answer.stale, answer.cached, opens(answer)) == (True, True, list(range(-9, 0)))
        assert [(g.start, g.end, g.reason) for g in answer.gaps] == [
            (NOW, NOW + MINUTE, GapReason.UNKNOWN)
        ]
        assert answer.fresh_until == pytest.approx(
            world.clock.now() + 0.5, abs=0.01
        )  # asked again soon
        await process.get_bars.drain()
        world.forget_calls()
        later = await process.ask(query(10))
        assert (later.stale, opens(later), world.pages) == (False, list(range(-9, 1)), [])

    in_virtual_time(scene())


def test_a_provider_that_fails_fast_does_not_cost_patience() -> None:
    """The stored part of the first choice is worth less than the complete second one."""

    async def scene() -> None:
        world = World()
        process = Process(world)
        await process.ask(query(10))
        world.first.fails = DOWN
        await world.clock.sleep(MINUTE)
        asked_at = world.clock.monotonic()
        answer = await process.ask(query(10))
        assert (answer.provider, answer.substituted, answer.stale) == ("second", True, False)
        assert world.clock.monotonic() == asked_at

    in_virtual_time(scene())


def test_the_forming_bar_is_shown_but_neither_stored_nor_judged() -> None:
    """It comes beside the final bars, and the next question does not see it."""

    async def scene() -> None:
        world = World()
        process = Process(world)
        plain = await process.ask(query(10))
        answer = await process.ask(query(10, include_partial=True))
        assert answer.forming is not None
        assert (answer.forming.ts, answer.forming.final) == (NOW, False)
        assert opens(answer) == list(range(-10, 0))
        assert answer.quality == plain.quality
        assert await world.store.bounds([key()]) == {key(): (NOW - 10 * MINUTE, NOW - MINUTE)}
        assert minutes(world.pages) == [(-10, 0), (-1, 0)]
        assert (await process.ask(query(10))).forming is None

    in_virtual_time(scene())


def test_a_question_for_the_past_has_no_forming_bar() -> None:
    """What is stored of the past is complete, whether or not a partial bar is welcome."""

    async def scene() -> None:
        world = World()
        process = Process(world)
        for _ in range(2):
            asked = query(5, end=NOW - HOUR, include_partial=True)
            assert (await process.ask(asked)).forming is None
        assert len(world.pages) == 1

    in_virtual_time(scene())


@pytest.mark.parametrize(("end", "shown"), [(NOW, False), (NOW + 1, True), (NOW + MINUTE, True)])
def test_the_forming_bar_is_shown_only_if_it_opens_before_the_end(end: int, shown: bool) -> None:
    """The range is half-open: what opens at its end is not in it, and nobody is asked for it."""

    async def scene() -> None:
        world = World()
        process = Process(world)
        for first in (True, False):
            answer = await process.ask(query(5, start=NOW - 300, end=end, include_partial=True))
            assert (answer.forming is not None) is shown
            assert opens(answer) == [-5, -4, -3, -2, -1]
            assert answer.cached is not first

    in_virtual_time(scene())


def test_a_hanging_provider_does_not_hold_up_what_only_lacks_the_forming_bar() -> None:
    """All final bars are stored: they are served after a second and a half."""

    async def scene() -> None:
        world = World()
        process = Process(world)
        await process.ask(query(10))
        world.first.hang()
        answer = await process.ask(query(10, include_partial=True))
        assert (answer.forming, answer.stale, len(answer.series)) == (None, False, 10)
        assert world.clock.monotonic() == pytest.approx(1.5)

    in_virtual_time(scene())


def test_callers_share_an_answer_for_two_seconds_over_processes_but_not_beyond_the_bar() -> None:
    """A process with an empty store of its own finds what another has just fetched."""

    async def scene() -> None:
        world = World(offset_s=58.5)
        await Process(world).ask(query(10))
        await world.clock.sleep(1.0)
        other = Process(world, WatchedStore(world.clock))
        assert (await other.ask(query(10))).cached
        assert len(world.pages) == 1
        await world.clock.sleep(0.7)  # the minute is over, the two seconds are not
        assert opens(await other.ask(query(10))) == list(range(-9, 1))
        assert len(world.pages) == 2

    in_virtual_time(scene())


@pytest.mark.parametrize(
    ("wrong", "parameter"),
    [
        (query(start=-60), "start"),
        (query(end=-1), "end"),
        (query(start=NOW * 1000), "start"),
        (query(end=NOW * 1000), "end"),
        (query(start=NOW - 60, end=NOW - 120), "end"),
        (query(start=NOW - 60, end=NOW - 60), "end"),
        (query(0), "limit"),
        (query(provider="nobody"), "provider"),
    ],
)
def test_a_wrong_question_is_refused_by_the_name_of_its_parameter(
    wrong: BarQuery, parameter: str
) -> None:
    """Before 1970, in milliseconds, reversed, for nothing, to nobody."""

    async def scene() -> None:
        world = World()
        with pytest.raises(InvalidRequest) as refused:
            await Process(world).ask(wrong)
        assert refused.value.parameter == parameter
        assert world.pages == []

    in_virtual_time(scene())


def test_what_nobody_offers_is_refused_without_a_call() -> None:
    """A stock is unknown here, and an interval that nobody has is not supported."""

    async def scene() -> None:
        world = World()
        process = Process(world)
        with pytest.raises(UnknownInstrument):
            await process.ask(query(symbol="AAPL", instrument=Instrument.stock("AAPL")))
        hours = World(replace(OFFERS, intervals=(Interval.H1,)))
        with pytest.raises(UnsupportedInterval, match="use one of 1h"):
            await Process(hours).ask(query())
        assert world.pages == hours.pages == []

    in_virtual_time(scene())


@pytest.mark.parametrize(
    "future",
    [query(start=NOW + HOUR), query(start=NOW), query(1, interval=Interval.MO1, end=0)],
)
def test_a_range_of_which_no_bar_has_closed_is_no_data(future: BarQuery) -> None:
    """A start in the future, in the running bar, or an end before all bars."""

    async def scene() -> None:
        world = World()
        with pytest.raises(NoData):
            await Process(world).ask(future)
        assert world.pages == []

    in_virtual_time(scene())


def test_a_store_that_is_away_is_said_to_be_away() -> None:
    """The caller gets the reason, and nobody's budget is spent."""

    class Away(WatchedStore):
        async def read(
            self, key: SeriesKey, chosen: BarSlice, as_of: int | None = None
        ) -> StoredBars:
            raise StoreUnavailable(f"The database is away: {key} {chosen} {as_of}.")

    async def scene() -> None:
        world = World()
        with pytest.raises(StoreUnavailable):
            await Process(world, Away(world.clock)).ask(query())
        assert world.pages == []

    in_virtual_time(scene())
