"""The schema: plain SQL files, applied once each, in order, by one process at a time.

A file is ``migrations/NNNN_name.sql``. It runs in one transaction, unless its first line is
``-- no-transaction``: then each statement (ended by a semicolon and an empty line) commits by
itself and must bear repetition. A file never changes once it was applied somewhere.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import psycopg

from adapters_out.postgres.pool import Connection, PostgresPool
from domain.errors import StoreUnavailable

DIRECTORY = Path(__file__).parent / "migrations"
NO_TRANSACTION = "-- no-transaction"
_NAME = re.compile(r"(\d{4})_[a-z0-9_]+\.sql")
# Any number will do as long as nobody else in the database uses it.
_LOCK = 0x666B735F6D6967  # "fks_mig"
_LEDGER = """
CREATE TABLE IF NOT EXISTS schema_migrations (
  name       text PRIMARY KEY,
  sha256     text NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
)
"""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file: its name, which sorts, and its text."""

    name: str
    text: str

    @property
    def sha256(self) -> str:
        """The checksum of the text."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def in_transaction(self) -> bool:
        """Whether the file is applied wholly or not at all."""
        return not self.text.startswith(NO_TRANSACTION)

    @property
    def statements(self) -> Sequence[str]:
        """What is sent to the server, one by one."""
        if self.in_transaction:
            return (self.text,)
        return tuple(part for part in re.split(r"(?<=;)\s*\n\s*\n", self.text) if part.strip())


def load(directory: Path = DIRECTORY) -> tuple[Migration, ...]:
    """The files in order. Raises ``StoreUnavailable`` when two share a number."""
    names = sorted(path.name for path in directory.iterdir() if _NAME.fullmatch(path.name))
    numbers = [name[:4] for name in names]
    if len(set(numbers)) != len(numbers):
        raise StoreUnavailable(f"Two migrations share a number: rename one of {', '.join(names)}.")
    return tuple(Migration(name, (directory / name).read_text("utf-8")) for name in names)


async def migrate(
    pool: PostgresPool, migrations: Sequence[Migration] | None = None
) -> tuple[str, ...]:
    """Bring the schema up to date; the names of the files that were applied now.

    Processes that start together wait for each other.

    Raises:
        StoreUnavailable: the database is out of reach, was migrated by a newer version, or one
            of the files was edited after it had been applied.
    """
    known = load() if migrations is None else migrations
    async with pool.dedicated() as connection:
        await connection.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))
        await connection.execute(_LEDGER)
        done = await _applied(connection)
        _refuse_strangers(known, done)
        if not done:
            await _adopt_timescale(connection)
        fresh = [each for each in known if each.name not in done]
        for migration in fresh:
            await _apply(connection, migration)
    return tuple(each.name for each in fresh)


async def check_schema(connection: Connection) -> None:
    """Return if the schema is the one of this code, else raise ``StoreUnavailable``."""
    try:
        done = await _applied(connection)
    except psycopg.errors.UndefinedTable:
        done = {}
    known = _ours()
    _refuse_strangers(known, done)
    if any(each.name not in done for each in known):
        raise StoreUnavailable("The database schema is out of date: run 'fks-data migrate'.")


async def has_timescale(connection: Connection) -> bool:
    """Whether the extension is active in this database."""
    found = await connection.execute("SELECT 1 FROM pg_extension WHERE extname = 'timescaledb'")
    return await found.fetchone() is not None


@cache
def _ours() -> tuple[Migration, ...]:
    return load()


async def _applied(connection: Connection) -> dict[str, str]:
    rows = await connection.execute("SELECT name, sha256 FROM schema_migrations")
    return dict(await rows.fetchall())


def _refuse_strangers(known: Sequence[Migration], done: dict[str, str]) -> None:
    unknown = sorted(done.keys() - {each.name for each in known})
    if unknown:
        raise StoreUnavailable(
            f"The database was migrated by a newer fks-data (it has {unknown[-1]}): upgrade "
            "this installation or use another database."
        )
    for each in known:
        if done.get(each.name, each.sha256) != each.sha256:
            raise StoreUnavailable(
                f"The migration {each.name} was edited after it had been applied: restore the "
                "file and put the change into a new one."
            )


async def _apply(connection: Connection, migration: Migration) -> None:
    record = "INSERT INTO schema_migrations (name, sha256) VALUES (%s, %s)"
    try:
        if migration.in_transaction:
            async with connection.transaction():
                await connection.execute(migration.text.encode())
                await connection.execute(record, (migration.name, migration.sha256))
            return
        for statement in migration.statements:
            await connection.execute(statement.encode())
        await connection.execute(record, (migration.name, migration.sha256))
    except psycopg.Error as error:
        raise StoreUnavailable(
            f"The migration {migration.name} failed ({error.sqlstate} {type(error).__name__}): "
            "see the database's log; nothing of it was recorded as applied."
        ) from error


async def _adopt_timescale(connection: Connection) -> None:
    """Create the extension where its library is loaded and we may.

    A server that merely has the files lists the extension too, and creating it there kills the
    connection; only the loaded library registers settings.
    """
    found = await connection.execute(
        "SELECT 1 FROM pg_available_extensions WHERE name = 'timescaledb' "
        "AND EXISTS (SELECT FROM pg_settings WHERE name LIKE 'timescaledb%')"
    )
    if await found.fetchone() is None:
        return
    try:
        await connection.execute("CREATE EXTENSION IF NOT EXISTS timescaledb")
    except psycopg.errors.InsufficientPrivilege:
        return  # plain tables serve as well
