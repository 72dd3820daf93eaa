"""The simulator on a TCP port: ``/<provider>/…`` and ``/_control/…``."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from types import TracebackType
from typing import Self

from adapters_in.simulator.control import Control
from adapters_in.simulator.delivery import Delivery
from adapters_in.simulator.http11 import (
    MOST_HEAD,
    BadRequest,
    Sender,
    read_request,
    refusal,
)
from adapters_in.simulator.simulator import MARK, Simulator
from adapters_in.simulator.wire import Dialect, Reply, Request
from ports.clock import Clock

_BACKLOG = 512
_CONTROL = "/_control"
_WELCOME = """fks-data provider simulator

Every number here is SYNTHETIC: made up, repeatable, and worth nothing.

Providers: {providers}
Control:   /_control/faults /_control/corrections /_control/log /_control/clock
"""


class SimulatorServer:
    """One loopback port that plays every provider.

    ``async with SimulatorServer("127.0.0.1", 0, clock) as sim: sim.base_url("binance")``.
    ``port`` 0 lets the system choose. It runs in the loop that entered it and costs nothing
    while nobody calls.
    """

    def __init__(
        self,
        host: str,
        port: int,
        clock: Clock,
        *,
        seed: int = 7,
        spoken: Mapping[str, Dialect] | None = None,
    ) -> None:
        """Nothing listens before the context is entered; by default it speaks every dialect."""
        self._host, self._port, self._clock = host, port, clock
        self.simulator = Simulator(clock, seed=seed, spoken=spoken)
        self._control = Control(self.simulator)
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        """Listen.

        Raises:
            OSError: the address is taken or not ours.
        """
        self._server = await asyncio.start_server(
            self._accept, self._host, self._port, limit=MOST_HEAD, backlog=_BACKLOG
        )
        self._port = self._server.sockets[0].getsockname()[1]
        self.simulator.origin = self.url
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop listening and end every connection."""
        if self._server is not None:
            self._server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        if self._server is not None:
            await self._server.wait_closed()

    @property
    def url(self) -> str:
        """Where the simulator listens."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}"

    def base_url(self, provider: str) -> str:
        """What to configure as the provider's address.

        Raises:
            LookupError: no dialect speaks for that provider.
        """
        if provider not in self.simulator.dialects:
            raise LookupError(f"no dialect speaks for {provider}")
        return f"{self.url}/{provider}"

    @property
    def providers(self) -> tuple[str, ...]:
        """Whom it can play."""
        return tuple(self.simulator.dialects)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._converse(reader, writer))
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sender = Sender(reader, writer, self._clock)
        peer = writer.get_extra_info("peername") or ("", 0)
        try:
            while await self._exchange(reader, sender, peer[1]):
                pass
        except ConnectionError:
            pass  # the caller hung up, which is its right
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def _exchange(self, reader: asyncio.StreamReader, sender: Sender, port: int) -> bool:
        """One request and its answer; whether there may be another."""
        try:
            request = await read_request(reader)
        except BadRequest as fault:
            await sender.send(refusal(str(fault)), Request("/"), self.simulator.now())
            return False
        if request is None:
            return False
        delivery = self._route(request, port)
        return await sender.send(delivery, request, self.simulator.now())

    def _route(self, request: Request, port: int) -> Delivery:
        if request.path.startswith(f"{_CONTROL}/"):
            return Delivery(self._control.answer(_below(request, _CONTROL)).with_headers(MARK))
        provider = request.path.split("/", 2)[1] if request.path.startswith("/") else ""
        if provider in self.simulator.dialects:
            return self.simulator.arrive(provider, _below(request, f"/{provider}"), port)
        text = _WELCOME.format(providers=", ".join(f"/{name}" for name in self.providers))
        status = 200 if request.path == "/" else 404
        return Delivery(Reply(text.encode(), status, "text/plain; charset=utf-8", (MARK,)))


def _below(request: Request, mount: str) -> Request:
    path = request.path.removeprefix(mount) or "/"
    return Request(path, request.query, request.method, request.headers, request.body)
