"""The simulator without a socket: httpx hands a request in and gets the delivery back."""

from collections.abc import AsyncIterator, Callable, Coroutine
from urllib.parse import parse_qsl

import httpx

from adapters_in.simulator.delivery import MIB, SPACES, Delivery, Ending
from adapters_in.simulator.simulator import Simulator
from adapters_in.simulator.wire import Request
from ports.clock import Clock

_FOR_EVER_S = 1e7


class DeliveredStream(httpx.AsyncByteStream):
    """A body on its way, with the accidents that happen there."""

    def __init__(self, delivery: Delivery, clock: Clock) -> None:
        """Nothing has been sent yet."""
        self._delivery = delivery
        self._clock = clock

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """The pieces, at their pace, up to the accident."""
        delivery = self._delivery
        # Nobody reads further than Content-Length says.
        body = delivery.reply.body[: delivery.sent][: delivery.declared]
        async for piece in self._paced(body):
            yield piece
        for start in range(0, delivery.padding, MIB):
            yield SPACES[: delivery.padding - start]
        if delivery.ending is Ending.RESET:
            raise httpx.ReadError("")
        if delivery.ending is Ending.CLOSE and delivery.declared is None:
            raise httpx.RemoteProtocolError("peer closed connection (incomplete message body)")

    async def _paced(self, body: bytes) -> AsyncIterator[bytes]:
        pace = self._delivery.bytes_per_s
        if pace is None:
            yield body
            return
        step = max(1, int(pace / 10))
        for start in range(0, len(body), step):
            yield body[start : start + step]
            await self._clock.sleep(step / pace)

    async def aclose(self) -> None:
        """Nothing to let go of."""


def scripted(
    simulator: Simulator, clock: Clock
) -> Callable[[httpx.Request], Coroutine[None, None, httpx.Response]]:
    """A handler for ``httpx.MockTransport``; the base URL is ``http://simulator/<provider>``."""

    async def handle(request: httpx.Request) -> httpx.Response:
        _, provider, path = request.url.path.split("/", 2)
        pairs = parse_qsl(request.url.query.decode(), keep_blank_values=True)
        call = Request(
            f"/{path}", tuple(pairs), request.method, dict(request.headers), request.content
        )
        delivery = simulator.arrive(provider, call)
        await clock.sleep(_FOR_EVER_S if delivery.hang else delivery.delay_s)
        reply = delivery.reply
        headers = [("Content-Type", reply.content_type), *reply.headers]
        return httpx.Response(
            reply.status, headers=headers, stream=DeliveredStream(delivery, clock)
        )

    return handle
