"""Redis servers that tests may stop, kill and start again."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tests.servers import free_port, redis_binary, tell_redis, wait_until


class FragileRedis:
    """One server on a port of its own, without persistence."""

    def __init__(self, binary: str) -> None:
        self._binary = binary
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.start()

    def start(self) -> None:
        """Start it, empty."""
        options = ("--port", str(self.port), "--bind", "127.0.0.1", "--save", "")
        command = [self._binary, *options]
        self._server = subprocess.Popen(command, cwd="/", stdout=subprocess.DEVNULL)
        wait_until(self._answers, "Redis")

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        os.kill(self._server.pid, number)

    def kill(self) -> None:
        """End it without notice, if it runs."""
        self._server.kill()
        self._server.wait()

    def flush(self) -> None:
        """Make it forget everything."""
        assert tell_redis(self.port, b"FLUSHALL").startswith(b"+OK")

    def _answers(self) -> bool:
        with suppress(OSError):
            return tell_redis(self.port, b"PING").startswith(b"+PONG")
        return False


@contextmanager
def fragile_redis() -> Iterator[FragileRedis]:
    """A server of one's own, dead at the end."""
    server = FragileRedis(redis_binary())
    try:
        yield server
    finally:
        server.kill()
