"""What the rooms behind Redis do while it hangs, is gone, or comes back."""

import asyncio
import signal
from collections.abc import Iterator

import pytest
from redis.asyncio import Redis

from adapters_out.memory.clock import CountingIds
from adapters_out.provider_kit.health_board import SharedHealthBoard
from adapters_out.redis.budget_book import RedisBudgetBook
from adapters_out.redis.cache import RedisCache
from adapters_out.redis.client import fetch, open_client
from adapters_out.redis.health_ledger import RedisHealthLedger
from adapters_out.redis.outage import Outage
from adapters_out.redis.turnstile import RedisTurnstile
from adapters_out.system.clock import SystemClock
from domain.circuit import Outcome, ProviderHealth
from domain.errors import BudgetUnavailable
from domain.provider import Priority, ProviderPolicy
from tests.adapters_out.redis.servers import FragileRedis, fragile_redis
from tests.runner import Run
from tests.servers import tell_redis

CLOCK = SystemClock()
TEN = ProviderPolicy(rps=10)


@pytest.fixture
def server() -> Iterator[FragileRedis]:
    """A Redis to maltreat."""
    with fragile_redis() as server:
        yield server


@pytest.fixture
def client(server: FragileRedis, run: Run) -> Iterator[Redis]:
    """A client that has a connection already."""
    client = open_client(server.url)
    assert run(fetch(client, "nothing")) is None
    yield client
    run(client.aclose())


@pytest.fixture(params=["hangs", "gone"])
def broken(request: pytest.FixtureRequest, server: FragileRedis, client: Redis) -> Iterator[Redis]:
    """A client whose server hangs or is gone."""
    if request.param == "hangs":
        server.signal(signal.SIGSTOP)
    else:
        server.kill()
    yield client
    if request.param == "hangs":
        server.signal(signal.SIGCONT)
    else:
        server.start()


def test_a_cache_out_of_reach_is_empty(broken: Redis, run: Run) -> None:
    """Nobody waits longer than a second, and for a second nobody asks again."""
    cache = RedisCache(broken, CLOCK)
    began = CLOCK.monotonic()
    assert run(cache.get("a")) is None
    assert CLOCK.monotonic() - began < 1.0
    again = CLOCK.monotonic()
    for _ in range(100):
        run(cache.put("a", b"1", 60))
        run(cache.drop("a"))
        assert run(cache.get("a")) is None
    assert CLOCK.monotonic() - again < 0.2


def test_a_turnstile_out_of_reach_lets_everybody_pass(broken: Redis, run: Run) -> None:
    """Better two calls than none."""
    turnstile = RedisTurnstile(broken, CLOCK, CountingIds())
    began = CLOCK.monotonic()
    token = run(turnstile.enter("bars", 5))
    assert token is not None
    assert run(turnstile.enter("bars", 5)) is not None
    run(turnstile.leave("bars", token))
    assert CLOCK.monotonic() - began < 1.0


def test_a_board_out_of_reach_is_healthy(broken: Redis, run: Run) -> None:
    """Losing the board never stops a call."""
    board = SharedHealthBoard(RedisHealthLedger(broken, CLOCK), CLOCK)
    began = CLOCK.monotonic()
    for _ in range(9):
        told = run(board.record("kraken", Outcome(ok=False, latency_s=1, at=CLOCK.now())))
        assert told == ProviderHealth()
    assert run(board.view("kraken")) == ProviderHealth()
    assert run(board.claim_probe("kraken"))
    assert CLOCK.monotonic() - began < 1.0


def test_a_budget_out_of_reach_grants_nothing(broken: Redis, run: Run) -> None:
    """The budget fails closed, within a second, with a sentence that names the remedy."""
    book = RedisBudgetBook(broken, Outage(CLOCK))
    began = CLOCK.monotonic()
    with pytest.raises(BudgetUnavailable, match="REDIS_URL") as refusal:
        run(book.take("kraken", TEN, 1, Priority.INTERACTIVE))
    assert CLOCK.monotonic() - began < 1.0
    assert refusal.value.provider == "kraken"
    for attempt in (
        book.freeze("kraken", 2e9, banned=True),
        book.correct("kraken", TEN, 60, 1),
        book.check(),
    ):
        with pytest.raises(BudgetUnavailable):
            run(attempt)


