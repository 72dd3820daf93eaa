"""Bars adjusted on read, while what is stored stays as it was traded."""

from collections.abc import Mapping, Sequence

import pytest
from msgspec.structs import replace

from adapters_out.memory.action_store import MemoryActionStore
from application.adjust_bars import AdjustBars
from application.answers import BarsAnswer
from application.find_actions import FRESH_S, FindActions
from domain.actions import ActionKind, CorporateAction
from domain.adjustment import Adjust
from domain.errors import (
    NoData,
    NoProviderAvailable,
    NotEntitled,
    NotListed,
    ProviderError,
    UnsupportedInterval,
)
from domain.instrument import AssetClass, Instrument
from domain.interval import Interval
from domain.query import BarQuery
from ports.actions import ActionCatalogue, ActionSource
from ports.market_data import CallContext
from tests.application.scripted_market import OFFERS
from tests.application.world import DAY, DOWN, NOW, Process, World, in_virtual_time, query

APPLE = Instrument.stock("AAPL")
STOCKS = replace(OFFERS, asset_classes=frozenset({AssetClass.STOCK}))
TODAY = NOW - NOW % DAY
SPLIT = CorporateAction(TODAY - 6 * DAY, ActionKind.SPLIT, ratio=4.0)
DIVIDEND = CorporateAction(TODAY - DAY, ActionKind.DIVIDEND, amount=1.0, currency="USD")


class Told(ActionSource):
    """One provider's list, or its fault; counts how often it is asked."""

    def __init__(self, *actions: CorporateAction) -> None:
        self.list: Sequence[CorporateAction] = actions
        self.fails: ProviderError | None = None
        self.asked = 0

    async def actions(
        self, instrument: Instrument, context: CallContext
    ) -> Sequence[CorporateAction]:
        del instrument, context
        self.asked += 1
        if self.fails is not None:
            raise self.fails
        return self.list


class Sources(ActionCatalogue):
    """By name."""

    def __init__(self, sources: Mapping[str, ActionSource]) -> None:
        self._sources = sources

    def source(self, name: str) -> ActionSource:
        return self._sources[name]


class Exchange:
    """A world of stocks whose providers tell actions."""

    def __init__(self, adjusted: str = "", *, volume_adjusted: bool = False) -> None:
        self.world = World(replace(STOCKS, adjusted=adjusted, volume_adjusted=volume_adjusted))
        self.first, self.second = Told(SPLIT, DIVIDEND), Told(SPLIT)
        self.store = MemoryActionStore(self.world.clock)
        self.process = Process(self.world)
        sources = Sources({"first": self.first, "second": self.second})
        find = FindActions(self.process.candidates, sources, self.store, self.world.clock)
        self.adjust = AdjustBars(
            self.process.get_bars, find, self.process.candidates, self.world.clock
        )

    async def ask(self, mode: Adjust, asked: BarQuery | None = None) -> BarsAnswer:
        """A week of days unless said otherwise."""
        return await self.adjust(asked or days(), mode, self.world.within(10.0))


def days(limit: int = 7, **more: int) -> BarQuery:
    """The last days of Apple."""
    asked = query(limit, interval=Interval.D1, symbol="AAPL", instrument=APPLE)
    return replace(asked, **more)


def test_old_prices_are_told_in_new_shares_and_stay_stored_as_they_were() -> None:
    """Divided before the ex-day, the same after; asked raw again, nothing has changed."""

    async def scene() -> None:
        here = Exchange()
        raw = await here.ask(Adjust.NONE)
        seen = await here.ask(Adjust.SPLITS)
        before = (raw.series.ts < SPLIT.ex_date).tolist()
        assert sum(before) == 3
        expected = [
            price / 4 if old else price
            for price, old in zip(raw.series.close.tolist(), before, strict=True)
        ]
        assert seen.series.close.tolist() == expected
        assert (seen.adjusted, seen.actions_from) == ("splits", "first")
        again = await here.ask(Adjust.NONE)
        assert again.series == raw.series
        assert (again.adjusted, again.actions_from) == ("", "")

    in_virtual_time(scene())


def test_dividends_are_taken_out_of_the_closes_before_them() -> None:
    """The factor is that of the close of the day before, whatever part of it is asked for."""

    async def scene() -> None:
        here = Exchange()
        raw = await here.ask(Adjust.NONE)
        close = raw.series.close[raw.series.ts == DIVIDEND.ex_date - DAY][0]
        seen = await here.ask(Adjust.ALL, days(3, end=DIVIDEND.ex_date))
        kept = (1 - 1.0 / close) * raw.series.close[raw.series.ts == TODAY - 2 * DAY][0]
        assert seen.series.close[-1] == pytest.approx(kept, rel=1e-12)
        assert seen.adjusted == "all"

    in_virtual_time(scene())


