"""Steps of ``history.feature``."""

import numpy as np
import pytest
from pytest_bdd import given, parsers, scenarios, then, when

from adapters_in.simulator.assets import ASSETS
from adapters_in.simulator.wire import Correction
from domain.interval import Interval
from tests.acceptance.providers.asking import Answer, ask_bars, traded
from tests.acceptance.providers.stage import Stage

pytestmark = pytest.mark.usefixtures("provider")
scenarios("providers/history.feature")

_YEAR = 365 * 86_400
_HOUR = 3600


@given(parsers.parse("the provider has changed the close of {symbol} 10 hours ago to {close:f}"))
def _change_the_close(stage: Stage, symbol: str, close: float) -> None:
    interval, played = stage.interval("hours"), stage.cast(symbol)
    ts, _ = stage.past(played, interval, 10)
    # A close above every price of a stock becomes the high as well.
    far = {"high": close} if stage.troupe else {"low": close}
    correction = Correction({"close": close, **far})
    stage.simulator.correct(stage.name, stage.asset(played).id, interval.value, ts, correction)


@when(parsers.parse("the last {count:d} minutes of {symbol} and the running one are asked for"))
def _ask_with_the_running_one(stage: Stage, answers: list[Answer], count: int, symbol: str) -> None:
    minutes = stage.interval("minutes")
    opened = minutes.floor(int(stage.now()))
    span = (minutes.shift(opened, -count), minutes.shift(opened, 1))
    answers.append(ask_bars(stage, symbol, minutes, span))


@when(parsers.parse("{count:d} {unit} of {symbol} from {years:d} years ago are asked for"))
def _ask_long_ago(  # the sentence has so many words
    stage: Stage, answers: list[Answer], count: int, unit: str, symbol: str, years: int
) -> None:
    interval = stage.interval(unit)
    start = interval.floor(int(stage.now()) - years * _YEAR)
    span = (start, interval.shift(start, count))
    answers.append(ask_bars(stage, symbol, interval, span))


@when(parsers.parse("the {count:d} hours around the listing of {symbol} are asked for"))
def _ask_around_the_listing(stage: Stage, answers: list[Answer], count: int, symbol: str) -> None:
    listed = ASSETS[symbol].listed
    span = (listed - count // 2 * _HOUR, listed + count // 2 * _HOUR)
    answers.append(ask_bars(stage, symbol, Interval.H1, span))


@then("none of them is still forming")
def _none_is_forming(answers: list[Answer]) -> None:
    answer = answers[-1]
    last = int(answer.series.ts[-1])
    assert answer.interval.close(last) <= answer.began
    assert all(bar.ts > last and not bar.final for bar in answer.forming)


@then("some of them have no volume and no average price")
def _some_are_quiet(answers: list[Answer]) -> None:
    series = answers[-1].series
    quiet = series.volume == 0
    assert 0 < quiet.sum() < len(series)
    assert np.isnan(series.vwap[quiet]).all()
    assert np.array_equal(series.high[quiet], series.low[quiet])


@then("the missing ones are the minutes in which nobody traded")
def _only_the_quiet_are_missing(stage: Stage, answers: list[Answer]) -> None:
    answer = answers[-1]
    assert answer.range is not None
    market = traded(stage, answer.symbol, answer.interval, (answer.range.start, answer.range.end))
    assert 0 < len(answer.series) < len(market)
    assert np.array_equal(answer.series.ts, market.ts[market.trades > 0])


@then("the missing ones are the two hours of Sunday's outage")
def _sunday_is_missing(answers: list[Answer]) -> None:
    span = answers[-1].range
    assert span is not None
    absent = np.setdiff1d(Interval.H1.grid(span.start, span.end), answers[-1].series.ts)
    sunday_three = 3 * 86_400 + 3 * _HOUR  # of a week that begins on Thursday, as 1970 did
    assert [int(ts) % (7 * 86_400) - sunday_three for ts in absent] == [0, _HOUR]


@then(parsers.parse("the bar of 10 hours ago closes at {close:f}"))
def _it_closes_at(stage: Stage, answers: list[Answer], close: float) -> None:
    series = answers[-1].series
    ts, _ = stage.past(answers[-1].symbol, stage.interval("hours"), 10)
    assert series.close[series.ts == ts].tolist() == [close]
