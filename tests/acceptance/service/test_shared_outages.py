"""Redis and PostgreSQL go away and come back while the service is asked."""

import asyncio
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import count

import psycopg
import pytest

from tests.acceptance.service.calls import Answer
from tests.acceptance.service.crowd import ask, target
from tests.acceptance.service.engines import FragilePostgres, fragile_postgres
from tests.acceptance.service.stage import Service, Stage
from tests.adapters_out.redis.servers import FragileRedis, fragile_redis
from tests.servers import wait_until

pytestmark = pytest.mark.slow
HOUR = 3600
START = 1732646400
QUICK_S = 4.0  # a Redis that hangs is given half a second by each who asks it
CONNECTIONS = 20  # what one serve may hold open: its pool and a few beside it


@pytest.fixture
def redis() -> Iterator[FragileRedis]:
    """A Redis that dies in the test."""
    with fragile_redis() as server:
        yield server


@pytest.fixture
def postgres() -> Iterator[FragilePostgres]:
    """A PostgreSQL that dies in the test."""
    with fragile_postgres() as server:
        yield server


def cold(service: Service, k: int) -> Answer:
    """A question that nobody has asked before."""
    start = START + 2 * k * HOUR
    return service.bars(start=start, end=start + HOUR)


def parts(service: Service) -> dict[str, bool]:
    """The parts of the service as /ready tells them."""
    answer = service.get("/ready")
    if answer.status == 200:
        return dict.fromkeys(answer.json()["dependencies"], True)
    assert answer.status == 503, answer
    return {part["name"]: part["ok"] for part in answer.json()["parts"]}


def assert_fails_closed(stage: Stage, answer: Answer, word: str) -> None:
    """A quick 503 that says why nobody was asked, and nobody was."""
    assert answer.status == 503, answer
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.took < QUICK_S
    problem = answer.json()
    reasons = {a["provider"]: a["reason"] for a in problem["attempts"]}
    assert word in reasons["binance"], problem
    assert stage.exchange.arrivals() == []


@pytest.mark.parametrize(
    ("end", "begin"),
    [
        (FragileRedis.kill, FragileRedis.start),
        (lambda r: r.signal(signal.SIGSTOP), lambda r: r.signal(signal.SIGCONT)),
    ],
    ids=["killed", "hung"],
)
def test_redis_goes_and_comes_back(
    redis: FragileRedis,
    empty_database_url: str,
    end: Callable[[FragileRedis], None],
    begin: Callable[[FragileRedis], None],
) -> None:
    """What is stored is served, nothing is sent without the budget, and all is well afterwards."""
    with Stage(database_url=empty_database_url, redis_url=redis.url) as stage:
        service, fresh = stage.serve(), stage.serve()
        first = cold(service, 0)
        assert first.status == 200, first
        assert parts(service) == {"store": True, "budgets": True}
        stage.exchange.forget()
        end(redis)
        for server in (service, fresh):
            held = cold(server, 0)
            assert (held.status, held.data_bytes) == (200, first.data_bytes)
            assert held.took < QUICK_S
            assert parts(server) == {"store": True, "budgets": False}
            assert_fails_closed(stage, cold(server, 1), "Redis")
            assert server.get("/live").status == 200
            assert server.get("/api/v1/data/providers").status == 200
            assert server.get("/api/v1/jobs").status in {200, 503}
        begin(redis)
        for k, server in enumerate((service, fresh)):
            wait_until(lambda: cold(server, 2 + k).status == 200, "Recovery", 10)  # noqa: B023  # called here
            assert parts(server) == {"store": True, "budgets": True}


def test_a_start_without_redis(redis: FragileRedis, empty_database_url: str) -> None:
    """The service comes up, says what is missing, and works as soon as Redis is there."""
    redis.kill()
    with Stage(database_url=empty_database_url, redis_url=redis.url) as stage:
        service = stage.serve(wait=False)
        wait_until(lambda: is_live(service), "The service")
        assert parts(service) == {"store": True, "budgets": False}
        assert_fails_closed(stage, cold(service, 0), "Redis")
        redis.start()
        wait_until(lambda: cold(service, 0).status == 200, "Recovery", 10)
        service.wait_ready(5)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT], ids=["stopped", "crashed"])
@pytest.mark.parametrize("with_redis", [False, True], ids=["alone", "with redis"])
def test_postgres_restarts_under_load(
    postgres: FragilePostgres, redis: FragileRedis, how: signal.Signals, *, with_redis: bool
) -> None:
    """Errors are 503 problems, all is well within seconds, and no connection is left behind."""
    redis_url = redis.url if with_redis else None
    with Stage(database_url=postgres.url, redis_url=redis_url) as stage:
        service = stage.serve()
        assert cold(service, 0).status == 200
        with ThreadPoolExecutor(1) as executor:
            load = executor.submit(asyncio.run, pressed(service, 7.0))
            time.sleep(1.5)
            postgres.stop(how)
            time.sleep(1.5)
            down = parts(service)
            postgres.start()
        assert down["store"] is False
        assert {a.status for a in load.result()} == {200, 503}
        for answer in load.result():
            assert_answer_or_503(answer)
        service.wait_ready(5)
        assert {a.status for a in asyncio.run(pressed(service, 2.0, first=5000))} == {200}
        assert connections(postgres) <= CONNECTIONS


def assert_answer_or_503(answer: Answer) -> None:
    """In time, and if it is none then a problem that says when to come back."""
    assert answer.took < 10.5
    if answer.status == 503:
        assert answer.headers["content-type"] == "application/problem+json"
        assert int(answer.headers["retry-after"]) >= 1


def connections(postgres: FragilePostgres) -> int:
    """How many clients PostgreSQL has, this one included."""
    count_them = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"
    with closing(psycopg.connect(postgres.url)) as connection:
        found = connection.execute(count_them).fetchone()
    assert found is not None
    return int(found[0])


def is_live(service: Service) -> bool:
    """Whether it answers."""
    try:
        return service.get("/live", timeout=2).status == 200
    except OSError:
        return False


async def pressed(service: Service, seconds: float, first: int = 1) -> list[Answer]:
    """What eight callers get who ask for everything until the time is up."""
    answers: list[Answer] = []
    end, numbers = time.monotonic() + seconds, count(first)

    async def caller(place: int) -> None:
        while time.monotonic() < end:
            k = next(numbers)
            start = START + k * HOUR
            kinds = (
                target(symbol="BTCUSDT", interval="1m", start=START, end=START + HOUR),
                target(symbol="ETHUSDT", interval="1m", start=start, end=start + HOUR),
                target("/api/v1/data/coverage"),
                target("/api/v1/jobs"),
            )
            answers.append(await ask(service.port, kinds[place % len(kinds)]))
            await asyncio.sleep(0.02)

    await asyncio.gather(*(caller(place) for place in range(8)))
    return answers
