"""PostgreSQL as a child: how it is set up, when it is ready, how it stops."""

import os
import re
import signal
import subprocess
from pathlib import Path

from adapters_out.postgres.embedded.account import Account, directory_argument, start_child
from adapters_out.postgres.embedded.binaries import Binaries
from adapters_out.postgres.embedded.failure import LauncherFailure
from adapters_out.postgres.embedded.orphans import processes_of
from adapters_out.postgres.embedded.patience import Deadline
from adapters_out.postgres.embedded.place import Place
from adapters_out.postgres.embedded.room import PORT, Room

READY_S = 300.0  # recovery after a crash may have to replay max_wal_size on a slow disk
FAST_STOP_S = 10.0
IMMEDIATE_STOP_S = 3.0
_STATUS_LINE = 7  # of postmaster.pid, src/include/utils/pidfile.h: LOCK_FILE_LINE_PM_STATUS

# Given on the command line at every start, so that they apply to clusters of any age.
SETTINGS = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "max_connections": "60",
    "superuser_reserved_connections": "3",
    # Acknowledged means durable.
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    # Small: one service's data, one machine, memory shared with the service.
    "shared_buffers": "64MB",
    "effective_cache_size": "256MB",
    "work_mem": "8MB",
    "maintenance_work_mem": "64MB",
    "min_wal_size": "32MB",
    "max_wal_size": "256MB",
    # Nobody replicates from here.
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_logical_replication_workers": "0",
    # Compiling and parallel plans cost more than they bring on queries of milliseconds; parallel
    # ones also need more of /dev/shm than a container has.
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
    "autovacuum": "on",
    "TimeZone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    # Statements carry values: they are nobody's business in a log.
    "log_min_error_statement": "panic",
    "cluster_name": "fks-data",
}
NEWER_SETTINGS = {18: {"io_method": "sync"}}  # no three processes only for read-ahead


class Postmaster:
    """One run of PostgreSQL."""

    def __init__(
        self, place: Place, account: Account, binaries: Binaries, room: Room, log: int
    ) -> None:
        self._place = place
        self._account = account
        self._binaries = binaries
        self._room = room
        self._log = log
        self._child: subprocess.Popen[bytes] | None = None

    def start(self, lock: int) -> None:
        """Start it and wait until it answers; the caller has claimed the cluster with ``lock``.

        Raises LauncherFailure with PostgreSQL's own reason.
        """
        self._place.cluster.chmod(0o700)  # a volume driver may have opened it to a group
        # The claim proves that its writer is gone, but its process id may be in use again.
        (self._place.cluster / "postmaster.pid").unlink(missing_ok=True)
        said_before = os.fstat(self._log).st_size
        self._child = start_child(
            self._command(), self._account, self._place.cluster, output=self._log, keep=[lock]
        )
        deadline = Deadline(READY_S)
        while not self._ready():
            if self._child.poll() is not None or not deadline.pause():
                self.stop()
                raise LauncherFailure(
                    f"PostgreSQL did not start ({self._complaint(said_before)}): remove the "
                    f"cause, the whole story is in {self._place.log}."
                )

    def alive(self) -> bool:
        """Whether the postmaster runs; collects it when it does not."""
        return self._child is not None and self._child.poll() is None

    def stop(self) -> None:
        """Fast stop: clients are cut off, everything acknowledged is on the disk."""
        if self._child is None:
            return
        for number, patience_s in (
            (signal.SIGINT, FAST_STOP_S),
            (signal.SIGQUIT, IMMEDIATE_STOP_S),
        ):
            self._child.send_signal(number)
            try:
                self._child.wait(patience_s)
            except subprocess.TimeoutExpired:
                continue
            return
        for process in processes_of(self._place):
            os.kill(process, signal.SIGKILL)
        self._child.wait()

    def _command(self) -> list[str]:
        settings = {"unix_socket_directories": f'"{self._room.postgres_dir}"', **SETTINGS}
        for major, more in NEWER_SETTINGS.items():
            if self._binaries.major >= major:
                settings.update(more)
        command = [
            str(self._binaries.postgres),
            "-D",
            directory_argument(self._account, self._place.cluster),
        ]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        return command

    def _ready(self) -> bool:
        """The postmaster itself writes its state into its lock file, as pg_ctl reads it."""
        try:
            lines = (self._place.cluster / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        return len(lines) > _STATUS_LINE and lines[_STATUS_LINE].strip() == "ready"

    def _complaint(self, said_before: int) -> str:
        with Path(self._place.log).open("rb") as log:
            log.seek(said_before)
            told = log.read().decode(errors="replace")
        complaints = re.findall(r"(?:FATAL|PANIC):\s*(.+)", told) or told.split("\n")[:-1]
        said = directory_argument(self._account, self._place.cluster)
        return (complaints or ["it gave no reason"])[-1].replace(said, str(self._place.cluster))
