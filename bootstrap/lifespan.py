"""Opens what a process needs, in order, and closes it in reverse."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from adapters_out.postgres.embedded.launcher import EmbeddedPostgres
from adapters_out.postgres.schema import migrate
from adapters_out.system.telemetry import EventLog
from bootstrap.containers import Adapters, Application, Embedded, Production, complete
from bootstrap.settings import Settings
from bootstrap.version import VERSION


@dataclass(frozen=True, slots=True)
class Opened:
    """A running ring with its application, and how it is laid out (for people)."""

    ring: Adapters
    application: Application
    store: str
    queue: str


@asynccontextmanager
async def open_application(settings: Settings, log: EventLog) -> AsyncIterator[Opened]:
    """Open the store (our own PostgreSQL without DATABASE_URL), migrate it, open the rest.

    Raises:
        StoreUnavailable: the store cannot be opened or migrated.
    """
    async with AsyncExitStack() as stack:
        url, store = await _database(settings, stack)
        ring, production = make_ring(settings, url, log)
        application = Application(ring=ring)
        pool = await stack.enter_async_context(ring.pool())
        await migrate(pool)
        if production is not None:
            stack.push_async_callback(production.redis().aclose)
        stack.push_async_callback(asyncio.to_thread, ring.close_broker)
        stack.push_async_callback(ring.leadership().resign)
        stack.push_async_callback(ring.catalogue().aclose)
        ring.telemetry().watch(
            "fks_store_connections",
            "Connections to the store by what they do.",
            lambda: _usage(ring),
        )
        queue = "in this process" if production is None else "Redis"
        yield Opened(ring, application, store, queue)


async def migrate_only(settings: Settings, log: EventLog) -> tuple[str, ...]:
    """Bring the schema up to date; the names of the migrations that were applied now.

    Raises:
        StoreUnavailable: the store cannot be opened or migrated.
    """
    async with AsyncExitStack() as stack:
        url, _ = await _database(settings, stack)
        pool = await stack.enter_async_context(make_ring(settings, url, log)[0].pool())
        return tuple(await migrate(pool))


def make_ring(settings: Settings, url: str, log: EventLog) -> tuple[Adapters, Production | None]:
    """The ring in the edition that the settings ask for; nothing is opened.

    A container is an instance of `DynamicContainer`, not of the class that was called to make
    it: the second value, and not its type, tells which edition it is.
    """
    ring = Adapters(settings=settings, database_url=url, log=log, version=VERSION)
    if settings.redis_url is None:
        complete(ring, Embedded(ring=ring))
        return ring, None
    production = Production(ring=ring, redis_url=settings.redis_url.reveal())
    complete(ring, production)
    return ring, production


async def _database(settings: Settings, stack: AsyncExitStack) -> tuple[str, str]:
    if settings.database_url is not None:
        return settings.database_url.reveal(), "PostgreSQL at DATABASE_URL"
    server = EmbeddedPostgres(settings.data_dir)
    url = await asyncio.to_thread(server.open)
    stack.push_async_callback(asyncio.to_thread, server.close)
    return url, f"embedded PostgreSQL in {settings.data_dir}"


def _usage(ring: Adapters) -> dict[str, float]:
    usage = ring.pool().usage
    return {
        "open": float(usage.size),
        "busy": float(usage.busy),
        "waiting": float(usage.waiting),
    }
