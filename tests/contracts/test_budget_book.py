"""What every budget book does, whoever keeps the state."""

from collections.abc import Iterator
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters_out.memory.budget_book import MemoryBudgetBook
from adapters_out.memory.clock import ManualClock
from domain.budget import Grant
from domain.errors import CallRefused
from domain.provider import Priority, ProviderPolicy, Window
from ports.pacing import BudgetBook
from tests.contracts.budget_books import KINDS, two_books
from tests.runner import Run

NOW = 1_700_000_000.0
TEN = ProviderPolicy(rps=10)
WINDOWS = (
    Window(20, 60),
    Window(9, 60, calendar=True),
    Window(6, 1),
    Window(40, 3600),
    Window(30, 86_400, calendar=True, offset_s=-3600),
)
Books = tuple[BudgetBook, BudgetBook]
Step = tuple[str, float, float, Priority, bool]  # what, pause, weight, priority, a flag


@pytest.fixture
def clock() -> ManualClock:
    """The clock of all books."""
    return ManualClock(NOW)


@pytest.fixture(params=KINDS)
def books(request: pytest.FixtureRequest, clock: ManualClock, run: Run) -> Iterator[Books]:
    """Two books of one kind that share their state."""
    opened = two_books(str(request.param), clock, request)
    yield run(opened.__aenter__())
    run(opened.__aexit__(None, None, None))


def test_calls_are_spaced_over_all_processes(books: Books, clock: ManualClock, run: Run) -> None:
    """A call through one book makes the caller of the other wait, and says how long."""
    one, other = books
    assert run(one.take("kraken", TEN, 1, Priority.INTERACTIVE)).granted
    told = run(other.take("kraken", TEN, 1, Priority.INTERACTIVE))
    assert not told.granted
    assert told.wait_s == pytest.approx(0.09)
    clock.advance(told.wait_s)
    assert run(other.take("kraken", TEN, 1, Priority.INTERACTIVE)).granted


def test_providers_do_not_share_a_budget(books: Books, run: Run) -> None:
    """One provider's call costs another nothing."""
    for provider in ("kraken", "binance"):
        assert run(books[0].take(provider, TEN, 1, Priority.BACKFILL)).granted


def test_a_freeze_holds_for_all_and_is_never_shortened(
    books: Books, clock: ManualClock, run: Run
) -> None:
    """After a ban nobody is granted anything before its end."""
    one, other = books
    run(one.freeze("binance", NOW + 8, banned=True))
    run(other.freeze("binance", NOW + 1, banned=False))
    clock.advance(7.9)
    told = run(other.take("binance", TEN, 1, Priority.INTERACTIVE))
    assert (told.granted, told.frozen_until, told.banned) == (False, NOW + 8, True)
    assert run(other.views({"binance": TEN}))["binance"].frozen_until == NOW + 8
    clock.advance(0.1)
    assert run(other.take("binance", TEN, 1, Priority.INTERACTIVE)).granted
    assert run(other.views({"binance": TEN}))["binance"].frozen_until is None


def test_many_are_seen_at_once(books: Books, run: Run) -> None:
    """Each by its own policy and account; one that was never used is unused."""
    slow = ProviderPolicy(rps=100, windows=(Window(10, 60),))
    run(books[0].take("kraken", slow, 5, Priority.INTERACTIVE))
    run(books[0].freeze("binance", NOW + 8, banned=True))
    seen = run(books[1].views({"binance": TEN, "kraken": slow, "kucoin": TEN}))
    assert list(seen) == ["binance", "kraken", "kucoin"]
    assert [v.frozen_until for v in seen.values()] == [NOW + 8, None, None]
    assert [v.used_fraction for v in seen.values()] == [0.0, 0.5, 0.0]
    assert run(books[1].views({})) == {}