def test_an_action_counts_from_its_day_on() -> None:
    """A split that is announced for tomorrow changes nothing today."""

    async def scene() -> None:
        here = Exchange()
        here.first.list = (replace(SPLIT, ex_date=TODAY + DAY),)
        raw, seen = await here.ask(Adjust.NONE), await here.ask(Adjust.SPLITS)
        assert seen.series == raw.series
        await here.world.clock.sleep(2 * DAY)
        later = await here.ask(Adjust.SPLITS, days(7, end=TODAY))
        assert later.series.close.tolist() == (raw.series.close / 4).tolist()

    in_virtual_time(scene())


def test_what_a_provider_has_adjusted_is_not_adjusted_twice() -> None:
    """Yahoo has no raw prices: that is said, and its splits are left out."""

    async def scene() -> None:
        here = Exchange(adjusted="splits")
        raw, seen = await here.ask(Adjust.NONE), await here.ask(Adjust.SPLITS)
        assert raw.adjusted == "splits"
        assert seen.series == raw.series

    in_virtual_time(scene())


def test_a_coin_is_never_labelled_as_adjusted() -> None:
    """It has no splits, whoever tells its prices."""

    async def scene() -> None:
        process = Process(World(replace(OFFERS, adjusted="splits")))
        assert (await process.ask(query(5))).adjusted == ""

    in_virtual_time(scene())


def test_dividends_before_a_split_are_taken_out_of_adjusted_prices_in_new_shares() -> None:
    """A dollar per old share is a quarter per new one: Yahoo's closes count in new shares."""

    async def scene() -> None:
        early = replace(DIVIDEND, ex_date=SPLIT.ex_date - DAY)
        here, plain = Exchange(adjusted="splits"), Exchange()
        here.first.list = plain.first.list = (early, SPLIT)
        raw, seen = await here.ask(Adjust.NONE), await here.ask(Adjust.ALL)
        at = raw.series.ts.tolist().index(early.ex_date) - 1
        kept = 1 - 0.25 / raw.series.close[at]
        assert seen.series.close[at] == pytest.approx(raw.series.close[at] * kept, rel=1e-12)
        assert seen.series.close[at + 1] == raw.series.close[at + 1]
        theirs = await plain.ask(Adjust.ALL)
        paid = 1 - 1.0 / raw.series.close[at]  # there the same numbers are prices of old shares
        expected = raw.series.close[at] * paid / 4
        assert theirs.series.close[at] == pytest.approx(expected, rel=1e-12)

    in_virtual_time(scene())


def test_volumes_that_count_new_shares_already_are_left_alone() -> None:
    """EODHD sends raw prices beside volumes in today's shares."""

    async def scene() -> None:
        here = Exchange(volume_adjusted=True)
        raw, seen = await here.ask(Adjust.NONE), await here.ask(Adjust.SPLITS)
        assert seen.series.close[0] == raw.series.close[0] / 4
        assert seen.series.volume.tolist() == raw.series.volume.tolist()
        plain = Exchange()
        raw, seen = await plain.ask(Adjust.NONE), await plain.ask(Adjust.SPLITS)
        assert seen.series.volume[0] == raw.series.volume[0] * 4

    in_virtual_time(scene())


def test_a_list_is_fetched_once_and_again_when_it_is_old() -> None:
    """Twelve hours; when it cannot be fetched then, the old one counts."""

    async def scene() -> None:
        here = Exchange()
        first = await here.ask(Adjust.SPLITS)
        await here.ask(Adjust.SPLITS)
        assert here.first.asked == 1
        await here.world.clock.sleep(FRESH_S)
        here.first.fails = DOWN
        again = await here.ask(Adjust.SPLITS, days(7, end=TODAY))
        assert (again.series, here.first.asked) == (first.series, 2)
        assert here.second.asked == 0

    in_virtual_time(scene())


def test_without_the_cache_the_list_is_asked_for_however_young_it_is() -> None:
    """A split that became known since counts at once, and from then on; the bars stay as stored."""

    async def scene() -> None:
        here = Exchange()
        before = await here.ask(Adjust.SPLITS)
        later = CorporateAction(TODAY - DAY, ActionKind.SPLIT, ratio=2.0)
        here.first.list = (SPLIT, DIVIDEND, later)
        assert (await here.ask(Adjust.SPLITS)).series == before.series
        after = await here.ask(Adjust.SPLITS, replace(days(), use_cache=False))
        assert after.series.close[0] == before.series.close[0] / 2.0
        assert (await here.ask(Adjust.SPLITS)).series == after.series
        assert here.first.asked == 2

    in_virtual_time(scene())


def test_the_next_provider_tells_what_the_first_cannot() -> None:
    """And the answer says whose list it is; when nobody can, there is no answer."""

    async def scene() -> None:
        here = Exchange()
        here.first.fails = DOWN
        seen = await here.ask(Adjust.SPLITS)
        assert (seen.provider, seen.actions_from) == ("first", "second")
        other = Exchange()
        other.first.fails = other.second.fails = DOWN
        with pytest.raises(NoProviderAvailable):
            await other.ask(Adjust.SPLITS)

    in_virtual_time(scene())


