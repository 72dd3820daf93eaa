"""The owner's side: finding the supervisor, or starting it."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from adapters_out.postgres.embedded.failure import LauncherFailure
from adapters_out.postgres.embedded.patience import Deadline
from adapters_out.postgres.embedded.place import ROOT, Place, cannot_write, locked, open_file

SUPERVISOR = "adapters_out.postgres.embedded.supervisor"
# Where our packages lie: the supervisor starts there, without site-packages.
_PACKAGES = Path(__file__).parents[3]


class Link:
    """An open connection to the supervisor: as long as it is open, PostgreSQL runs."""

    def __init__(self, connection: socket.socket, dsn: str) -> None:
        self._connection = connection
        self.dsn = dsn

    def wait_for_end(self) -> None:
        """Block until the supervisor is gone, after ``hang_up`` or on its own, and close."""
        with self._connection as connection:
            connection.settimeout(None)
            try:
                while connection.recv(64):
                    pass
            except OSError:  # reset: gone as well
                return

    def hang_up(self) -> None:
        """Say that this owner is done; the supervisor's end follows when it was the last."""
        try:
            self._connection.shutdown(socket.SHUT_WR)
        except OSError:  # it was gone already
            return


def join(place: Place, wheel: Path, deadline: Deadline) -> Link:
    """Become an owner of the running PostgreSQL, or of one started now.

    Raises LauncherFailure.
    """
    try:
        link = _meet(place, deadline)
        if link is not None:
            return link
        with open_file(place.start_lock) as lock:
            if not locked(lock, deadline):
                raise _too_slow(place)
            return _meet(place, deadline) or _start(place, wheel, deadline)
    except TimeoutError as error:
        raise _too_slow(place) from error
    except OSError as error:
        raise cannot_write(place, error) from error


def _meet(place: Place, deadline: Deadline) -> Link | None:
    """A link to a running supervisor; None when there is none, or one that is stopping."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with _closed_on_error(connection):
        try:
            meeting_point = Path(place.meeting_point.read_text())
            _check_owner(place, meeting_point.parent)
            connection.settimeout(_timeout(deadline))
            connection.connect(str(meeting_point))
        except (FileNotFoundError, ConnectionError):
            connection.close()
            return None
        return _welcomed(connection, deadline)


def _check_owner(place: Place, room: Path) -> None:
    """After a crash the room may be gone and its name, in /tmp, taken by somebody else."""
    if room.lstat().st_uid not in {ROOT, os.geteuid(), place.root.stat().st_uid}:
        raise ConnectionRefusedError


def _start(place: Place, wheel: Path, deadline: Deadline) -> Link:
    """Start a supervisor with us as its first owner."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    with _closed_on_error(ours):
        with theirs:
            complaint = _start_supervisor(place, wheel, theirs.fileno())
        link = _welcomed(ours, deadline)
        if link is None:
            raise LauncherFailure(
                "The supervisor of the embedded PostgreSQL ended at once "
                f"({complaint or f'see {place.log}'}): repair the installation or set DATABASE_URL."
            )
        return link


def _start_supervisor(place: Place, wheel: Path, owner: int) -> str:
    """Returns at once, for the supervisor proper is a child of nobody; its last words, if any."""
    command = [sys.executable, "-E", "-S", "-m", SUPERVISOR]
    done = subprocess.run(  # noqa: S603 - our own interpreter and module
        [*command, str(place.data_dir), str(wheel), str(owner)],
        cwd=_PACKAGES,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        pass_fds=[owner],
        text=True,
        check=False,
    )
    return (done.stderr.strip().splitlines() or [""])[-1]


def _welcomed(connection: socket.socket, deadline: Deadline) -> Link | None:
    """Read the supervisor's one line; None when it ended without."""
    told = b""
    try:
        while not told.endswith(b"\n"):
            connection.settimeout(_timeout(deadline))
            more = connection.recv(4096)
            if not more:
                connection.close()
                return None
            told += more
    except ConnectionError:
        connection.close()
        return None
    answer = json.loads(told)
    if "error" in answer:
        raise LauncherFailure(answer["error"])
    return Link(connection, answer["dsn"])


def _timeout(deadline: Deadline) -> float:
    return max(deadline.left(), 0.001)  # zero would mean something else


@contextmanager
def _closed_on_error(connection: socket.socket) -> Iterator[None]:
    try:
        yield
    except BaseException:
        connection.close()
        raise


def _too_slow(place: Place) -> LauncherFailure:
    return LauncherFailure(
        f"The embedded PostgreSQL of {place.data_dir} is not ready in time: try again, "
        f"and look into {place.log} if that does not help."
    )
