"""Databases of both kinds, and the connections of one process."""

from collections.abc import Iterator

import pytest

from adapters_out.postgres.pool import PostgresPool
from tests.runner import Run


@pytest.fixture(params=["postgres", pytest.param("timescale", marks=pytest.mark.timescale)])
def url(request: pytest.FixtureRequest) -> str:
    """A database of each kind in turn."""
    fixture = "timescale_url" if request.param == "timescale" else "database_url"
    return str(request.getfixturevalue(fixture))


@pytest.fixture
def pool(url: str, run: Run) -> Iterator[PostgresPool]:
    """One process's connections."""
    pool = PostgresPool(url, max_size=4)
    run(pool.open())
    yield pool
    run(pool.close())
