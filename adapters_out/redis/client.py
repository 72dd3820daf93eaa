"""The one place that constructs Redis clients.

redis-py's own defaults retry ten times with time-outs of five seconds, commands that must not
be repeated included; its plain pool raises as soon as it is empty. Here nothing is repeated,
nothing blocks for longer than :data:`ANSWER_S`, and a busy pool makes callers wait.
"""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from redis import exceptions
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

T = TypeVar("T")

TIMEOUT_S = 0.5
POOL_TIMEOUT_S = 0.25
ANSWER_S = 0.8
PREFIX = "fks:"
# `redis.TimeoutError` is no `redis.ConnectionError`; a name that does not resolve is an OSError.
FAULTS = (RedisError, OSError, TimeoutError)
# What a server does that is there and says nothing; who is refused learns it at once.
HANGS = (TimeoutError, exceptions.TimeoutError)


def open_client(url: str, *, max_connections: int = 32) -> Redis:
    """A client that connects when it is first used; close it with ``aclose()``.

    Raises:
        ValueError: the URL is not a Redis URL.
    """
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=max_connections,
        timeout=POOL_TIMEOUT_S,
        socket_timeout=TIMEOUT_S,
        socket_connect_timeout=TIMEOUT_S,
        retry=Retry(NoBackoff(), 0),
        retry_on_error=[],
        decode_responses=False,
        # Over protocol 3, redis-py 8.1 takes a closed connection for one with a notification
        # waiting and uses it: after a restart every pooled connection would fail once.
        protocol=2,
    )
    return Redis.from_pool(pool)


async def fetch(client: Redis, key: str) -> bytes | None:
    """A key's value, None if there is none. Raises one of :data:`FAULTS`."""
    value = await answer(client.get(key))
    return value.encode() if isinstance(value, str) else value


async def answer(command: Awaitable[T]) -> T:
    """The command's answer within :data:`ANSWER_S`, waiting for a connection included.

    Raises one of :data:`FAULTS`.
    """
    async with asyncio.timeout(ANSWER_S):
        return await command


async def ping(url: str) -> str | None:
    """None if the Redis at ``url`` answers, else what is wrong in a few words without the URL."""
    client = open_client(url)
    try:
        await answer(client.ping())
    except FAULTS as fault:
        return f"Redis does not answer ({type(fault).__name__})"
    finally:
        await client.aclose()
    return None
