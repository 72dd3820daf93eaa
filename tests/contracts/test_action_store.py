"""What every ActionStore promises, whatever it is made of."""

from collections.abc import Iterator

import pytest

from adapters_out.memory.action_store import MemoryActionStore
from adapters_out.postgres.action_store import PostgresActionStore
from adapters_out.postgres.pool import PostgresPool
from adapters_out.system.clock import SystemClock
from domain.actions import ActionKind, CorporateAction
from ports.actions import ActionStore, KnownActions
from tests.runner import Run

DAY = 86_400
SPLIT = CorporateAction(18_505 * DAY, ActionKind.SPLIT, ratio=4.0)
DIVIDEND = CorporateAction(18_572 * DAY, ActionKind.DIVIDEND, amount=0.205, currency="USD")
AMENDED = CorporateAction(18_572 * DAY, ActionKind.DIVIDEND, amount=0.22, currency="USD")
FETCHED = 1_700_000_000.25


@pytest.fixture(params=["memory", "postgres"])
def store(request: pytest.FixtureRequest, run: Run) -> Iterator[ActionStore]:
    """Each store in turn."""
    if request.param == "memory":
        yield MemoryActionStore(SystemClock())
        return
    pool = PostgresPool(request.getfixturevalue("database_url"))
    run(pool.open())
    yield PostgresActionStore(pool)
    run(pool.close())


def moment(run: Run) -> int:
    """Now in µs, well apart from what comes before and after."""
    clock = SystemClock()
    run(clock.sleep(0.02))
    now = int(clock.now() * 1_000_000)
    run(clock.sleep(0.02))
    return now


def test_nothing_told_is_not_no_actions(run: Run, store: ActionStore) -> None:
    """Before the first list None; a list without entries says that there are none."""
    assert run(store.read("AAPL", "polygon")) is None
    assert run(store.write("AAPL", "polygon", [], FETCHED)) == 0
    assert run(store.read("AAPL", "polygon")) == KnownActions("polygon", (), FETCHED)
    assert run(store.read("AAPL", "yahoo")) is None
    assert run(store.read("MSFT", "polygon")) is None


def test_a_list_comes_back_in_order_and_repeating_it_changes_nothing(
    run: Run, store: ActionStore
) -> None:
    """Numbers as they were told; only the time of fetching moves on."""
    assert run(store.write("AAPL", "polygon", [DIVIDEND, SPLIT, SPLIT], FETCHED)) == 2
    assert run(store.write("AAPL", "polygon", [SPLIT, DIVIDEND], FETCHED + 60)) == 0
    known = run(store.read("AAPL", "polygon"))
    assert known == KnownActions("polygon", (SPLIT, DIVIDEND), FETCHED + 60)


def test_an_amended_action_supersedes_and_the_past_stays(run: Run, store: ActionStore) -> None:
    """As of before it is the old one, as of before everything nothing was known."""
    before = moment(run)
    run(store.write("AAPL", "polygon", [SPLIT, DIVIDEND], FETCHED))
    between = moment(run)
    assert run(store.write("AAPL", "polygon", [SPLIT, AMENDED], FETCHED + 60)) == 2
    after = moment(run)
    assert run(store.write("AAPL", "polygon", [SPLIT, DIVIDEND], FETCHED + 120)) == 2

    def at(as_of: int | None) -> tuple[CorporateAction, ...] | None:
        known = run(store.read("AAPL", "polygon", as_of))
        return None if known is None else known.actions

    assert at(before) is None
    assert at(between) == (SPLIT, DIVIDEND)
    assert at(after) == (SPLIT, AMENDED)
    assert at(None) == (SPLIT, DIVIDEND)
