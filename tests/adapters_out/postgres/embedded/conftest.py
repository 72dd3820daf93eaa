"""Owners in processes of their own, and a look at what they leave behind."""

import os
import pwd
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest

from adapters_out.postgres.embedded.orphans import processes_of
from adapters_out.postgres.embedded.patience import Deadline
from adapters_out.postgres.embedded.place import Place

REPOSITORY = Path(__file__).parents[4]
OWNER = "tests.adapters_out.postgres.embedded.owner"


class Owner:
    """A process that owns the embedded PostgreSQL of a data directory."""

    def __init__(
        self,
        data_dir: Path,
        *,
        python: str = sys.executable,
        env: Mapping[str, str] | None = None,
        user: str | None = None,
    ) -> None:
        self._process = subprocess.Popen(
            [python, "-m", OWNER, str(data_dir)],
            cwd=REPOSITORY,
            env=env,
            user=user,
            group=None if user is None else pwd.getpwnam(user).pw_gid,
            extra_groups=None if user is None else [],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def dsn(self) -> str:
        """What it printed: the dsn or its failure."""
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def kill(self) -> None:
        """A kill -9."""
        self._process.kill()
        self._process.wait()

    def leave(self) -> None:
        """Let it close and end in good order."""
        with self._process:
            if self._process.stdin is not None and not self._process.stdin.closed:
                self._process.stdin.close()
            self._process.wait(30)


Hire = Callable[..., Owner]


@pytest.fixture
def hire() -> Iterator[Hire]:
    """Start owners; they are let go at the end."""
    with ExitStack() as stack:

        def start(*arguments: Path, **options: object) -> Owner:
            owner = Owner(*arguments, **options)  # type: ignore[arg-type] # handed through as they are
            stack.callback(owner.leave)
            return owner

        yield start


@pytest.fixture
def data_dir(tmp_path: Path) -> Iterator[Path]:
    """A data directory; nothing may run in it when the test is over."""
    path = tmp_path / "data"
    yield path
    assert gone(path, 10), "the test left a PostgreSQL running"


def running(data_dir: Path) -> set[int]:
    """The processes of the PostgreSQL (or initdb) of a data directory."""
    return set(processes_of(Place(data_dir)))


def supervisor_of(data_dir: Path) -> int:
    """The process id of the last supervisor; 0 while a new one has not written its own yet."""
    return int(Place(data_dir).supervisor_lock.read_text() or 0)


def postmaster_of(data_dir: Path) -> int:
    """The process id that PostgreSQL noted."""
    return int((Place(data_dir).cluster / "postmaster.pid").read_text().split()[0])


def within(seconds: float, happened: Callable[[], object]) -> bool:
    """Whether it happened in time."""
    deadline = Deadline(seconds)
    while not happened():
        if not deadline.pause():
            return bool(happened())
    return True


def gone(data_dir: Path, seconds: float) -> bool:
    """Whether every process of the PostgreSQL ended in time."""
    return within(seconds, lambda: not running(data_dir))


def ask(dsn: str, question: str) -> object:
    """The first value of the answer to one SQL statement."""
    with psycopg.connect(dsn, autocommit=True, connect_timeout=5) as connection:
        cursor = connection.execute(question.encode())
        row = cursor.fetchone() if cursor.description else None
        return row[0] if row else None


def answers(dsn: str, question: str = "select 1") -> bool:
    """Whether the question can be asked at all."""
    try:
        ask(dsn, question)
    except psycopg.OperationalError:
        return False
    return True


@pytest.fixture(scope="session")
def ordinary() -> Iterator[Mapping[str, object]]:
    """Options that make an owner an ordinary user, also when the tests are run by root.

    When root's interpreter lies in root's home, a copy that everybody can read is used.
    """
    if os.geteuid() != 0:
        yield {}
        return
    with tempfile.TemporaryDirectory() as directory:
        home = Path(directory)
        home.chmod(0o755)
        paths = [str(REPOSITORY), sysconfig.get_path("purelib")]
        env = {"PATH": "/usr/bin:/bin", "PYTHONPATH": ":".join(paths)}
        python = sys.executable
        if not _runs(python, env):
            python, env["LD_LIBRARY_PATH"] = _copied_interpreter(home), str(home / "lib")
        if not _runs(python, env):
            pytest.skip("the account 'nobody' can reach neither a Python nor this checkout")
        yield {"python": python, "env": env, "user": "nobody"}


def _runs(python: str, env: Mapping[str, str]) -> bool:
    command = [python, "-c", f"import {OWNER}"]
    group = pwd.getpwnam("nobody").pw_gid
    try:
        return not subprocess.run(
            command,
            cwd="/",
            env=env,
            user="nobody",
            group=group,
            extra_groups=[],
            capture_output=True,
            check=False,
        ).returncode
    except PermissionError:
        return False


def _copied_interpreter(home: Path) -> str:
    base, name = Path(sys.base_prefix), f"python{sys.version_info.major}.{sys.version_info.minor}"
    skip = shutil.ignore_patterns("test", "site-packages", "config-*", "idlelib", "__pycache__")
    shutil.copytree(base / "lib" / name, home / "lib" / name, ignore=skip)
    for library in (base / "lib").glob("libpython*.so*"):
        shutil.copy(library, home / "lib")
    (home / "bin").mkdir()
    return str(shutil.copy(base / "bin" / name, home / "bin" / name))


@pytest.fixture
def their_data_dir(ordinary: Mapping[str, object]) -> Iterator[Path]:
    """A data directory that the ordinary user owns; nothing may run in it in the end."""
    with tempfile.TemporaryDirectory() as directory:
        home = Path(directory)
        if "user" in ordinary:
            shutil.chown(home, "nobody")
        yield home / "data"
        assert gone(home / "data", 10), "the test left a PostgreSQL running"
