"""Making sure that no process of an earlier PostgreSQL works on the cluster."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

from adapters_out.postgres.embedded.failure import LauncherFailure
from adapters_out.postgres.embedded.patience import Deadline
from adapters_out.postgres.embedded.place import Place, locked, open_forever

# What to send to those who still hold the lock, and how long to wait before it, in seconds.
# To a postmaster: fast stop, immediate stop. To a backend without one: cancel, quit.
ESCALATION = ((0.5, signal.SIGINT), (5.0, signal.SIGQUIT), (2.0, signal.SIGKILL))
LAST_WAIT_S = 2.0


def claim_cluster(place: Place) -> int:
    """The server lock as a descriptor for the children to inherit.

    Every process of PostgreSQL holds this lock by inheritance, so having it proves that all of
    them are gone, whatever ``postmaster.pid`` says. Those that lost their supervisor (where the
    kernel does not tell them) are stopped first. Raises LauncherFailure when they do not stop.
    """
    descriptor = open_forever(place.server_lock)
    for patience_s, number in ESCALATION:
        if locked(descriptor, Deadline(patience_s)):
            return descriptor
        for process in processes_of(place):
            _send(process, number)
    if locked(descriptor, Deadline(LAST_WAIT_S)):
        return descriptor
    os.close(descriptor)
    raise LauncherFailure(
        f"Another PostgreSQL works on {place.cluster} and does not stop: end it and try again."
    )


def processes_of(place: Place) -> Iterator[int]:
    """The processes that stand in the cluster, as PostgreSQL's do; without /proc its postmaster."""
    if not Path("/proc/self/cwd").exists():
        yield from _noted_postmaster(place.cluster)
        return
    ours = [each.stat() for each in (place.cluster, place.unfinished_cluster) if each.exists()]
    for process in Path("/proc").glob("[0-9]*"):
        try:
            stands = (process / "cwd").stat()
        except OSError:  # gone, or somebody else's
            continue
        if any(os.path.samestat(stands, each) for each in ours):
            yield int(process.name)


def _noted_postmaster(cluster: Path) -> Iterator[int]:
    try:
        yield int((cluster / "postmaster.pid").read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return


def _send(process: int, number: signal.Signals) -> None:
    try:
        os.kill(process, number)
    except (ProcessLookupError, PermissionError):
        return
