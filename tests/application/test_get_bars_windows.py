"""Which bars a question means: latest, anchored, paged, sparse, weekly and monthly."""

import pytest
from msgspec.structs import replace

from domain.coverage import GapReason
from domain.errors import (
    DeadlineExceeded,
    NoData,
    NoProviderAvailable,
    ProviderError,
    QuotaExhausted,
)
from domain.interval import Interval
from domain.timerange import TimeRange
from tests.application.scripted_market import OFFERS
from tests.application.world import (
    DAY,
    DOWN,
    HOUR,
    MINUTE,
    NOW,
    Process,
    World,
    in_virtual_time,
    minutes,
    opens,
    query,
)

SPENT = QuotaExhausted("The quota of this minute is used up.", retry_at=NOW + 30.0)
LATE = DeadlineExceeded("It did not answer in time.")


def at(minute: int) -> int:
    """The open of a minute, counted from the world's full hour."""
    return NOW + minute * MINUTE


def test_an_end_alone_means_the_last_bars_before_it() -> None:
    """Ten bars up to the end, which itself is not one of them."""

    async def scene() -> None:
        answer = await Process(World()).ask(query(10, end=at(-60)))
        assert opens(answer) == list(range(-70, -60))
        assert answer.next_start is None

    in_virtual_time(scene())


def test_an_unaligned_range_holds_the_bars_that_open_in_it() -> None:
    """A second after a minute's open that minute is no longer in the range."""

    async def scene() -> None:
        answer = await Process(World()).ask(query(10, start=at(-5) + 1, end=at(-2) + 1))
        assert opens(answer) == [-4, -3, -2]

    in_virtual_time(scene())


def test_pages_from_a_start_follow_each_other_without_gap_or_overlap() -> None:
    """Each answer says where the next page begins, the last one that there is none."""

    async def scene() -> None:
        process = Process(World())
        start, seen, pages = at(-25), list[int](), 0
        while True:
            answer = await process.ask(query(10, start=start))
            seen += opens(answer)
            pages += 1
            if answer.next_start is None:
                break
            start = answer.next_start
        assert (seen, pages) == (list(range(-25, 0)), 3)

    in_virtual_time(scene())


def test_a_range_that_fits_into_the_limit_has_no_next_page() -> None:
    """Exactly as many bars as the limit are one page."""

    async def scene() -> None:
        answer = await Process(World()).ask(query(10, start=at(-20), end=at(-10)))
        assert (opens(answer), answer.next_start) == (list(range(-20, -10)), None)

    in_virtual_time(scene())


@pytest.mark.parametrize(
    ("interval", "first", "last"),
    [
        (Interval.D1, 1_699_747_200, 1_699_920_000),  # 2023-11-12 to 2023-11-14 00:00 UTC
        (Interval.W1, 1_698_019_200, 1_699_228_800),  # Mondays 2023-10-23 to 2023-11-06
        (Interval.MO1, 1_690_848_000, 1_696_118_400),  # 2023-08-01 to 2023-10-01
    ],
)
def test_the_latest_three_days_weeks_and_months_are_the_closed_ones(
    interval: Interval, first: int, last: int
) -> None:
    """On 2023-11-15 at midnight the running week and month are not among them."""

    async def scene() -> None:
        answer = await Process(World()).ask(query(3, interval=interval))
        assert len(answer.series) == 3
        assert (answer.series.ts[0], answer.series.ts[-1]) == (first, last)
        assert answer.quality.score.completeness == 100.0

    in_virtual_time(scene())


def test_months_follow_the_calendar_page_by_page() -> None:
    """February is as good a page border as any other month."""

    async def scene() -> None:
        process = Process(World())
        january, june = 1_672_531_200, 1_685_577_600  # 2023
        page = await process.ask(query(2, interval=Interval.MO1, start=january, end=june))
        assert page.next_start == 1_677_628_800  # 2023-03-01
        rest = await process.ask(query(9, interval=Interval.MO1, start=page.next_start, end=june))
        assert (len(rest.series), rest.next_start) == (3, None)

    in_virtual_time(scene())


def test_an_end_in_the_future_means_now() -> None:
    """Only closed bars count, and no page follows them."""

    async def scene() -> None:
        answer = await Process(World()).ask(query(10, start=at(-3), end=at(10)))
        assert (opens(answer), answer.next_start) == ([-3, -2, -1], None)

    in_virtual_time(scene())


def test_a_limit_that_reaches_before_1970_is_cut_there() -> None:
    """There are only two Mondays before 15 January 1970."""

    async def scene() -> None:
        answer = await Process(World()).ask(query(10, interval=Interval.W1, end=14 * DAY))
        assert answer.series.ts.tolist() == [4 * DAY, 11 * DAY]

    in_virtual_time(scene())


