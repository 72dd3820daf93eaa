"""A PostgreSQL that tests may stop, kill and start again, reached over TCP with a password."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import psycopg

from adapters_out.postgres.embedded.account import start_child
from adapters_out.postgres.embedded.binaries import choose_binaries, find_wheel
from tests.servers import free_port, server_account, wait_until

PASSWORD = "pg-canary-5f1c7a"  # made up
# A restart must find what was acknowledged, so unlike the servers of other tests it may sync.
_SETTINGS = {"max_connections": "60", "shared_buffers": "32MB", "listen_addresses": "127.0.0.1"}


class FragilePostgres:
    """One server with a database of its own; stopped, it keeps its data."""

    def __init__(self, place: Path) -> None:
        self._place, self._account = place, server_account()
        os.chown(place, self._account.uid, self._account.gid)
        self._binaries = choose_binaries(find_wheel(), self._account, None)
        self.port = free_port()
        self.url = f"postgresql://postgres:{PASSWORD}@127.0.0.1:{self.port}/postgres"
        self._initialise()
        self.start()

    def start(self) -> None:
        """Start it, and wait until it answers."""
        given = [f"--{name}={value}" for name, value in _SETTINGS.items()]
        where = ("-D", str(self._place / "data"), "-k", str(self._place), "-p", str(self.port))
        self._server = self._run([str(self._binaries.postgres), *where, *given])
        wait_until(self._answers, "PostgreSQL")

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End it: SIGINT is a fast shutdown, SIGQUIT an immediate one."""
        if self._server.poll() is None:
            self._server.send_signal(how)
        self._server.wait()

    def _initialise(self) -> None:
        secret = self._place / "secret"
        secret.write_text(PASSWORD)
        os.chown(secret, self._account.uid, self._account.gid)
        options = ("-U", "postgres", "-A", "scram-sha-256", f"--pwfile={secret}", "-N")
        where = ("-D", str(self._place / "data"), "--locale=C", "-E", "UTF8")
        made = self._run([str(self._binaries.initdb), *where, *options])
        assert made.wait() == 0, (self._place / "log").read_text()

    def _run(self, command: list[str]) -> "subprocess.Popen[bytes]":
        with (self._place / "log").open("ab") as log:
            return start_child(command, self._account, self._place, output=log.fileno())

    def _answers(self) -> bool:
        with suppress(psycopg.OperationalError), closing(psycopg.connect(self.url)):
            return True
        return False


@contextmanager
def fragile_postgres() -> Iterator[FragilePostgres]:
    """A server of one's own, gone at the end."""
    place = Path(tempfile.mkdtemp(prefix="fks-pg-"))
    try:
        server = FragilePostgres(place)
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(place, ignore_errors=True)
