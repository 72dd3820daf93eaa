"""Stocks and futures through nights, weekends and holidays: what is asked, said and scored."""

import datetime as dt

import pytest
from msgspec.structs import replace

from application.fill_gaps import Committed, Filled, FillGapsAsk
from application.inspect_series import InspectSeries, SeriesChoice
from domain.coverage import Gap, GapReason
from domain.errors import NoData, NoProviderAvailable
from domain.instrument import AssetClass, Instrument
from domain.interval import Interval
from domain.provider import Capabilities
from domain.query import BarQuery
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
    query,
)

APPLE = Instrument.stock("AAPL")
STOCKS = replace(
    OFFERS,
    asset_classes=frozenset({AssetClass.STOCK}),
    holes=GapReason.UNKNOWN,
    page_bars=1000,
)


def at(text: str) -> int:
    """Unix seconds of an ISO time in UTC."""
    return int(dt.datetime.fromisoformat(f"{text}+00:00").timestamp())


def apple(limit: int = 10, interval: Interval = Interval.D1, **more: int | bool) -> BarQuery:
    """Bars of Apple."""
    return replace(query(limit, interval=interval, symbol="AAPL", instrument=APPLE), **more)


def world_at(text: str, can: Capabilities = STOCKS) -> World:
    """A world of stocks at that time (UTC)."""
    return World(can, offset_s=at(text) - NOW)


def regular_hours_only(world: World, start: int, end: int) -> None:
    """Make the first provider silent at the edges of the day; summer or winter as in New York."""
    for ts in range(start, end, MINUTE):
        if not 14 * HOUR + 30 * MINUTE <= ts % DAY < 21 * HOUR:
            world.first.quiet.add(ts)


def test_a_weekend_in_the_range_is_closed_and_counts_for_nothing() -> None:
    """Two weeks of days around Thanksgiving are complete with nine bars."""

    async def scene() -> None:
        world = world_at("2024-02-05T17:00")
        answer = await Process(world).ask(
            apple(100, start=at("2023-11-13T00:00"), end=at("2023-11-27T00:00"))
        )
        assert len(answer.series) == 9
        assert answer.quality.score.completeness == 100.0
        assert not answer.stale
        assert answer.gaps == (
            Gap(at("2023-11-18T00:00"), at("2023-11-20T00:00"), GapReason.MARKET_CLOSED),
            Gap(at("2023-11-23T00:00"), at("2023-11-24T00:00"), GapReason.MARKET_CLOSED),
            Gap(at("2023-11-25T00:00"), at("2023-11-27T00:00"), GapReason.MARKET_CLOSED),
        )
        assert len(world.pages) == 1

    in_virtual_time(scene())


def test_a_range_within_a_weekend_is_no_data_and_costs_no_call() -> None:
    """The reason is named; without the store knowing anything, with all providers down."""

    async def scene() -> None:
        world = world_at("2024-02-05T17:00")
        world.first.fails = world.second.fails = DOWN
        process = Process(world)
        saturday, monday = at("2024-02-03T02:00"), at("2024-02-05T08:00")
        for use_cache in (True, False):
            asked = apple(100, Interval.M5, start=saturday, end=monday, use_cache=use_cache)
            with pytest.raises(NoData, match="market_closed"):
                await process.ask(asked)
        with pytest.raises(NoData, match="market_closed"):
            await process.ask(apple(100, start=at("2024-02-03T00:00"), end=at("2024-02-05T00:00")))
        assert world.pages == []

    in_virtual_time(scene())


def test_a_weekend_is_asked_for_where_markets_do_not_rest() -> None:
    """The same range of a pair of coins is an outage when everybody is down."""

    async def scene() -> None:
        world = World(offset_s=at("2024-02-05T17:00") - NOW)
        world.first.fails = world.second.fails = DOWN
        with pytest.raises(NoProviderAvailable):
            await Process(world).ask(query(5, start=at("2024-02-03T02:00"), end=NOW + 90 * DAY))

    in_virtual_time(scene())