@pytest.mark.parametrize("refusal", [NotEntitled("Upgrade."), NotListed("Unknown.")])
def test_who_must_not_tell_actions_is_asked_once(refusal: ProviderError) -> None:
    """Whoever else can is asked at once; what it told before is served while it is fresh."""

    async def scene() -> None:
        here = Exchange()
        here.first.fails = refusal
        for _ in range(3):
            assert (await here.ask(Adjust.SPLITS)).actions_from == "second"
            here.second.list = ()
        assert (here.first.asked, here.second.asked) == (1, 1)

    in_virtual_time(scene())


def test_what_was_told_before_the_plan_ended_is_used_for_want_of_better() -> None:
    """The list is old and its provider refuses to tell it again: it is served without asking."""

    async def scene() -> None:
        here = Exchange()
        await here.ask(Adjust.SPLITS)
        await here.world.clock.sleep(FRESH_S)
        here.first.fails = NotEntitled("Upgrade.")
        for _ in range(3):
            assert (await here.ask(Adjust.SPLITS)).actions_from == "first"
        assert (here.first.asked, here.second.asked) == (2, 0)

    in_virtual_time(scene())


def test_as_of_a_moment_the_actions_of_then_count() -> None:
    """An amended list does not change what was answered; before the first there is no answer."""

    async def scene() -> None:
        here = Exchange()
        await here.ask(Adjust.NONE)
        await here.world.clock.sleep(1.0)
        before = int(here.world.clock.now() * 1_000_000)
        await here.world.clock.sleep(1.0)
        seen = await here.ask(Adjust.SPLITS)
        await here.world.clock.sleep(1.0)
        then = int(here.world.clock.now() * 1_000_000)
        await here.world.clock.sleep(FRESH_S)
        here.first.list = (replace(SPLIT, ratio=2.0),)
        await here.ask(Adjust.SPLITS, days(7, end=TODAY))
        past = await here.ask(Adjust.SPLITS, days(7, end=TODAY, as_of=then))
        assert past.series == seen.series
        with pytest.raises(NoData, match="No corporate actions"):
            await here.ask(Adjust.SPLITS, days(7, end=TODAY, as_of=before))

    in_virtual_time(scene())


@pytest.mark.parametrize("interval", [Interval.H12, Interval.W1, Interval.MO1])
def test_bars_of_before_and_after_cannot_be_adjusted(interval: Interval) -> None:
    """Half a day may begin in one session and end in the next, a week holds days of both."""

    async def scene() -> None:
        here = Exchange()
        with pytest.raises(UnsupportedInterval, match="Ask for 1d"):
            await here.ask(Adjust.SPLITS, replace(days(), interval=interval))

    in_virtual_time(scene())


def test_what_has_no_actions_is_as_it_is() -> None:
    """A pair of currencies has no splits, so there is nothing to refuse either."""

    async def scene() -> None:
        world = World(replace(OFFERS, intervals=frozenset({Interval.W1})))
        process = Process(world)
        find = FindActions(
            process.candidates, Sources({}), MemoryActionStore(world.clock), world.clock
        )
        adjust = AdjustBars(process.get_bars, find, process.candidates, world.clock)
        seen = await adjust(query(3, interval=Interval.W1), Adjust.ALL, world.within(10.0))
        assert (len(seen.series), seen.adjusted) == (3, "")

    in_virtual_time(scene())


def test_the_running_bar_counts_in_the_shares_of_those_before_it() -> None:
    """In the night before a split takes effect a bar of six hours still holds old shares."""

    async def scene() -> None:
        here = Exchange()
        await here.world.clock.sleep(TODAY + DAY + 5 * 3600 - here.world.clock.now())
        here.first.list = (replace(SPLIT, ex_date=TODAY + DAY),)
        asked = replace(days(2), interval=Interval.H6, include_partial=True)
        raw, seen = await here.ask(Adjust.NONE, asked), await here.ask(Adjust.SPLITS, asked)
        assert raw.forming is not None
        assert seen.forming is not None
        assert seen.forming.close == raw.forming.close / 4
        assert seen.forming.final is False
        assert seen.series.close.tolist() == (raw.series.close / 4).tolist()

    in_virtual_time(scene())


def test_a_leap_without_an_action_is_not_repaired() -> None:
    """GameStop in January 2021: what was traded is what is told, however odd it looks."""

    async def scene() -> None:
        here = Exchange()
        here.first.list = ()
        wild = {TODAY - 7 * DAY: 147.98, TODAY - 6 * DAY: 347.51, TODAY - 5 * DAY: 193.6}
        here.world.first.corrections = dict(wild)
        for mode in Adjust:
            seen = await here.ask(mode)
            told = dict(zip(seen.series.ts.tolist(), seen.series.close.tolist(), strict=True))
            assert {ts: told[ts] for ts in wild} == wild

    in_virtual_time(scene())
