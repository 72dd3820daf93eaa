"""Histories that are filed under the ticker of the day."""

from datetime import datetime

import pytest
from msgspec.structs import replace

from adapters_out.provider_kit.ticker_parts import tick_part, ticker_parts
from domain.instrument import AssetClass, Instrument
from domain.interval import Interval
from domain.provider import BarsAsk, Capabilities, Capability
from domain.ticks import TicksAsk
from domain.timerange import TimeRange

OF_THE_DAY = Capabilities(
    frozenset({Capability.BARS}), frozenset({AssetClass.STOCK}), tickers_of_the_day=True
)
META = Instrument.stock("META")


def at(day: str) -> int:
    """The beginning of a day."""
    return int(datetime.fromisoformat(f"{day}T00:00Z").timestamp())


def ask(start: str, end: str, interval: Interval = Interval.D1) -> BarsAsk:
    """Bars of Meta Platforms."""
    return BarsAsk(META, interval, TimeRange(at(start), at(end)), forming=True)


def test_each_part_is_asked_for_under_its_own_name() -> None:
    """Facebook's days under FB, none of the fund that was META before."""
    before, after = ticker_parts(ask("2022-01-03", "2022-07-01"), OF_THE_DAY)
    assert isinstance(before, BarsAsk)
    assert isinstance(after, BarsAsk)
    assert (before.instrument.id, after.instrument.id) == ("FB", "META")
    assert before.range == TimeRange(at("2022-01-03"), at("2022-06-09"))
    assert after.range == TimeRange(at("2022-06-09"), at("2022-07-01"))
    assert (before.forming, after.forming) == (False, True)


def test_a_bar_in_which_the_name_changes_is_nobodys() -> None:
    """The week of the change would be half of one and half of the other."""
    before, between, after = ticker_parts(ask("2022-05-30", "2022-06-20", Interval.W1), OF_THE_DAY)
    assert isinstance(before, BarsAsk)
    assert isinstance(after, BarsAsk)
    assert before.range == TimeRange(at("2022-05-30"), at("2022-06-06"))
    assert between == TimeRange(at("2022-06-06"), at("2022-06-13"))
    assert after.range == TimeRange(at("2022-06-13"), at("2022-06-20"))
    only = ask("2022-06-06", "2022-06-13", Interval.W1)
    assert list(ticker_parts(only, OF_THE_DAY)) == [only.range]


def test_nothing_is_cut_without_need() -> None:
    """Where no name changed, and for providers that keep a history under one name."""
    still = ask("2022-07-01", "2023-07-01")
    assert list(ticker_parts(still, OF_THE_DAY)) == [still]
    moved = ask("2022-01-03", "2022-07-01")
    assert list(ticker_parts(moved, replace(OF_THE_DAY, tickers_of_the_day=False))) == [moved]


def ticks(start: str | None, end: str | None, *, newest: bool) -> TicksAsk:
    """Trades of Meta Platforms."""
    first, stop = (None if day is None else at(day) * 10**9 for day in (start, end))
    return TicksAsk(instrument=META, limit=5, start_ns=first, end_ns=stop, newest=newest)


@pytest.mark.parametrize(
    ("asked", "ticker", "start", "end"),
    [
        (ticks("2022-01-03", "2022-01-04", newest=False), "FB", "2022-01-03", "2022-01-04"),
        (ticks("2022-01-03", "2022-07-01", newest=False), "FB", "2022-01-03", "2022-06-09"),
        (ticks("2022-01-03", None, newest=False), "FB", "2022-01-03", "2022-06-09"),
        (ticks("2022-01-03", "2022-07-01", newest=True), "META", "2022-06-09", "2022-07-01"),
        (ticks(None, None, newest=True), "META", "2022-06-09", None),
        (ticks(None, "2022-01-04", newest=True), "FB", None, "2022-01-04"),
    ],
)
def test_ticks_are_asked_for_under_one_ticker_at_a_time(
    asked: TicksAsk, ticker: str, start: str | None, end: str | None
) -> None:
    """From the end that is read first; what its page does not cover is asked for after it."""
    part = tick_part(asked, OF_THE_DAY)
    assert part == replace(ticks(start, end, newest=asked.newest), instrument=part.instrument)
    assert part.instrument.id == ticker
    assert tick_part(asked, replace(OF_THE_DAY, tickers_of_the_day=False)) == asked
