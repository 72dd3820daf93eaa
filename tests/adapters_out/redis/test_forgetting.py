"""What the budget remembers when Redis forgets."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from redis.asyncio import Redis

from adapters_out.postgres.budget_book import PostgresBudgetBook
from adapters_out.postgres.pool import PostgresPool
from adapters_out.redis.budget_book import RedisBudgetBook
from adapters_out.redis.client import open_client
from adapters_out.redis.layered_budget_book import LayeredBudgetBook
from adapters_out.redis.outage import Outage
from adapters_out.system.clock import SystemClock
from domain.budget import Grant
from domain.errors import BudgetUnavailable
from domain.provider import Priority, ProviderPolicy, Window
from tests.adapters_out.redis.servers import FragileRedis, fragile_redis
from tests.runner import Run
from tests.servers import migrate_url

CLOCK = SystemClock()
TEN = ProviderPolicy(rps=10)
DAILY = ProviderPolicy(rps=50, windows=(Window(5, 86_400, calendar=True), Window(5, 3600)))


@dataclass
class Place:
    """A Redis, a PostgreSQL, and processes that come and go."""

    server: FragileRedis
    client: Redis
    pool: PostgresPool

    def process(self) -> LayeredBudgetBook:
        """The book of a process that has just started."""
        record = PostgresBudgetBook(self.pool)
        return LayeredBudgetBook(RedisBudgetBook(self.client, Outage(CLOCK)), record, CLOCK)


@pytest.fixture
def place(database_url: str, run: Run) -> Iterator[Place]:
    """Both servers, empty."""
    with fragile_redis() as server:
        place = Place(server, open_client(server.url), PostgresPool(database_url, max_size=2))
        run(place.pool.open())
        yield place
        run(place.client.aclose())
        run(place.pool.close())


def forget(place: Place, run: Run, how: str) -> None:
    """Lose everything that Redis holds."""
    if how == "flush":
        place.server.flush()
    else:
        place.server.kill()
        place.server.start()
        run(CLOCK.sleep(0.05))  # the loop sees that connections were closed


@pytest.mark.parametrize("how", ["flush", "kill"])
@pytest.mark.parametrize("same_process", [True, False])
def test_a_ban_outlives_redis(place: Place, run: Run, how: str, *, same_process: bool) -> None:
    """After a 418 nothing is granted, whoever asks, through FLUSHALL and kill -9."""
    until = CLOCK.now() + 60
    book = place.process()
    assert run(book.take("binance", TEN, 1, Priority.INTERACTIVE)).granted
    run(book.freeze("binance", until, banned=True))
    forget(place, run, how)
    book = book if same_process else place.process()
    told = run(book.take("binance", TEN, 1, Priority.INTERACTIVE))
    assert (told.granted, told.banned, told.frozen_until) == (False, True, until)
    forget(place, run, "flush")
    assert run(book.views({"binance": TEN}))["binance"].frozen_until == until


@pytest.mark.parametrize("meets_it", ["asking", "looking"])
def test_a_ban_met_in_redis_is_remembered_in_every_record(
    place: Place, run: Run, empty_database_url: str, meets_it: str
) -> None:
    """A process with a database of its own keeps the ban that another one wrote."""
    migrate_url(empty_database_url)
    until = CLOCK.now() + 60

    async def scene() -> Grant:
        async with PostgresPool(empty_database_url, max_size=2) as own:
            record = PostgresBudgetBook(own)
            other = LayeredBudgetBook(RedisBudgetBook(place.client, Outage(CLOCK)), record, CLOCK)
            await place.process().freeze("binance", until, banned=True)
            if meets_it == "asking":
                await other.take("binance", TEN, 1, Priority.INTERACTIVE)
            else:
                await other.views({"binance": TEN})
            place.server.flush()
            return await other.take("binance", TEN, 1, Priority.INTERACTIVE)

    told = run(scene())
    assert (told.granted, told.banned, told.frozen_until) == (False, True, until)


def test_a_ban_that_only_the_record_knows_is_heeded(place: Place, run: Run) -> None:
    """A process that starts asks the record, even if Redis holds an (older) account."""
    run(place.process().take("binance", TEN, 1, Priority.INTERACTIVE))
    until = CLOCK.now() + 60
    run(PostgresBudgetBook(place.pool).freeze("binance", until, banned=False))
    told = run(place.process().take("binance", TEN, 1, Priority.INTERACTIVE))
    assert told.frozen_until == until


def test_the_days_quota_outlives_redis(place: Place, run: Run) -> None:
    """What was spent of a window of an hour or more stays spent."""
    book, granted = place.process(), 0
    for k in range(20):
        granted += run(book.take("eodhd", DAILY, 1, Priority.INTERACTIVE)).granted
        run(CLOCK.sleep(0.03))
        if k == 4:
            place.server.flush()
            run(CLOCK.sleep(1.2))
            book = place.process()
    assert granted == 5


def test_a_forgotten_second_is_taken_to_be_full(place: Place, run: Run) -> None:
    """Used a moment ago, an emptied account waits for a second before the next call."""
    book = place.process()
    assert run(book.take("kraken", TEN, 1, Priority.INTERACTIVE)).granted
    place.server.flush()
    told = run(book.take("kraken", TEN, 1, Priority.INTERACTIVE))
    assert not told.granted
    assert 0.8 < told.wait_s <= 1.1
    run(CLOCK.sleep(told.wait_s))
    assert run(book.take("kraken", TEN, 1, Priority.INTERACTIVE)).granted


def test_an_unused_provider_is_asked_at_once(place: Place, run: Run) -> None:
    """The first call of all waits for nothing."""
    assert run(place.process().take("kraken", TEN, 1, Priority.INTERACTIVE)).granted


def test_without_the_record_a_forgetful_redis_grants_nothing(place: Place, run: Run) -> None:
    """Redis empty and PostgreSQL out of reach: nobody can tell whether we are banned."""
    book = place.process()
    run(book.take("kraken", TEN, 1, Priority.INTERACTIVE))
    run(place.pool.close())
    run(CLOCK.sleep(0.11))
    assert run(book.take("kraken", TEN, 1, Priority.INTERACTIVE)).granted
    place.server.flush()
    with pytest.raises(BudgetUnavailable, match="PostgreSQL"):
        run(book.take("kraken", TEN, 1, Priority.INTERACTIVE))


def test_a_quota_that_cannot_be_recorded_is_not_spent(place: Place, run: Run) -> None:
    """Calls that count by the day need the record for each of them."""
    book = place.process()
    assert run(book.take("eodhd", DAILY, 1, Priority.INTERACTIVE)).granted
    run(place.pool.close())
    run(CLOCK.sleep(0.03))
    with pytest.raises(BudgetUnavailable):
        run(book.take("eodhd", DAILY, 1, Priority.INTERACTIVE))


def test_a_freeze_that_redis_missed_reaches_it_later(place: Place, run: Run) -> None:
    """Frozen while Redis was away: the caller hears of it, and nothing is sent afterwards."""
    book, until = place.process(), CLOCK.now() + 60
    run(book.take("binance", TEN, 1, Priority.INTERACTIVE))
    place.server.kill()
    with pytest.raises(BudgetUnavailable):
        run(book.freeze("binance", until, banned=True))
    place.server.start()
    run(CLOCK.sleep(0.05))
    assert run(book.take("binance", TEN, 1, Priority.INTERACTIVE)).frozen_until == until
    redis = RedisBudgetBook(place.client, Outage(CLOCK))
    assert run(redis.views({"binance": TEN}))["binance"].frozen_until == until
