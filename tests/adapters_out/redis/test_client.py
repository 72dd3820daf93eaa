"""Our settings hold, whatever the library's defaults become."""

import pytest
from redis.asyncio import BlockingConnectionPool, Redis, SSLConnection
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from adapters_out.redis.client import ANSWER_S, FAULTS, open_client
from tests.runner import Run


@pytest.fixture
def client(run: Run) -> Redis:
    """A client that is never connected."""

    async def make() -> Redis:
        return open_client("rediss://:hidden@example.invalid:6380/3", max_connections=7)

    return run(make())


def test_callers_wait_for_a_connection(client: Redis) -> None:
    """The pool blocks for a moment instead of raising at once or growing."""
    pool = client.connection_pool
    assert isinstance(pool, BlockingConnectionPool)
    assert (pool.timeout, pool.max_connections) == (0.25, 7)


def test_nothing_is_repeated_and_nothing_waits_long(client: Redis) -> None:
    """No retries, since commands are not idempotent, and short time-outs."""
    connection = SSLConnection(**client.connection_pool.connection_kwargs)
    assert connection.retry.get_retries() == 0
    assert connection.retry_on_error == []
    assert connection.socket_timeout == 0.5
    assert connection.socket_connect_timeout == 0.5
    assert ANSWER_S <= 1


def test_the_url_is_heeded(client: Redis) -> None:
    """Database and password of the URL are those of the connections."""
    options = client.connection_pool.connection_kwargs
    assert (options["db"], options["password"], options["port"]) == (3, "hidden", 6380)


def test_every_fault_of_the_library_is_caught() -> None:
    """Its time-out is no connection error, but it is one of ours."""
    assert issubclass(RedisTimeoutError, FAULTS)
    assert issubclass(RedisError, FAULTS)


def test_a_url_of_something_else_is_refused() -> None:
    """A wrong scheme is told at construction, not at the first call."""
    with pytest.raises(ValueError, match="redis"):
        open_client("postgresql://localhost/")