def test_the_latest_minutes_on_a_monday_reach_back_to_friday_in_two_calls() -> None:
    """500 bars: this morning's and those of Friday evening; the weekend is not asked for."""

    async def scene() -> None:
        world = world_at("2024-02-05T14:35")
        answer = await Process(world).ask(apple(500, Interval.M1))
        assert len(answer.series) == 500
        assert answer.window == TimeRange(at("2024-02-02T22:15"), at("2024-02-05T14:35"))
        assert [gap.reason for gap in answer.gaps] == [GapReason.MARKET_CLOSED]
        assert world.pages == [
            TimeRange(at("2024-02-02T22:15"), at("2024-02-03T01:00")),
            TimeRange(at("2024-02-05T09:00"), at("2024-02-05T14:35")),
        ]

    in_virtual_time(scene())


def test_the_latest_minutes_on_a_sunday_are_asked_for_up_to_now_once() -> None:
    """The call for Friday's reaches to the present: nobody sends less for a session more."""

    async def scene() -> None:
        world = world_at("2024-02-04T14:35", replace(STOCKS, page_bars=10_000))
        process = Process(world)
        assert len((await process.ask(apple(5, Interval.M1))).series) == 5
        assert world.pages == [TimeRange(at("2024-02-03T00:55"), at("2024-02-04T14:35"))]
        world.forget_calls()
        assert len((await process.ask(apple(5, Interval.M1))).series) == 5
        assert world.pages == []

    in_virtual_time(scene())


def test_one_call_bridges_the_weekend_if_it_fits_into_a_page() -> None:
    """A provider with long pages is asked once."""

    async def scene() -> None:
        world = world_at("2024-02-05T14:35", replace(STOCKS, page_bars=10_000))
        process = Process(world)
        assert len((await process.ask(apple(500, Interval.M1))).series) == 500
        assert len(world.pages) == 1
        world.forget_calls()
        again = await process.ask(apple(500, Interval.M1))
        assert (len(again.series), again.cached, world.pages) == (500, True, [])

    in_virtual_time(scene())


def test_a_provider_without_early_and_late_bars_gives_500_in_two_rounds() -> None:
    """The edges of the day are quiet with it: one widening, planned by regular sessions."""

    async def scene() -> None:
        world = world_at(
            "2024-02-05T14:35", replace(STOCKS, page_bars=10_000, holes=GapReason.NO_TRADES)
        )
        regular_hours_only(world, at("2024-01-29T00:00"), at("2024-02-06T00:00"))
        answer = await Process(world).ask(apple(500, Interval.M1))
        assert len(answer.series) == 500
        assert answer.series.ts[0] == at("2024-02-01T19:15")
        assert answer.quality.score.completeness == 100.0
        assert len(world.pages) == 2

    in_virtual_time(scene())


def test_nothing_is_asked_for_while_the_market_is_closed() -> None:
    """On Sunday the latest bars are stored ones, the running bar included."""

    async def scene() -> None:
        world = world_at("2024-02-03T05:00")
        process = Process(world)
        first = await process.ask(apple(10, Interval.M1))
        await world.clock.sleep(DAY)
        world.forget_calls()
        later = await process.ask(apple(10, Interval.M1, include_partial=True))
        assert later.series == first.series
        assert (later.stale, later.forming, world.pages) == (False, None, [])

    in_virtual_time(scene())


def test_weeks_of_days_are_whole() -> None:
    """1w rolled up from 1d: weekends, Thanksgiving and Christmas excuse what is not there."""

    async def scene() -> None:
        world = world_at("2024-02-05T17:00", replace(STOCKS, intervals=(Interval.D1,)))
        answer = await Process(world).ask(apple(12, Interval.W1))
        assert answer.rolled_up_from is Interval.D1
        assert (len(answer.series), answer.gaps) == (12, ())
        assert answer.quality.score.completeness == 100.0
        assert len(world.pages) == 1

    in_virtual_time(scene())


