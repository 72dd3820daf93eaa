"""Steps of ``contracts.feature``."""

from dataclasses import dataclass, field

import pytest
from pytest_bdd import given, parsers, scenarios, then, when

from domain.errors import AccessDenied, CallRefused, MarketDataError, ProviderUnavailable
from domain.futures import (
    Contract,
    FuturesAsk,
    FuturesKind,
    FuturesRecord,
    Product,
    SessionEvent,
    Venue,
)
from ports.market_data import CallContext
from tests.acceptance.providers.stage import Stage

pytestmark = pytest.mark.usefixtures("provider")
scenarios("providers/contracts.feature")

_SAYS: dict[str, type[MarketDataError]] = {
    "denies access": AccessDenied,
    "refused the call": CallRefused,
    "is unavailable": ProviderUnavailable,
}
_MOST_PAGES = 20


@dataclass
class Told:
    """What came of the questions."""

    records: list[FuturesRecord] = field(default_factory=list)
    errors: list[MarketDataError] = field(default_factory=list)
    to_the_end: bool = False


@pytest.fixture
def answer() -> Told:
    """Of this scenario."""
    return Told()


def _ask(stage: Stage, answer: Told, kind: FuturesKind, as_of: str = "", **filters: str) -> None:
    ask = FuturesAsk(kind=kind, filters=tuple(sorted(filters.items())), as_of=as_of)

    async def read() -> None:
        more: str | None = None
        for _ in range(_MOST_PAGES if answer.to_the_end else 1):
            part = await stage.source.futures(ask, CallContext(), after=more)
            answer.records += part.records
            more = part.more
            if more is None:
                return

    try:
        stage.run(read())
    except MarketDataError as error:
        answer.errors.append(error)


@given("every list is read to its end")
def _to_the_end(answer: Told) -> None:
    answer.to_the_end = True


@given(parsers.parse("the provider has trouble with its lists: {status:d}"))
def _trouble(stage: Stage, status: int) -> None:
    stage.trouble("status", status=status)


@when(parsers.parse("the contracts of {code:w} are asked for"))
def _ask_for_contracts(stage: Stage, answer: Told, code: str) -> None:
    _ask(stage, answer, FuturesKind.CONTRACTS, product_code=code, active="true")


@when(parsers.parse("the contracts of {code:w} on {day} are asked for"))
def _ask_for_contracts_of_a_day(stage: Stage, answer: Told, code: str, day: str) -> None:
    _ask(stage, answer, FuturesKind.CONTRACTS, day, product_code=code)


@when("the events of all sessions are asked for")
def _ask_for_events(stage: Stage, answer: Told) -> None:
    _ask(stage, answer, FuturesKind.SCHEDULES)


@when(parsers.parse("the product {code} is asked for"))
def _ask_for_a_product(stage: Stage, answer: Told, code: str) -> None:
    _ask(stage, answer, FuturesKind.PRODUCTS, product_code=code)


@when("the exchanges are asked for")
def _ask_for_exchanges(stage: Stage, answer: Told) -> None:
    _ask(stage, answer, FuturesKind.EXCHANGES)


def _names(words: str) -> set[str]:
    return set(words.replace(" and ", ", ").split(", "))


@then(parsers.parse("they are {names}, each once"))
def _they_are(answer: Told, names: str) -> None:
    assert answer.errors == []
    found = [r.instrument.id for r in answer.records if isinstance(r, Contract) and r.instrument]
    assert sorted(found) == sorted(_names(names))


@then("every call said how much it wants")
def _with_a_limit(stage: Stage) -> None:
    assert all("limit=" in each.query for each in stage.arrivals())


@then("each event is told once")
def _each_once(answer: Told) -> None:
    assert answer.errors == []
    keys = [each.key for each in answer.records if isinstance(each, SessionEvent)]
    assert len(keys) == len(set(keys)) > 0


@then(parsers.parse("the provider was called no more than {count:d} times"))
def _seldom(stage: Stage, count: int) -> None:
    assert 0 < len(stage.arrivals()) <= count


@then(parsers.parse("its multiplier is {quantity:d}"))
def _multiplier(answer: Told, quantity: int) -> None:
    (product,) = answer.records
    assert isinstance(product, Product)
    assert product.unit_of_measure_qty == quantity


@then(parsers.parse("{names} are among them"))
def _among_them(answer: Told, names: str) -> None:
    found = {each.mic for each in answer.records if isinstance(each, Venue)}
    assert _names(names) <= found


@then(parsers.parse("it is told that the provider {says}"))
def _told_so(answer: Told, says: str) -> None:
    (error,) = answer.errors
    assert isinstance(error, _SAYS[says])
    assert error.message.endswith(".")