def test_a_reported_use_counts_for_all(books: Books, run: Run) -> None:
    """What the provider reported through one book fills the window of the other."""
    policy = ProviderPolicy(rps=100, windows=(Window(100, 60), Window(1000, 86_400)))
    run(books[0].correct("binance", policy, 60, 95))
    run(books[0].correct("binance", policy, 86_400, 970))
    assert run(books[1].views({"binance": policy}))["binance"].used_fraction == 0.97
    assert not run(books[1].take("binance", policy, 6, Priority.INTERACTIVE)).granted


def test_waiting_backfill_lets_the_urgent_pass(books: Books, clock: ManualClock, run: Run) -> None:
    """The slot for which an interactive call waits in one process is not given to another's."""
    one, other = books
    run(one.take("kraken", TEN, 1, Priority.BACKFILL))
    told = run(one.take("kraken", TEN, 1, Priority.INTERACTIVE))
    clock.advance(told.wait_s)
    assert not run(other.take("kraken", TEN, 1, Priority.BACKFILL)).granted
    assert run(one.take("kraken", TEN, 1, Priority.INTERACTIVE)).granted


def test_a_used_up_day_is_exhausted(books: Books, run: Run) -> None:
    """The book says when it is a long window that is used up."""
    policy = ProviderPolicy(rps=100, windows=(Window(1, 86_400, calendar=True),))
    assert run(books[0].take("eodhd", policy, 1, Priority.HEALING)).granted
    assert run(books[1].take("eodhd", policy, 1, Priority.HEALING)).exhausted


def test_what_never_fits_is_refused(books: Books, run: Run) -> None:
    """A call that is heavier than a window is a fault of ours, not a reason to wait."""
    policy = ProviderPolicy(rps=100, windows=(Window(5, 60),))
    with pytest.raises(CallRefused):
        run(books[0].take("binance", policy, 6, Priority.INTERACTIVE))


def test_a_book_in_reach_says_so(books: Books, run: Run) -> None:
    """A check returns when the state can be asked, and changes nothing."""
    run(books[0].check())
    assert run(books[0].views({"": TEN}))[""].used_fraction == 0


numbers = count()
steps = st.lists(
    st.tuples(
        st.sampled_from(["take"] * 8 + ["turn", "freeze", "correct"]),
        st.one_of(
            st.sampled_from([0.0, 0.01, 0.05, 0.09, 0.1, 0.11, 1.0]),
            st.floats(0.0, 40.0).map(lambda s: round(s**3 / 1600, 6)),
        ),
        st.sampled_from([0.0, 1.0, 2.5]),
        st.sampled_from(list(Priority)),
        st.booleans(),
    ),
    min_size=1,
    max_size=50,
)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    steps=steps,
    rps=st.sampled_from([0.083, 1.0, 2.5, 10.0, 50.0]),
    windows=st.lists(st.sampled_from(WINDOWS), unique=True),
)
def test_every_book_does_the_same_arithmetic(
    *,
    books: Books,
    clock: ManualClock,
    run: Run,
    steps: list[Step],
    rps: float,
    windows: list[Window],
) -> None:
    """Call by call the answers equal those of the pure arithmetic."""
    provider, policy = f"p{next(numbers)}", ProviderPolicy(rps=rps, windows=tuple(windows))
    model = MemoryBudgetBook(clock)

    async def told(book: BudgetBook, step: Step) -> Grant | None:
        what, _, weight, priority, flag = step
        if what == "freeze":
            await book.freeze(provider, clock.now() + weight, banned=flag)
            return None
        if what == "correct":
            await book.correct(provider, policy, 60, weight * 4)
            return None
        return await book.take(provider, policy, weight, priority)

    for step in steps:
        to_turn = (59.93 - clock.now()) % 60  # calls may arrive on the other side of a minute
        clock.advance(to_turn if step[0] == "turn" else step[1])
        assert run(told(books[int(step[4])], step)) == run(told(model, step))
        looked_at = {provider: policy}
        assert run(books[0].views(looked_at)) == run(model.views(looked_at))