def test_quiet_minutes_do_not_shorten_the_latest_bars() -> None:
    """Every third minute had no trade: ten bars are ten bars, from a longer stretch."""

    async def scene() -> None:
        world = World()
        world.first.quiet = {at(-k) for k in range(0, 100, 3)}
        answer = await Process(world).ask(query(10))
        assert opens(answer) == [-14, -13, -11, -10, -8, -7, -5, -4, -2, -1]
        assert answer.window == TimeRange(at(-14), NOW)
        assert {gap.reason for gap in answer.gaps} == {GapReason.NO_TRADES}
        assert (answer.stale, answer.quality.score.completeness) == (False, 100.0)

    in_virtual_time(scene())


def test_a_sparse_answer_comes_from_the_store_the_second_time() -> None:
    """Nobody is asked again for what is known to be quiet."""

    async def scene() -> None:
        world = World()
        world.first.quiet = {at(-k) for k in range(0, 100, 3)}
        process = Process(world)
        before = await process.ask(query(10))
        world.forget_calls()
        after = await process.ask(query(10))
        assert (opens(after), world.pages, after.cached) == (opens(before), [], True)
        assert world.health.looks == 0
        assert len(world.store.trips) == 4

    in_virtual_time(scene())


def test_pages_of_a_sparse_series_are_full_and_meet() -> None:
    """Forwards, the window grows to the right and the next page begins behind its last bar."""

    async def scene() -> None:
        world = World()
        world.first.quiet = {at(-k) for k in range(0, 100, 3)}
        process = Process(world)
        page = await process.ask(query(10, start=at(-59)))
        assert opens(page) == [-59, -58, -56, -55, -53, -52, -50, -49, -47, -46]
        assert page.next_start == at(-45)
        rest = await process.ask(query(60, start=page.next_start))
        assert (opens(rest)[0], rest.next_start) == (-44, None)
        assert len(rest.series) == 30

    in_virtual_time(scene())


def test_a_window_between_start_and_end_is_never_widened() -> None:
    """The caller named both borders: what lies between them is the answer."""

    async def scene() -> None:
        world = World()
        world.first.quiet = {at(-5), at(-6)}
        answer = await Process(world).ask(query(10, start=at(-10), end=NOW))
        assert len(answer.series) == 8
        assert minutes(world.pages) == [(-10, 0)]

    in_virtual_time(scene())


def test_a_closed_weekend_is_bridged_in_a_few_calls() -> None:
    """Nothing was traded for sixty hours, and still the latest five bars are found."""

    async def scene() -> None:
        world = World(replace(OFFERS, holes=GapReason.MARKET_CLOSED, page_bars=1000))
        world.first.quiet = {at(-k) for k in range(1, 60 * 60)}
        answer = await Process(world).ask(query(5))
        assert opens(answer) == list(range(-3604, -3599))
        assert len(world.pages) <= 8
        assert world.second.pages == []

    in_virtual_time(scene())


def test_a_session_that_begins_busier_than_it_goes_on_still_fills_the_limit() -> None:
    """Four bars in the newest six minutes, then one in a hundred: five come, in a few calls."""

    async def scene() -> None:
        world = World()
        world.first.quiet = {at(-k) for k in range(2, 400) if k % 100 and k not in {3, 4, 6}}
        process = Process(world)
        assert opens(await process.ask(query(5, start=at(-902), end=at(-900)))) == [-902, -901]
        world.forget_calls()
        assert opens(await process.ask(query(5))) == [-100, -6, -4, -3, -1]
        assert len(world.pages) <= 5
        world.forget_calls()
        assert opens(await process.ask(query(5))) == [-100, -6, -4, -3, -1]
        assert world.pages == []

    in_virtual_time(scene())


def test_widening_ends_after_a_bounded_search() -> None:
    """A month of silence is no data, found out at a bounded cost."""

    async def scene() -> None:
        world = World(replace(OFFERS, page_bars=1000))
        world.first.is_empty = True
        with pytest.raises(NoData, match="no_trades"):
            await Process(world).ask(query(5))
        assert len(world.pages) <= 24
        assert world.second.pages == []

    in_virtual_time(scene())


def test_widening_respects_how_far_back_the_provider_goes() -> None:
    """It keeps twelve bars: those are asked for and no older ones."""

    async def scene() -> None:
        world = World(replace(OFFERS, history_bars=12))
        world.first.quiet = {at(-2), at(-3), at(-4)}
        answer = await Process(world).ask(query(10))
        assert opens(answer) == [-12, -11, -10, -9, -8, -7, -6, -5, -1]
        world.forget_calls()
        await Process(world).ask(query(10))
        assert world.pages == []

    in_virtual_time(scene())


