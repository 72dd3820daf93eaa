"""Steps of ``stocks.feature``."""

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
import pytest
from pytest_bdd import parsers, scenarios, then, when

from adapters_in.simulator.actions import ACTIONS, unsplit
from adapters_in.simulator.columns import BarColumns
from domain.actions import CorporateAction, in_order
from domain.instrument import resolve_symbol
from domain.interval import Interval
from ports.market_data import CallContext
from tests.acceptance.providers.asking import Answer, ask_bars, traded
from tests.acceptance.providers.stage import Stage

pytestmark = pytest.mark.usefixtures("provider")
scenarios("providers/stocks.feature")

_INTERVALS = {"days": Interval.D1, "weeks": Interval.W1, "months": Interval.MO1}


def _date(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


@when(parsers.parse("the {unit} of {symbol} from {first} to {last} are asked for"))
def _ask(  # the sentence has so many words
    stage: Stage, answers: list[Answer], unit: str, symbol: str, first: str, last: str
) -> None:
    span = (_date(first), _date(last))
    answers.append(ask_bars(stage, symbol, _INTERVALS[unit], span))


@pytest.fixture
def actions() -> list[CorporateAction]:
    """What was told of splits and dividends."""
    return []


@when(parsers.parse("the splits and dividends of {symbol} are asked for"))
def _ask_actions(stage: Stage, actions: list[CorporateAction], symbol: str) -> None:
    async def ask() -> Sequence[CorporateAction]:
        return await stage.source.actions(resolve_symbol(symbol), CallContext())

    actions += stage.run(ask())


def _market(stage: Stage, answer: Answer) -> BarColumns:
    assert answer.range is not None
    return traded(stage, answer.symbol, answer.interval, (answer.range.start, answer.range.end))


def _assert_equal(answer: Answer, market: BarColumns) -> None:
    """Volumes aside: some adjust them for splits even where prices are raw."""
    series = answer.series
    assert len(series) > 2
    assert np.array_equal(series.ts, market.ts)
    for name in ("open", "high", "low", "close"):
        assert np.array_equal(getattr(series, name), getattr(market, name)), name


@then("every bar of that stretch comes as it was traded")
def _all_of_them(stage: Stage, answers: list[Answer]) -> None:
    market = _market(stage, answers[-1])
    _assert_equal(answers[-1], market)
    assert np.array_equal(answers[-1].series.volume, market.volume)


@then("every bar of that stretch comes as it was paid at that time")
def _raw(stage: Stage, answers: list[Answer]) -> None:
    market = unsplit(stage.asset(answers[-1].symbol), _market(stage, answers[-1]))
    _assert_equal(answers[-1], market)
    assert market.close[0] / market.close[-1] > 2


@then("they are those of the synthetic world")
def _known_actions(actions: list[CorporateAction]) -> None:
    assert in_order(actions) == in_order(ACTIONS["AAPL"])
