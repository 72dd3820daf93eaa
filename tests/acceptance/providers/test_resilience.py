"""Steps of ``resilience.feature``."""

import pytest
from pytest_bdd import given, parsers, scenarios, then

from tests.acceptance.providers.asking import Answer
from tests.acceptance.providers.casting import bad_rows
from tests.acceptance.providers.stage import Stage

pytestmark = pytest.mark.usefixtures("provider")
scenarios("providers/resilience.feature")


def _set(stage: Stage, words: str, count: int | None = None) -> None:
    """``status 503`` or ``delay of 2 seconds`` or just the name of a fault."""
    kind, _, rest = words.partition(" ")
    if kind == "status":
        stage.trouble("status", status=int(rest), count=count)
    elif kind == "delay":
        stage.trouble("delay", seconds=float(rest.split()[1]), count=count)
    else:
        stage.trouble(kind, count=count)


@given(parsers.parse("the provider once has trouble: {words}"))
def _trouble_once(stage: Stage, words: str) -> None:
    _set(stage, words, 1)


@given(parsers.parse("the provider has trouble: {words}"))
def _trouble(stage: Stage, words: str) -> None:
    _set(stage, words)


@given(parsers.parse("some rows of every answer are {bad}"))
def _bad_rows(stage: Stage, bad: str) -> None:
    # Spread over the whole answer, so that some lie in what was asked for at every provider.
    stage.trouble(bad, rows=bad_rows(stage.name))


@given(parsers.parse("every answer is in {disorder}"))
def _disorder(stage: Stage, disorder: str) -> None:
    stage.trouble(disorder, rows=5)


@given("the provider ignores which page is asked for")
def _ignore_paging(stage: Stage) -> None:
    stage.trouble("ignored_paging")


@then("no bar comes")
def _no_bar(answers: list[Answer]) -> None:
    assert [page for page in answers[-1].pages if len(page.series)] == []


@then(parsers.parse("it came within {seconds:g} seconds"))
def _in_time(answers: list[Answer], seconds: float) -> None:
    assert answers[-1].seconds <= seconds


@then("at least 1 row was set aside with a reason")
def _set_aside(answers: list[Answer]) -> None:
    rejected = [row for page in answers[-1].pages for row in page.rejected]
    assert rejected
    assert all(row.reason for row in rejected)


@then("no bar has a time at which no bar opens")
def _aligned(answers: list[Answer]) -> None:
    answer = answers[-1]
    assert answer.interval.aligned(answer.series.ts).all()