def test_widening_that_fails_keeps_the_narrow_answer() -> None:
    """The provider breaks down at the second call: the next question goes on from there."""

    async def scene() -> None:
        world = World()
        world.first.quiet = {at(-2)}
        world.first.fails_at_page = {2: DOWN}
        process = Process(world)
        answer = await process.ask(query(10))
        assert opens(answer) == [-10, -9, -8, -7, -6, -5, -4, -3, -1]
        assert (answer.provider, answer.window) == ("first", TimeRange(at(-10), NOW))
        await world.clock.sleep(3.0)
        then = await process.ask(query(10, as_of=int((NOW + 32) * 1_000_000)))
        assert (then.series, then.gaps, then.window) == (
            answer.series,
            answer.gaps,
            answer.window,
        )
        later = await process.ask(query(10))
        assert opens(later) == [-11, -10, -9, -8, -7, -6, -5, -4, -3, -1]

    in_virtual_time(scene())


def test_gaps_without_an_excuse_do_not_widen_the_window() -> None:
    """Missing because of an outage: the answer names the gap and costs no further call."""

    async def scene() -> None:
        world = World(replace(OFFERS, holes=GapReason.PROVIDER_OUTAGE))
        world.first.quiet = {at(-5)}
        answer = await Process(world).ask(query(10))
        assert len(answer.series) == 9
        assert [gap.reason for gap in answer.gaps] == [GapReason.PROVIDER_OUTAGE]
        assert minutes(world.pages) == [(-10, 0)]

    in_virtual_time(scene())


def test_the_last_bars_before_an_outage_are_found_from_within_it() -> None:
    """A window that an outage leaves without any bar: the last ones before it, the gap named."""

    async def scene() -> None:
        world = World(replace(OFFERS, holes=GapReason.PROVIDER_OUTAGE))
        world.first.quiet = {at(-k) for k in range(1, 31)}
        process = Process(world)
        for ask in (query(5, provider="first"), query(5, provider="first", end=at(-10))):
            answer = await process.ask(ask)
            assert opens(answer) == [-35, -34, -33, -32, -31]
            first = answer.gaps[0]
            assert (first.start, first.reason) == (at(-30), GapReason.PROVIDER_OUTAGE)
        await world.clock.sleep(1.0)
        known, calls = int(world.clock.now() * 1_000_000), len(world.pages)
        then = await process.ask(query(5, provider="first", as_of=known))
        assert opens(then) == [-35, -34, -33, -32, -31]
        assert len(world.pages) == calls
        better = await process.ask(query(5))
        assert (better.provider, better.substituted) == ("second", True)
        assert opens(better) == [-5, -4, -3, -2, -1]

    in_virtual_time(scene())


def test_the_latest_bar_is_the_one_before_while_the_newest_is_not_published() -> None:
    """Half a second after the minute the provider has nothing: no error, an older bar."""

    async def scene() -> None:
        world = World(offset_s=0.5)
        world.first.late_s = 3.0
        process = Process(world)
        answer = await process.ask(query(1))
        assert opens(answer) == [-2]
        assert [(g.start, g.reason) for g in answer.gaps] == [(at(-1), GapReason.NOT_YET_PUBLISHED)]
        assert answer.fresh_until == pytest.approx(NOW + 2.5, abs=0.01)
        await world.clock.sleep(3.0)
        assert opens(await process.ask(query(1))) == [-1]

    in_virtual_time(scene())


def test_the_latest_bars_are_the_newest_stored_ones_when_nobody_can_be_asked() -> None:
    """After an hour of outage the stored bars are served as stale, with the hour named."""

    async def scene() -> None:
        world = World()
        process = Process(world)
        await process.ask(query(10))
        world.first.fails = world.second.fails = DOWN
        await world.clock.sleep(HOUR)
        answer = await process.ask(query(5))
        assert (opens(answer), answer.stale) == (list(range(-5, 0)), True)
        assert [(g.start, g.end, g.reason) for g in answer.gaps] == [
            (NOW, NOW + HOUR, GapReason.UNKNOWN)
        ]

    in_virtual_time(scene())


@pytest.mark.parametrize("limit", [1, 10])
@pytest.mark.parametrize("failing", [DOWN, SPENT, LATE], ids=lambda error: error.code)
def test_widening_that_fails_before_any_bar_was_found_is_a_failure(
    limit: int, failing: ProviderError | DeadlineExceeded
) -> None:
    """The newest bars are not published, and the quota ends with that: nobody said "no bars"."""

    async def scene() -> None:
        world = World(offset_s=0.5)
        world.first.late_s = 3600.0
        world.first.fails_at_page = {2: failing}
        world.second.fails = DOWN
        with pytest.raises(NoProviderAvailable) as failed:
            await Process(world).ask(query(limit))
        assert [(a.provider, a.code) for a in failed.value.attempts] == [
            ("first", failing.code),
            ("second", DOWN.code),
        ]
        answer = await Process(world).ask(query(limit))
        assert (answer.provider, len(answer.series)) == ("first", limit)

    in_virtual_time(scene())
