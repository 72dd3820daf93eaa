"""What every test may ask for: an event loop, real servers, recorded payloads."""

import asyncio
import os
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.runner import Run, T
from tests.servers import PostgresServer, private_postgres, private_redis, redis_binary, tell_redis

_ROOT = Path(__file__).parent.parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs TimescaleDB with one line per file instead of one per test."""
    if os.environ.get("FKS_TEST_TIMESCALE_URL"):
        return
    skip = pytest.mark.skip(reason="FKS_TEST_TIMESCALE_URL names no PostgreSQL with TimescaleDB")
    for item in items:
        if item.get_closest_marker("timescale"):
            item.add_marker(skip)


@pytest.fixture
def run() -> Iterator[Run]:
    """Run coroutines on one event loop of the test: ``run(coroutine)``."""
    with asyncio.Runner() as runner:

        def call(coroutine: Coroutine[Any, Any, T], /) -> T:
            return runner.run(coroutine)

        yield call


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """One PostgreSQL for the session: FKS_TEST_DATABASE_URL, or one of our own."""
    url = os.environ.get("FKS_TEST_DATABASE_URL")
    if url:
        server = PostgresServer(url)
        yield server
        server.close()
        return
    with private_postgres() as own:
        yield PostgresServer(own)


@pytest.fixture
def database_url(postgres_server: PostgresServer) -> Iterator[str]:
    """A migrated database of the test's own."""
    with postgres_server.database() as url:
        yield url


@pytest.fixture
def empty_database_url(postgres_server: PostgresServer) -> Iterator[str]:
    """A database of the test's own without any table."""
    with postgres_server.database(migrated=False) as url:
        yield url


@pytest.fixture
def timescale_url() -> Iterator[str]:
    """A migrated database on TimescaleDB."""
    url = os.environ.get("FKS_TEST_TIMESCALE_URL")
    if not url:
        pytest.skip("FKS_TEST_TIMESCALE_URL names no PostgreSQL with TimescaleDB")
    with PostgresServer(url).database() as own:
        yield own


@pytest.fixture(scope="session")
def redis_server() -> Iterator[str]:
    """One private Redis for the session."""
    with private_redis(redis_binary()) as url:
        yield url


@pytest.fixture
def redis_url(redis_server: str) -> str:
    """An empty Redis."""
    port = int(redis_server.rpartition(":")[2].partition("/")[0])
    assert tell_redis(port, b"FLUSHALL").startswith(b"+OK")
    return redis_server


@pytest.fixture(scope="session")
def recordings() -> Path:
    """The recorded payloads of real providers, one directory each."""
    default = _ROOT.parent / "shared" / "providers"
    path = Path(os.environ.get("FKS_TEST_RECORDINGS") or default)
    if not path.is_dir():
        pytest.skip(f"there are no recorded payloads in {path}")
    return path
