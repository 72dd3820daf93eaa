"""Where one embedded PostgreSQL keeps its files, and how they are made safely."""

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from adapters_out.postgres.embedded.failure import LauncherFailure
from adapters_out.postgres.embedded.patience import Deadline

ROOT = 0
# Nobody may hand us a link instead of a file: root opens these in directories of other people.
_OPEN = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Place:
    """The directory ``<data dir>/postgres`` and the names in it."""

    data_dir: Path

    @property
    def root(self) -> Path:
        """All of it."""
        return self.data_dir / "postgres"

    @property
    def cluster(self) -> Path:
        """PGDATA. It gets this name only when it is complete."""
        return self.root / "cluster"

    @property
    def unfinished_cluster(self) -> Path:
        """What initdb is working on, or was when it was killed."""
        return self.root / "cluster.new"

    @property
    def start_lock(self) -> Path:
        """Held by the one process that starts a supervisor."""
        return self.root / "start.lock"

    @property
    def supervisor_lock(self) -> Path:
        """Held by the living supervisor; contains its process id, for people."""
        return self.root / "supervisor.lock"

    @property
    def server_lock(self) -> Path:
        """Held by every living process of PostgreSQL and initdb, by inheritance."""
        return self.root / "server.lock"

    @property
    def meeting_point(self) -> Path:
        """Contains the path of the supervisor's socket."""
        return self.root / "meeting-point"

    @property
    def log(self) -> Path:
        """What PostgreSQL and the supervisor have to say."""
        return self.root / "postgres.log"


def prepare(data_dir: Path) -> Place:
    """Make the directories. Raises LauncherFailure when that is not allowed or possible."""
    place = Place(data_dir.expanduser().absolute())
    try:
        place.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        make_private_dir(place.root, place.data_dir.stat().st_uid)
        with open_file(place.start_lock):
            return place
    except OSError as error:
        raise cannot_write(place, error) from error


def cannot_write(place: Place, error: OSError) -> LauncherFailure:
    """The sentence for a directory that refuses us."""
    return LauncherFailure(
        f"The data directory {place.data_dir} cannot be used ({error.strerror or error}): "
        "repair it or name another with --data-dir, or set DATABASE_URL."
    )


def make_private_dir(path: Path, owner: int, mode: int = 0o700) -> None:
    """Make or check a directory that only ``owner`` (and root) may write to.

    Raises LauncherFailure when somebody else's directory or a link stands there, OSError when
    it cannot be made.
    """
    try:
        path.mkdir(mode=mode)
    except FileExistsError:
        pass
    else:
        if owner != os.geteuid() == ROOT:
            os.chown(path, owner, -1)
        path.chmod(mode)  # whatever the umask made of it
    found = path.lstat()
    if stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid():
        path.chmod(mode)  # a volume driver may have opened it to a group
        found = path.lstat()
    trusted = found.st_uid in {ROOT, os.geteuid(), owner}
    if not stat.S_ISDIR(found.st_mode) or not trusted or found.st_mode & 0o022:
        raise LauncherFailure(
            f"{path} is not a directory that only its owner can write to: remove it and try again."
        )


@contextmanager
def open_file(path: Path) -> Iterator[int]:
    """A file descriptor, closed at the end; see ``open_forever``."""
    descriptor = open_forever(path)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def open_forever(path: Path, flags: int = 0) -> int:
    """Open or create a private file, owned like its directory even when root creates it."""
    descriptor = os.open(path, _OPEN | flags, 0o600)
    found, owner = os.fstat(descriptor), path.parent.stat().st_uid
    if os.geteuid() == ROOT == found.st_uid != owner and found.st_nlink == 1:
        os.fchown(descriptor, owner, -1)
    return descriptor


def write_file(path: Path, text: str) -> None:
    """Replace a private file in one step."""
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    with open_file(fresh) as descriptor:
        os.write(descriptor, text.encode())
    fresh.replace(path)


def locked(descriptor: int, deadline: Deadline) -> bool:
    """Take the exclusive lock, waiting for it; False when the time was up first."""
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if not deadline.pause():
                return False
        else:
            return True
