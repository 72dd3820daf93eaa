"""Steps of ``pacing.feature``."""

import asyncio

import pytest
from pytest_bdd import given, parsers, scenarios, then, when

from domain.provider import Priority
from tests.acceptance.providers.asking import Answer, price
from tests.acceptance.providers.stage import Stage

pytestmark = pytest.mark.usefixtures("provider")
scenarios("providers/pacing.feature")

SYMBOL = "ETH-USDT"


@given(parsers.parse("a budget of {calls:d} calls a second"))
def _limit_the_budget(stage: Stage, calls: int) -> None:
    stage.allow(rps=float(calls), rpm=0.0)


@given(parsers.parse("the provider answers the next call with {status:d} for 2 seconds"))
def _refuse_the_next(stage: Stage, status: int) -> None:
    stage.allow(rps=50.0, rpm=0.0)
    stage.trouble("status", status=status, retry_after_s=2.0, count=1)


@given(parsers.parse("the provider really allows {calls:d} calls a minute"))
def _really_allow(stage: Stage, calls: int) -> None:
    stage.allow(rps=50.0, rpm=0.0)
    # A window of an hour, so that none ends while the scenario runs.
    stage.trouble("rate_limit", limit=calls * stage.price_weight(), window_s=3600.0)


@when(parsers.parse("{count:d} prices are asked for at once"))
def _ask_at_once(stage: Stage, answers: list[Answer], count: int) -> None:
    async def ask() -> list[Answer]:
        return await asyncio.gather(*(price(stage, SYMBOL) for _ in range(count)))

    answers.extend(stage.run(ask()))


@when("a price is asked for by somebody with 1 second of patience")
def _ask_impatiently(stage: Stage, answers: list[Answer]) -> None:
    answers.append(stage.run(price(stage, SYMBOL, 1.0)))


@when("2 seconds have passed and a price is asked for")
def _wait_and_ask(stage: Stage, answers: list[Answer]) -> None:
    stage.run(stage.clock.sleep(2.05))
    answers.append(stage.run(price(stage, SYMBOL, 1.0)))


@when(parsers.parse("{count:d} prices are asked for by people with 1 second of patience"))
def _ask_one_by_one(stage: Stage, answers: list[Answer], count: int) -> None:
    answers.extend(stage.run(price(stage, SYMBOL, 1.0)) for _ in range(count))


@when(parsers.parse("{count:d} calls of a back-fill wait and then a person asks for a price"))
def _machines_then_a_person(stage: Stage, answers: list[Answer], count: int) -> None:
    async def ask() -> list[Answer]:
        machines = [
            asyncio.create_task(price(stage, SYMBOL, None, Priority.BACKFILL)) for _ in range(count)
        ]
        await stage.clock.sleep(0.15)
        person = await price(stage, SYMBOL)
        return [person, *(await asyncio.gather(*machines))]

    answers.extend(stage.run(ask()))


@then("all of them are answered")
def _all_answered(answers: list[Answer]) -> None:
    assert [answer.errors for answer in answers] == [[]] * len(answers)


@then(parsers.parse("{count:d} of them are answered"))
def _some_answered(answers: list[Answer], count: int) -> None:
    assert sum(not answer.errors for answer in answers) == count


@then(parsers.parse("no second saw more than {most:d} calls"))
def _no_second_saw_more(stage: Stage, most: int) -> None:
    times = [arrival.at for arrival in stage.arrivals()]
    crowded = [b - a for a, b in zip(times, times[most:], strict=False)]
    assert crowded
    assert min(crowded) >= 1.0


@then("more than 85 % of the budget was used")
def _budget_was_used(stage: Stage) -> None:
    times = [arrival.at for arrival in stage.arrivals()]
    assert (len(times) - 1) / (times[-1] - times[0]) > 0.85 * 10


@then("the person is answered before most of the back-fill")
def _person_first(answers: list[Answer]) -> None:
    person, *machines = answers
    assert not person.errors
    later = sum(machine.ended > person.ended for machine in machines)
    assert later > len(machines) / 2