def test_pages_from_a_start_hold_so_many_bars_whatever_lies_between() -> None:
    """Hours from Friday afternoon on: the next page begins behind the last bar, none on Sunday."""

    async def scene() -> None:
        world = world_at("2024-02-05T00:30")
        process = Process(world)
        page = await process.ask(apple(4, Interval.H1, start=at("2024-02-02T19:00")))
        assert (len(page.series), page.next_start) == (4, at("2024-02-02T23:00"))
        rest = await process.ask(apple(4, Interval.H1, start=page.next_start or 0))
        assert (len(rest.series), rest.next_start) == (2, None)
        assert rest.gaps[-1].reason is GapReason.MARKET_CLOSED

    in_virtual_time(scene())


def test_a_bar_that_came_while_the_market_was_closed_is_kept() -> None:
    """The calendar never speaks against an answer: the provider traded on that weekend."""

    async def scene() -> None:
        world = world_at("2024-02-07T17:00")
        process = Process(world)
        world.first.rests = False
        asked = apple(10, start=at("2024-02-01T00:00"), end=at("2024-02-06T00:00"))
        answer = await process.ask(asked)
        assert (len(answer.series), answer.gaps) == (5, ())

    in_virtual_time(scene())


def test_a_series_begins_when_whole_sessions_passed_without_a_bar() -> None:
    """Before its first day it was not listed, weekends included; that morning was merely early."""

    async def scene() -> None:
        world = world_at("2024-02-09T22:00", replace(STOCKS, page_bars=100_000))
        world.first.listed_from = at("2024-02-06T14:30")
        answer = await Process(world).ask(
            apple(9_000, Interval.M1, start=at("2024-02-02T00:00"), end=at("2024-02-06T15:00"))
        )
        assert [(gap.start, gap.end, gap.reason) for gap in answer.gaps] == [
            (at("2024-02-02T00:00"), at("2024-02-06T01:00"), GapReason.NOT_LISTED),
            (at("2024-02-06T01:00"), at("2024-02-06T09:00"), GapReason.MARKET_CLOSED),
            (at("2024-02-06T09:00"), at("2024-02-06T14:30"), GapReason.UNKNOWN),
        ]

    in_virtual_time(scene())


def test_a_back_fill_asks_for_sessions_and_knows_the_rest() -> None:
    """A week of minutes in five questions, and what is missing of the range has its reason."""

    async def scene() -> None:
        world = world_at("2024-02-12T00:30")
        process = Process(world)
        ask = FillGapsAsk(APPLE, Interval.M1, at("2024-02-05T00:00"), at("2024-02-12T00:00"))
        events = [event async for event in process.fill_gaps(ask)]
        done = [event.done for event in events if isinstance(event, Committed)]
        filled = events[-1]
        assert isinstance(filled, Filled)
        assert (len(world.pages), done[-1], filled.rows) == (5, 1.0, 5 * 960)
        assert {gap.reason for gap in filled.gaps} == {GapReason.MARKET_CLOSED}
        gaps = await InspectSeries(world.store, world.clock).gaps(
            SeriesChoice(APPLE, Interval.M1, start=ask.start, end=ask.end)
        )
        assert gaps.rows[0].gaps == filled.gaps

    in_virtual_time(scene())


def test_futures_rest_for_an_hour_a_day() -> None:
    """A day of minutes of ESH2024 is complete with 1,380 bars."""

    async def scene() -> None:
        futures = replace(STOCKS, asset_classes=frozenset({AssetClass.FUTURE}))
        world = world_at("2024-02-08T12:00", futures)
        contract = Instrument.future("ES", "H", 2024)
        asked = query(
            2_000,
            symbol="ESH2024",
            instrument=contract,
            start=at("2024-02-07T00:00"),
            end=at("2024-02-08T00:00"),
        )
        answer = await Process(world).ask(asked)
        assert (len(answer.series), answer.quality.score.completeness) == (1_380, 100.0)

    in_virtual_time(scene())
