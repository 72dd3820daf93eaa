"""Making a cluster, so that it exists either completely or not at all."""

import os
import shutil
import tempfile
from pathlib import Path

from adapters_out.postgres.embedded.account import Account, directory_argument, start_child
from adapters_out.postgres.embedded.binaries import Binaries
from adapters_out.postgres.embedded.failure import LauncherFailure
from adapters_out.postgres.embedded.place import Place

USER = "fks"
DATABASE = "postgres"


def cluster_major(place: Place) -> int | None:
    """The version that made the cluster, None when there is no cluster yet.

    Raises LauncherFailure when something else stands in its place.
    """
    if not place.cluster.exists():
        return None
    try:
        return int((place.cluster / "PG_VERSION").read_text())
    except (OSError, ValueError) as error:
        raise LauncherFailure(
            f"{place.cluster} is not a PostgreSQL cluster: move it away or restore it from a "
            "backup."
        ) from error


def make_cluster(place: Place, account: Account, binaries: Binaries, lock: int) -> None:
    """Run initdb beside the cluster's place and move the result there.

    The name is the mark of completeness: whatever an interrupted run left has the other name and
    is thrown away. Authentication is the directory of the socket, which only we may enter; there
    is no password. Raises LauncherFailure with initdb's reason.
    """
    fresh = place.unfinished_cluster
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    if account.dropped:
        os.chown(fresh, account.uid, account.gid)
    _run_initdb(fresh, account, binaries, lock)
    fresh.rename(place.cluster)
    _sync(place.root)


def _run_initdb(fresh: Path, account: Account, binaries: Binaries, lock: int) -> None:
    command = [
        str(binaries.initdb),
        f"--pgdata={directory_argument(account, fresh)}",
        f"--username={USER}",
        "--locale=C",
        "--encoding=UTF8",
        "--auth-local=trust",
        "--auth-host=reject",
        "--data-checksums",
        "--no-instructions",
    ]
    with tempfile.TemporaryFile() as told:
        child = start_child(command, account, fresh, output=told.fileno(), keep=[lock])
        if child.wait() == 0:
            return
        told.seek(0)
        raise LauncherFailure(
            f"PostgreSQL could not make its cluster in {fresh.parent} "
            f"({_reason(told.read().decode(errors='replace'))}): remove the cause or set "
            "DATABASE_URL."
        )


def _reason(told: str) -> str:
    """The last complaint among initdb's progress."""
    lines = [line.strip() for line in told.splitlines() if line.strip()]
    complaints = [line for line in lines if "error:" in line or "FATAL" in line]
    return (complaints or lines or ["it gave no reason"])[-1]


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
