"""What every health board does, whoever keeps it."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters_out.memory.clock import ManualClock
from adapters_out.memory.health_board import MemoryHealthBoard
from adapters_out.postgres.health_ledger import PostgresHealthLedger
from adapters_out.postgres.pool import PostgresPool
from adapters_out.provider_kit.health_board import SharedHealthBoard
from adapters_out.redis.client import open_client
from adapters_out.redis.health_ledger import RedisHealthLedger
from domain.circuit import PROBE_LEASE_S, CircuitState, Outcome, ProviderHealth
from ports.health_board import HealthBoard
from tests.runner import Run

Boards = tuple[HealthBoard, HealthBoard]


@pytest.fixture
def clock() -> ManualClock:
    """The clock of all boards."""
    return ManualClock()


@asynccontextmanager
async def in_postgres(url: str, clock: ManualClock) -> AsyncIterator[Boards]:
    """Boards of two processes that share a database."""
    async with PostgresPool(url, max_size=2) as pool:
        ledger = PostgresHealthLedger(pool)
        yield SharedHealthBoard(ledger, clock), SharedHealthBoard(ledger, clock)


@asynccontextmanager
async def in_redis(url: str, clock: ManualClock) -> AsyncIterator[Boards]:
    """Boards of two processes that share a Redis."""
    async with open_client(url) as client:
        one, other = RedisHealthLedger(client, clock), RedisHealthLedger(client, clock)
        yield SharedHealthBoard(one, clock), SharedHealthBoard(other, clock)


@pytest.fixture(params=["memory", "postgres", "redis"])
def boards(request: pytest.FixtureRequest, clock: ManualClock, run: Run) -> Iterator[Boards]:
    """Two boards of one kind that share their state."""
    opened: AbstractAsyncContextManager[Boards]
    if request.param == "memory":  # one process: the same board twice
        board = MemoryHealthBoard(clock)
        opened = nullcontext((board, board))
    elif request.param == "postgres":
        opened = in_postgres(request.getfixturevalue("database_url"), clock)
    else:
        opened = in_redis(request.getfixturevalue("redis_url"), clock)
    yield run(opened.__aenter__())
    run(opened.__aexit__(None, None, None))


def fault(clock: ManualClock, *, probe: bool = False) -> Outcome:
    """A call that failed just now."""
    return Outcome(ok=False, latency_s=0.5, at=clock.now(), probe=probe)


def success(clock: ManualClock, *, probe: bool = False) -> Outcome:
    """A call that was answered just now."""
    return Outcome(ok=True, latency_s=0.1, at=clock.now(), probe=probe)


def test_what_nobody_has_heard_of_is_healthy(boards: Boards, run: Run) -> None:
    """A provider without a past is closed, and has no probe to claim."""
    assert run(boards[0].view("binance")) == ProviderHealth()
    assert not run(boards[0].claim_probe("binance"))


def test_faults_of_all_processes_open_one_circuit(
    boards: Boards, clock: ManualClock, run: Run
) -> None:
    """Five faults in a row, whoever met them, are seen by everybody at once."""
    for k in range(5):
        assert run(boards[0].view("kraken")).state is CircuitState.CLOSED
        told = run(boards[k % 2].record("kraken", fault(clock)))
        assert told == run(boards[1 - k % 2].view("kraken"))
    assert run(boards[1].view("kraken")).state is CircuitState.OPEN
    assert run(boards[1].view("binance")).state is CircuitState.CLOSED


def test_many_are_seen_at_once(boards: Boards, clock: ManualClock, run: Run) -> None:
    """As each is seen alone; nobody has heard of one."""
    names = ("binance", "kraken", "kucoin")
    run(boards[0].record("kraken", fault(clock)))
    run(boards[0].record("kucoin", success(clock)))
    seen = run(boards[1].views(names))
    assert dict(seen) == {name: run(boards[0].view(name)) for name in names}
    assert seen["binance"] == ProviderHealth() != seen["kraken"]
    assert run(boards[1].views(())) == {}


def opened(boards: Boards, clock: ManualClock, run: Run) -> None:
    """Open the circuit and let its cool-down pass."""
    for _ in range(5):
        run(boards[0].record("kraken", fault(clock)))
    assert not run(boards[0].claim_probe("kraken"))
    clock.advance(2)


def test_exactly_one_process_probes(boards: Boards, clock: ManualClock, run: Run) -> None:
    """The second claim of one probe fails, until the first claimant must be dead."""
    opened(boards, clock, run)
    assert run(boards[0].claim_probe("kraken"))
    assert not run(boards[1].claim_probe("kraken"))
    assert not run(boards[0].claim_probe("kraken"))
    clock.advance(PROBE_LEASE_S)
    assert run(boards[1].claim_probe("kraken"))


def test_a_successful_probe_closes_it_for_all(boards: Boards, clock: ManualClock, run: Run) -> None:
    """One probe that is answered makes everybody call again."""
    opened(boards, clock, run)
    run(boards[1].claim_probe("kraken"))
    run(boards[1].record("kraken", success(clock, probe=True)))
    assert run(boards[0].view("kraken")).state is CircuitState.CLOSED


def test_a_success_between_faults_counts(boards: Boards, clock: ManualClock, run: Run) -> None:
    """Faults are in a row only if no process had a success in between."""
    run(boards[0].record("kraken", success(clock)))
    for _ in range(4):
        run(boards[0].record("kraken", fault(clock)))
    run(boards[0].record("kraken", success(clock)))
    assert run(boards[1].record("kraken", fault(clock))).failures_in_row == 1


def test_successes_are_written_down_within_a_second(
    boards: Boards, clock: ManualClock, run: Run
) -> None:
    """What may wait is told to the others with the first call of the next second."""
    for _ in range(10):
        run(boards[0].record("kraken", success(clock)))
    clock.advance(1)
    run(boards[0].record("kraken", success(clock)))
    assert len(run(boards[1].view("kraken")).recent) == 11


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    steps=st.lists(
        st.tuples(st.floats(0, 6), st.sampled_from(["ok", "fault", "probe"]), st.booleans()),
        max_size=40,
    )
)
def test_every_board_follows_the_value(
    *, boards: Boards, clock: ManualClock, run: Run, steps: list[tuple[float, str, bool]]
) -> None:
    """Used by one process, a board answers what the pure transitions say."""
    clock.advance(10_000)
    model, provider = MemoryHealthBoard(clock), f"p{clock.now()}"
    for pause, step, ok in steps:
        clock.advance(pause)
        told: list[object] = []
        for board in (model, boards[0]):
            if step == "probe":
                claimed = run(board.claim_probe(provider))
                probed = Outcome(ok, 0.1, clock.now(), probe=True)
                told.append(run(board.record(provider, probed)) if claimed else None)
            else:
                plain = Outcome(step == "ok", 0.1, clock.now())
                told.append(run(board.record(provider, plain)))
        assert told[0] == told[1]
