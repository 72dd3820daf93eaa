"""Stages in the two editions, and one with Redis."""

from collections.abc import Iterator

import pytest

from tests.acceptance.service.stage import Stage


@pytest.fixture(params=["embedded", "database_url"])
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    """A stage with the embedded store, then the same with DATABASE_URL."""
    url = None
    if request.param == "database_url":
        url = str(request.getfixturevalue("empty_database_url"))
    with Stage(database_url=url) as opened:
        yield opened


@pytest.fixture
def embedded_stage() -> Iterator[Stage]:
    """A stage with the embedded store and without Redis."""
    with Stage() as opened:
        yield opened


@pytest.fixture
def database_stage(empty_database_url: str) -> Iterator[Stage]:
    """A stage with DATABASE_URL and without Redis."""
    with Stage(database_url=empty_database_url) as opened:
        yield opened


@pytest.fixture
def redis_stage(empty_database_url: str, redis_url: str) -> Iterator[Stage]:
    """A stage with DATABASE_URL and REDIS_URL, as in production."""
    with Stage(database_url=empty_database_url, redis_url=redis_url) as opened:
        yield opened
