"""The HTTP server of one process and its orderly end."""

import asyncio
import contextlib
import signal
import socket
from collections.abc import Callable, Iterator

import uvicorn
from uvicorn._types import ASGIApplication

from bootstrap.bounded_http import BoundedHttp
from ports.clock import Clock

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class GracefulServer(uvicorn.Server):
    """uvicorn with our own signals.

    - the first SIGTERM or SIGINT calls ``on_drain`` at once (readiness turns off), after
      ``drain_delay_s`` calls ``on_refuse`` and stops listening; requests in flight have
      ``grace_s`` to finish;
    - a second signal calls ``on_second`` and ends the server without waiting for them;
    - ``on_ready`` is called once it accepts connections.
    """

    def __init__(  # noqa: PLR0913  # the stages of a shutdown
        self,
        app: ASGIApplication,
        *,
        clock: Clock,
        grace_s: float,
        drain_delay_s: float,
        on_drain: Callable[[], None],
        on_refuse: Callable[[], None],
        on_second: Callable[[], None],
        on_ready: Callable[[], None],
    ) -> None:
        """Configure uvicorn: no access log, no lifespan, bounded shutdown."""
        super().__init__(
            uvicorn.Config(
                app,
                http=BoundedHttp,
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_keep_alive=30,
                timeout_graceful_shutdown=max(1, int(grace_s)),
            )
        )
        self._clock = clock
        self._drain_delay_s = drain_delay_s
        self._on_drain = on_drain
        self._on_refuse = on_refuse
        self._on_second = on_second
        self._on_ready = on_ready
        self._signals = 0
        self._stopping: asyncio.Task[None] | None = None

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Handle the signals on the loop for as long as the server runs."""
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            loop.add_signal_handler(number, self.stop)
        try:
            yield
        finally:
            for number in _SIGNALS:
                loop.remove_signal_handler(number)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept, then say so."""
        await super().startup(sockets=sockets)
        self._on_ready()

    def stop(self) -> None:
        """What a signal does."""
        self._signals += 1
        if self._signals > 1:
            self._on_second()
            self.should_exit = self.force_exit = True
            return
        self._on_drain()
        self._stopping = asyncio.get_running_loop().create_task(self._drain())

    async def _drain(self) -> None:
        await self._clock.sleep(self._drain_delay_s)
        self._on_refuse()
        self.should_exit = True
