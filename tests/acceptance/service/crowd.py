"""Many callers at once, and callers who hang up."""

import asyncio
import time
from collections.abc import Iterable
from contextlib import suppress
from urllib.parse import urlencode

from tests.acceptance.service.calls import Answer
from tests.acceptance.service.stage import OHLCV


def target(path: str = OHLCV, /, **parameters: object) -> str:
    """A path with its query."""
    return f"{path}?{urlencode(parameters)}" if parameters else path


def crowd(asks: Iterable[tuple[int, str]], *, timeout: float = 30) -> list[Answer]:
    """Send every (port, target) at once; the answers in the order of the asks."""

    async def everybody() -> list[Answer]:
        return await asyncio.gather(*(ask(port, path, timeout=timeout) for port, path in asks))

    return asyncio.run(everybody())


async def ask(port: int, path: str, *, timeout: float = 30) -> Answer:  # noqa: ASYNC109  # of all
    """One GET on a connection of its own.

    Raises:
        OSError: nobody answers, or not in time.
    """
    began = time.monotonic()
    async with asyncio.timeout(timeout):
        reader, writer = await _begin(port, path)
        try:
            raw = await reader.read()
        finally:
            await _hang_up(writer)
    return _answer(raw, time.monotonic() - began)


async def give_up(port: int, path: str, after_s: float) -> None:
    """Ask, and hang up after that time without having read anything."""
    _, writer = await _begin(port, path)
    await asyncio.sleep(after_s)
    await _hang_up(writer)


async def _begin(port: int, path: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: fks\r\nConnection: close\r\n\r\n".encode())
    return reader, writer


async def _hang_up(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()


def _answer(raw: bytes, took: float) -> Answer:
    """Only answers with a Content-Length come here, so the body is what follows the head."""
    if not raw:
        raise ConnectionError("The server hung up without an answer.")
    head, _, body = raw.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    fields = (line.partition(":") for line in lines)
    headers = {name.strip().lower(): value.strip() for name, _, value in fields}
    return Answer(int(first.split(" ")[1]), headers, body, took)
