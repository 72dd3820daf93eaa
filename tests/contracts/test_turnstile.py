"""What every turnstile does, whoever keeps the leases."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Iterator

import pytest

from adapters_out.memory.clock import CountingIds, ManualClock
from adapters_out.memory.turnstile import MemoryTurnstile
from adapters_out.postgres.pool import PostgresPool
from adapters_out.postgres.turnstile import PostgresTurnstile
from adapters_out.redis.client import open_client
from adapters_out.redis.turnstile import RedisTurnstile
from adapters_out.system.clock import SystemClock
from ports.cache import Turnstile
from tests.runner import Run


class Bench(ABC):
    """Two turnstiles as two processes hold them, and a way to let time pass."""

    one: Turnstile
    other: Turnstile

    @abstractmethod
    def wait(self, seconds: float) -> None:
        """Let time pass."""


class MemoryBench(Bench):
    """One process: the same turnstile twice."""

    def __init__(self) -> None:
        self._clock = ManualClock()
        self.one = self.other = MemoryTurnstile(self._clock, CountingIds())

    def wait(self, seconds: float) -> None:
        self._clock.advance(seconds)


class ServerBench(Bench):
    """Leases end on the server's clock: the test really waits."""

    def __init__(self, one: Turnstile, other: Turnstile, run: Run) -> None:
        self.one, self.other, self._run = one, other, run

    def wait(self, seconds: float) -> None:
        self._run(SystemClock().sleep(seconds))


@pytest.fixture(params=["memory", "postgres", "redis"])
def bench(request: pytest.FixtureRequest, run: Run) -> Iterator[Bench]:
    """Two turnstiles of one kind."""
    ids = CountingIds()
    if request.param == "memory":
        yield MemoryBench()
    elif request.param == "postgres":
        pool = PostgresPool(request.getfixturevalue("database_url"), max_size=4)
        run(pool.open())
        yield ServerBench(PostgresTurnstile(pool, ids), PostgresTurnstile(pool, ids), run)
        run(pool.close())
    else:
        client, clock = open_client(request.getfixturevalue("redis_url")), SystemClock()
        one, other = (RedisTurnstile(client, clock, ids) for _ in range(2))
        yield ServerBench(one, other, run)
        run(client.aclose())


def test_one_at_a_time(bench: Bench, run: Run) -> None:
    """Who holds the key keeps the others out until it leaves."""
    token = run(bench.one.enter("bars", 5))
    assert token is not None
    assert run(bench.other.enter("bars", 5)) is None
    assert run(bench.one.enter("bars", 5)) is None
    run(bench.one.leave("bars", token))
    assert run(bench.other.enter("bars", 5)) is not None


def test_keys_do_not_disturb_each_other(bench: Bench, run: Run) -> None:
    """Different work is done at the same time."""
    assert run(bench.one.enter("a", 5)) is not None
    assert run(bench.other.enter("b", 5)) is not None


def test_the_lease_of_a_dead_holder_ends(bench: Bench, run: Run) -> None:
    """Who never leaves keeps the others out for its lease and no longer."""
    assert run(bench.one.enter("trades", 5)) is not None
    assert run(bench.one.enter("bars", 0.3)) is not None
    bench.wait(0.4)
    assert run(bench.other.enter("bars", 5)) is not None
    assert run(bench.other.enter("trades", 5)) is None


def test_who_was_too_slow_does_not_let_others_in(bench: Bench, run: Run) -> None:
    """Leaving with a token whose lease has ended does not end the next holder's."""
    late = run(bench.one.enter("bars", 0.1))
    assert late is not None
    bench.wait(0.2)
    assert run(bench.other.enter("bars", 5)) is not None
    run(bench.one.leave("bars", late))
    assert run(bench.one.enter("bars", 5)) is None


def test_of_many_at_once_one_is_let_in(bench: Bench, run: Run) -> None:
    """Twenty simultaneous callers get one token."""

    async def rush() -> list[str | None]:
        doors = (bench.one, bench.other) * 10
        return await asyncio.gather(*(door.enter("bars", 5) for door in doors))

    assert len([token for token in run(rush()) if token is not None]) == 1
