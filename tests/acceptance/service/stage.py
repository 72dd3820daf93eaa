"""The running service on a stage: processes, a simulated market, stores; nothing is left behind.

A :class:`Stage` starts the console script `fks-data` with an environment of its own, far from the
repository and from the developer's variables. Whatever a test does, leaving the stage ends every
process that it started and fails when one of them outlived that.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any, Self

import psycopg

from adapters_out.postgres.embedded.launcher import EmbeddedPostgres
from tests.acceptance.service.calls import Answer, call
from tests.acceptance.service.exchange import PREFIX, Exchange
from tests.servers import free_port, wait_until

COMMAND = str(Path(sys.executable).with_name("fks-data"))
OHLCV = "/api/v1/data/ohlcv"
_END_S = 25.0
# The demo's own pace would make back-fills of a test take minutes.
_FAST = {
    f"{prefix}_{what}": most
    for prefix in PREFIX.values()
    for what, most in (("RPS", "200"), ("RPM", "0"), ("RPD", "0"))
}


class Process:
    """One `fks-data` process; what it says goes to files."""

    def __init__(
        self, arguments: Sequence[str], environment: Mapping[str, str], place: Path
    ) -> None:
        self.arguments = tuple(arguments)
        self._place = place
        with self._file("out").open("wb") as out, self._file("err").open("wb") as err:
            self.popen = subprocess.Popen(
                [COMMAND, *arguments],
                cwd=place,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )

    def _file(self, kind: str) -> Path:
        return self._place / kind

    @property
    def out(self) -> str:
        """What it has printed on stdout so far."""
        return self._file("out").read_text(errors="replace")

    @property
    def err(self) -> str:
        """What it has printed on stderr so far (the log)."""
        return self._file("err").read_text(errors="replace")

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.popen.pid

    @property
    def runs(self) -> bool:
        """Whether it has not ended yet."""
        return self.popen.poll() is None

    @property
    def rss_mib(self) -> float:
        """Its resident memory."""
        return self._memory("VmRSS")

    @property
    def peak_mib(self) -> float:
        """The most memory that was ever resident."""
        return self._memory("VmHWM")

    def _memory(self, field: str) -> float:
        status = Path(f"/proc/{self.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith(field))
        return int(line.split()[1]) / 1024

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self.popen.send_signal(number)

    def wait(self, seconds: float = _END_S) -> int:
        """Its exit code, once it has ended."""
        return self.popen.wait(seconds)

    def stop(self) -> int:
        """SIGTERM, and the exit code."""
        self.send(signal.SIGTERM)
        return self.wait()

    def kill(self) -> None:
        """End it at once with kill -9."""
        self.popen.kill()
        self.popen.wait()


class Service(Process):
    """One `fks-data serve`."""

    def __init__(
        self, arguments: Sequence[str], environment: Mapping[str, str], place: Path, port: int
    ) -> None:
        super().__init__(("serve", "--port", str(port), *arguments), environment, place)
        self.port = port

    def wait_ready(self, seconds: float = 30.0) -> Self:
        """Until /ready says 200."""
        wait_until(self._is_ready, f"fks-data serve ({self.err[-2000:]})", seconds)
        return self

    def _is_ready(self) -> bool:
        if not self.runs:
            message = f"serve ended with {self.popen.returncode}: {self.err[-2000:]}"
            raise AssertionError(message)
        try:
            return self.get("/ready", timeout=2).status == 200
        except OSError:
            return False

    def get(self, path: str, /, *, timeout: float = 30, **parameters: object) -> Answer:
        """GET; parameters that are None are left out, True and False become words."""
        return call(self.port, "GET", path, parameters, timeout=timeout)

    def post(self, path: str, body: object, *, timeout: float = 30) -> Answer:
        """POST a JSON body."""
        return call(self.port, "POST", path, {}, body=body, timeout=timeout)

    def delete(self, path: str, *, timeout: float = 30) -> Answer:
        """DELETE."""
        return call(self.port, "DELETE", path, {}, timeout=timeout)

    def bars(
        self,
        symbol: str = "BTCUSDT",
        interval: str = "1m",
        *,
        timeout: float = 30,
        **parameters: object,
    ) -> Answer:
        """GET /api/v1/data/ohlcv."""
        return self.get(OHLCV, timeout=timeout, symbol=symbol, interval=interval, **parameters)


class Ended:
    """How a command ended."""

    def __init__(self, code: int, out: str, err: str, took: float) -> None:
        self.code, self.out, self.err, self.took = code, out, err, took

    def __repr__(self) -> str:
        return f"Ended({self.code}, out={self.out[-1500:]!r}, err={self.err[-1500:]!r})"


class Stage:
    """Everything that one test starts.

    ``environment`` is what every process gets beside PATH and HOME; with ``database_url`` None
    the processes share one embedded store in ``data_dir``.
    """

    def __init__(
        self,
        *,
        database_url: str | None = None,
        redis_url: str | None = None,
        **environment: str,
    ) -> None:
        self.place = Path(tempfile.mkdtemp(prefix="fks-stage-"))
        self.place.chmod(0o755)
        self.data_dir = self.place / "data"
        self.database_url = database_url
        self.exchange = Exchange()
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.place),
            "LANG": "C.UTF-8",
            "FKS_DATA_DIR": str(self.data_dir),
            **_FAST,
            **self.exchange.environment,
            **({"DATABASE_URL": database_url} if database_url else {}),
            **({"REDIS_URL": redis_url} if redis_url else {}),
            **environment,
        }
        self.processes: list[Process] = []

    def __enter__(self) -> Self:
        self.exchange.open()
        return self

    def __exit__(self, *_: object) -> None:
        with ExitStack() as stack:
            stack.callback(shutil.rmtree, self.place, ignore_errors=True)
            stack.callback(self._end_postgres)
            stack.callback(self.exchange.close)
            for process in self.processes:
                stack.callback(_end, process)

    def serve(self, *arguments: str, wait: bool = True, **environment: str) -> Service:
        """Start `fks-data serve`, ready unless ``wait`` is false."""
        service = Service(arguments, {**self.environment, **environment}, self._room(), free_port())
        self.processes.append(service)
        return service.wait_ready() if wait else service

    def start(self, *arguments: str, **environment: str) -> Process:
        """Start any command and do not wait for it."""
        process = Process(arguments, {**self.environment, **environment}, self._room())
        self.processes.append(process)
        return process

    def worker(self, **environment: str) -> Process:
        """Start `fks-data worker` and wait until it takes jobs."""
        process = self.start("worker", **environment)
        wait_until(lambda: "worker_ready" in process.err + process.out, "fks-data worker")
        return process

    def cli(self, *arguments: str, timeout: float = 60, **environment: str) -> Ended:
        """Run a command to its end."""
        began = time.monotonic()
        process = self.start(*arguments, **environment)
        code = process.wait(timeout)
        return Ended(code, process.out, process.err, time.monotonic() - began)

    @contextmanager
    def connection(self) -> Iterator[psycopg.Connection[Any]]:
        """A connection to the store, autocommit."""
        if self.database_url is not None:
            with closing(psycopg.connect(self.database_url, autocommit=True)) as connection:
                yield connection
            return
        own = EmbeddedPostgres(self.data_dir)
        try:
            with closing(psycopg.connect(own.open(), autocommit=True)) as connection:
                yield connection
        finally:
            own.close()

    def sql(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """The rows of a statement (none for one that returns nothing)."""
        with self.connection() as connection:
            cursor = connection.execute(statement.encode(), values)
            return cursor.fetchall() if cursor.description else []

    def postgres_pids(self) -> list[int]:
        """Every process that works in the embedded data directory."""
        return [pid for pid, place in _processes() if str(self.data_dir) in place]

    def _room(self) -> Path:
        room = self.place / f"process-{len(self.processes)}"
        room.mkdir()
        return room

    def _end_postgres(self) -> None:
        """The embedded store ends by itself with its last owner; here it is made sure."""
        if self.database_url is not None:
            return
        try:
            wait_until(lambda: not self.postgres_pids(), "The end of the embedded PostgreSQL", 15)
        except TimeoutError:
            for pid in self.postgres_pids():
                os.kill(pid, signal.SIGKILL)
            raise


def _end(process: Process) -> None:
    if process.runs:
        process.kill()


def _processes() -> Iterator[tuple[int, str]]:
    """Every process with its working directory (where PostgreSQL has its data) and arguments."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                yield int(entry.name), f"{(entry / 'cwd').readlink()} {line}"
            except OSError:
                continue  # it has ended meanwhile, or is somebody else's
