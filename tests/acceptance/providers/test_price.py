"""Steps of ``price.feature``."""

import pytest
from pytest_bdd import given, parsers, scenarios, then, when

from tests.acceptance.providers.asking import Answer, price
from tests.acceptance.providers.stage import Stage

pytestmark = pytest.mark.usefixtures("provider")
scenarios("providers/price.feature")

NONSENSE = {
    "NaN": "nan",
    "infinity": "infinity",
    "null": "null",
    "a negative number": "impossible",
}


@given(parsers.parse("the provider sends {nonsense} for a price"))
def _send_nonsense(stage: Stage, nonsense: str) -> None:
    stage.trouble(NONSENSE[nonsense])


@when(parsers.parse("the price of {symbol} is asked for"))
def _ask(stage: Stage, answers: list[Answer], symbol: str) -> None:
    answers.append(stage.run(price(stage, symbol)))


@then("its time is now")
def _it_is_now(answers: list[Answer]) -> None:
    answer = answers[-1]
    assert answer.began - 2 <= answer.prices[0].ts <= answer.ended
