"""As much HTTP/1.1 (RFC 9112) as a provider needs, with every way of doing it wrong.

A framework would repair what the faults must break, hence this small server half.
"""

import asyncio
import socket
import struct
from email.utils import formatdate
from http import HTTPStatus
from urllib.parse import parse_qsl, unquote

from adapters_in.simulator.delivery import MIB, SPACES, Delivery, Ending
from adapters_in.simulator.wire import Reply, Request
from ports.clock import Clock

MOST_HEAD = 65_536
_MOST_BODY = 4 * MIB
# Time for what was sent to arrive before a reset overtakes it.
_RESET_AFTER_S = 0.02
_DRIPS_PER_S = 10


class BadRequest(Exception):
    """What came is no HTTP request; the message says why."""


async def read_request(reader: asyncio.StreamReader) -> Request | None:
    """The next request on the connection, its path still with the mount point; None at the end.

    Raises:
        BadRequest: malformed, larger than 64 KiB of head or 4 MiB of body, or chunked.
    """
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as cut:
        if cut.partial.strip():
            raise BadRequest("the request breaks off") from None
        return None
    except asyncio.LimitOverrunError:
        raise BadRequest("the head is too long") from None
    first, *lines = head.decode("latin-1").split("\r\n")[:-2]
    parts = first.split(" ")
    if len(parts) != 3 or not parts[2].startswith("HTTP/1."):  # noqa: PLR2004  # method, target, version
        raise BadRequest("the first line is no request line")
    pairs = (line.partition(":") for line in lines)
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    if parts[2] == "HTTP/1.0":
        headers.setdefault("connection", "close")
    path, _, query = parts[1].partition("?")
    return Request(
        unquote(path),
        tuple(parse_qsl(query, keep_blank_values=True)),
        parts[0],
        headers,
        await _read_body(reader, headers),
    )


async def _read_body(reader: asyncio.StreamReader, headers: dict[str, str]) -> bytes:
    if "transfer-encoding" in headers:
        raise BadRequest("chunked requests are not taken")
    text = headers.get("content-length", "0")
    if not text.isdigit() or int(text) > _MOST_BODY:
        raise BadRequest("the Content-Length is no length, or too much")
    try:
        return await reader.readexactly(int(text))
    except asyncio.IncompleteReadError:
        raise BadRequest("the body breaks off") from None


def head_of(delivery: Delivery, now: float, *, close: bool) -> bytes:
    """Status line and headers."""
    reply = delivery.reply
    known = reply.status in set(HTTPStatus)
    lines = [
        f"HTTP/1.1 {reply.status} {HTTPStatus(reply.status).phrase if known else 'Unknown'}",
        f"Date: {formatdate(now, usegmt=True)}",
        f"Content-Type: {reply.content_type}",
        f"Content-Length: {delivery.length}",
        *(f"{name}: {value}" for name, value in reply.headers),
        f"Connection: {'close' if close else 'keep-alive'}",
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


class Sender:
    """Sends deliveries over one connection."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, clock: Clock
    ) -> None:
        """Write to this connection, wait by this clock."""
        self._reader, self._writer, self._clock = reader, writer, clock

    async def send(self, delivery: Delivery, request: Request, now: float) -> bool:
        """Send one delivery; whether the connection stays open.

        Raises:
            ConnectionError: the other side went away.
        """
        if delivery.delay_s > 0:
            await self._clock.sleep(delivery.delay_s)
        if delivery.hang:
            await self._reader.read()  # until the other side gives up
            return False
        leaves = request.headers.get("connection", "").lower() == "close"
        close = leaves or delivery.ending is Ending.CLOSE
        head = head_of(delivery, now, close=close)
        if request.method == "HEAD":
            await self._write(head)
        else:
            await self._send_body(head, delivery)
        if delivery.ending is Ending.RESET:
            await self._reset()
        return not close and delivery.ending is Ending.KEEP

    async def _send_body(self, head: bytes, delivery: Delivery) -> None:
        body = delivery.reply.body[: delivery.sent]
        if delivery.bytes_per_s is None:
            await self._write(head + body)
        else:
            await self._write(head)
            await self._drip(body, delivery.bytes_per_s)
        for start in range(0, delivery.padding, MIB):
            await self._write(SPACES[: delivery.padding - start])

    async def _drip(self, body: bytes, bytes_per_s: float) -> None:
        size = max(1, int(bytes_per_s / _DRIPS_PER_S))
        for start in range(0, len(body), size):
            await self._write(body[start : start + size])
            await self._clock.sleep(size / bytes_per_s)

    async def _write(self, data: bytes) -> None:
        if self._writer.is_closing():
            raise ConnectionResetError("the other side went away")
        self._writer.write(data)
        await self._writer.drain()

    async def _reset(self) -> None:
        """Close without the polite goodbye: the kernel answers with RST."""
        await self._clock.sleep(_RESET_AFTER_S)
        held = self._writer.get_extra_info("socket")
        held.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()


def refusal(reason: str) -> Delivery:
    """The answer to what is no request."""
    return Delivery(Reply.json({"error": reason}, 400), ending=Ending.CLOSE)
