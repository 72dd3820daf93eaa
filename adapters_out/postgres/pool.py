"""The connections to PostgreSQL that one process shares."""

import asyncio
import select
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Self, TypeVar

import psycopg
from msgspec import Struct
from psycopg import AsyncConnection
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import ConnStatus, TransactionStatus
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool, PoolTimeout, TooManyRequests

from adapters_out.postgres.faults import UNREACHABLE, is_passing, translated
from domain.errors import MarketDataError, Overloaded, StoreUnavailable

Connection = AsyncConnection[TupleRow]
T = TypeVar("T")

_CONNECT_S = 2
_IDLE_IN_TRANSACTION_S = 30


class PoolUsage(Struct, frozen=True):
    """How busy the pool is: connections it has, those at work, and callers that wait."""

    size: int
    busy: int
    waiting: int


class PostgresPool:
    """A bounded pool that says what is wrong instead of waiting.

    Connections are in autocommit mode. Nobody waits longer than ``timeout_s`` for one, and
    ``max_waiting`` callers at most. A connection that died while it lay in the pool is noticed
    and replaced; one that dies at work costs idempotent work a second try, nothing else.
    """

    def __init__(
        self,
        url: str,
        *,
        max_size: int = 10,
        max_waiting: int = 200,
        timeout_s: float = 2.0,
        statement_timeout_s: float = 30.0,
        application: str = "fks-data",
    ) -> None:
        """Remember the settings; nothing is connected yet.

        Raises:
            StoreUnavailable: the URL cannot be read.
        """
        self._conninfo = _conninfo(url, application, statement_timeout_s)
        self._dedicated_conninfo = _conninfo(url, application, 0)
        self._max_size = max_size
        self._busy = 0
        self._refused: psycopg.Error | None = None
        self._pool: AsyncConnectionPool[Connection] = AsyncConnectionPool(
            self._conninfo,
            connection_class=_noting(self._note),
            kwargs={"autocommit": True, "connect_timeout": _CONNECT_S},
            min_size=1,
            max_size=max_size,
            max_waiting=max_waiting,
            timeout=timeout_s,
            # Give up early: each new caller makes the pool try again at once.
            reconnect_timeout=1.0,
            open=False,
            name="fks-data",
        )

    async def open(self) -> None:
        """Begin to connect in the background; a database that is down is no error here."""
        await self._pool.open(wait=False)

    async def close(self) -> None:
        """Give every connection back."""
        await self._pool.close(timeout=_CONNECT_S + 1)

    async def __aenter__(self) -> Self:
        """Open."""
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close."""
        await self.close()

    @property
    def usage(self) -> PoolUsage:
        """The state now, for metrics."""
        stats = self._pool.get_stats()
        return PoolUsage(stats["pool_size"], self._busy, stats.get("requests_waiting", 0))

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A connection for the block; psycopg's errors leave it as ours.

        Raises:
            StoreUnavailable: the database is out of reach or refuses the work.
            Overloaded: every connection is busy.
        """
        try:
            async with self._borrowed() as connection:
                yield connection
        except psycopg.Error as error:
            raise self._translated(error) from error

    async def within(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        """Do idempotent ``work`` on a connection.

        Once more if the connection died meanwhile, or if the server chose it as the victim of a
        deadlock. Raises like :meth:`connection`.
        """
        try:
            return await self._once(work)
        except _WorthAnotherTry:
            pass
        try:
            return await self._once(work)
        except _WorthAnotherTry as again:
            raise self._translated(again.error) from again.error

    @asynccontextmanager
    async def dedicated(self) -> AsyncIterator[Connection]:
        """A connection outside of the pool, without statement time-out.

        For locks that are held long and work that takes long. Raises ``StoreUnavailable``.
        """
        try:
            connection = await AsyncConnection.connect(
                self._dedicated_conninfo, autocommit=True, connect_timeout=_CONNECT_S
            )
            async with connection:
                yield connection
        except psycopg.Error as error:
            raise translated(error) from error

    async def _once(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        try:
            async with self._borrowed() as connection:
                try:
                    return await work(connection)
                except psycopg.Error as error:
                    if connection.closed or is_passing(error):
                        raise _WorthAnotherTry(error) from error
                    raise
        except psycopg.Error as error:
            raise self._translated(error) from error

    @asynccontextmanager
    async def _borrowed(self) -> AsyncIterator[Connection]:
        connection = await self._living()
        self._busy += 1
        try:
            yield connection
        finally:
            self._busy -= 1
            if connection.pgconn.transaction_status == TransactionStatus.IDLE:
                await self._pool.putconn(connection)  # never suspends, so never cancelled
            else:
                await asyncio.shield(asyncio.ensure_future(self._pool.putconn(connection)))

    async def _living(self) -> Connection:
        """After a restart of the server every pooled connection may be dead: skip them all."""
        for _ in range(self._max_size):
            connection = await self._taken()
            if not _is_dead(connection):
                return connection
            await connection.close()
            await self._pool.putconn(connection)
        return await self._taken()

    async def _taken(self) -> Connection:
        """A connection of the pool, unless the caller is cancelled meanwhile.

        The pool waits with ``asyncio.wait_for``, which before Python 3.12 forgets a cancellation
        that comes together with the connection: a loop would never end.
        """
        task = asyncio.current_task()
        before = 0 if task is None else task.cancelling()
        connection = await self._pool.getconn()
        if task is not None and task.cancelling() > before:
            await self._pool.putconn(connection)
            raise asyncio.CancelledError
        return connection

    def _note(self, refused: psycopg.Error | None) -> None:
        self._refused = refused

    def _translated(self, error: psycopg.Error) -> MarketDataError:
        refused = self._refused
        if isinstance(error, PoolTimeout | TooManyRequests):
            # Fewer than the most there may be: the pool grows while a crowd already waits.
            if not self._busy:
                return StoreUnavailable(UNREACHABLE) if refused is None else translated(refused)
            return Overloaded(
                f"Every database connection is busy ({self._busy}): try again in a moment."
            )
        return translated(error)


class _WorthAnotherTry(Exception):
    def __init__(self, error: psycopg.Error) -> None:
        super().__init__()
        self.error = error


def _noting(note: Callable[[psycopg.Error | None], None]) -> type[Connection]:
    """Connections that tell how their making ended: the driver's pool keeps it to itself."""

    class Noting(AsyncConnection[TupleRow]):
        @classmethod
        async def connect(cls, *args: Any, **kwargs: Any) -> Self:  # noqa: ANN401 - passed on
            try:
                made = await super().connect(*args, **kwargs)
            except psycopg.Error as error:
                note(error)
                raise
            note(None)
            return made

    return Noting


def _is_dead(connection: Connection) -> bool:
    """Whether the server has hung up, learned from the socket: no round trip.

    An idle connection has nothing to say; if its socket is readable, the server said goodbye.
    """
    if connection.closed:
        return True
    poller = select.poll()
    poller.register(connection.pgconn.socket, select.POLLIN)
    while poller.poll(0):
        try:
            connection.pgconn.consume_input()
        except psycopg.OperationalError:
            return True
    return connection.pgconn.status != ConnStatus.OK


def _conninfo(url: str, application: str, statement_timeout_s: float) -> str:
    try:
        given = conninfo_to_dict(url)
    except psycopg.Error:
        # The driver's sentence quotes the string, and the string holds the password.
        raise StoreUnavailable(
            "DATABASE_URL cannot be read: write postgresql://user:password@host:5432/name."
        ) from None
    ours = (
        f"-c statement_timeout={int(statement_timeout_s * 1000)}",
        f"-c idle_in_transaction_session_timeout={_IDLE_IN_TRANSACTION_S * 1000}",
        "-c timezone=UTC",
        # What is read under a lock must be what its last holder committed.
        r"-c default_transaction_isolation=read\ committed",
        "-c client_min_messages=warning",
        # Our statements are short: compiling them takes longer than running them.
        "-c jit=off",
        # The bars of a series lie together: read along the index they need no sorting.
        "-c random_page_cost=1.1",
    )
    options = " ".join((*ours, str(given.get("options") or ""))).strip()
    network = {"keepalives_idle": 15, "keepalives_interval": 5, "keepalives_count": 3}
    return make_conninfo(
        "", **(network | {"application_name": application} | given | {"options": options})
    )
