"""Programs under measurement: started, waited for, looked at from outside, and ended."""

import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from threading import Event

from tests.benchmarks.as_installed import surplus_modules
from tests.servers import free_port

_ROOT = Path(__file__).parents[2]
_READY_S = 60.0
_STOP_S = 30.0
_pause = Event()
_surplus = cache(surplus_modules)


@contextmanager
def program(
    command: list[str], url: str, environment: Mapping[str, str] | None = None
) -> Iterator[tuple[subprocess.Popen[bytes], float]]:
    """A Python program, and how long it took until ``url`` answered 200 (s)."""
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, *command],
        cwd=_ROOT,
        env={**os.environ, **(environment or {})},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while not _answers(url):
            if process.poll() is not None or time.perf_counter() - began > _READY_S:
                raise AssertionError(f"{command} did not get ready")
            _pause.wait(0.005)
        yield process, time.perf_counter() - began
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(_STOP_S)


@contextmanager
def serving(
    data_dir: Path, *options: str, **environment: str
) -> Iterator[tuple[str, subprocess.Popen[bytes], float]]:
    """`fks-data serve` with an embedded store in ``data_dir``: address, process, start-up (s)."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    settled = {"DATABASE_URL": "", "REDIS_URL": "", "FKS_DATA_DIR": str(data_dir)}
    command = as_installed("bootstrap", "serve", "--port", str(port), *options)
    with program(command, f"{url}/ready", settled | environment) as (process, took):
        yield url, process, took


def as_installed(*words: str) -> list[str]:
    """The command of a module without what only tests and yardsticks brought along."""
    return ["-m", "tests.benchmarks.as_installed", _surplus(), *words]


def fetch(url: str) -> tuple[bytes, Mapping[str, str]]:
    """Body and headers of a 200."""
    with urllib.request.urlopen(url, timeout=20) as answer:
        return answer.read(), dict(answer.headers.items())


def memory(process_id: int, data_dir: Path) -> dict[str, tuple[int, int]]:
    """(RSS, PSS) in bytes: of the process, and of its embedded PostgreSQL with supervisor.

    PSS counts a page that several processes share once, RSS once per process.
    """
    locks = list(data_dir.rglob("supervisor.lock"))
    store = [family(int(lock.read_text().split()[0])) for lock in locks]
    return {
        "service": _memory_of([process_id]),
        "PostgreSQL": _memory_of([member for members in store for member in members]),
    }


def family(process_id: int) -> list[int]:
    """A process and all its descendants."""
    children = Path(f"/proc/{process_id}/task/{process_id}/children").read_text().split()
    return [process_id, *(member for child in children for member in family(int(child)))]


def _memory_of(process_ids: list[int]) -> tuple[int, int]:
    rollups = [Path(f"/proc/{number}/smaps_rollup").read_text() for number in process_ids]
    found = [
        tuple(
            int(re.findall(rf"^{name}:\s+(\d+) kB", text, re.MULTILINE)[0])
            for name in ("Rss", "Pss")
        )
        for text in rollups
    ]
    return sum(rss for rss, _ in found) * 1024, sum(pss for _, pss in found) * 1024


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return int(answer.status) == 200
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False
