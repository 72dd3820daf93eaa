"""Throw-away servers for tests: one PostgreSQL and one Redis per test process."""

import asyncio
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from threading import Event
from typing import NoReturn
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql

from adapters_out.postgres.embedded.account import Account, start_child
from adapters_out.postgres.embedded.binaries import choose_binaries, find_wheel
from adapters_out.postgres.pool import PostgresPool
from adapters_out.postgres.schema import migrate
from adapters_out.system.clock import SystemClock

_CLOCK = SystemClock()
_START_S = 20.0
# Nothing in it outlives the tests, so nothing needs to reach the disk.
_EMPTY = "template0"  # template1 may hold TimescaleDB, whose scheduler forbids copying it
_SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "listen_addresses": "",
    "max_connections": "200",
    "shared_buffers": "64MB",
}


def missing(what: str) -> NoReturn:
    """Skip on a developer's machine; in CI a missing server is a failure."""
    if os.environ.get("CI"):  # noqa: TID251  # CI must not skip what needs a server
        pytest.fail(what)
    pytest.skip(what)


def redis_binary() -> str:
    """The path of the Redis server; without one the test is skipped, in CI it fails."""
    return shutil.which("redis-server") or missing("redis-server is not installed")


@dataclass
class PostgresServer:
    """A server on which tests may create databases; ``url`` names its `postgres` database."""

    url: str
    _template: str | None = None
    _numbers: Iterator[int] = field(default_factory=count)

    @contextmanager
    def database(self, *, migrated: bool = True) -> Iterator[str]:
        """The URL of a database of one's own, dropped with all its connections at the end."""
        template = self._migrated_template() if migrated else _EMPTY
        name = self._create(template)
        try:
            if migrated and template == _EMPTY:
                migrate_url(self.url_of(name))
            yield self.url_of(name)
        finally:
            self._execute("DROP DATABASE {} WITH (FORCE)", name)

    def url_of(self, database: str) -> str:
        """The URL of one of its databases."""
        return urlsplit(self.url)._replace(path=f"/{database}").geturl()

    def close(self) -> None:
        """Drop the template."""
        if self._template not in {None, _EMPTY}:
            self._execute("DROP DATABASE {} WITH (FORCE)", str(self._template))

    def _migrated_template(self) -> str:
        """Copying a migrated database is ten times cheaper than migrating an empty one."""
        if self._template is None:
            # TimescaleDB's scheduler connects to its databases, so they cannot be copied.
            self._template = _EMPTY if self._has_timescale() else self._create(_EMPTY)
            if self._template != _EMPTY:
                migrate_url(self.url_of(self._template))
        return self._template

    def _has_timescale(self) -> bool:
        with closing(psycopg.connect(self.url)) as connection:
            settings = "SELECT 1 FROM pg_settings WHERE name LIKE 'timescaledb%%' LIMIT 1"
            return connection.execute(settings).fetchone() is not None

    def _create(self, template: str) -> str:
        name = f"test_{os.getpid()}_{int(_CLOCK.now() * 1e6)}_{next(self._numbers)}"
        self._execute("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy", name, template)
        return name

    def _execute(self, statement: str, *names: str) -> None:
        with closing(psycopg.connect(self.url, autocommit=True)) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


def migrate_url(url: str) -> None:
    """Apply all migrations."""

    async def apply() -> None:
        async with PostgresPool(url) as pool:
            await migrate(pool)

    asyncio.run(apply())


@contextmanager
def private_postgres() -> Iterator[str]:
    """The URL of a PostgreSQL that ends with the block, or with this process."""
    account = server_account()
    place = Path(tempfile.mkdtemp(prefix="fks-pg-"))
    os.chown(place, account.uid, account.gid)
    try:
        yield from _run_postgres(place, account)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _run_postgres(place: Path, account: Account) -> Iterator[str]:
    binaries = choose_binaries(find_wheel(), account, None)
    data = str(place / "data")
    options = ("-D", data, "-U", "postgres", "-A", "trust", "--locale=C", "-E", "UTF8", "-N")
    with (place / "log").open("wb") as log:
        made = start_child([str(binaries.initdb), *options], account, place, output=log.fileno())
        if made.wait() != 0:
            raise RuntimeError((place / "log").read_text())
        given = [f"--{name}={value}" for name, value in _SETTINGS.items()]
        command = [str(binaries.postgres), "-D", data, "-k", str(place), *given]
        server = start_child(command, account, place, output=log.fileno())
        url = f"postgresql://postgres@/postgres?host={place}"
        try:
            wait_until(lambda: _answers(url), "PostgreSQL")
            yield url
        finally:
            server.send_signal(signal.SIGINT)
            server.wait()


def server_account() -> Account:
    """Who may run PostgreSQL: ourselves, or `nobody` when we are root."""
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid(), dropped=False)
    nobody = pwd.getpwnam("nobody")
    return Account(nobody.pw_uid, nobody.pw_gid, dropped=True)


def _answers(url: str) -> bool:
    with suppress(psycopg.OperationalError):
        psycopg.connect(url).close()
        return True
    return False


@contextmanager
def private_redis(binary: str) -> Iterator[str]:
    """The URL of a Redis that ends with the block."""
    port = free_port()
    options = ("--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no")
    server = subprocess.Popen([binary, *options], cwd="/", stdout=subprocess.DEVNULL)
    try:
        wait_until(lambda: _pongs(port), "Redis")
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        server.terminate()
        server.wait()


def tell_redis(port: int, command: bytes) -> bytes:
    """Send one inline command and return the first line of the answer."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as link:
        link.sendall(command + b"\r\n")
        return link.recv(4096)


def _pongs(port: int) -> bool:
    with suppress(OSError):
        return tell_redis(port, b"PING").startswith(b"+PONG")
    return False


def free_port() -> int:
    """A TCP port of the loopback interface that nobody uses right now."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(condition: Callable[[], bool], what: str, seconds: float = _START_S) -> None:
    """Look every 10 ms; fail when ``seconds`` have passed."""
    pause = Event()
    end = _CLOCK.monotonic() + seconds
    while not condition():
        if _CLOCK.monotonic() > end:
            message = f"{what} did not get ready within {seconds:.0f} s."
            raise TimeoutError(message)
        pause.wait(0.01)
