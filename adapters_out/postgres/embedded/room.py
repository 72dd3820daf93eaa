"""The directory for the sockets: short enough for their 103 bytes and closed to everybody else."""

import contextlib
import hashlib
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from adapters_out.postgres.embedded.account import Account
from adapters_out.postgres.embedded.cluster import DATABASE, USER
from adapters_out.postgres.embedded.failure import LauncherFailure
from adapters_out.postgres.embedded.place import ROOT, Place, make_private_dir

PORT = 5432  # only the name of the socket file: there is no TCP
LONGEST_SOCKET_PATH = 103  # sun_path has 108 bytes on Linux, 104 on macOS, with the final NUL
SYSTEM_RUN_DIR = Path("/run")


class Room:
    """The supervisor's listening socket beside the directory of PostgreSQL's."""

    def __init__(self, path: Path, account: Account) -> None:
        """Make the directories and listen. Raises OSError or LauncherFailure."""
        self.path = path
        make_private_dir(path, os.geteuid(), 0o711 if account.dropped else 0o700)
        shutil.rmtree(self.postgres_dir, ignore_errors=True)  # sockets of a killed server
        make_private_dir(self.postgres_dir, account.uid)
        self.meeting_point = path / "supervisor.sock"
        self.meeting_point.unlink(missing_ok=True)
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self.listener.bind(str(self.meeting_point))
            self.listener.listen(128)
        except OSError:
            self.listener.close()
            raise
        self.meeting_point.chmod(0o600)

    @property
    def postgres_dir(self) -> Path:
        """``unix_socket_directories``."""
        return self.path / "pg"

    @property
    def dsn(self) -> str:
        """A libpq URL. It holds no password because there is none."""
        return f"postgresql://{USER}@/{DATABASE}?host={quote(str(self.postgres_dir), safe='')}"

    def close(self) -> None:
        """Stop listening and leave nothing behind."""
        self.listener.close()
        shutil.rmtree(self.path, ignore_errors=True)


def open_room(place: Place, account: Account) -> Room:
    """The first candidate that works: inside the data directory when its path is short enough.

    Raises LauncherFailure when none does.
    """
    problems = []
    for path in _candidates(place):
        if not _fits(path):
            problems.append(f"{path} is too long")
            continue
        try:
            room = Room(path, account)
        except (OSError, LauncherFailure) as error:
            problems.append(f"{path}: {error}")
            continue
        if os.geteuid() == ROOT:  # root may be serving the data directory of somebody
            os.chown(room.meeting_point, place.root.stat().st_uid, -1)
        return room
    raise LauncherFailure(
        f"No directory for PostgreSQL's socket could be made ({'; '.join(problems)}): "
        "name a data directory with a shorter path with --data-dir."
    )


def _candidates(place: Place) -> Iterator[Path]:
    """Always in the same order and with the same names, so that the dsn survives a restart."""
    # The inode tells a data directory from one of the same name that was removed before.
    found = place.root.stat()
    what = f"{os.path.realpath(place.root)}:{found.st_dev}:{found.st_ino}"
    name = f"fks-data-{os.geteuid()}-{hashlib.sha256(what.encode()).hexdigest()[:16]}"
    if os.geteuid() == ROOT:
        yield SYSTEM_RUN_DIR / name  # PostgreSQL's account must be able to walk there
    else:
        yield place.root / "run"
        yield SYSTEM_RUN_DIR / "user" / str(os.geteuid()) / name
    with contextlib.suppress(FileNotFoundError):
        yield Path(tempfile.gettempdir()) / name


def _fits(path: Path) -> bool:
    """Also refuses what would need quoting in libpq's list of hosts."""
    longest = os.fsencode(path / "pg" / f".s.PGSQL.{PORT}")
    return len(longest) <= LONGEST_SOCKET_PATH and not set(',"\\') & set(str(path))