def test_one_caller_a_second_waits_for_a_budget_that_hangs(
    server: FragileRedis, client: Redis, run: Run
) -> None:
    """The other providers' calls are refused at once; a second later one asks again."""
    book = RedisBudgetBook(client, Outage(CLOCK))
    server.signal(signal.SIGSTOP)
    with pytest.raises(BudgetUnavailable):
        run(book.views({"kraken": TEN, "binance": TEN}))
    began = CLOCK.monotonic()
    for provider in ("kraken", "binance", "kucoin", "coinbase"):
        with pytest.raises(BudgetUnavailable, match="REDIS_URL"):
            run(book.take(provider, TEN, 1, Priority.INTERACTIVE))
    assert CLOCK.monotonic() - began < 0.2
    server.signal(signal.SIGCONT)
    run(CLOCK.sleep(1.0))
    assert run(book.take("kraken", TEN, 1, Priority.INTERACTIVE)).granted


def test_a_restart_costs_no_connection_a_failure(
    server: FragileRedis, client: Redis, run: Run
) -> None:
    """All pooled connections are dead after a restart, and no caller meets one of them."""
    turnstile = RedisTurnstile(client, CLOCK, CountingIds())

    async def enter_all() -> list[str | None]:
        return await asyncio.gather(*(turnstile.enter(f"k{k}", 60) for k in range(10)))

    assert None not in run(enter_all())
    server.kill()
    server.start()
    run(CLOCK.sleep(0.05))
    assert None not in run(enter_all())
    assert set(run(enter_all())) == {None}  # it did ask: these are taken


def test_all_is_well_again_after_a_restart(server: FragileRedis, client: Redis, run: Run) -> None:
    """A server that was killed and started again is used again, script and all."""
    book, cache = RedisBudgetBook(client, Outage(CLOCK)), RedisCache(client, CLOCK)
    assert run(book.take("kraken", TEN, 1, Priority.INTERACTIVE)).granted
    server.kill()
    assert run(cache.get("a")) is None
    server.start()
    run(CLOCK.sleep(0.05))
    assert run(book.take("kraken", TEN, 1, Priority.INTERACTIVE)).granted
    run(CLOCK.sleep(1.0))
    run(cache.put("a", b"1", 60))
    assert run(cache.get("a")) == b"1"


def test_a_hang_is_survived(server: FragileRedis, client: Redis, run: Run) -> None:
    """When the server goes on, so do we, and no late answer is taken for another's."""
    cache, book = RedisCache(client, CLOCK), RedisBudgetBook(client, Outage(CLOCK))
    run(cache.put("a", b"1", 60))
    server.signal(signal.SIGSTOP)
    assert run(RedisCache(client, CLOCK).get("b")) is None
    with pytest.raises(BudgetUnavailable):
        run(book.take("kraken", TEN, 1, Priority.INTERACTIVE))
    server.signal(signal.SIGCONT)
    assert run(cache.get("a")) == b"1"
    run(CLOCK.sleep(1.0))
    assert run(book.views({"kraken": TEN}))["kraken"].limit_per_s == 10


def test_a_foreign_value_is_no_reason_to_send(
    server: FragileRedis, client: Redis, run: Run
) -> None:
    """An account that cannot be read closes the budget."""
    tell_redis(server.port, b"SET fks:budget:1:{kraken} nonsense")
    with pytest.raises(BudgetUnavailable):
        run(RedisBudgetBook(client, Outage(CLOCK)).take("kraken", TEN, 1, Priority.INTERACTIVE))


def test_keys_are_ours(server: FragileRedis, client: Redis, run: Run) -> None:
    """Every key begins with our prefix, and an account is one key for a cluster's sake."""
    run(RedisBudgetBook(client, Outage(CLOCK)).take("kraken", TEN, 1, Priority.INTERACTIVE))
    run(RedisCache(client, CLOCK).put("a", b"1", 60))
    run(RedisTurnstile(client, CLOCK, CountingIds()).enter("b", 60))
    board = SharedHealthBoard(RedisHealthLedger(client, CLOCK), CLOCK)
    run(board.record("kraken", Outcome(True, 0.1, CLOCK.now())))
    keys = tell_redis(server.port, b"KEYS *").split(b"\r\n")[2::2]
    assert sorted(keys) == [
        b"fks:budget:1:{kraken}",
        b"fks:cache:a",
        b"fks:health:1:{kraken}",
        b"fks:turnstile:b",
    ]
