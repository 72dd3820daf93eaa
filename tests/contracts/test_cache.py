"""What every cache does."""

from collections.abc import Iterator

import pytest

from adapters_out.memory.cache import MemoryCache
from adapters_out.memory.clock import ManualClock
from adapters_out.redis.cache import RedisCache
from adapters_out.redis.client import open_client
from adapters_out.system.clock import SystemClock
from ports.cache import Cache
from tests.runner import Run


@pytest.fixture(params=["memory", "redis"])
def cache(request: pytest.FixtureRequest, run: Run) -> Iterator[Cache]:
    """One of the caches, empty."""
    if request.param == "memory":
        yield MemoryCache(SystemClock(), max_bytes=100_000)
        return
    client = open_client(request.getfixturevalue("redis_url"))
    yield RedisCache(client, SystemClock(), max_value_bytes=90_000)
    run(client.aclose())


def test_what_was_put_is_there(cache: Cache, run: Run) -> None:
    """The bytes come back as they were, under their own key only."""
    run(cache.put("a", b"\x00\xff{}", 5))
    assert run(cache.get("a")) == b"\x00\xff{}"
    assert run(cache.get("b")) is None


def test_the_last_put_wins(cache: Cache, run: Run) -> None:
    """A second value replaces the first."""
    run(cache.put("a", b"1", 5))
    run(cache.put("a", b"2", 5))
    assert run(cache.get("a")) == b"2"


def test_it_expires(cache: Cache, run: Run) -> None:
    """After its time a value is gone."""
    run(cache.put("a", b"1", 5))
    assert run(cache.get("a")) == b"1"
    run(cache.put("a", b"2", 0.1))
    run(SystemClock().sleep(0.15))
    assert run(cache.get("a")) is None


def test_it_can_be_dropped(cache: Cache, run: Run) -> None:
    """A dropped value is gone, and dropping what is not there is no fault."""
    run(cache.put("a", b"1", 5))
    run(cache.drop("a"))
    run(cache.drop("a"))
    assert run(cache.get("a")) is None


@pytest.mark.parametrize(("value", "ttl_s"), [(b"x" * 100_001, 5), (b"2", 0), (b"2", -1)])
def test_what_is_not_kept_leaves_nothing_old(
    cache: Cache, run: Run, value: bytes, ttl_s: float
) -> None:
    """A value too large or already expired is not kept, and neither is the one before it."""
    run(cache.put("a", b"1", 5))
    run(cache.put("a", value, ttl_s))
    assert run(cache.get("a")) is None


def test_the_memory_stays_within_its_bytes(run: Run) -> None:
    """What was asked for longest ago makes room."""
    clock = ManualClock()
    cache = MemoryCache(clock, max_bytes=3_700)
    for key in "abc":
        run(cache.put(key, b"x" * 1000, 60))
    run(cache.get("a"))
    run(cache.put("d", b"x" * 1000, 60))
    assert [run(cache.get(key)) is not None for key in "abcd"] == [True, False, True, True]
    assert cache.size_bytes <= 3_700
    clock.advance(60)
    assert cache.peek("a") is None
    for key in "abcd":
        run(cache.drop(key))
    assert cache.size_bytes == 0
